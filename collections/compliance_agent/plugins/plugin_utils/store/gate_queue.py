# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the repairs that wait for a maintenance window (E005)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, select
from sqlalchemy.orm import Session

from ..healing.gate import GateDecision, RepairRequest
from ..healing.repair_request import find_request
from .conflicts import insert_on_conflict
from .gate_tables import QueuedRepairRow

_NAMED_BY = ("site_id", "host_id", "check_id", "runbook_id", "parameters_sha256")


@dataclass(frozen=True, slots=True)
class QueuedRepair:
    """A repair that waits. Its request says how the host stood then: look again before it runs.

    *opens_at* is when it was to be possible, as the policy was when it was queued.
    """

    request: RepairRequest
    queued_at: datetime
    opens_at: datetime | None


def put_in_queue(
    session: Session, request: RepairRequest, decision: GateDecision, now: datetime
) -> None:
    """Queue *request*; one that waits already keeps its place and learns what is new.

    It takes the place of what the same requester wanted for the incident before, such as another
    list of updates.
    """
    news: dict[str, Any] = {
        "incident_id": request.incident_id,
        "request": request.to_dict(),
        "code": decision.code.value,
        "opens_at": decision.until,
    }
    named: dict[str, Any] = {
        "site_id": request.site_id,
        "host_id": request.host_id,
        "check_id": request.check_type,
        "runbook_id": request.runbook_id,
        "parameters_sha256": request.parameters_sha256,
    }
    queued_at = min([now, *_give_way(session, request)])
    upsert = insert_on_conflict(session, QueuedRepairRow).values(
        **named, **news, queued_at=queued_at
    )
    session.execute(upsert.on_conflict_do_update(index_elements=list(_NAMED_BY), set_=news))


def read_queue(session: Session, site_id: str) -> list[QueuedRepair]:
    """Return all that waits at *site_id*, in the order of its arrival.

    What another release has queued in a form of its own is left out: the next run asks anew.
    """
    wanted = (
        select(QueuedRepairRow)
        .where(QueuedRepairRow.site_id == site_id)
        .order_by(
            QueuedRepairRow.queued_at,
            QueuedRepairRow.host_id,
            QueuedRepairRow.check_id,
            QueuedRepairRow.runbook_id,
            QueuedRepairRow.parameters_sha256,
        )
    )
    return [
        QueuedRepair(request, row.queued_at, row.opens_at)
        for row in session.scalars(wanted)
        if (request := find_request(row.request)) is not None
    ]


def take_from_queue(session: Session, request: RepairRequest) -> None:
    """Forget that this repair waits; it need not have been queued."""
    session.execute(delete(QueuedRepairRow).where(*_is_of(request)))


def forget_incident(session: Session, site_id: str, incident_id: str) -> int:
    """Forget what waits for an incident that needs it no more; return how many that were."""
    done = session.scalars(
        delete(QueuedRepairRow)
        .where(QueuedRepairRow.site_id == site_id, QueuedRepairRow.incident_id == incident_id)
        .returning(QueuedRepairRow.host_id)
    )
    return len(done.all())


def _give_way(session: Session, request: RepairRequest) -> list[datetime]:
    """Forget what *request* takes the place of; return since when that has waited."""
    wanted = select(QueuedRepairRow).where(
        QueuedRepairRow.site_id == request.site_id,
        QueuedRepairRow.incident_id == request.incident_id,
        ~and_(*_is_of(request)),
    )
    since = []
    for row in session.scalars(wanted).all():
        if row.request.get("requested_by") == request.requested_by:
            since.append(row.queued_at)
            session.delete(row)
    session.flush()
    return since


def _is_of(request: RepairRequest) -> Sequence[ColumnElement[bool]]:
    return (
        QueuedRepairRow.site_id == request.site_id,
        QueuedRepairRow.host_id == request.host_id,
        QueuedRepairRow.check_id == request.check_type,
        QueuedRepairRow.runbook_id == request.runbook_id,
        QueuedRepairRow.parameters_sha256 == request.parameters_sha256,
    )
