# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs that the next heal run has to look at: repairs after a policy refresh, silent hosts.

A row stays until somebody has looked and the result is kept, so a run that is killed loses none.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..healing.attempts import Attempt
from ..healing.incident import IncidentRecord
from ..healing.relapse import EVERY_RUNBOOK, Recheck, judge_recheck
from ..healing.sightings import IncidentKey, Verdict, severity_of
from ..models import IncidentStatus, Outcome
from .database import Database
from .healing_rows import (
    close_recheck,
    key_columns,
    key_of,
    load_attempt,
    load_incident,
    lock_pair,
    newest_incident,
    saw,
    unfinished_attempt,
)
from .healing_tables import Pair, RecheckDue
from .incidents import mark_relapse
from .suppressions import suppress
from .ticketing import TicketDesk, raise_ticket

GPO_OVERRIDES = "gpo_overrides"


@dataclass(frozen=True, slots=True)
class Due:
    """A repair that is to be looked at again."""

    key: IncidentKey
    attempt_id: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class RecheckStore:
    """What is to be looked at again."""

    database: Database
    desk: TicketDesk

    def due(self, site_id: str, now: datetime) -> list[Due]:
        """Return the repairs of a site whose policies have been applied anew by *now*."""
        wanted = select(RecheckDue).where(RecheckDue.site_id == site_id, RecheckDue.due_at <= now)
        with self.database.reading() as session:
            rows = session.scalars(wanted.order_by(RecheckDue.due_at, RecheckDue.host_id))
            return [Due(key_of(row), row.attempt_id, row.due_at) for row in rows]

    def retries_due(self, site_id: str, now: datetime) -> list[IncidentKey]:
        """Return the pairs of a site that did not answer (E004) and are to be tried by *now*."""
        wanted = select(Pair).where(Pair.site_id == site_id, Pair.retry_at <= now)
        with self.database.reading() as session:
            return [key_of(row) for row in session.scalars(wanted.order_by(Pair.retry_at))]

    def settle(self, due: Due, seen: Verdict, now: datetime) -> Recheck | None:
        """Keep what the check says after the refresh; None if that is no question any more.

        What came back ends as ``partial``, with a ticket and without further automatic repairs of
        the pair. What could not be read stays due. Record the verdict only after this.
        """
        with self.database.writing() as session:
            pair = lock_pair(session, due.key)
            result = _judged(session, due, seen)
            if result in {None, Recheck.UNREAD}:
                return result
            close_recheck(session, due.key)
            if result is Recheck.CAME_BACK:
                self._hand_over(session, load_attempt(session, due.attempt_id), seen, now)
                saw(pair, seen.sight)
            return result

    def foresee(self, due: Due, seen: Verdict) -> Recheck | None:
        """Return what `settle` would; nothing is kept."""
        with self.database.reading() as session:
            return _judged(session, due, seen)

    def _hand_over(self, session: Session, attempt: Attempt, seen: Verdict, now: datetime) -> None:
        mark_relapse(session, attempt.attempt_id, seen.sight, Outcome.PARTIAL)
        suppress(session, attempt.key, EVERY_RUNBOOK, GPO_OVERRIDES, now)
        newest = newest_incident(session, attempt.key)
        incident = newest or load_incident(session, attempt.incident_id)
        raise_ticket(session, self.desk, _reopened(incident, seen), GPO_OVERRIDES, now)


def _judged(session: Session, due: Due, seen: Verdict) -> Recheck | None:
    row = session.get(RecheckDue, key_columns(due.key), populate_existing=True)
    is_mine = row is not None and row.attempt_id == due.attempt_id
    if not is_mine or unfinished_attempt(session, due.key) is not None:
        return None
    if not seen.is_read:
        return Recheck.UNREAD
    return judge_recheck(seen.status, seen.codes, load_attempt(session, due.attempt_id).claims)


def _reopened(incident: IncidentRecord, seen: Verdict) -> IncidentRecord:
    again = replace(
        incident,
        severity=severity_of(seen.faults),
        last_status=seen.status,
        findings=seen.faults,
    )
    if incident.is_open:
        return again
    return replace(
        again,
        status=IncidentStatus.OPEN,
        resolved_at=None,
        resolution_level=None,
        runbook_id=None,
        resolved_attempt_id=None,
        evidence_bundle_id=seen.sight.bundle_id,
        recurrence_count=incident.recurrence_count + 1,
    )
