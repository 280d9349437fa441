# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that are to be sent: written with what they tell of, sent at least once.

``event`` is a message of the interface contract; ``ticket`` names a ticket that its channels have
to be told of. Whoever sends takes messages for a time, and marks them when they are sent.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..models import ContractModel
from .conflicts import insert_on_conflict
from .database import Database
from .healing_rows import unknown
from .healing_tables import OutboxRow

ERROR_LENGTH_MAX = 64


class Topic(StrEnum):
    EVENT = "event"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """A message as it is to be sent; *tries* counts this one."""

    sequence: int
    topic: Topic
    message: Mapping[str, JsonValue]
    created_at: datetime
    tries: int


@dataclass(frozen=True, slots=True)
class Outbox:
    """The outbox of a database."""

    database: Database

    def take(self, limit: int, now: datetime, lease: timedelta) -> list[OutboxMessage]:
        """Return messages that are due, the oldest first; nobody else gets them during *lease*."""
        wanted = (
            select(OutboxRow)
            .where(OutboxRow.sent_at.is_(None), OutboxRow.next_try_at <= now)
            .order_by(OutboxRow.sequence)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        with self.database.writing() as session:
            rows = session.scalars(wanted).all()
            for row in rows:
                row.next_try_at, row.tries = now + lease, row.tries + 1
            return list(map(_message, rows))

    def sent(self, sequence: int, now: datetime) -> None:
        """Note that a message was sent; raises RecordUnknown."""

        def note(row: OutboxRow) -> None:
            row.sent_at, row.last_error = row.sent_at or now, None

        self._change(sequence, note)

    def failed(self, sequence: int, code: str, retry_at: datetime) -> None:
        """Note why a message was not sent, as a code, and when to try again."""

        def note(row: OutboxRow) -> None:
            row.last_error, row.next_try_at = code[:ERROR_LENGTH_MAX], retry_at

        self._change(sequence, note)

    def waiting(self) -> Sequence[OutboxMessage]:
        """Return every message that is not sent, the oldest first."""
        wanted = select(OutboxRow).where(OutboxRow.sent_at.is_(None))
        with self.database.reading() as session:
            return list(map(_message, session.scalars(wanted.order_by(OutboxRow.sequence))))

    def _change(self, sequence: int, note: Callable[[OutboxRow], None]) -> None:
        with self.database.writing() as session:
            row = session.get(OutboxRow, sequence)
            if row is None:
                raise unknown("message", sequence)
            note(row)


def put_event(session: Session, name: str, event: ContractModel, now: datetime) -> None:
    """Write a message of the contract; *name* says what it tells of, and is written once."""
    _put(session, name, Topic.EVENT, event.to_dict(), now)


def put_ticket(session: Session, ticket_id: str, revision: int, now: datetime) -> None:
    """Write that the channels of a ticket have to be told of its *revision*."""
    message = {"ticket_id": ticket_id, "revision": revision}
    _put(session, f"ticket:{ticket_id}:{revision}", Topic.TICKET, message, now)


def _put(session: Session, key: str, topic: Topic, message: dict[str, Any], now: datetime) -> None:
    columns = {
        "message_key": key,
        "topic": topic.value,
        "message": message,
        "created_at": now,
        "next_try_at": now,
        "tries": 0,
    }
    new = insert_on_conflict(session, OutboxRow).values(columns)
    session.execute(new.on_conflict_do_nothing(index_elements=["message_key"]))


def _message(row: OutboxRow) -> OutboxMessage:
    return OutboxMessage(row.sequence, Topic(row.topic), row.message, row.created_at, row.tries)
