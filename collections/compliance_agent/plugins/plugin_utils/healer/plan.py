# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done on one host in this run, in the order in which it is done.

A host's verdicts go into the memory first; then whatever a dead run left is taken up; then each
open incident gets its proposal, and each proposal the answer of the gate. With *is_dry* nothing is
kept: that is the plan of ``--check``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from ..evidence.repairs import AttemptRecord
from ..healing.incident import IncidentRecord
from ..healing.incidents import EventKind
from ..healing.relapse import Recheck
from ..healing.sightings import IncidentKey, Sight, Verdict
from ..healing.situation import GateCode, GateDecision, GateVerdict
from ..instants import to_text
from ..models import CheckId, Outcome, ResolutionLevel
from ..store.attempt_history import Amendment
from ..store.rechecks import GPO_OVERRIDES
from ..store.ticketing import AttemptActive
from .healer import Healer
from .host import HostSeen
from .proposals import Escalation, Proposal, propose


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of the plan: a repair that may begin, or something that was decided instead."""

    proposal: Proposal | Escalation
    verdict: str  # of the gate, or "escalate"
    code: str
    reason: str
    error_code: str | None = None
    until: datetime | None = None
    approval_id: str | None = None
    ticket_id: str | None = None
    waits_for_turn: bool = False

    @property
    def may_begin(self) -> bool:
        """Return whether this run may repair it, at once or when others are done."""
        return self.verdict == GateVerdict.ALLOW or self.waits_for_turn

    @property
    def check(self) -> CheckId:
        return self.proposal.incident.key.check_type

    def to_dict(self) -> dict[str, Any]:
        """Return what tasks and people read of it: names, codes and times of ours."""
        chosen = self.proposal if isinstance(self.proposal, Proposal) else None
        runbook = chosen.runbook if chosen else None
        return {
            "incident_id": self.proposal.incident.incident_id,
            "check": self.check.value,
            "tier": int(chosen.tier if chosen else ResolutionLevel.L3),
            "rule_id": self.proposal.rule_id,
            "runbook_id": runbook.runbook_id if runbook else None,
            "runbook_name": runbook.name if runbook else None,
            "verdict": str(self.verdict),
            "code": str(self.code),
            "error_code": self.error_code,
            "reason": self.reason,
            "until": to_text(self.until) if self.until else None,
            "approval_id": self.approval_id,
            "ticket_id": self.ticket_id,
        }

    def line(self) -> str:
        """Return it in words, for the person at the screen."""
        chosen = self.proposal if isinstance(self.proposal, Proposal) else None
        is_others = chosen is None and self.verdict == GateVerdict.WAIT
        person = "what another run does" if is_others else "a person"
        what = f"{chosen.runbook.runbook_id} ({chosen.runbook.name})" if chosen else person
        who = self.proposal.rule_id or (f"tier {int(chosen.tier)}" if chosen else "no rule")
        says = {"allow": "may run", "queue": "is queued", "wait": "waits", "ask": "needs approval"}
        verb = "decides" if chosen is None else says.get(str(self.verdict), "is refused")
        code = f"{self.code}, {self.error_code}" if self.error_code else str(self.code)
        return f"{self.check}: {what} {verb} [{who}; {code}] {self.reason}"

    def record(self) -> AttemptRecord:
        """Return what the evidence keeps of a decision that changed nothing on the host."""
        chosen = self.proposal if isinstance(self.proposal, Proposal) else None
        return AttemptRecord(
            incident_id=self.proposal.incident.incident_id,
            attempt_id=str(uuid4()),
            tier=chosen.tier if chosen else ResolutionLevel.L3,
            rule_id=self.proposal.rule_id,
            runbook_id=chosen.runbook.runbook_id if chosen else None,
            reason=str(self.code),
            error_code=self.error_code,
            decision=self.proposal.decision.to_dict() if self.proposal.decision else None,
        )


def amendment_line(check: CheckId, record: AttemptRecord) -> str:
    """Return in words what has to be said of an earlier bundle, for the person at the screen."""
    what = f"{record.runbook_id} did not last [{record.reason}]"
    return f"{check}: {what} {record.replaces_bundle_id} is amended: {record.outcome}"


@dataclass(frozen=True, slots=True)
class Planning:
    """Plans one host."""

    healer: Healer
    host: HostSeen
    now: datetime
    is_dry: bool = False

    def plan(self) -> list[Item]:
        """Return what is to be done, the worst incident first."""
        seen = {verdict.key: verdict for verdict in self._verdicts()}
        opens = self.healer.incidents.policy.opens
        overridden = self._overridden(seen) if self.is_dry else frozenset()
        incidents = self._foreseen(seen) if self.is_dry else self._recorded(seen)
        return [
            _handed_over(incident) if incident.key in overridden else self._item(incident)
            for incident in incidents
            if (verdict := seen.get(incident.key)) and (verdict.is_read or opens(verdict))
        ]

    def _recorded(self, seen: Mapping[IncidentKey, Verdict]) -> list[IncidentRecord]:
        healer = self.healer
        for due in healer.rechecks.due(self.host.site_id, self.now):
            if (verdict := seen.get(due.key)) is not None:
                healer.rechecks.settle(due, verdict, self.now)
        for key, event in healer.incidents.record(seen.values()):
            if event.kind is EventKind.RESOLVED and event.after is not None:
                healer.gate.forget(key.site_id, event.after.incident_id)
        return healer.incidents.to_heal(self.host.site_id)

    def _foreseen(self, seen: Mapping[IncidentKey, Verdict]) -> list[IncidentRecord]:
        return self.healer.incidents.foresee(seen.values())

    def _overridden(self, seen: Mapping[IncidentKey, Verdict]) -> frozenset[IncidentKey]:
        """Return the pairs that the next run takes out of the hands of the healer."""
        rechecks = self.healer.rechecks
        return frozenset(
            due.key
            for due in rechecks.due(self.host.site_id, self.now)
            if due.key in seen and rechecks.foresee(due, seen[due.key]) is Recheck.CAME_BACK
        )

    def _verdicts(self) -> Iterator[Verdict]:
        sight = Sight(self.healer.run.run_id, self.now)
        for check in self.host.checks:
            yield Verdict.of(self.host.site_id, self.host.host_id, check, sight)

    def amendments(self) -> list[tuple[CheckId, AttemptRecord]]:
        """Return what has to be said of earlier bundles whose success did not last."""
        checks = {check.check_id for check in self.host.checks}
        return [
            (due.key.check_type, _amendment(due, self.healer.attempts.get(due.attempt_id).tier))
            for due in self.healer.history.amendments_due(self.host.site_id)
            if due.key.host_id == self.host.host_id and due.key.check_type in checks
        ]

    def _item(self, incident: IncidentRecord) -> Item:
        proposal = propose(self._deciding(), self.host, incident, self.now)
        if isinstance(proposal, Escalation):
            self._keep_decision(proposal)
            return self._escalated(proposal, "a person decides")
        self._keep_decision(proposal)
        decision = self.healer.gate.decide(proposal.request, self.now)
        if decision.is_for_person or _is_last(proposal, decision):
            escalation = Escalation(incident, decision.code.value, proposal.rule_id)
            return self._escalated(escalation, decision.reason)
        return self._answered(proposal, decision)

    def _deciding(self) -> Healer:
        # The one question that a model is asked about an incident belongs to the run that acts.
        healer = self.healer
        return replace(healer, planner=healer.planner.without_asking()) if self.is_dry else healer

    def _answered(self, proposal: Proposal, decision: GateDecision) -> Item:
        approval_id = decision.approval_id
        if not self.is_dry and decision.verdict is GateVerdict.QUEUE:
            self.healer.gate.queue(proposal.request, decision, self.now)
        if not self.is_dry and decision.verdict is GateVerdict.ASK:
            approval_id = self.healer.gate.request_approval(proposal.request, self.now).approval_id
        return Item(
            proposal,
            decision.verdict.value,
            decision.code.value,
            decision.reason,
            decision.error_code,
            decision.until,
            approval_id,
            waits_for_turn=decision.waits_for_turn,
        )

    def _escalated(self, escalation: Escalation, reason: str) -> Item:
        if self.is_dry:
            return Item(escalation, "escalate", escalation.code, reason)
        incident = escalation.incident
        if escalation.puts_aside is not None:
            runbook_id = escalation.puts_aside
            self.healer.suppressions.put_aside(incident.key, runbook_id, escalation.code, self.now)
        try:
            ticket = self.healer.tickets.escalate(
                incident.incident_id, escalation.code, self.now, escalation.reasoning
            )
        except AttemptActive as error:
            # Another run began a repair of it since this one looked: how that ends comes first.
            busy = GateCode.HOST_BUSY.value
            return Item(escalation, GateVerdict.WAIT.value, busy, str(error), "E006")
        self.healer.gate.forget(self.host.site_id, incident.incident_id)
        ticket_id = ticket.ticket.contract.ticket_id
        return Item(escalation, "escalate", escalation.code, reason, ticket_id=ticket_id)

    def _keep_decision(self, proposal: Proposal | Escalation) -> None:
        if self.is_dry or proposal.decision is None:
            return
        record = proposal.decision.to_dict()
        incident_id = proposal.incident.incident_id
        self.healer.history.decided(incident_id, proposal.decision.runbook_id, record, self.now)


def _handed_over(incident: IncidentRecord) -> Item:
    reason = "a group policy has put back what was repaired"
    return Item(Escalation(incident, GPO_OVERRIDES), "escalate", GPO_OVERRIDES, reason)


def _is_last(proposal: Proposal, decision: GateDecision) -> bool:
    # A rule that is refused leaves the incident to the planner; after that there are only people.
    is_refused = decision.verdict is GateVerdict.REFUSE
    return is_refused and proposal.tier is not ResolutionLevel.L1


def _amendment(due: Amendment, tier: ResolutionLevel) -> AttemptRecord:
    reason = GPO_OVERRIDES if due.outcome is Outcome.PARTIAL else "relapsed"
    return AttemptRecord(
        incident_id=due.incident_id,
        attempt_id=due.attempt_id,
        tier=tier,
        runbook_id=due.runbook_id,
        outcome=due.outcome,
        reason=reason,
        replaces_bundle_id=due.bundle_id,
    )
