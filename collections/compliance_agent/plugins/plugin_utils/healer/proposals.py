# SPDX-License-Identifier: GPL-3.0-or-later
"""Who decides about an incident, and what: a rule, the planner, or a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from ..healing.incident import IncidentRecord
from ..healing.ladder import PERSON_REASONS, next_level
from ..healing.matching import IncidentFacts, NoMatch, RuleMatch
from ..healing.passed import passed_checks
from ..healing.planner.case import Constraints, context_of
from ..healing.planner.plans import Disposition
from ..healing.planner.record import DecisionRecord
from ..healing.relapse import Bar, Candidate, PastRepair, Standing, find_bar, repair_of
from ..healing.repair_request import RepairRequest
from ..healing.runbooks import Runbook
from ..healing.situation import GateCode, GateVerdict
from ..models import HealingAction, ResolutionLevel
from .healer import Healer
from .host import HostSeen

__all__ = ["Escalation", "Proposal", "propose"]

# The planner has one try at an incident, whatever its rule would have.
PLANNER_COOLDOWN_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Proposal:
    """A repair for the gate; *claims* are the codes of findings that it is to mend here.

    *asked_at* is when the controller asked the host for what the repair rests on.
    """

    incident: IncidentRecord
    tier: ResolutionLevel
    rule_id: str | None
    runbook: Runbook
    request: RepairRequest
    claims: frozenset[str]
    asked_at: datetime
    decision: DecisionRecord | None = None

    @property
    def parameters(self) -> Mapping[str, JsonValue]:
        return self.request.action.parameters


@dataclass(frozen=True, slots=True)
class Escalation:
    """An incident for a person; *code* says why, *reasoning* is the planner's.

    *puts_aside* is the runbook that nobody may run any more until an operator says so.
    """

    incident: IncidentRecord
    code: str
    rule_id: str | None = None
    reasoning: str | None = None
    decision: DecisionRecord | None = None
    puts_aside: str | None = None


def propose(
    healer: Healer, host: HostSeen, incident: IncidentRecord, now: datetime
) -> Proposal | Escalation:
    """Return what is to be done about *incident* of *host*."""
    check = host.check(incident.key.check_type)
    if check is None:  # the caller proposes for what was checked
        raise LookupError(f"{incident.key.check_type} was not made in this run")
    passed = passed_checks(host.checks, host.asked_at, now)
    facts = IncidentFacts.of(check, host.groups, host.os, passed)
    decided = healer.matcher.decide(facts)
    if isinstance(decided, RuleMatch) and decided.escalate:
        code = "parameter_refused" if decided.refused else "rule_escalates"
        return Escalation(incident, code, decided.rule_id)
    if decided is NoMatch.GPO_MANAGED:
        return Escalation(incident, "gpo_managed")
    rule = decided if isinstance(decided, RuleMatch) else None
    history = healer.attempts.history(incident.key)
    proposal = _by_rule(healer, host, incident, rule) if rule is not None else None
    barred = _bar(healer, incident, proposal, history, now) if proposal is not None else None
    is_spent = proposal is None or _is_spent(healer, proposal, now)
    level = next_level(
        incident.incident_id,
        history,
        rule_bar=barred,
        rule_is_spent=is_spent,
        # A planner that may not act still says what it would have done, for the person.
        planner_acts=True,
    )
    if level is ResolutionLevel.L1 and proposal is not None:
        return proposal
    if level is ResolutionLevel.L3:
        why, rule_id = _why(barred, history, incident), rule.rule_id if rule else None
        return Escalation(incident, why, rule_id, puts_aside=_put_aside(proposal, barred))
    chosen = _by_planner(healer, host, incident, history, now)
    if isinstance(chosen, Proposal):
        again = _bar(healer, incident, chosen, history, now)
        if again is not None:
            aside = _put_aside(chosen, again)
            return Escalation(incident, again.value, decision=chosen.decision, puts_aside=aside)
    return chosen


def _by_rule(
    healer: Healer, host: HostSeen, incident: IncidentRecord, rule: RuleMatch
) -> Proposal | None:
    if rule.action is None:
        return None
    runbook = healer.registry.find(rule.action.runbook_id)
    name = f"rule:{rule.rule_id}"
    who = _Asker(ResolutionLevel.L1, name, rule.max_retries, rule.cooldown_seconds)
    request = _request(host, incident, runbook, rule.action, who)
    claims = _claims(host, incident, runbook)
    return Proposal(
        incident, ResolutionLevel.L1, rule.rule_id, runbook, request, claims, host.asked_at
    )


def _by_planner(
    healer: Healer,
    host: HostSeen,
    incident: IncidentRecord,
    history: tuple[PastRepair, ...],
    now: datetime,
) -> Proposal | Escalation:
    failed = {
        item.repair.runbook_id
        for item in history
        if item.incident_id == incident.incident_id and item.did_not_help
    }
    days = healer.policy.calendar(host.host_id, host.groups)
    constraints = Constraints(
        maintenance_window=days.is_open(now, 0),
        # What a rule has tried in vain is not tried again under another name.
        forbidden_runbooks=tuple(sorted(failed)),
        checked_at=host.asked_at,
    )
    context = context_of(
        incident.contract(),
        host.checks,
        healer.incidents.recent(host.site_id, host.host_id),
        healer.registry,
        constraints,
    )
    plan = healer.planner.decide(context, now)
    reasoning = plan.decision.reasoning
    if plan.disposition is Disposition.ESCALATE or plan.action is None:
        code = plan.decision.escalation_reason or plan.record.reason_code
        return Escalation(incident, code, reasoning=reasoning, decision=plan.record)
    runbook = healer.registry.find(plan.action.runbook_id)
    who = _Asker(ResolutionLevel.L2, "planner", 0, PLANNER_COOLDOWN_SECONDS)
    request = _request(host, incident, runbook, plan.action, who)
    claims = _claims(host, incident, runbook)
    return Proposal(
        incident,
        ResolutionLevel.L2,
        None,
        runbook,
        request,
        claims,
        host.asked_at,
        plan.record,
    )


@dataclass(frozen=True, slots=True)
class _Asker:
    """Who asks, and how often it may."""

    tier: ResolutionLevel
    name: str
    max_retries: int
    cooldown_seconds: int


def _request(
    host: HostSeen, incident: IncidentRecord, runbook: Runbook, action: HealingAction, who: _Asker
) -> RepairRequest:
    return RepairRequest(
        site_id=host.site_id,
        host_id=host.host_id,
        check_type=incident.key.check_type,
        incident_id=incident.incident_id,
        tier=who.tier,
        requested_by=who.name,
        action=action,
        requires_reboot=runbook.requires_reboot,
        longest_seconds=int(runbook.longest.total_seconds()),
        max_retries=who.max_retries,
        cooldown_seconds=who.cooldown_seconds,
        host=host.situation(runbook),
        serialize=runbook.serialize,
    )


def _claims(host: HostSeen, incident: IncidentRecord, runbook: Runbook) -> frozenset[str]:
    found = {
        item.code
        for item in host.findings.get(incident.key.check_type, ())
        if item.status.value != "PASS"
    }
    return frozenset(found & set(runbook.repairs))


def _bar(
    healer: Healer,
    incident: IncidentRecord,
    proposal: Proposal,
    history: tuple[PastRepair, ...],
    now: datetime,
) -> Bar | None:
    standing: Standing = healer.attempts.standing(incident.key, proposal.runbook.runbook_id)
    repair = repair_of(proposal.runbook.runbook_id, proposal.parameters)
    candidate = Candidate(repair, incident.incident_id, history, standing)
    return find_bar(candidate, healer.relapse, now)


def _put_aside(proposal: Proposal | None, barred: Bar | None) -> str | None:
    is_kept = barred is not None and barred.is_kept
    return proposal.runbook.runbook_id if proposal is not None and is_kept else None


def _is_spent(healer: Healer, proposal: Proposal, now: datetime) -> bool:
    decision = healer.gate.decide(proposal.request, now)
    is_refused = decision.verdict is GateVerdict.REFUSE
    return is_refused and decision.code is GateCode.RETRIES_EXHAUSTED


def _why(barred: Bar | None, history: tuple[PastRepair, ...], incident: IncidentRecord) -> str:
    if barred is not None and barred.needs_person:
        return barred.value
    mine = [item for item in history if item.incident_id == incident.incident_id]
    reasons = [item.reason for item in mine if item.reason in PERSON_REASONS]
    return reasons[-1] or "exhausted" if reasons else "repairs_failed"
