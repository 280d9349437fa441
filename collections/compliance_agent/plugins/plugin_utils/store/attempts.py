# SPDX-License-Identifier: GPL-3.0-or-later
"""Attempts as they are kept: each transition is committed before the deed that it announces.

Every change compares what the caller knows with what is kept, so of two that would go on with one
attempt a single one does; the other gets AttemptMoved and must leave the host alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from ..errors import ComplianceError
from ..healing.attempts import (
    Attempt,
    AttemptState,
    StepRecord,
    begin,
    finish_step,
    judge_outcome,
    move,
    resume,
    succeed,
)
from ..healing.incident import IncidentRecord
from ..healing.relapse import (
    Bar,
    PastRepair,
    RelapsePolicy,
    Standing,
)
from ..healing.sightings import IncidentKey, Verdict
from ..healing.steps import Phase, Ran
from ..models import IncidentStatus, Outcome
from .attempt_history import past_repairs
from .attempt_plans import Plan, make_attempt
from .database import Database
from .healing_rows import (
    attempt_columns,
    attempt_of,
    load_attempt,
    load_incident,
    load_steps,
    lock_pair,
    save_incident,
    saw,
    schedule_recheck,
)
from .healing_tables import AttemptRow, AttemptStep
from .suppressions import standing_of
from .ticketing import HOST_ANSWERS, TicketDesk, note_pass


class AttemptMoved(ComplianceError):
    """Somebody else went on with this attempt: leave the host alone."""

    code = "attempt_moved"


@dataclass(frozen=True, slots=True)
class AttemptStore:
    """The attempts of a database."""

    database: Database
    policy: RelapsePolicy
    desk: TicketDesk
    new_id: Callable[[], str] = lambda: str(uuid4())

    def plan(self, plan: Plan, now: datetime) -> Attempt | Bar:
        """Return the new attempt, or why it must not be made, whoever asks for it.

        A bar that is kept is written down. Raises RecordUnknown, AttemptActive, IncidentTaken and,
        for a repair that the planner is said to have chosen, DecisionMissing.
        """
        with self.database.writing() as session:
            return make_attempt(session, self.policy, plan, self.new_id(), now)

    def advance(
        self, attempt: Attempt, to: AttemptState, now: datetime, reason: str | None = None
    ) -> Attempt:
        """Commit that *attempt* is in the state *to*; then, and only then, do what it says.

        A claim takes the incident, an end without success gives it back. Raises TransitionRefused
        and AttemptMoved.
        """
        after = move(attempt, to, now, reason=reason)
        with self.database.writing() as session:
            if to is AttemptState.CLAIMED or to.is_final:
                lock_pair(session, attempt.key)
            _swap(session, attempt, after)
            if to is AttemptState.CLAIMED:
                _set_status(session, attempt, IncidentStatus.IN_PROGRESS)
            if to.is_final:
                _end(session, self.desk, after, now)
        return after

    def begin(self, attempt: Attempt, phase: Phase, now: datetime, step_id: int = 0) -> Attempt:
        """Commit that a script of *attempt* may have begun; a step also becomes its state.

        Raises TransitionRefused, for a step that was begun before and for a script that does not
        belong to the state, and AttemptMoved.
        """
        after = begin(attempt, phase, step_id, now)
        with self.database.writing() as session:
            _swap(session, attempt, after)
            last = select(func.coalesce(func.max(AttemptStep.position), -1)).where(
                AttemptStep.attempt_id == attempt.attempt_id
            )
            columns = {
                "attempt_id": attempt.attempt_id,
                "position": session.scalar(last) + 1,  # type: ignore[operator]  # coalesce gives a number
                "phase": phase,
                "step_id": step_id,
                "started_at": now,
            }
            session.execute(insert(AttemptStep).values(columns))
        return after

    def finish(self, attempt: Attempt, ran: Ran, now: datetime) -> StepRecord:
        """Keep how the script that was begun last went; raises AttemptMoved."""
        with self.database.writing() as session:
            _swap(session, attempt, attempt)
            rows = select(AttemptStep).where(AttemptStep.attempt_id == attempt.attempt_id)
            row = session.scalars(rows.order_by(AttemptStep.position.desc()).limit(1)).one()
            begun = StepRecord(row.phase, row.step_id, row.started_at)
            done = finish_step(begun, ran, now)
            for name in ("finished_at", "changed", "note", "failure", "hresult", "elapsed_ms"):
                setattr(row, name, getattr(done, name))
            row.saved = None if done.saved is None else dict(done.saved)
            return done

    def succeed(
        self,
        attempt: Attempt,
        after: Verdict,
        now: datetime,
        *,
        is_domain_member: bool,
        reveals_findings: bool = False,
    ) -> Attempt | None:
        """Commit what the check says that was collected after the repair; None if it failed.

        Then the caller rolls back. A success resolves the incident. *reveals_findings* is what the
        runbook says. What group policies may put back is to be looked at again.

        Raises TransitionRefused, also for a verdict from before the re-check began, and
        AttemptMoved.
        """
        outcome = judge_outcome(attempt, after, reveals_findings=reveals_findings)
        if outcome is Outcome.FAILURE:
            return None
        done = succeed(attempt, outcome, now)
        with self.database.writing() as session:
            pair = lock_pair(session, attempt.key)
            _swap(session, attempt, done)
            _forget_values(session, attempt.attempt_id)
            incident = _answered(session, self.desk, attempt, now)
            save_incident(session, _after_success(incident, done, after))
            saw(pair, after.sight)
            if outcome is Outcome.SUCCESS:
                note_pass(session, self.desk, attempt.key, now)
            if is_domain_member:
                wait = timedelta(minutes=self.policy.gpo_recheck_minutes)
                schedule_recheck(session, done, now + wait)
        return done

    def take_over(self, attempt: Attempt, run_id: str, now: datetime) -> Attempt:
        """Go on with *attempt*, whose run is gone, as `healing.attempts.resume` says.

        Raises AttemptMoved if another run did so first.
        """
        mine = resume(attempt, run_id, self.policy.resumptions_max, now)
        with self.database.writing() as session:
            lock_pair(session, attempt.key)
            _swap(session, attempt, mine)
            _answered(session, self.desk, mine, now)
            if mine.state.is_final:
                _end(session, self.desk, mine, now)
        return mine

    def unfinished(self, site_id: str) -> list[Attempt]:
        """Return the attempts of a site that have not ended, the oldest first."""
        wanted = select(AttemptRow).where(
            AttemptRow.site_id == site_id, AttemptRow.finished_at.is_(None)
        )
        with self.database.reading() as session:
            rows = session.scalars(wanted.order_by(AttemptRow.created_at, AttemptRow.attempt_id))
            return list(map(attempt_of, rows))

    def get(self, attempt_id: str) -> Attempt:
        """Return an attempt; raises RecordUnknown."""
        with self.database.reading() as session:
            return load_attempt(session, attempt_id)

    def newest(self, incident_id: str, since: datetime) -> Attempt | None:
        """Return the attempt for an incident that was made last, at *since* or later."""
        wanted = select(AttemptRow).where(
            AttemptRow.incident_id == incident_id, AttemptRow.created_at >= since
        )
        order = (AttemptRow.created_at.desc(), AttemptRow.finished_at.desc())
        with self.database.reading() as session:
            row = session.scalars(wanted.order_by(*order).limit(1)).first()
            return None if row is None else attempt_of(row)

    def steps(self, attempt_id: str) -> tuple[StepRecord, ...]:
        """Return the scripts of an attempt, in the order in which they ran."""
        with self.database.reading() as session:
            return load_steps(session, attempt_id)

    def history(self, key: IncidentKey) -> tuple[PastRepair, ...]:
        """Return every attempt of a pair that has ended."""
        with self.database.reading() as session:
            return past_repairs(session, key)

    def standing(self, key: IncidentKey, runbook_id: str) -> Standing:
        """Return whether a runbook is suppressed for a pair, and since when its past counts."""
        with self.database.reading() as session:
            return standing_of(session, key, runbook_id)


def _swap(session: Session, before: Attempt, after: Attempt) -> None:
    """Write *after* in place of *before*, if that is still what is kept; raises AttemptMoved."""
    known = (
        AttemptRow.attempt_id == before.attempt_id,
        AttemptRow.state == before.state,
        AttemptRow.step_id == before.step_id,
        AttemptRow.run_id == before.run_id,
        AttemptRow.resumptions == before.resumptions,
    )
    changed: Any = session.execute(update(AttemptRow).where(*known).values(attempt_columns(after)))
    if changed.rowcount != 1:
        raise AttemptMoved(
            f"the attempt {before.attempt_id} is not {before.state} for {before.run_id} any more",
            value=before.state.value,
            remedy="Another run went on with it; leave the host alone.",
        )


def _set_status(session: Session, attempt: Attempt, status: IncidentStatus) -> None:
    incident = load_incident(session, attempt.incident_id)
    save_incident(session, replace(incident, status=status))


def _answered(
    session: Session, desk: TicketDesk, attempt: Attempt, now: datetime
) -> IncidentRecord:
    """Return the incident of *attempt*, whose host answers: nobody has to look for it any more."""
    incident = load_incident(session, attempt.incident_id)
    if not incident.is_unreachable:
        return incident
    back = replace(incident, status=IncidentStatus.IN_PROGRESS, reason=None)
    save_incident(session, back)
    note_pass(session, desk, attempt.key, now, HOST_ANSWERS)
    return back


def _end(session: Session, desk: TicketDesk, ended: Attempt, now: datetime) -> None:
    """Give the incident back, and forget the values that only a rollback needs."""
    _forget_values(session, ended.attempt_id)
    incident = _answered(session, desk, ended, now)
    if incident.status is IncidentStatus.IN_PROGRESS:
        save_incident(session, replace(incident, status=IncidentStatus.OPEN))


def _forget_values(session: Session, attempt_id: str) -> None:
    session.execute(
        update(AttemptStep).where(AttemptStep.attempt_id == attempt_id).values(saved=None)
    )


def _after_success(incident: IncidentRecord, done: Attempt, after: Verdict) -> IncidentRecord:
    seen = replace(incident, last_status=after.status, findings=after.faults)
    if done.outcome is not Outcome.SUCCESS:
        return replace(seen, status=IncidentStatus.OPEN)
    return replace(
        seen,
        status=IncidentStatus.RESOLVED,
        resolved_at=after.sight.seen_at,
        resolution_level=done.tier,
        runbook_id=done.runbook_id,
        resolved_attempt_id=done.attempt_id,
        reason=None,
    )
