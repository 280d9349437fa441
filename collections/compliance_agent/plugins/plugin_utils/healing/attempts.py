# SPDX-License-Identifier: GPL-3.0-or-later
"""One try of one runbook for one incident: its states, and what a crash in each one means. Pure.

A transition is kept before the thing is done. So a state never says that something has been done,
only that it may have been, and the next run acts on that: it looks afresh, and never repeats.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from pydantic import JsonValue

from ..errors import ComplianceError
from ..models import CheckStatus, Outcome, ResolutionLevel
from .relapse import PastRepair, Repair
from .sightings import IncidentKey, Verdict
from .steps import Phase, Ran, StepAnswer


class TransitionRefused(ComplianceError):
    """An attempt was to go where it cannot go from its state: report it, the healer is wrong."""

    code = "transition_refused"


class AttemptState(StrEnum):
    PLANNED = "planned"
    CLAIMED = "claimed"  # the gate let it pass
    CHECKED = "checked"  # the preconditions are met
    ACTING = "acting"  # step_id may have begun
    VALIDATING = "validating"
    RECHECKING = "rechecking"
    ROLLING_BACK = "rolling_back"
    SUCCEEDED = "succeeded"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"
    REFUSED = "refused"  # nothing was done

    @property
    def is_final(self) -> bool:
        return self in _FINAL

    @property
    def may_have_changed(self) -> bool:
        """Return whether the host may be other than it was before, for now."""
        return self in _CHANGED


class Resumption(StrEnum):
    """What the next run does about an attempt whose run is gone."""

    NOTHING = "nothing"  # to the host: the attempt is closed
    VALIDATE_AND_RECHECK = "validate_and_recheck"  # and roll back if that does not pass
    ROLL_BACK = "roll_back"
    ESCALATE = "escalate"


_S = AttemptState
_FINAL = frozenset({_S.SUCCEEDED, _S.ROLLED_BACK, _S.FAILED, _S.REFUSED})
_CHANGED = frozenset({_S.ACTING, _S.VALIDATING, _S.RECHECKING})
_EDGES: Mapping[AttemptState, frozenset[AttemptState]] = {
    _S.PLANNED: frozenset({_S.CLAIMED, _S.REFUSED}),
    _S.CLAIMED: frozenset({_S.CHECKED, _S.REFUSED, _S.FAILED}),
    _S.CHECKED: frozenset({_S.ACTING, _S.REFUSED}),
    _S.ACTING: frozenset({_S.ACTING, _S.VALIDATING, _S.ROLLING_BACK, _S.FAILED}),
    _S.VALIDATING: frozenset({_S.RECHECKING, _S.ROLLING_BACK, _S.FAILED}),
    _S.RECHECKING: frozenset({_S.SUCCEEDED, _S.ROLLING_BACK, _S.FAILED}),
    _S.ROLLING_BACK: frozenset({_S.ROLLED_BACK, _S.FAILED}),
} | dict.fromkeys(_FINAL, frozenset())
_STATE_OF: Mapping[Phase, AttemptState] = {
    Phase.PRECONDITION: _S.CLAIMED,
    Phase.VALIDATION: _S.VALIDATING,
    Phase.ROLLBACK: _S.ROLLING_BACK,
}
_HRESULT = re.compile(r"0x[0-9A-Fa-f]{8}")
RUN_ENDED, RESUMED_TOO_OFTEN = "run_ended", "resumed_too_often"


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt as it is kept.

    *claims* are the codes that it is to mend, *before* all codes that were found. *parameters* is
    None once it has ended. *outcome* is what was claimed then; *amended_outcome* what became of it.
    """

    attempt_id: str
    incident_id: str
    key: IncidentKey
    tier: ResolutionLevel
    requested_by: str
    runbook_id: str
    repair_sha256: str
    parameters: Mapping[str, JsonValue] | None
    claims: frozenset[str]
    before: frozenset[str]
    can_roll_back: bool
    state: AttemptState
    run_id: str
    created_at: datetime
    moved_at: datetime
    step_id: int = 0
    resumptions: int = 0
    reason: str | None = None
    outcome: Outcome | None = None
    finished_at: datetime | None = None
    evidence_bundle_id: str | None = None
    relapsed_at: datetime | None = None
    amended_outcome: Outcome | None = None
    amended_bundle_id: str | None = None

    @property
    def past(self) -> PastRepair | None:
        """Return what the history of its check keeps of it, once it has ended."""
        if self.finished_at is None or self.outcome is None:
            return None
        return PastRepair(
            self.incident_id,
            Repair(self.runbook_id, self.repair_sha256),
            self.tier,
            self.outcome,
            self.reason,
            self.finished_at,
            self.relapsed_at,
        )


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What one script of an attempt did; *finished_at* is None if nobody saw it end."""

    phase: Phase
    step_id: int
    started_at: datetime
    finished_at: datetime | None = None
    changed: bool | None = None
    note: str | None = None
    failure: str | None = None
    hresult: str | None = None
    elapsed_ms: int | None = None
    saved: Mapping[str, JsonValue] | None = None


def move(
    attempt: Attempt, to: AttemptState, now: datetime, *, reason: str | None = None
) -> Attempt:
    """Return *attempt* in the state *to*, which is neither ``acting`` nor ``succeeded``.

    Raises TransitionRefused: also for an end without a *reason*, and for giving up a host that may
    have been changed while there is a way back.
    """
    _require(attempt, to)
    if to in {_S.ACTING, _S.SUCCEEDED}:
        raise _refusal(attempt, to, "Use act or succeed.")
    if to is _S.FAILED and attempt.state.may_have_changed and attempt.can_roll_back:
        raise _refusal(attempt, to, "Roll back first.")
    if not to.is_final:
        return replace(attempt, state=to, moved_at=now, reason=reason or attempt.reason)
    if not (reason or attempt.reason):
        raise _refusal(attempt, to, "Say why: an end that is no success has a reason.")
    return _ended(attempt, to, Outcome.FAILURE, reason or attempt.reason, now)


def act(attempt: Attempt, step_id: int, now: datetime) -> Attempt:
    """Return *attempt* about to do *step_id*: the first one, or the one after the last.

    Raises TransitionRefused; so no step of an attempt is begun twice.
    """
    _require(attempt, _S.ACTING)
    if step_id != attempt.step_id + 1:
        raise _refusal(attempt, _S.ACTING, f"Step {attempt.step_id + 1} is next, not {step_id}.")
    return replace(attempt, state=_S.ACTING, step_id=step_id, moved_at=now)


def begin(attempt: Attempt, phase: Phase, step_id: int, now: datetime) -> Attempt:
    """Return *attempt* about to run a script; a step becomes its state, the others belong to one.

    Raises TransitionRefused: a rollback, say, is announced by its state before it begins.
    """
    if phase is Phase.STEP:
        return act(attempt, step_id, now)
    if attempt.state is not _STATE_OF[phase]:
        remedy = f"A {phase} belongs to {_STATE_OF[phase]}."
        raise _refusal(attempt, _STATE_OF[phase], remedy)
    return replace(attempt, moved_at=now)


def succeed(attempt: Attempt, outcome: Outcome, now: datetime) -> Attempt:
    """Return *attempt* succeeded, which only a fresh check can say; raises TransitionRefused."""
    _require(attempt, _S.SUCCEEDED)
    if outcome is Outcome.FAILURE:
        raise _refusal(attempt, _S.SUCCEEDED, "The check says that it failed: roll back.")
    return _ended(attempt, _S.SUCCEEDED, outcome, None, now)


def judge_outcome(attempt: Attempt, after: Verdict, *, reveals_findings: bool = False) -> Outcome:
    """Return what the check that was collected *after* the repair says of it.

    The check passes: success. All that was to be mended is gone and nothing new came: partial. All
    else, and what could not be read: failure. Where the repair *reveals_findings*, as the start of
    a log service does, new ones were there before and are no harm: partial, too.

    Raises TransitionRefused for a verdict on another check, or from before the re-check began: it
    says nothing about the repair.
    """
    if after.key != attempt.key or after.sight.seen_at < attempt.moved_at:
        raise _refusal(attempt, _S.SUCCEEDED, "Collect the check of this host again.")
    if not after.is_read:
        return Outcome.FAILURE
    if after.status is CheckStatus.PASS:
        return Outcome.SUCCESS
    is_mended = not after.codes & attempt.claims
    is_no_worse = reveals_findings or after.codes <= attempt.before
    return Outcome.PARTIAL if is_mended and is_no_worse else Outcome.FAILURE


def resumption(attempt: Attempt, resumptions_max: int) -> Resumption:
    """Return what to do about *attempt*, whose run is gone."""
    state = attempt.state
    if state.is_final or not (state.may_have_changed or state is _S.ROLLING_BACK):
        return Resumption.NOTHING
    if attempt.resumptions >= resumptions_max:
        return Resumption.ESCALATE
    return Resumption.VALIDATE_AND_RECHECK if state.may_have_changed else Resumption.ROLL_BACK


def resume(attempt: Attempt, run_id: str, resumptions_max: int, now: datetime) -> Attempt:
    """Return *attempt* as the run *run_id* goes on with it, or ended where it must not."""
    if attempt.state.is_final:
        return attempt
    mine = replace(attempt, run_id=run_id, moved_at=now, resumptions=attempt.resumptions + 1)
    match resumption(attempt, resumptions_max):
        case Resumption.NOTHING:
            return _ended(mine, _S.REFUSED, Outcome.FAILURE, RUN_ENDED, now)
        case Resumption.ESCALATE:
            return _ended(mine, _S.FAILED, Outcome.FAILURE, RESUMED_TOO_OFTEN, now)
        case Resumption.ROLL_BACK:
            return mine
        case Resumption.VALIDATE_AND_RECHECK:
            return replace(mine, state=_S.VALIDATING)


def finish_step(begun: StepRecord, ran: Ran, now: datetime) -> StepRecord:
    """Return *begun* with what the script answered; only words of ours and numbers are kept."""
    answer = ran.answer
    step = answer if isinstance(answer, StepAnswer) else None
    look = None if isinstance(answer, StepAnswer) else answer
    is_number = ran.hresult is not None and _HRESULT.fullmatch(ran.hresult)
    return replace(
        begun,
        finished_at=now,
        changed=step.changed if step else None,
        note=step.note if step else look.reason if look else None,
        failure=ran.failure,
        hresult=ran.hresult if is_number else None,
        elapsed_ms=ran.elapsed_ms,
        saved=step.saved if step else None,
    )


def saved_by_steps(steps: Iterable[StepRecord]) -> dict[str, dict[str, JsonValue]]:
    """Return what each step saved, by its number as text; one that nobody saw end saved nothing."""
    return {
        str(item.step_id): dict(item.saved)
        for item in steps
        if item.phase is Phase.STEP and item.saved is not None
    }


def _require(attempt: Attempt, to: AttemptState) -> None:
    if to not in _EDGES[attempt.state]:
        raise _refusal(attempt, to, "Report it.")


def _refusal(attempt: Attempt, to: AttemptState, remedy: str) -> TransitionRefused:
    where = f"{attempt.state}({attempt.step_id})" if attempt.step_id else attempt.state.value
    return TransitionRefused(
        f"the attempt {attempt.attempt_id} cannot become {to}", value=where, remedy=remedy
    )


def _ended(
    attempt: Attempt, state: AttemptState, outcome: Outcome, reason: str | None, now: datetime
) -> Attempt:
    return replace(
        attempt,
        state=state,
        outcome=outcome,
        reason=reason,
        moved_at=now,
        finished_at=now,
        parameters=None,  # needed no more; the evidence has them, scrubbed
    )
