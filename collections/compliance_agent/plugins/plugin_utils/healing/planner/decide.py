# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide one case: candidates, screen, votes, agreement, and what the mode of the site makes of it.

`Planner.decide` raises for nothing that it is asked or answered. Every way out that is not a choice
gives the case to a person, with a reason, and every decision leaves a record.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol, Self

from ...models import Incident, L2Context
from ..registry import Registry
from .answer import Answer, AnswerInvalid, bind_for
from .candidates import Candidates, candidates_of
from .case import Case, ContextInvalid, read_case
from .consult import MODEL, Consultant
from .plans import (
    Choice,
    Disposition,
    Mode,
    Plan,
    action_of,
    decision_for,
    disposition_of,
    escalation_for,
)
from .prompt import DocumentScrubber
from .reasons import SENTENCES, PersonDecides, Reason
from .record import DecisionRecord, ModelRecord, bar_records, hit_records, vote_records
from .screen import Hit, screen
from .symptoms import refuse_hopeless, vote_by_code, vote_by_symptom
from .votes import Vote, agreed, can_still_agree, refuse_conflict

# The contract wants a number where no model gave one: the floor that a model has to reach.
EMBEDDED_CONFIDENCE_THOUSANDTHS = 800


class SecondOpinion(Protocol):
    """A further way to choose; `retrieval.Retriever` is one."""

    def vote(self, case: Case, candidates: Candidates) -> Vote:
        """Return a vote; a voter that fails objects."""


@dataclass(slots=True)
class _Minutes:
    """What a decision in the making has come to."""

    incident: Incident
    decided_at: datetime
    candidates: Candidates = field(default_factory=lambda: Candidates((), (), ()))
    hits: tuple[Hit, ...] = ()
    votes: list[Vote] = field(default_factory=list)
    model: ModelRecord | None = None
    error_code: str | None = None

    def record(
        self, mode: Mode, choice: Choice | None, reason: Reason, disposition: Disposition
    ) -> DecisionRecord:
        """Return all that came together."""
        return DecisionRecord(
            incident_id=self.incident.incident_id,
            site_id=self.incident.site_id,
            host_id=self.incident.host_id,
            check=self.incident.check_type,
            decided_at=self.decided_at,
            mode=mode.value,
            runbook_ids=tuple(item.runbook_id for item in self.candidates.offered),
            barred=bar_records(self.candidates),
            hits=hit_records(self.hits),
            votes=vote_records(tuple(self.votes)),
            model=self.model,
            runbook_id=choice.runbook.runbook_id if choice else None,
            parameters=dict(choice.parameters) if choice else {},
            reason_code=reason.value,
            error_code=self.error_code,
            disposition=disposition.value,
            requires_approval=disposition is Disposition.PROPOSE,
        )


@dataclass(frozen=True, slots=True)
class Planner:
    """The planner of one site; with a registry and a scrubber alone it is the embedded default."""

    registry: Registry
    scrubber: DocumentScrubber
    mode: Mode = Mode.SHADOW
    second_opinion: SecondOpinion | None = None
    consultant: Consultant | None = None

    def decide(self, context: L2Context, now: datetime) -> Plan:
        """Return what to do about *context*."""
        minutes, choice = _Minutes(context.incident, now), None
        try:
            choice = self._choose(context, minutes)
            reason = Reason.SHADOW if self.mode is Mode.SHADOW else Reason.AGREED
        except PersonDecides as stop:
            reason = stop.reason
        except ContextInvalid as error:
            reason, minutes.error_code = Reason.CONTEXT_INVALID, error.code
        disposition = disposition_of(choice, self.mode)
        record = minutes.record(self.mode, choice, reason, disposition)
        if choice is None or disposition is Disposition.ESCALATE:
            return Plan(escalation_for(reason), None, disposition, record)
        return Plan(decision_for(choice), action_of(choice, disposition), disposition, record)

    def without_asking(self) -> Self:
        """Return the planner as it decides with what its model has said before, and no more."""
        if self.consultant is None:
            return self
        return replace(self, consultant=replace(self.consultant, asks=False))

    def _choose(self, context: L2Context, minutes: _Minutes) -> Choice:
        if self.mode is Mode.OFF:
            raise PersonDecides(Reason.OFF)
        case = read_case(context, minutes.decided_at)
        candidates = minutes.candidates = candidates_of(case, self.registry)
        minutes.hits = screen(case)
        if minutes.hits:
            raise PersonDecides(Reason.SUSPICIOUS_TEXT)
        refuse_hopeless(case, candidates)
        minutes.votes += [vote_by_code(case, candidates), vote_by_symptom(case, candidates)]
        refuse_conflict(minutes.votes)
        if self.second_opinion is not None:
            minutes.votes.append(self.second_opinion.vote(case, candidates))
            refuse_conflict(minutes.votes)
        answer = self._consult(case, minutes)
        runbook_id = agreed(minutes.votes)
        return self._choice(case, runbook_id, answer)

    def _consult(self, case: Case, minutes: _Minutes) -> Answer | None:
        # A question whose answer could change nothing is not asked.
        if self.consultant is None or not can_still_agree(minutes.votes, 1):
            return None
        consulted = self.consultant.consult(case, minutes.candidates, minutes.decided_at)
        minutes.model, minutes.error_code = consulted.record, consulted.error_code
        if consulted.reason is not None:
            raise PersonDecides(consulted.reason)
        answer = consulted.answer
        if answer is not None and answer.runbook is not None:
            minutes.votes.append(Vote(MODEL, answer.runbook.runbook_id, "answered"))
        return answer

    def _choice(self, case: Case, runbook_id: str, answer: Answer | None) -> Choice:
        runbook = self.registry.find(runbook_id)
        approval_required = case.constraints.approval_required
        if answer is not None:
            reasoning = str(self.scrubber.scrub_text(answer.reasoning).document)
            confidence = answer.confidence_thousandths
            return Choice(runbook, answer.parameters, reasoning, confidence, approval_required)
        try:
            parameters = bind_for(runbook, {}, case)
        except AnswerInvalid as invalid:
            raise PersonDecides(Reason.PARAMETER_INVALID) from invalid  # pylint: disable=bad-exception-cause
        reasoning = SENTENCES[Reason.AGREED]
        return Choice(
            runbook, parameters, reasoning, EMBEDDED_CONFIDENCE_THOUSANDTHS, approval_required
        )
