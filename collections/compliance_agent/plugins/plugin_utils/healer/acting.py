# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out one repair, and keep each transition before the deed that it announces.

Each method is one named task of the role ``healer``. What was done, and what may have been done, is
always in the memory of the site: a run that is killed between two of them leaves an attempt that
the next run validates, or takes back, and never repeats.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..clock import Clock
from ..evidence.repairs import AttemptRecord
from ..healing.attempts import Attempt, AttemptState, saved_by_steps
from ..healing.passed import is_fresh
from ..healing.relapse import Bar
from ..healing.repair_request import RepairRequest, parse_request
from ..healing.runbooks import Runbook
from ..healing.sightings import Sight, Verdict
from ..healing.situation import GateDecision, GateVerdict
from ..healing.steps import Phase, Precondition, Ran, Validation
from ..instants import to_text
from ..models import ComplianceCheck, Outcome, ResolutionLevel
from ..store.attempt_plans import IncidentTaken, Plan
from ..store.gate_claims import Claim
from ..store.ticketing import AttemptActive
from .healer import Healer
from .proposals import Proposal
from .recorded import NOT_VALID, record_of

_STATE = AttemptState
# Why an attempt ended, where nothing else said it.
STEP_FAILED, STILL_FAILS = "step_failed", "check_still_fails"
ROLLBACK_FAILED, NO_WAY_BACK = "rollback_failed", "no_way_back"
# Nothing is wrong with the repair: the next run makes the check that it rests on again.
PROOF_TOO_OLD = "proof_too_old"
# Between two looks whether it is this host's turn; own choice.
LOOK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Begun:
    """Whether the host was taken for a repair; *attempt_id* is empty where nothing is kept."""

    is_taken: bool
    attempt_id: str
    code: str
    reason: str


def order_of(proposal: Proposal) -> dict[str, Any]:
    """Return what `Acting.take` needs of *proposal*; only the packed form of it leaves a task."""
    return {
        "request": proposal.request.to_dict(),
        "claims": sorted(proposal.claims),
        "rule_id": proposal.rule_id,
        "asked_at": to_text(proposal.asked_at),
        "decision": proposal.decision.to_dict() if proposal.decision else None,
    }


@dataclass(frozen=True, slots=True)
class Acting:
    """Acts for one run."""

    healer: Healer
    clock: Clock
    pause: Callable[[float], None] = time.sleep

    def take(self, order: Mapping[str, Any], turn: timedelta = timedelta()) -> Begun:
        """Ask the gate once more and take the host, or say why not.

        While others have their turn it asks again, for *turn* at most. Only a strategy that lets
        the others go on meanwhile makes sense of that.
        """
        request = parse_request(order["request"])
        runbook = self.healer.registry.find(request.runbook_id)
        claim = self._claim(order, request, runbook, turn)
        if isinstance(claim, Begun):
            return claim
        now = self.clock()
        plan = Plan(
            incident_id=request.incident_id,
            tier=ResolutionLevel(request.tier),
            requested_by=request.requested_by,
            runbook_id=runbook.runbook_id,
            parameters=request.action.parameters,
            claims=frozenset(order["claims"]),
            can_roll_back=bool(runbook.rollback_steps),
            run_id=self.healer.run.run_id,
        )
        try:
            attempt = self.healer.attempts.plan(plan, now)
        except (IncidentTaken, AttemptActive) as error:
            return self._given_up(claim, error.code, str(error))
        if isinstance(attempt, Bar):
            self.healer.tickets.escalate(request.incident_id, attempt.value, now)
            return self._given_up(claim, attempt.value, "It was tried before, and did not help.")
        self.healer.attempts.advance(attempt, _STATE.CLAIMED, now)
        return Begun(is_taken=True, attempt_id=attempt.attempt_id, code="allowed", reason="")

    def _claim(
        self, order: Mapping[str, Any], request: RepairRequest, runbook: Runbook, turn: timedelta
    ) -> Claim | Begun:
        until = self.clock() + turn
        while True:
            now = self.clock()
            if runbook.rests_on and not is_fresh(datetime.fromisoformat(order["asked_at"]), now):
                return _rests_on_old_proof(runbook, order["asked_at"])
            answer = self.healer.gate.claim(request, now)
            if isinstance(answer, Claim):
                return answer
            if not answer.waits_for_turn or now >= until:
                return self._refused(request, answer, now)
            self.pause(min(LOOK_SECONDS, (until - now).total_seconds()))

    def _refused(self, request: RepairRequest, answer: GateDecision, now: datetime) -> Begun:
        if answer.verdict is GateVerdict.QUEUE:
            self.healer.gate.queue(request, answer, now)
        if answer.is_for_person:
            self.healer.tickets.escalate(request.incident_id, answer.code.value, now)
        return Begun(is_taken=False, attempt_id="", code=answer.code.value, reason=answer.reason)

    def _given_up(self, claim: Claim, code: str, reason: str) -> Begun:
        self.healer.gate.release(claim, Outcome.FAILURE, self.clock(), has_acted=False)
        return Begun(is_taken=False, attempt_id="", code=code, reason=reason)

    def runbook_of(self, attempt_id: str) -> tuple[Attempt, Runbook]:
        """Return an attempt and its runbook."""
        attempt = self.healer.attempts.get(attempt_id)
        return attempt, self.healer.registry.find(attempt.runbook_id)

    def saved(self, attempt_id: str) -> dict[str, Any]:
        """Return what the steps of an attempt have saved: later steps and the way back need it."""
        return saved_by_steps(self.healer.attempts.steps(attempt_id))

    def before_script(self, attempt_id: str, phase: Phase, step_id: int) -> Attempt:
        """Keep that a script may have begun; raises TransitionRefused and AttemptMoved."""
        attempts, now = self.healer.attempts, self.clock()
        attempt = attempts.get(attempt_id)
        if phase is Phase.VALIDATION and attempt.state is _STATE.ACTING:
            attempt = attempts.advance(attempt, _STATE.VALIDATING, now)
        if phase is Phase.ROLLBACK and attempt.state.may_have_changed:
            attempt = attempts.advance(attempt, _STATE.ROLLING_BACK, now)
        return attempts.begin(attempt, phase, now, step_id)

    def after_script(self, attempt: Attempt, phase: Phase, ran: Ran) -> str | None:
        """Keep how the script went; return why the repair does not go on, or None."""
        attempts, now = self.healer.attempts, self.clock()
        attempts.finish(attempt, ran, now)
        if phase is Phase.PRECONDITION:
            return self._after_precondition(attempt, ran, now)
        if ran.failure is not None:
            return ran.failure
        if phase is Phase.VALIDATION and isinstance(ran.answer, Validation):
            if not ran.answer.valid:
                return ran.answer.reason
            attempts.advance(attempt, _STATE.RECHECKING, now)
        return None

    def judge(self, attempt_id: str, check: ComplianceCheck, *, is_domain_member: bool) -> Outcome:
        """Keep what the check says, made again after the repair; FAILURE means: take it back."""
        attempts, now = self.healer.attempts, self.clock()
        attempt, runbook = self.runbook_of(attempt_id)
        sight, reveals = Sight(self.healer.run.run_id, now), runbook.reveals_findings
        verdict = Verdict.of(attempt.key.site_id, attempt.key.host_id, check, sight)
        done = attempts.succeed(
            attempt, verdict, now, is_domain_member=is_domain_member, reveals_findings=reveals
        )
        if done is not None and done.outcome is Outcome.SUCCESS:
            self.healer.gate.forget(done.key.site_id, done.incident_id)
        return Outcome.FAILURE if done is None or done.outcome is None else done.outcome

    def finish(self, attempt_id: str) -> Attempt:
        """End an attempt that did not succeed, and free the host.

        It is rolled back if every step of the way back worked, as the memory has it.
        """
        attempts, now = self.healer.attempts, self.clock()
        attempt, runbook = self.runbook_of(attempt_id)
        if not attempt.state.is_final:
            reason = self._reason(attempt)
            is_back = self._is_back(attempt_id, runbook)
            if attempt.state is _STATE.ROLLING_BACK and is_back:
                attempt = attempts.advance(attempt, _STATE.ROLLED_BACK, now, reason)
            elif attempt.state is _STATE.ROLLING_BACK:
                attempt = attempts.advance(attempt, _STATE.FAILED, now, ROLLBACK_FAILED)
            elif attempt.state in {_STATE.CLAIMED, _STATE.CHECKED, _STATE.PLANNED}:
                attempt = attempts.advance(attempt, _STATE.REFUSED, now, reason)
            elif not attempt.can_roll_back:
                attempt = attempts.advance(attempt, _STATE.FAILED, now, NO_WAY_BACK)
        if attempt.state.is_final:
            self._release(attempt, now)
        return attempt

    def record(
        self, attempt: Attempt, order: Mapping[str, Any], rechecked: ComplianceCheck | None
    ) -> AttemptRecord:
        """Return what the evidence keeps of *attempt*; *rechecked* is the last verdict after it."""
        runbook = self.healer.registry.find(attempt.runbook_id)
        steps = self.healer.attempts.steps(attempt.attempt_id)
        return record_of(attempt, runbook, steps, order, rechecked)

    def _is_back(self, attempt_id: str, runbook: Runbook) -> bool:
        worked = {
            step.step_id
            for step in self.healer.attempts.steps(attempt_id)
            if step.phase is Phase.ROLLBACK
            and step.failure is None
            and step.finished_at is not None
        }
        return worked >= {step.step_id for step in runbook.rollback_steps}

    def _after_precondition(self, attempt: Attempt, ran: Ran, now: datetime) -> str | None:
        answer = ran.answer
        if isinstance(answer, Precondition) and answer.met:
            self.healer.attempts.advance(attempt, _STATE.CHECKED, now)
            return None
        reason = answer.reason if isinstance(answer, Precondition) else str(ran.failure)
        self.healer.attempts.advance(attempt, _STATE.REFUSED, now, reason)
        return reason

    def _reason(self, attempt: Attempt) -> str:
        steps = self.healer.attempts.steps(attempt.attempt_id)
        failed = [item for item in steps if item.failure is not None and item.phase is Phase.STEP]
        if failed:
            return STEP_FAILED
        validated = [item for item in steps if item.phase is Phase.VALIDATION]
        return STILL_FAILS if validated and validated[-1].failure is None else NOT_VALID

    def _release(self, attempt: Attempt, now: datetime) -> None:
        outcome = attempt.outcome or Outcome.FAILURE
        has_acted = attempt.state is not _STATE.REFUSED
        for claim in self._claims(attempt):
            self.healer.gate.release(claim, outcome, now, has_acted=has_acted)

    def _claims(self, attempt: Attempt) -> Iterable[Claim]:
        held = self.healer.gate.held(attempt.key.site_id)
        return [
            item
            for item in held
            if (item.incident_id, item.host_id) == (attempt.incident_id, attempt.key.host_id)
        ]


def _rests_on_old_proof(runbook: Runbook, asked_at: str) -> Begun:
    checks = ", ".join(sorted(runbook.rests_on))
    reason = (
        f"It rests on {checks}, which passed at {asked_at}: too long ago. "
        "The next run makes the check again."
    )
    return Begun(is_taken=False, attempt_id="", code=PROOF_TOO_OLD, reason=reason)
