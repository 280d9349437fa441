# SPDX-License-Identifier: GPL-3.0-or-later
"""How a ticket is raised: one open at most for each pair, re-opened rather than doubled.

An incident is escalated, its ticket written, and its channels told in one transaction, so that
nobody is asked for help without a ticket, nor is an incident put aside that nobody was told of.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..errors import ComplianceError
from ..healing.incident import IncidentRecord
from ..healing.runbooks import Runbook
from ..healing.sightings import IncidentKey
from ..healing.ticket_policy import TicketPolicy
from ..healing.tickets import Case, TextScrubber, Tried, build_ticket
from ..instants import to_text
from ..models import CheckId, IncidentStatus
from .conflicts import insert_on_conflict
from .healing_rows import (
    attempt_of,
    is_of,
    key_columns,
    load_steps,
    save_incident,
)
from .healing_tables import AttemptRow, TicketAttempt, TicketRow
from .outbox import put_ticket

CHECK_PASSES, HOST_ANSWERS = "check_passes", "host_answers"
ATTEMPT_ORDER = (AttemptRow.created_at, AttemptRow.finished_at, AttemptRow.attempt_id)
OPENED, CHANGED, CLOSED, REOPENED, PASSES = "opened", "changed", "closed", "reopened", "passes"


class AttemptActive(ComplianceError):
    """A repair of this pair has not ended: end or resume it first."""

    code = "attempt_active"


@dataclass(frozen=True, slots=True)
class TicketDesk:
    """What tickets are made with: tables, scrubber and runbooks of the site, what those forbid."""

    policy: TicketPolicy
    scrubber: TextScrubber
    escalate_when: Mapping[CheckId, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    runbooks: Mapping[str, Runbook] = field(default_factory=dict)
    new_id: Callable[[], str] = lambda: str(uuid4())


def raise_ticket(  # noqa: PLR0913, PLR0917 - one of each thing that a ticket is made of
    session: Session,
    desk: TicketDesk,
    incident: IncidentRecord,
    code: str,
    now: datetime,
    l2_reasoning: str | None = None,
) -> TicketRow:
    """Escalate *incident*, which is saved, and open, update or re-open the ticket of its pair.

    The caller holds the lock of the pair.
    """
    incident = replace(incident, status=IncidentStatus.ESCALATED, reason=code)
    save_incident(session, incident)
    row = _newest(session, incident.key)
    if row is not None and row.closed_at is not None and now > row.closed_at + desk.policy.reopen:
        return _open(session, desk, incident, _Words(code, now, l2_reasoning), row.ticket_id)
    if row is None:
        return _open(session, desk, incident, _Words(code, now, l2_reasoning), None)
    return _update(session, desk, incident, _Words(code, now, l2_reasoning), row)


def note_pass(
    session: Session,
    desk: TicketDesk,
    key: IncidentKey,
    now: datetime,
    why: str = CHECK_PASSES,
) -> None:
    """Close the open ticket of a pair that needs nobody any more, unless only a person may.

    The caller holds the lock of the pair.
    """
    row = _newest(session, key)
    if row is None or row.closed_at is not None:
        return
    if set(row.finding_codes) & set(desk.policy.closed_by_person_only):
        row.history = [*row.history, _entry(now, PASSES, why)]
        return
    close_row(session, row, why, now)


@dataclass(frozen=True, slots=True)
class _Words:
    code: str
    now: datetime
    reasoning: str | None


def _open(
    session: Session,
    desk: TicketDesk,
    incident: IncidentRecord,
    words: _Words,
    previous: str | None,
) -> TicketRow:
    row = TicketRow(
        **key_columns(incident.key),
        ticket_id=desk.new_id(),
        revision=0,
        opened_at=words.now,
        updated_at=words.now,
        finding_codes=[],
        history=[],
        previous_ticket_id=previous,
    )
    _fill(session, desk, incident, words, row)
    row.history = [_entry(words.now, OPENED, words.code)]
    session.add(row)
    session.flush()
    _link(session, row)
    _tell(session, row, words.now)
    return row


def _update(
    session: Session,
    desk: TicketDesk,
    incident: IncidentRecord,
    words: _Words,
    row: TicketRow,
) -> TicketRow:
    before = _substance(session, row)
    was_closed = row.closed_at is not None
    row.closed_at = row.closed_by = None
    _fill(session, desk, incident, words, row)
    _link(session, row)
    # Nobody is told twice of the same.
    if was_closed or _substance(session, row) != before:
        what = REOPENED if was_closed else CHANGED
        row.history = [*row.history, _entry(words.now, what, words.code)]
        _tell(session, row, words.now)
    return row


def _fill(
    session: Session,
    desk: TicketDesk,
    incident: IncidentRecord,
    words: _Words,
    row: TicketRow,
) -> None:
    case = Case(
        incident,
        words.code,
        _tried(session, incident.incident_id),
        words.reasoning,
        desk.escalate_when.get(incident.key.check_type),
        desk.runbooks,
    )
    ticket = build_ticket(row.ticket_id, case, desk.policy, desk.scrubber)
    row.incident_id, row.code = incident.incident_id, words.code
    row.urgency, row.channels = ticket.contract.urgency, list(ticket.contract.channels)
    row.suggested_actions = list(ticket.contract.suggested_actions)
    row.l2_reasoning = ticket.contract.l2_reasoning or row.l2_reasoning
    row.tamper_protected = ticket.tamper_protected
    row.is_flagged = bool(row.is_flagged or ticket.is_flagged)
    codes = {item.code for item in ticket.findings}
    row.finding_codes = sorted({*row.finding_codes, *codes})


def _link(session: Session, row: TicketRow) -> None:
    """Tie every attempt of the incident to its ticket."""
    wanted = select(AttemptRow.attempt_id).where(AttemptRow.incident_id == row.incident_id)
    for attempt_id in session.scalars(wanted).all():
        new = insert_on_conflict(session, TicketAttempt).values(
            ticket_id=row.ticket_id, attempt_id=attempt_id
        )
        session.execute(new.on_conflict_do_nothing())


def _substance(session: Session, row: TicketRow) -> tuple[Any, ...]:
    attempts = select(TicketAttempt.attempt_id).where(TicketAttempt.ticket_id == row.ticket_id)
    return (
        row.code,
        row.urgency,
        row.incident_id,
        tuple(row.finding_codes),
        tuple(row.suggested_actions),
        frozenset(session.scalars(attempts)),
    )


def _tell(session: Session, row: TicketRow, now: datetime) -> None:
    row.revision, row.updated_at = row.revision + 1, now
    session.flush()
    put_ticket(session, row.ticket_id, row.revision, now)


def close_row(session: Session, row: TicketRow, by: str, now: datetime) -> None:
    """Close a ticket that is open, and tell its channels; the caller holds the lock of the pair."""
    row.closed_at, row.closed_by = now, by
    row.history = [*row.history, _entry(now, CLOSED, by)]
    _tell(session, row, now)


def _entry(at: datetime, event: str, code: str) -> dict[str, str]:
    return {"at": to_text(at), "event": event, "code": code}


def _newest(session: Session, key: IncidentKey) -> TicketRow | None:
    wanted = select(TicketRow).where(is_of(TicketRow, key))
    order = (TicketRow.closed_at.is_(None).desc(), TicketRow.closed_at.desc())
    return session.scalars(
        wanted.order_by(*order).limit(1).execution_options(populate_existing=True)
    ).first()


def _tried(session: Session, incident_id: str) -> tuple[Tried, ...]:
    wanted = select(AttemptRow).where(AttemptRow.incident_id == incident_id)
    return with_steps(session, session.scalars(wanted.order_by(*ATTEMPT_ORDER)).all())


def with_steps(session: Session, rows: Sequence[AttemptRow]) -> tuple[Tried, ...]:
    """Return attempts with the scripts that ran."""
    return tuple(Tried(attempt_of(row), load_steps(session, row.attempt_id)) for row in rows)
