# SPDX-License-Identifier: GPL-3.0-or-later
"""Consult a model about one case: scrub, count, ask, validate. Whatever fails, a person decides."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ...errors import ComplianceError, PhiDetected
from ..parameters import ParameterSource
from .answer import Answer, AnswerInvalid, bind_for, read_answer, wire_schema
from .budget import (
    BudgetStore,
    Limits,
    MemoryBudget,
    after_answer,
    after_failure,
    is_open,
    quotas_of,
)
from .candidates import Candidates
from .case import Case
from .model import EndpointFailed, ModelClient
from .prompt import DocumentScrubber, Prompt, write_prompt
from .reasons import Reason
from .record import DecisionRecord, ModelRecord, amended, with_reply

# A floor and nothing else: what a model says of its own certainty was measured to be worthless.
CONFIDENCE_MIN_THOUSANDTHS = 800
# How the votes of a record name the model.
MODEL = "model"
SAID_BEFORE = "The model chose this runbook when it was asked about the incident before."


@dataclass(frozen=True, slots=True)
class Consulted:
    """A usable answer, or the *reason* why there is none; and what is kept of it."""

    answer: Answer | None
    reason: Reason | None
    record: ModelRecord | None = None
    error_code: str | None = None


class DecisionMemory(Protocol):
    """Where decisions are kept between runs."""

    def last(self, incident_id: str) -> DecisionRecord | None:
        """Return the newest decision about an incident, or None."""


@dataclass(frozen=True, slots=True)
class Consultant:
    """A model, and what guards it; without *asks* only what it has said before is known."""

    model: ModelClient
    scrubber: DocumentScrubber
    budget: BudgetStore = field(default_factory=MemoryBudget)
    limits: Limits = field(default_factory=Limits)
    memory: DecisionMemory | None = None
    asks: bool = True

    def consult(self, case: Case, candidates: Candidates, now: datetime) -> Consulted:
        """Return what the model says about *case*: one call at most, none where none is allowed."""
        try:
            schema = wire_schema(candidates)
            prompt = write_prompt(case, candidates, schema, self.scrubber)
        except PhiDetected as error:
            return Consulted(None, Reason.PHI_IN_PROMPT, error_code=error.code)
        record = ModelRecord(
            model=self.model.model,
            temperature_thousandths=self.model.temperature_thousandths,
            prompt_sha256=prompt.sha256,
            validation="not_asked",
        )
        try:
            if (remembered := self._remembered(case, candidates)) is not None:
                return remembered
            if not self.asks:
                return Consulted(None, None, record)
            if (refusal := self._refusal(case, now)) is not None:
                return Consulted(None, refusal, record)
            return self._ask(prompt, case, candidates, now, record)
        except ComplianceError as error:
            # Only the store raises here. Calls that nobody can count are not made, and an answer
            # that was not counted is not used.
            return Consulted(None, Reason.BUDGET_UNKNOWN, record, error.code)

    def _remembered(self, case: Case, candidates: Candidates) -> Consulted | None:
        """Return the answer that a kept decision about this incident rests on, or None.

        Only one that was agreed on: an objection, or an answer that broke a rule, stays with the
        person who got the incident then.
        """
        kept = self.memory.last(case.incident.incident_id) if self.memory is not None else None
        if kept is None or kept.model is None or kept.model.confidence_thousandths is None:
            return None
        voted = {vote.runbook_id for vote in kept.votes if vote.method == MODEL}
        if kept.runbook_id is None or kept.runbook_id not in voted:
            return None
        runbook = candidates.find(kept.runbook_id)
        if runbook is None:
            return None
        given = {
            name: value
            for name, value in kept.parameters.items()
            if (parameter := runbook.parameters.get(name)) is not None
            and isinstance(parameter.source, ParameterSource)
            and value != parameter.default
        }
        try:
            bound = bind_for(runbook, given, case)
        except AnswerInvalid:
            return None  # what it chose among is not there any more
        confidence = kept.model.confidence_thousandths
        answer = Answer(runbook, bound, SAID_BEFORE, confidence, None)
        return Consulted(answer, None, kept.model)

    def _refusal(self, case: Case, now: datetime) -> Reason | None:
        if is_open(self.budget.breaker(case.incident.site_id), self.limits, now):
            return Reason.BREAKER_OPEN
        exhausted = self.budget.claim(quotas_of(case, self.limits, now))
        return Reason.BUDGET_EXHAUSTED if exhausted is not None else None

    def _ask(
        self,
        prompt: Prompt,
        case: Case,
        candidates: Candidates,
        now: datetime,
        record: ModelRecord,
    ) -> Consulted:
        try:
            reply = self.model.ask(prompt)
        except EndpointFailed as error:
            self._count_failure(case, now)
            failed = amended(record, validation=error.reason)
            return Consulted(None, Reason.ENDPOINT_FAILED, failed, error.code)
        record = with_reply(record, reply, self.scrubber)
        try:
            answer = read_answer(reply.text, case, candidates)
        except AnswerInvalid as error:
            self._count_failure(case, now)
            refused = amended(record, validation=error.reason)
            return Consulted(None, Reason.ANSWER_INVALID, refused, error.code)
        self.budget.keep_breaker(case.incident.site_id, after_answer())
        confidence = answer.confidence_thousandths
        kept = amended(record, validation="valid", confidence_thousandths=confidence)
        if answer.runbook is None:
            return Consulted(None, Reason.MODEL_ESCALATES, kept)
        if confidence < CONFIDENCE_MIN_THOUSANDTHS:
            return Consulted(None, Reason.CONFIDENCE_LOW, kept)
        return Consulted(answer, None, kept)

    def _count_failure(self, case: Case, now: datetime) -> None:
        site = case.incident.site_id
        breaker = after_failure(self.budget.breaker(site), self.limits, now)
        self.budget.keep_breaker(site, breaker)
