# SPDX-License-Identifier: GPL-3.0-or-later
"""The ticket that hands an incident over to a person: all that was tried, and what to do. Pure.

Everything in it is made of codes and of sentences of ours. The one text of another origin, the
reasoning of the planner, goes through the scrubber that the caller gives.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import JsonValue

from ..instants import to_text
from ..models import EscalationTicket, Outcome
from .attempts import Attempt, StepRecord
from .cut_off import cut_off_lines
from .incident import IncidentRecord
from .runbooks import Runbook
from .sightings import SeenFinding
from .ticket_policy import GPO_MANAGED, TAMPER_PROTECTED, TicketPolicy

UNKNOWN_CODE = "Look the code up in docs/reference/finding-codes.md."
REASONING_LENGTH_MAX = 1000


class Scrubbed(Protocol):
    @property
    def document(self) -> Any: ...

    @property
    def is_flagged(self) -> bool: ...


class TextScrubber(Protocol):
    """What `phi.scrubber.Scrubber` does with a text."""

    def scrub_text(self, text: str) -> Scrubbed: ...


@dataclass(frozen=True, slots=True)
class Tried:
    """An attempt of the incident, with its steps in the order in which they ran."""

    attempt: Attempt
    steps: tuple[StepRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """What a ticket is made of.

    *code* says why a person is needed. *escalate_when* maps a runbook of the check to the codes
    that forbid it. *l2_reasoning* is as the planner gave it, not scrubbed. *runbooks* are those of
    the site, to say what a repair that has not ended was doing.
    """

    incident: IncidentRecord
    code: str
    tried: Sequence[Tried] = ()
    l2_reasoning: str | None = None
    escalate_when: Mapping[str, Sequence[str]] | None = None
    runbooks: Mapping[str, Runbook] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket in the form of the contract, and its code; *is_flagged* is E007."""

    contract: EscalationTicket
    code: str
    findings: tuple[SeenFinding, ...]
    tamper_protected: bool
    is_flagged: bool = False

    @property
    def owned_by_policy(self) -> tuple[SeenFinding, ...]:
        """Return the findings whose setting a group policy or MDM owns."""
        return tuple(item for item in self.findings if item.gpo_managed)

    @property
    def subject(self) -> str:
        """Return a subject that tells a passer-by nothing: neither host, site nor fault."""
        return f"Compliance ticket {self.contract.ticket_id}: {self.contract.urgency.value}"


def build_ticket(
    ticket_id: str, case: Case, policy: TicketPolicy, scrubber: TextScrubber
) -> Ticket:
    """Return the ticket of *case*. What the scrubber could not clean is gone, and flagged."""
    reasoning = flagged = None
    if case.l2_reasoning is not None:
        scrubbed = scrubber.scrub_text(case.l2_reasoning)
        reasoning = str(scrubbed.document)[:REASONING_LENGTH_MAX]
        flagged = scrubbed.is_flagged
    urgency = policy.urgency_of(case.incident.severity, case.code)
    contract = EscalationTicket(
        ticket_id=ticket_id,
        incident=case.incident.contract(),
        attempted_resolutions=attempted_resolutions(case.tried),
        l2_reasoning=reasoning,
        suggested_actions=tuple(dict.fromkeys(_suggestions(case, policy))),
        urgency=urgency,
        channels=policy.channels[urgency],
    )
    return Ticket(
        contract, case.code, case.incident.findings, _is_tamper_protected(case), bool(flagged)
    )


def attempted_resolutions(tried: Iterable[Tried]) -> tuple[dict[str, JsonValue], ...]:
    """Return every attempt as the contract's ticket lists it: who, what, how it went, and why."""
    return tuple(_resolution(item.attempt, item.steps) for item in tried)


def _resolution(attempt: Attempt, steps: Sequence[StepRecord]) -> dict[str, JsonValue]:
    failed = next((item for item in steps if item.failure), None)
    outcome = attempt.amended_outcome or attempt.outcome
    return {
        "attempt_id": attempt.attempt_id,
        "tier": int(attempt.tier),
        "requested_by": attempt.requested_by,
        "runbook_id": attempt.runbook_id,
        "state": attempt.state.value,
        "outcome": outcome.value if outcome else None,
        "reason": attempt.reason,
        "started_at": to_text(attempt.created_at),
        "finished_at": to_text(attempt.finished_at) if attempt.finished_at else None,
        "relapsed_at": to_text(attempt.relapsed_at) if attempt.relapsed_at else None,
        "failed_step": failed.step_id if failed else None,
        "failed_phase": failed.phase.value if failed else None,
        "failure": failed.failure if failed else None,
        "hresult": failed.hresult if failed else None,
        "evidence_bundle_id": attempt.evidence_bundle_id,
    }


def ticket_text(ticket: Ticket, phrases: Mapping[str, str]) -> str:
    """Return what a person reads; *phrases* says in our words what each code of a finding means."""
    return "\n".join(_lines(ticket, phrases)) + "\n"


def _lines(ticket: Ticket, phrases: Mapping[str, str]) -> Iterator[str]:
    incident = ticket.contract.incident
    yield f"{incident.severity.value} {incident.check_type.value} on {incident.host_id}"
    yield f"Site {incident.site_id}, incident {incident.incident_id}, reason {ticket.code}"
    yield f"Since {to_text(incident.created_at)}; needed: {ticket.contract.urgency.value}"
    if incident.evidence_bundle_id:
        yield f"Evidence: {incident.evidence_bundle_id}"
    if ticket.findings:
        yield from ("", "Found:")
        yield from (f"- {_finding_line(item, phrases)}" for item in ticket.findings)
    if owned := ticket.owned_by_policy:
        yield from ("", "Owned by a group policy or MDM; a local change does not last:")
        yield from (f"- {_named(item)}" for item in owned)
    if ticket.tamper_protected:
        yield from ("", "Owned by tamper protection of the protection product.")
    if ticket.contract.attempted_resolutions:
        yield from ("", "Tried:")
        yield from (f"- {_attempt_line(item)}" for item in ticket.contract.attempted_resolutions)
    if ticket.contract.l2_reasoning:
        yield from ("", f"The planner said: {ticket.contract.l2_reasoning}")
    yield from ("", "Suggested:")
    yield from (f"- {item}" for item in ticket.contract.suggested_actions)


def _named(finding: SeenFinding) -> str:
    return f"{finding.code} ({finding.scope})" if finding.scope else finding.code


def _finding_line(finding: SeenFinding, phrases: Mapping[str, str]) -> str:
    phrase = phrases.get(finding.code)
    said = f": {phrase}" if phrase else ""
    return f"{finding.status.value} {_named(finding)}{said}"


def _attempt_line(item: Mapping[str, JsonValue]) -> str:
    step = f", {item['failed_phase']} {item['failed_step']}" if item["failed_phase"] else ""
    why = " ".join(str(item[key]) for key in ("reason", "failure", "hresult") if item[key])
    said = f": {why}" if why else ""
    back = f", came back {item['relapsed_at']}" if item["relapsed_at"] else ""
    outcome = item["outcome"] or item["state"]
    return f"L{item['tier']} {item['runbook_id']}, {outcome}{step}{said}{back}"


def _suggestions(case: Case, policy: TicketPolicy) -> Iterator[str]:
    yield policy.reasons.get(case.code, UNKNOWN_CODE)
    for tried in case.tried:
        if tried.attempt.finished_at is None:
            runbook = case.runbooks.get(tried.attempt.runbook_id)
            yield from cut_off_lines(tried.attempt, tried.steps, runbook)
    faults = case.incident.findings
    if _is_tamper_protected(case):
        yield policy.reasons[TAMPER_PROTECTED]
    if owned := [_named(item) for item in faults if item.gpo_managed]:
        yield f"{policy.reasons[GPO_MANAGED]} It concerns: {', '.join(owned)}."
    for item in faults:
        if item.code in policy.findings:
            yield policy.findings[item.code]
    for runbook_id, codes in (case.escalate_when or {}).items():
        if hit := sorted({item.code for item in faults} & set(codes)):
            yield f"Do not run {runbook_id} before a person has judged {', '.join(hit)}."


def _is_tamper_protected(case: Case) -> bool:
    """Return whether a runbook found that the product defends the setting against everybody."""
    return any(
        item.attempt.reason == TAMPER_PROTECTED
        or any(step.note == TAMPER_PROTECTED for step in item.steps)
        for item in case.tried
        if item.attempt.outcome is not Outcome.SUCCESS
    )
