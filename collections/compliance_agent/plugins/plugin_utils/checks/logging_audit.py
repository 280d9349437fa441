# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge what Windows audits, by the GUID of each subcategory. Pure."""

from ..facts.logging import AuditRule, LoggingFacts, LoggingPolicy
from ..models import Severity
from .judgement import Judgement

FILE_SYSTEM = AuditRule(
    guid="0CCE921D-69AE-11D9-BED3-505054503030",
    name="File System",
    bits=3,
    core=True,
    dc=False,
    cis="",
)
BITS = {0: "none", 1: "success", 2: "failure", 3: "success and failure"}


def judge_audit_policy(judgement: Judgement, facts: LoggingFacts, policy: LoggingPolicy) -> None:
    """Judge each subcategory of the baseline; only its core fails, the rest is a weakness."""
    audit = facts.audit
    if audit is None:
        judgement.unread("audit_policy", facts.audit_policy)
        judgement.unread("audit_policy_backup", facts.audit_policy_backup)
        return
    system = facts.host.os.value
    is_controller = system is not None and system.is_domain_controller
    rules = [rule for rule in policy.audit_baseline if is_controller or not rule.dc]
    if policy.file_system_auditing_required:
        rules.append(FILE_SYSTEM)
    settings = {item.guid: item for item in audit.settings}
    for rule in rules:
        setting = settings.get(rule.guid)
        if setting is None:
            judgement.error("audit_subcategory_unread", rule.name, expected=BITS[rule.bits])
        elif setting.bits & rule.bits != rule.bits:
            add = judgement.fail if rule.core else judgement.warn
            add(
                "audit_subcategory_missing",
                rule.name,
                severity=None if rule.core else Severity.LOW,
                observed=BITS[setting.bits],
                expected=BITS[rule.bits],
                gpo_managed=_owns(facts, rule),
            )
    if audit.user_rows:
        # They may take an account out of what the policy of the system records.
        judgement.warn("per_user_audit", observed=audit.user_rows, expected=0)


def judge_audit_settings(judgement: Judgement, facts: LoggingFacts, policy: LoggingPolicy) -> None:
    """Judge what decides how the audit policy works."""
    settings = facts.audit_settings.value
    audit = facts.audit
    halts = [settings.crash_on_audit_fail if settings else None]
    halts.append(audit.crash_on_audit_fail if audit else None)
    if any(halts):
        judgement.warn("crash_on_audit_fail", observed=max(item or 0 for item in halts), expected=0)
    if settings is None:
        return
    if policy.force_subcategory_required and settings.force_subcategory != 1:
        judgement.warn("force_subcategory_off", observed=settings.force_subcategory, expected=1)
    if settings.command_line == 1:
        judgement.inform("command_line_recorded", observed=1)


def _owns(facts: LoggingFacts, rule: AuditRule) -> bool:
    owner = facts.audit_owner.value
    if owner is None or not facts.host.setting_owner_is_policy:
        return False
    return owner.mdm_values > 0 or rule.guid in owner.policy_guids.items
