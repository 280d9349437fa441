# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge Windows audit policy and event log facts. Pure: no clock, no I/O, no Ansible."""

from datetime import datetime

from ..facts.logging import LoggingFacts, LoggingPolicy
from ..models import CheckId, ComplianceCheck, Severity
from .judgement import Catalogue, Code, Judgement
from .logging_activity import judge_activity, judge_tampering
from .logging_audit import judge_audit_policy, judge_audit_settings
from .logging_configuration import judge_logs
from .logging_forwarding import judge_forwarding

CATALOGUE: Catalogue = {
    "eventlog_service_down": Code(
        Severity.CRITICAL, "the event log service is not running", "RB-WIN-LOG-003"
    ),
    "eventlog_start_mode": Code(
        Severity.MEDIUM, "the event log service does not start by itself", "RB-WIN-LOG-003"
    ),
    "security_log_cleared": Code(Severity.CRITICAL, "the Security log was cleared"),
    "event_log_cleared": Code(Severity.CRITICAL, "an event log was cleared"),
    "log_cleared_with_ticket": Code(Severity.INFO, "a log was cleared as a change ticket allows"),
    "log_cleared_earlier": Code(Severity.INFO, "a log was cleared before the lookback"),
    "log_full_not_writing": Code(
        Severity.HIGH, "a log is full and takes no records", "RB-WIN-LOG-002"
    ),
    "log_gap": Code(Severity.HIGH, "the log is silent for hours in which the host was up"),
    "log_empty": Code(Severity.HIGH, "a log holds no record"),
    "log_missing": Code(Severity.HIGH, "a log does not exist"),
    "log_disabled": Code(Severity.HIGH, "a log is disabled", "RB-WIN-LOG-002"),
    "log_unread": Code(Severity.MEDIUM, "a log that the policy names was not reported"),
    "log_too_small": Code(Severity.MEDIUM, "a log is smaller than required", "RB-WIN-LOG-002"),
    "retention_mode": Code(Severity.MEDIUM, "a log stops when it is full", "RB-WIN-LOG-002"),
    "warning_level": Code(Severity.LOW, "no warning is set before the Security log is full"),
    "logs_from_registry": Code(
        Severity.LOW, "log settings are from the registry; what the service runs was not read"
    ),
    "records_missing": Code(Severity.HIGH, "record numbers of a log are missing"),
    "session_not_recorded": Code(Severity.MEDIUM, "our own logon is not in the log"),
    "gap_search_incomplete": Code(
        Severity.LOW, "silence was searched for in a part of the log only"
    ),
    "span_too_short": Code(Severity.LOW, "the log reaches back less than required"),
    "span_since_first_record": Code(Severity.INFO, "the log reaches back to its first record"),
    "span_short_but_forwarded": Code(
        Severity.INFO, "the log is short and its events are forwarded"
    ),
    "events_dropped": Code(Severity.MEDIUM, "audit records were lost"),
    "event_refused": Code(Severity.MEDIUM, "the log service refused audit records"),
    "log_was_full": Code(Severity.INFO, "the Security log was full for a time"),
    "audit_policy_changed": Code(Severity.INFO, "the audit policy was changed"),
    "crash_setting_changed": Code(Severity.INFO, "CrashOnAuditFail was changed"),
    "audit_subcategory_missing": Code(
        Severity.MEDIUM, "required events are not audited", "RB-WIN-LOG-001"
    ),
    "audit_subcategory_unread": Code(Severity.MEDIUM, "a subcategory was not reported"),
    "force_subcategory_off": Code(
        Severity.LOW, "legacy audit settings may override subcategories", "RB-WIN-LOG-001"
    ),
    "crash_on_audit_fail": Code(
        Severity.MEDIUM, "the host halts when it cannot write audit records"
    ),
    "per_user_audit": Code(
        Severity.LOW, "accounts have audit settings of their own, which may exclude them"
    ),
    "command_line_recorded": Code(
        Severity.INFO, "command lines, which may hold secrets, are recorded"
    ),
    "script_block_logging_off": Code(
        Severity.MEDIUM, "PowerShell script blocks are not logged", "RB-WIN-LOG-005"
    ),
    "transcription_off": Code(Severity.LOW, "PowerShell sessions are not transcribed"),
    "transcription_on": Code(Severity.INFO, "PowerShell sessions are transcribed to files"),
    "module_logging_off": Code(Severity.LOW, "PowerShell modules are not logged"),
    "core_script_block_logging_off": Code(Severity.INFO, "PowerShell 7 does not log script blocks"),
    "forwarding_missing": Code(
        Severity.MEDIUM, "the forwarding that the policy requires is missing"
    ),
    "forwarding_broken": Code(Severity.MEDIUM, "events are not forwarded", "RB-WIN-LOG-004"),
    "forwarding_unproven": Code(
        Severity.MEDIUM, "forwarding is set up and nothing shows that it works"
    ),
    "forwarding_retrying": Code(Severity.INFO, "forwarding lost its collector a short time ago"),
    "forwarding_cannot_read": Code(
        Severity.MEDIUM, "forwarding may not read the Security log", "RB-WIN-LOG-004"
    ),
    "forwarding_agent_stopped": Code(Severity.MEDIUM, "an agent that forwards events does not run"),
    "forwarding_agent_running": Code(Severity.INFO, "an agent that forwards events runs"),
}


def judge_logging(facts: LoggingFacts, policy: LoggingPolicy, now: datetime) -> ComplianceCheck:
    """Judge audit policy, logs and forwarding; an unread authoritative source is an ERROR."""
    judgement = Judgement(CheckId.LOGGING, CATALOGUE)
    if judgement.is_blocked_by(facts.host):
        return judgement.verdict(facts, policy)
    judge_audit_policy(judgement, facts, policy)
    judge_audit_settings(judgement, facts, policy)
    _judge_powershell(judgement, facts, policy)
    _judge_service(judgement, facts)
    # Without the service no log can be read, and each reading would only say so again.
    if not judgement.has("eventlog_service_down"):
        is_forwarded = judge_forwarding(judgement, facts, policy, now)
        judge_logs(judgement, facts, policy, now)
        judge_activity(judgement, facts, policy, now, is_forwarded=is_forwarded)
        judge_tampering(judgement, facts, policy, now)
    _note_unread(judgement, facts)
    return judgement.verdict(facts, policy)


def _judge_powershell(judgement: Judgement, facts: LoggingFacts, policy: LoggingPolicy) -> None:
    shell = facts.powershell.value
    if shell is None:
        return
    for code, value, is_required in (
        ("script_block_logging_off", shell.script_block, policy.script_block_logging_required),
        ("transcription_off", shell.transcription, policy.transcription_required),
        ("module_logging_off", shell.module, policy.module_logging_required),
    ):
        if is_required and value != 1:
            # There is no other place for these than the policy key.
            owned = value is not None and facts.host.setting_owner_is_policy
            judgement.warn(code, observed=value, expected=1, gpo_managed=owned)
    if shell.transcription == 1:
        judgement.inform("transcription_on", observed=1)
    if shell.core_script_block == 0:
        judgement.inform("core_script_block_logging_off", observed=0)


def _judge_service(judgement: Judgement, facts: LoggingFacts) -> None:
    services = {item.name: item for item in facts.services.value or ()}
    service = services.get("EventLog")
    if service is None:
        # Records that were read prove that the service runs; without them nothing does.
        if facts.services.is_ok or not facts.security_activity.is_ok:
            judgement.unread("services", facts.services)
        else:
            judgement.unread_minor("services", facts.services)
    elif not service.is_known and facts.security_activity.is_ok:
        # Only the service hands out records: whoever lists it otherwise is wrong, or is lied to.
        state = service.state or "absent"
        judgement.warn("conflicting_evidence", "EventLog", observed=state, expected="Running")
    elif not service.is_running:
        judgement.fail(
            "eventlog_service_down",
            "EventLog",
            observed=f"{service.state or 'absent'}, {service.start_mode or 'absent'}",
            expected="Running",
        )
    elif service.start_mode != "Auto":
        judgement.warn(
            "eventlog_start_mode", "EventLog", observed=service.start_mode, expected="Auto"
        )


def _note_unread(judgement: Judgement, facts: LoggingFacts) -> None:
    """Note sources whose silence could hide a weakness, or the owner of a setting."""
    if facts.host.os.value is None:
        judgement.unread("os", facts.host.os)
    if facts.host.computer.value is None:
        judgement.unread("computer", facts.host.computer)
    for name in ("audit_settings", "audit_owner", "log_settings", "powershell"):
        judgement.unread_minor(name, getattr(facts, name))
