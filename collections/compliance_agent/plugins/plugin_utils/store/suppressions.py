# SPDX-License-Identifier: GPL-3.0-or-later
"""Repairs that are put aside until an operator clears them; they outlive every restart."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..healing.relapse import EVERY_RUNBOOK, Standing
from ..healing.sightings import IncidentKey
from .conflicts import insert_on_conflict
from .database import Database
from .healing_rows import is_of, key_columns, key_of, lock_pair, unknown
from .healing_tables import Suppression


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A suppression in force; *runbook_id* is ``*`` where no automatic repair may run."""

    key: IncidentKey
    runbook_id: str
    code: str
    suppressed_at: datetime


@dataclass(frozen=True, slots=True)
class SuppressionStore:
    """The suppressions of a database."""

    database: Database

    def active(self, site_id: str) -> list[Suppressed]:
        """Return what is suppressed at a site, by host, check and runbook."""
        wanted = select(Suppression).where(
            Suppression.site_id == site_id, Suppression.is_active.is_(True)
        )
        order = (Suppression.host_id, Suppression.check_id, Suppression.runbook_id)
        with self.database.reading() as session:
            return [
                Suppressed(key_of(row), row.runbook_id, row.code, row.suppressed_at)
                for row in session.scalars(wanted.order_by(*order))
            ]

    def put_aside(self, key: IncidentKey, runbook_id: str, code: str, now: datetime) -> None:
        """Let no tier run *runbook_id* for a pair until an operator clears it; *code*: why."""
        with self.database.writing() as session:
            lock_pair(session, key)
            suppress(session, key, runbook_id, code, now)

    def clear(self, key: IncidentKey, runbook_id: str, by: str, now: datetime) -> None:
        """Let *runbook_id* be run again for a pair; what was before *now* counts no more.

        Raises RecordUnknown.
        """
        with self.database.writing() as session:
            lock_pair(session, key)
            name = {"site_id": key.site_id, "host_id": key.host_id, "check_id": key.check_type}
            row = session.get(Suppression, name | {"runbook_id": runbook_id})
            if row is None or not row.is_active:
                raise unknown("suppression", f"{key.host_id} {key.check_type} {runbook_id}")
            row.is_active, row.cleared_at, row.cleared_by = False, now, by


def suppress(session: Session, key: IncidentKey, runbook_id: str, code: str, now: datetime) -> None:
    """Put *runbook_id* aside for a pair; the caller holds the lock of the pair."""
    columns = {"code": code, "is_active": True, "suppressed_at": now}
    names = key_columns(key) | {"runbook_id": runbook_id}
    new = insert_on_conflict(session, Suppression).values(names | columns)
    session.execute(new.on_conflict_do_update(index_elements=list(names), set_=columns))


def standing_of(session: Session, key: IncidentKey, runbook_id: str) -> Standing:
    """Return how *runbook_id* stands with a pair: what is in force, and since when it counts."""
    wanted = select(Suppression).where(
        is_of(Suppression, key), Suppression.runbook_id.in_([runbook_id, EVERY_RUNBOOK])
    )
    rows = session.scalars(wanted.execution_options(populate_existing=True)).all()
    cleared = [row.cleared_at for row in rows if row.cleared_at is not None]
    return Standing(any(row.is_active for row in rows), max(cleared, default=None))
