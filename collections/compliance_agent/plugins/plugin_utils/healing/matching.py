# SPDX-License-Identifier: GPL-3.0-or-later
"""L1: which rule an incident asks for. Compiled once, then a few operations an incident. Pure.

One rule wins for an incident, however many findings it has: lower priority first, then by id. The
order of the file means nothing. A rule with a runbook is for findings that the runbook repairs and
that no group policy or MDM owns; an escalate rule is for any. What a rule escalates goes to a
person and to no other tier.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from pydantic import JsonValue

from ..checks.judgement import BY_WEIGHT
from ..errors import ParameterInvalid
from ..models import CheckId, CheckStatus, ComplianceCheck, Finding, HealingAction
from .parameters import bind
from .rule_table import RuleTable, Trait, excluding, first
from .rule_targets import Target
from .rules import HostOs
from .runbooks import Runbook


@dataclass(frozen=True, slots=True)
class IncidentFacts:
    """What rules may know of an incident: the verdict, and what the host is."""

    check_type: CheckId
    status: CheckStatus
    findings: tuple[Finding, ...]
    host_groups: frozenset[str] = frozenset()
    os: HostOs | None = None  # None: not read, so no rule that names an OS is for it
    policy: Mapping[str, Any] = field(default_factory=dict, hash=False)  # under which it was judged
    passed: frozenset[CheckId] = frozenset()  # other checks that have passed, freshly

    @classmethod
    def of(
        cls,
        check: ComplianceCheck,
        host_groups: Iterable[str] = (),
        os: HostOs | None = None,
        passed: Iterable[CheckId] = (),
    ) -> Self:
        """Return the facts of *check*. A check without a list of findings has none."""
        listed: Any = check.details.get("findings") or []
        findings = tuple(Finding.from_dict(item) for item in listed)
        policy: Any = check.details.get("policy") or {}
        groups, others = frozenset(host_groups), frozenset(passed)
        return cls(check.check_id, check.status, findings, groups, os, policy, others)


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """The rule that won. Either *action* is there, or *escalate* is true."""

    rule_id: str
    runbook_id: str | None
    action: HealingAction | None
    escalate: bool
    max_retries: int
    cooldown_seconds: int
    # Codes of the findings that it is for; then the part of a message, if the rule has one.
    matched_on: tuple[str, ...]
    # Why a rule with a runbook escalates all the same: its parameter that no value fits.
    refused: str | None = None


class NoMatch(StrEnum):
    """Why no rule won."""

    NO_RULE = "no_rule"
    GPO_MANAGED = "gpo_managed"  # one would have, but for the owner of the setting
    RUNBOOK_FORBIDS = "runbook_forbids"  # one would have, but for its runbook's escalate_when


@dataclass(frozen=True, slots=True)
class Matcher:
    """All rules of a site, by check."""

    tables: Mapping[CheckId, RuleTable]

    @classmethod
    def of(cls, targets: Iterable[Target]) -> Self:
        """Return the matcher of *targets*; disabled rules take no part."""
        by_check: dict[CheckId, list[Target]] = {}
        for target in targets:
            by_check.setdefault(target.rule.pattern.check_type, []).append(target)
        return cls({check: RuleTable.of(rules) for check, rules in by_check.items()})

    def match(self, facts: IncidentFacts) -> RuleMatch | None:
        """Return what the first rule for *facts* asks for, or None."""
        decided = self.decide(facts)
        return decided if isinstance(decided, RuleMatch) else None

    def decide(self, facts: IncidentFacts) -> RuleMatch | NoMatch:
        """Return what `match` does, or why nothing does."""
        table = self.tables.get(facts.check_type)
        if table is None:
            return NoMatch.NO_RULE
        codes = [finding.code for finding in facts.findings]
        active = table.active(facts.status, facts.os, facts.host_groups)
        active &= ~excluding(table.forbidden, codes)
        touched = 0
        for trait in map(_trait, facts.findings):
            touched |= table.touched(trait)
        may = active & ~excluding(table.vetoed, codes)
        if winners := may & touched:
            return _won(table.targets[first(winners)], facts)
        if active & touched:
            return NoMatch.RUNBOOK_FORBIDS
        owned = 0
        for trait in map(_trait, facts.findings):
            if trait.gpo_managed:
                owned |= table.touched(trait._replace(gpo_managed=False))
        return NoMatch.GPO_MANAGED if may & owned else NoMatch.NO_RULE


def _trait(finding: Finding) -> Trait:
    return Trait(finding.code, finding.severity, finding.status, finding.gpo_managed)


def _won(target: Target, facts: IncidentFacts) -> RuleMatch:
    rule = target.rule
    mine = [finding for finding in facts.findings if _is_for(target, finding)]
    matched_on = sorted({finding.code for finding in mine})
    if (text := rule.pattern.message_contains) is not None:
        matched_on.append(f"message_contains: {text}")
    action, refused = None, None
    if target.runbook is not None:
        try:
            action = _action(target, target.runbook, mine, facts)
        except ParameterInvalid as error:
            # The message holds what a host reported; which parameter it was is in its first part.
            refused = error.failed
    return RuleMatch(
        rule_id=rule.id,
        runbook_id=target.runbook.runbook_id if target.runbook else None,
        action=action,
        escalate=action is None,
        max_retries=rule.max_retries,
        cooldown_seconds=rule.cooldown_seconds,
        matched_on=tuple(matched_on),
        refused=refused,
    )


def _is_for(target: Target, finding: Finding) -> bool:
    pattern = target.rule.pattern
    wanted = False if target.runbook is not None else pattern.gpo_managed
    return (
        finding.code in target.codes
        and finding.status in (pattern.finding_status or BY_WEIGHT)
        and finding.status is not CheckStatus.PASS
        and (pattern.severity is None or finding.severity in pattern.severity)
        and (wanted is None or finding.gpo_managed is wanted)
    )


def _action(
    target: Target, runbook: Runbook, mine: Sequence[Finding], facts: IncidentFacts
) -> HealingAction:
    # Of a code that the rule matched only the findings that it is for: a volume within its time of
    # grace is not touched because another one is beyond it. Never what a policy owns.
    own = {finding.code for finding in mine}
    others = [item for item in facts.findings if item.code not in own and _may_tell(item, runbook)]
    found = [*mine, *others]
    values: dict[str, JsonValue] = bind(
        runbook.parameters, target.values, found, facts.policy, passed=facts.passed
    )
    return HealingAction(
        action_type=runbook.action_type,
        runbook_id=runbook.runbook_id,
        parameters=values,
        requires_approval=runbook.requires_approval,
        is_disruptive=runbook.is_disruptive,
        maintenance_window_only=runbook.maintenance_window_only,
    )


def _may_tell(finding: Finding, runbook: Runbook) -> bool:
    # Information is no fault to mend; what a site attests is one that a repair may build on.
    is_told = finding.status is not CheckStatus.PASS or finding.code not in runbook.repairs
    return is_told and not finding.gpo_managed
