# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the healer's tables, read as and written from the values that `healing` decides with."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.orm import Session

from ..errors import ComplianceError
from ..healing.attempts import Attempt, StepRecord
from ..healing.incident import IncidentRecord
from ..healing.sightings import IncidentKey, SeenFinding, Sight
from ..models import ResolutionLevel
from .conflicts import insert_on_conflict
from .healing_tables import (
    AttemptRow,
    AttemptStep,
    IncidentFinding,
    IncidentRow,
    Pair,
    RecheckDue,
    Suppression,
    TicketRow,
)

_OfPair = TypeVar("_OfPair", Pair, IncidentRow, AttemptRow, TicketRow, Suppression, RecheckDue)
_INCIDENT_AS_IS = (
    "incident_id severity status created_at last_status resolved_at runbook_id evidence_bundle_id "
    "resolved_attempt_id recurrence_count reason"
).split()
_ATTEMPT_AS_IS = (
    "attempt_id incident_id requested_by runbook_id repair_sha256 can_roll_back state step_id "
    "run_id resumptions reason outcome created_at moved_at finished_at evidence_bundle_id "
    "relapsed_at amended_outcome amended_bundle_id"
).split()


class RecordUnknown(ComplianceError):
    """There is no such incident, attempt, ticket or message in this database."""

    code = "record_unknown"


def unknown(kind: str, name: object) -> RecordUnknown:
    """Return the error that there is no *kind* called *name*."""
    return RecordUnknown(
        f"there is no such {kind}", value=name, remedy="Compare HIPAA_DATABASE_URL and the id."
    )


def key_columns(key: IncidentKey) -> dict[str, Any]:
    """Return the columns that name a pair."""
    return {"site_id": key.site_id, "host_id": key.host_id, "check_id": key.check_type}


def is_of(table: type[_OfPair], key: IncidentKey) -> ColumnElement[bool]:
    """Return the condition that a row is of the pair *key*."""
    return (
        (table.site_id == key.site_id)
        & (table.host_id == key.host_id)
        & (table.check_id == key.check_type)
    )


def key_of(row: _OfPair) -> IncidentKey:
    """Return the pair that *row* is of."""
    return IncidentKey(row.site_id, row.host_id, row.check_id)


def lock_pair(session: Session, key: IncidentKey) -> Pair:
    """Return the row of a pair, which nobody else can take before this transaction ends.

    Whatever changes an incident, or what hangs on it, takes this first.
    """
    new = insert_on_conflict(session, Pair).values(key_columns(key))
    session.execute(new.on_conflict_do_nothing())
    wanted = select(Pair).where(is_of(Pair, key)).with_for_update()
    return session.execute(wanted.execution_options(populate_existing=True)).scalar_one()


def saw(pair: Pair, sight: Sight) -> None:
    """Note on *pair* what was seen last; a look that is older changes nothing."""
    if pair.last_seen_at is None or sight.seen_at >= pair.last_seen_at:
        pair.last_seen_at, pair.last_run_id = sight.seen_at, sight.run_id


def load_incident(session: Session, incident_id: str) -> IncidentRecord:
    """Return an incident; raises RecordUnknown."""
    row = session.get(IncidentRow, incident_id, populate_existing=True)
    if row is None:
        raise unknown("incident", incident_id)
    return incident_records(session, [row])[0]


def newest_incident(session: Session, key: IncidentKey) -> IncidentRecord | None:
    """Return the incident of a pair that was opened last; an open one if there is one."""
    wanted = select(IncidentRow).where(is_of(IncidentRow, key))
    order = (IncidentRow.resolved_at.is_(None).desc(), IncidentRow.created_at.desc())
    row = session.scalars(
        wanted.order_by(*order).limit(1).execution_options(populate_existing=True)
    ).first()
    return None if row is None else incident_records(session, [row])[0]


def incident_records(session: Session, rows: Iterable[IncidentRow]) -> list[IncidentRecord]:
    """Return *rows* as records, their findings asked for at once."""
    found = list(rows)
    findings: dict[str, list[SeenFinding]] = {row.incident_id: [] for row in found}
    wanted = select(IncidentFinding).where(IncidentFinding.incident_id.in_(findings))
    for item in session.scalars(wanted.order_by(IncidentFinding.position)):
        seen = SeenFinding(item.code, item.status, item.severity, item.scope, item.gpo_managed)
        findings[item.incident_id].append(seen)
    return [
        IncidentRecord(
            key=key_of(row),
            resolution_level=_tier(row.resolution_level),
            findings=tuple(findings[row.incident_id]),
            **{name: getattr(row, name) for name in _INCIDENT_AS_IS},
        )
        for row in found
    ]


def save_incident(session: Session, record: IncidentRecord) -> None:
    """Write an incident and its findings, new or known; the caller holds the lock of its pair."""
    level = record.resolution_level
    columns = {name: getattr(record, name) for name in _INCIDENT_AS_IS} | {
        "resolution_level": None if level is None else int(level)
    }
    changed = session.execute(
        update(IncidentRow).where(IncidentRow.incident_id == record.incident_id).values(columns)
    )
    if not changed.rowcount:  # type: ignore[attr-defined]  # an UPDATE has a CursorResult
        session.execute(insert(IncidentRow).values(columns | key_columns(record.key)))
    session.execute(
        delete(IncidentFinding).where(IncidentFinding.incident_id == record.incident_id)
    )
    rows = [
        {"incident_id": record.incident_id, "position": position}
        | {item.name: getattr(finding, item.name) for item in fields(SeenFinding)}
        for position, finding in enumerate(record.findings)
    ]
    if rows:
        session.execute(insert(IncidentFinding), rows)


def attempt_of(row: AttemptRow) -> Attempt:
    """Return *row* as the attempt that it keeps."""
    return Attempt(
        key=key_of(row),
        tier=ResolutionLevel(row.tier),
        parameters=row.parameters,
        claims=frozenset(row.claims),
        before=frozenset(row.codes_before),
        **{name: getattr(row, name) for name in _ATTEMPT_AS_IS},
    )


def attempt_columns(attempt: Attempt) -> dict[str, Any]:
    """Return the columns of *attempt*."""
    return {
        **key_columns(attempt.key),
        **{name: getattr(attempt, name) for name in _ATTEMPT_AS_IS},
        "tier": int(attempt.tier),
        "parameters": None if attempt.parameters is None else dict(attempt.parameters),
        "claims": sorted(attempt.claims),
        "codes_before": sorted(attempt.before),
    }


def load_attempt(session: Session, attempt_id: str) -> Attempt:
    """Return an attempt; raises RecordUnknown."""
    row = session.get(AttemptRow, attempt_id, populate_existing=True)
    if row is None:
        raise unknown("attempt", attempt_id)
    return attempt_of(row)


def load_steps(session: Session, attempt_id: str) -> tuple[StepRecord, ...]:
    """Return the scripts of an attempt in the order in which they ran."""
    wanted = select(AttemptStep).where(AttemptStep.attempt_id == attempt_id)
    names = [item.name for item in fields(StepRecord)]
    return tuple(
        StepRecord(**{name: getattr(row, name) for name in names})
        for row in session.scalars(wanted.order_by(AttemptStep.position))
    )


def unfinished_attempt(session: Session, key: IncidentKey) -> Attempt | None:
    """Return the attempt of a pair that has not ended, if there is one."""
    wanted = select(AttemptRow).where(is_of(AttemptRow, key), AttemptRow.finished_at.is_(None))
    row = session.scalars(wanted.execution_options(populate_existing=True)).first()
    return None if row is None else attempt_of(row)


def close_recheck(session: Session, key: IncidentKey) -> None:
    """Forget that a pair is to be looked at again."""
    session.execute(delete(RecheckDue).where(is_of(RecheckDue, key)))


def schedule_recheck(session: Session, attempt: Attempt, due_at: datetime) -> None:
    """Note that *attempt* is to be looked at again at *due_at*; a later repair replaces it."""
    columns = {"attempt_id": attempt.attempt_id, "due_at": due_at}
    new = insert_on_conflict(session, RecheckDue).values(key_columns(attempt.key) | columns)
    names = ["site_id", "host_id", "check_id"]
    session.execute(new.on_conflict_do_update(index_elements=names, set_=columns))


def _tier(level: int | None) -> ResolutionLevel | None:
    return None if level is None else ResolutionLevel(level)
