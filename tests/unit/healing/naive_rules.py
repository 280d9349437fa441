# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules once more, as plain as can be: a second opinion on the compiled ones.

Also a small universe: every incident that can be made of two codes, two severities, two kinds of
hosts and two groups.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations, product

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.matching import (
    IncidentFacts,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.rule_targets import (
    Target,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.rules import HostOs
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckId,
    CheckStatus,
    Finding,
    Severity,
)

ONE, TWO = "active_profile_disabled", "inbound_allowed"
BAD = (CheckStatus.FAIL, CheckStatus.ERROR, CheckStatus.WARNING)


def finding(code: str, status: str = "FAIL", severity: str = "HIGH", **keys) -> Finding:
    return Finding(
        code=code,
        status=CheckStatus(status),
        severity=Severity(severity),
        message=keys.pop("message", "a fixed phrase"),
        scope=keys.pop("scope", ""),
        observed=keys.pop("observed", None),
        expected=None,
        gpo_managed=keys.pop("gpo_managed", False),
    )


def status_of(findings: Sequence[Finding]) -> CheckStatus:
    """Return the status of a check with *findings*: the worst of them."""
    found = {item.status for item in findings}
    return next((status for status in BAD if status in found), CheckStatus.PASS)


def matches(target: Target, facts: IncidentFacts) -> bool:
    """Return whether the rule is for *facts*, read from its pattern key by key."""
    pattern = target.rule.pattern
    codes = {item.code for item in facts.findings}
    return (
        target.rule.enabled
        and pattern.check_type is facts.check_type
        and facts.status in pattern.status
        and (pattern.os is None or facts.os in pattern.os)
        and (pattern.host_groups is None or bool(facts.host_groups & set(pattern.host_groups)))
        and not codes & set(pattern.not_finding_codes or ())
        and not (target.runbook and codes & set(target.runbook.escalate_when))
        and any(_is_for(target, item) for item in facts.findings)
    )


def _is_for(target: Target, item: Finding) -> bool:
    pattern = target.rule.pattern
    if item.status is CheckStatus.PASS:
        return False
    if target.runbook and (item.gpo_managed or item.code not in target.runbook.repairs):
        return False
    return (
        (pattern.finding_codes is None or item.code in pattern.finding_codes)
        and (pattern.severity is None or item.severity in pattern.severity)
        and (pattern.finding_status is None or item.status in pattern.finding_status)
        and (pattern.gpo_managed is None or item.gpo_managed is pattern.gpo_managed)
    )


def winner(targets: Sequence[Target], facts: IncidentFacts) -> str | None:
    """Return the id of the rule that wins."""
    mine = [target.rule for target in targets if matches(target, facts)]
    return min(mine, key=lambda rule: (rule.priority, rule.id)).id if mine else None


@cache
def universe() -> tuple[IncidentFacts, ...]:
    """Return every incident of the small universe."""
    return tuple(_incidents())


def _incidents() -> Iterator[IncidentFacts]:
    severities, owned = ("HIGH", "LOW"), (False, True)
    kinds = [
        finding(code, status, severity, gpo_managed=gpo)
        for code, status, severity, gpo in product((ONE, TWO), BAD, severities, owned)
    ]
    kinds += [finding(code, "PASS", "INFO") for code in (ONE, TWO)]
    groups = [frozenset(), frozenset({"east"}), frozenset({"west"}), frozenset({"east", "west"})]
    for count in (1, 2, 3):
        for findings in combinations(kinds, count):
            status = status_of(findings)
            for os, group in product((HostOs.SERVER, None), groups):
                yield IncidentFacts(CheckId.FIREWALL, status, findings, group, os)
