# SPDX-License-Identifier: GPL-3.0-or-later
"""Incidents as they are kept: the verdicts of a run go in, and each pair is changed as a whole.

To give the same run again changes nothing, and so does a run that is older than what is known.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ..healing.events import incident_created
from ..healing.incident import IncidentRecord
from ..healing.incidents import Event, EventKind, FollowPolicy, Known, Retry, follow
from ..healing.sightings import IncidentKey, Sight, Verdict
from ..models import CheckStatus, Incident, IncidentStatus, Outcome
from .database import Database
from .healing_rows import (
    incident_records,
    key_columns,
    load_attempt,
    load_incident,
    lock_pair,
    newest_incident,
    save_incident,
    saw,
    unfinished_attempt,
)
from .healing_tables import AttemptRow, IncidentRow, Pair
from .outbox import put_event
from .ticketing import HOST_ANSWERS, TicketDesk, note_pass, raise_ticket

LIMIT_MAX = 1000
RECENT = 10  # as many as the planner may know


@dataclass(frozen=True, slots=True)
class IncidentStore:
    """The incidents of a database."""

    database: Database
    policy: FollowPolicy
    desk: TicketDesk
    new_id: Callable[[], str] = lambda: str(uuid4())

    def record(self, verdicts: Iterable[Verdict]) -> list[tuple[IncidentKey, Event]]:
        """Keep what *verdicts* make of incidents, all or nothing; return what happened.

        Messages and tickets are written with it.
        """
        # In one order, so that two runs never wait for each other; of a pair as it was seen.
        ordered = sorted(verdicts, key=lambda verdict: (verdict.key, verdict.sight.seen_at))
        happened = []
        with self.database.writing() as session:
            watched = _watched(session, {verdict.key.site_id for verdict in ordered})
            for verdict in ordered:
                # What has always passed has no row: most pairs, most of the time.
                if verdict.status is not CheckStatus.PASS or verdict.key in watched:
                    happened += [(verdict.key, item) for item in self._record(session, verdict)]
                    watched.add(verdict.key)
        return happened

    def foresee(self, verdicts: Iterable[Verdict]) -> list[IncidentRecord]:
        """Return what `to_heal` would have after `record`, by host and check; nothing is kept."""
        ordered = sorted(verdicts, key=lambda verdict: verdict.key)
        with self.database.reading() as session:
            found = [self._foreseen(session, verdict) for verdict in ordered]
        return [item for item in found if item and item.status is IncidentStatus.OPEN]

    def get(self, incident_id: str) -> IncidentRecord:
        """Return an incident; raises RecordUnknown."""
        with self.database.reading() as session:
            return load_incident(session, incident_id)

    def newest(self, status: IncidentStatus | None = None, limit: int = 50) -> list[Incident]:
        """Return incidents in the form of the contract, those created last first."""
        wanted = select(IncidentRow)
        if status is not None:
            wanted = wanted.where(IncidentRow.status == status)
        order = (IncidentRow.created_at.desc(), IncidentRow.incident_id)
        with self.database.reading() as session:
            rows = session.scalars(wanted.order_by(*order).limit(min(max(limit, 1), LIMIT_MAX)))
            return [item.contract() for item in incident_records(session, rows)]

    def to_heal(self, site_id: str) -> list[IncidentRecord]:
        """Return the incidents of a site that nobody has taken on, by host and check."""
        wanted = select(IncidentRow).where(
            IncidentRow.site_id == site_id, IncidentRow.status == IncidentStatus.OPEN
        )
        with self.database.reading() as session:
            rows = session.scalars(wanted.order_by(IncidentRow.host_id, IncidentRow.check_id))
            return incident_records(session, rows)

    def recent(self, site_id: str, host_id: str) -> tuple[Incident, ...]:
        """Return the last incidents of a host, the newest first: what the planner may know."""
        wanted = select(IncidentRow).where(
            IncidentRow.site_id == site_id, IncidentRow.host_id == host_id
        )
        order = (IncidentRow.created_at.desc(), IncidentRow.incident_id)
        with self.database.reading() as session:
            rows = session.scalars(wanted.order_by(*order).limit(RECENT))
            return tuple(item.contract() for item in incident_records(session, rows))

    def _record(self, session: Session, verdict: Verdict) -> tuple[Event, ...]:
        pair = lock_pair(session, verdict.key)
        known = _known(session, pair, verdict.key)
        events = follow(verdict, known, self.policy, self.new_id())
        for event in events:
            self._apply(session, pair, known, verdict, event)
        if verdict.is_read or events:
            saw(pair, verdict.sight)
        return events

    def _foreseen(self, session: Session, verdict: Verdict) -> IncidentRecord | None:
        columns = key_columns(verdict.key)
        pair = session.get(Pair, columns) or Pair(**columns)
        known = _known(session, pair, verdict.key)
        events = follow(verdict, known, self.policy, self.new_id())
        left = [event.after for event in events if event.after is not None]
        return left[-1] if left else known.newest

    def _apply(
        self, session: Session, pair: Pair, known: Known, verdict: Verdict, event: Event
    ) -> None:
        now = verdict.sight.seen_at
        if event.kind is EventKind.RETRY and event.retry is not None:
            pair.retry_tries, pair.retry_at = event.retry.tries, event.retry.due_at
        if event.kind is EventKind.ANSWERED:
            pair.retry_tries = pair.retry_at = None
        if event.after is None:
            return
        save_incident(session, event.after)
        if known.newest is None or known.newest.incident_id != event.after.incident_id:
            name = f"incident.created:{event.after.incident_id}"
            put_event(session, name, incident_created(event.after, now), now)
        if event.relapse is not None:
            mark_relapse(session, event.relapse.attempt_id, verdict.sight, Outcome.FAILURE)
        if event.kind is EventKind.RESOLVED:
            note_pass(session, self.desk, verdict.key, now)
        elif known.newest is not None and known.newest.is_unreachable:
            note_pass(session, self.desk, verdict.key, now, HOST_ANSWERS)
        if event.kind is EventKind.ESCALATED and event.reason is not None:
            raise_ticket(session, self.desk, event.after, event.reason, now)


def mark_relapse(session: Session, attempt_id: str, sight: Sight, outcome: Outcome) -> None:
    """Note that a repair did not last; what its bundle claims is to be amended to *outcome*.

    What an amendment has said already stays.
    """
    session.execute(
        update(AttemptRow)
        .where(AttemptRow.attempt_id == attempt_id, AttemptRow.amended_bundle_id.is_(None))
        .values(relapsed_at=sight.seen_at, amended_outcome=outcome)
    )


def _watched(session: Session, sites: set[str]) -> set[IncidentKey]:
    rows = session.execute(
        select(Pair.site_id, Pair.host_id, Pair.check_id).where(Pair.site_id.in_(sites))
    )
    return {IncidentKey(*row) for row in rows}


def _known(session: Session, pair: Pair, key: IncidentKey) -> Known:
    newest = newest_incident(session, key)
    resolved_by = newest.resolved_attempt_id if newest else None
    has_sight = pair.last_seen_at is not None and pair.last_run_id is not None
    has_retry = pair.retry_tries is not None and pair.retry_at is not None
    return Known(
        newest,
        load_attempt(session, resolved_by).claims if resolved_by else frozenset(),
        Sight(pair.last_run_id, pair.last_seen_at) if has_sight else None,  # type: ignore[arg-type]  # has_sight
        Retry(pair.retry_tries, pair.retry_at) if has_retry else None,  # type: ignore[arg-type]  # has_retry
        unfinished_attempt(session, key) is not None,
    )
