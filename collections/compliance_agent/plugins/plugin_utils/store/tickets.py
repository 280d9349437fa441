# SPDX-License-Identifier: GPL-3.0-or-later
"""Tickets as they are kept: for whoever lists, reads, escalates and closes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..healing.tickets import Ticket, attempted_resolutions
from ..models import EscalationTicket
from .database import Database
from .healing_rows import (
    key_of,
    load_incident,
    lock_pair,
    unfinished_attempt,
    unknown,
)
from .healing_tables import AttemptRow, TicketAttempt, TicketRow
from .ticketing import (
    ATTEMPT_ORDER,
    AttemptActive,
    TicketDesk,
    close_row,
    raise_ticket,
    with_steps,
)


@dataclass(frozen=True, slots=True)
class StoredTicket:
    """A ticket and what became of it; each entry of *history* has ``at``, ``event``, ``code``."""

    ticket: Ticket
    revision: int
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    previous_ticket_id: str | None
    history: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class TicketStore:
    """The tickets of a database."""

    database: Database
    desk: TicketDesk

    def escalate(
        self, incident_id: str, code: str, now: datetime, l2_reasoning: str | None = None
    ) -> StoredTicket:
        """Hand an open incident over to a person; *code* says why.

        Raises RecordUnknown, and AttemptActive while a repair of it has not ended.
        """
        with self.database.writing() as session:
            key = load_incident(session, incident_id).key
            lock_pair(session, key)
            if (active := unfinished_attempt(session, key)) is not None:
                raise AttemptActive(
                    f"{active.runbook_id} has not ended on {key.host_id}",
                    value=active.state.value,
                    remedy="Resume that attempt first.",
                )
            incident = load_incident(session, incident_id)
            return _stored(
                session, raise_ticket(session, self.desk, incident, code, now, l2_reasoning)
            )

    def get(self, ticket_id: str) -> StoredTicket:
        """Return a ticket with all that was tried up to now; raises RecordUnknown."""
        with self.database.reading() as session:
            return _stored(session, _load(session, ticket_id))

    def waiting(self, site_id: str) -> list[StoredTicket]:
        """Return the open tickets of a site, the oldest first."""
        wanted = select(TicketRow).where(
            TicketRow.site_id == site_id, TicketRow.closed_at.is_(None)
        )
        with self.database.reading() as session:
            rows = session.scalars(wanted.order_by(TicketRow.opened_at, TicketRow.ticket_id)).all()
            return [_stored(session, row) for row in rows]

    def close(self, ticket_id: str, by: str, now: datetime) -> StoredTicket:
        """Close a ticket for the person *by*; one that is closed stays as it is.

        The incident stays open until its check passes. Raises RecordUnknown.
        """
        with self.database.writing() as session:
            lock_pair(session, key_of(_load(session, ticket_id)))
            row = _load(session, ticket_id)
            if row.closed_at is None:
                close_row(session, row, by, now)
            return _stored(session, row)


def _load(session: Session, ticket_id: str) -> TicketRow:
    row = session.get(TicketRow, ticket_id, populate_existing=True)
    if row is None:
        raise unknown("ticket", ticket_id)
    return row


def _stored(session: Session, row: TicketRow) -> StoredTicket:
    incident = load_incident(session, row.incident_id)
    linked = select(AttemptRow).join(
        TicketAttempt, TicketAttempt.attempt_id == AttemptRow.attempt_id
    )
    tried = session.scalars(
        linked.where(TicketAttempt.ticket_id == row.ticket_id).order_by(*ATTEMPT_ORDER)
    ).all()
    contract = EscalationTicket(
        ticket_id=row.ticket_id,
        incident=incident.contract(),
        attempted_resolutions=attempted_resolutions(with_steps(session, tried)),
        l2_reasoning=row.l2_reasoning,
        suggested_actions=tuple(row.suggested_actions),
        urgency=row.urgency,
        channels=tuple(row.channels),
    )
    ticket = Ticket(contract, row.code, incident.findings, row.tamper_protected, row.is_flagged)
    return StoredTicket(
        ticket,
        row.revision,
        row.opened_at,
        row.updated_at,
        row.closed_at,
        row.closed_by,
        row.previous_ticket_id,
        tuple(row.history),
    )
