# SPDX-License-Identifier: GPL-3.0-or-later
"""What attempts leave behind: their history, their sealed bundles, amendments that are due."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import uuid4

import rfc8785
from pydantic import JsonValue
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from ..healing.events import healing_completed
from ..healing.relapse import PastRepair
from ..healing.sightings import IncidentKey
from ..models import Outcome
from .database import Database
from .healing_rows import attempt_of, is_of, load_incident, lock_pair, unknown
from .healing_tables import AttemptRow, Decision, IncidentRow
from .outbox import put_event


@dataclass(frozen=True, slots=True)
class Amendment:
    """A sealed bundle that claims more than what came of it: *outcome* is what it has to say."""

    attempt_id: str
    incident_id: str
    key: IncidentKey
    runbook_id: str
    bundle_id: str
    outcome: Outcome
    relapsed_at: datetime


@dataclass(frozen=True, slots=True)
class AttemptHistory:
    """What attempts of a database left behind."""

    database: Database

    def sealed(self, attempt_id: str, bundle_id: str, now: datetime) -> None:
        """Note the bundle that proves an attempt that has ended, and tell of its completion.

        To say it again changes nothing. Raises RecordUnknown for an attempt that has not ended.
        """
        with self.database.writing() as session:
            row = session.get(AttemptRow, attempt_id)
            if row is None or row.finished_at is None or row.outcome is None:
                raise unknown("attempt that has ended", attempt_id)
            attempt = attempt_of(row)
            lock_pair(session, attempt.key)
            row.evidence_bundle_id = row.evidence_bundle_id or bundle_id
            incident = session.get(IncidentRow, attempt.incident_id, populate_existing=True)
            if incident is not None and incident.resolved_attempt_id == attempt_id:
                incident.evidence_bundle_id = row.evidence_bundle_id
            event = healing_completed(attempt, row.outcome, row.evidence_bundle_id, now)
            put_event(session, f"healing.completed:{attempt_id}", event, now)

    def amendments_due(self, site_id: str) -> list[Amendment]:
        """Return the sealed claims of a site that did not last, the oldest relapse first."""
        wanted = select(AttemptRow).where(
            AttemptRow.site_id == site_id,
            AttemptRow.amended_outcome.is_not(None),
            AttemptRow.amended_bundle_id.is_(None),
            AttemptRow.evidence_bundle_id.is_not(None),
        )
        with self.database.reading() as session:
            rows = session.scalars(wanted.order_by(AttemptRow.relapsed_at, AttemptRow.attempt_id))
            return [_amendment(row) for row in rows]

    def amended(self, attempt_id: str, bundle_id: str) -> None:
        """Note the bundle that amends a claim; raises RecordUnknown if none is due."""
        with self.database.writing() as session:
            row = session.get(AttemptRow, attempt_id)
            if row is None or row.amended_outcome is None:
                raise unknown("attempt that is to be amended", attempt_id)
            row.amended_bundle_id = row.amended_bundle_id or bundle_id

    def decided(
        self,
        incident_id: str,
        runbook_id: str | None,
        record: Mapping[str, JsonValue],
        now: datetime,
    ) -> str:
        """Keep the planner's own scrubbed *record* of a decision; return its SHA-256.

        Raises RecordUnknown. There is no resolution by the planner without such a row.
        """
        digest = sha256(rfc8785.dumps(dict(record))).hexdigest()
        with self.database.writing() as session:
            load_incident(session, incident_id)
            columns = {
                "decision_id": str(uuid4()),
                "incident_id": incident_id,
                "decided_at": now,
                "runbook_id": runbook_id,
                "record": dict(record),
                "record_sha256": digest,
            }
            session.execute(insert(Decision).values(columns))
        return digest

    def last_decision(self, incident_id: str) -> Mapping[str, JsonValue] | None:
        """Return the newest record that `decided` kept about an incident, or None."""
        wanted = select(Decision.record).where(Decision.incident_id == incident_id)
        newest = wanted.order_by(Decision.decided_at.desc(), Decision.decision_id).limit(1)
        with self.database.reading() as session:
            return session.scalar(newest)


def past_repairs(session: Session, key: IncidentKey) -> tuple[PastRepair, ...]:
    """Return every attempt of a pair that has ended, the oldest first."""
    wanted = select(AttemptRow).where(is_of(AttemptRow, key), AttemptRow.finished_at.is_not(None))
    rows = session.scalars(
        wanted.order_by(AttemptRow.finished_at).execution_options(populate_existing=True)
    )
    return tuple(past for row in rows if (past := attempt_of(row).past) is not None)


def _amendment(row: AttemptRow) -> Amendment:
    attempt = attempt_of(row)
    return Amendment(
        attempt.attempt_id,
        attempt.incident_id,
        attempt.key,
        attempt.runbook_id,
        str(attempt.evidence_bundle_id),
        attempt.amended_outcome or Outcome.FAILURE,
        attempt.relapsed_at or attempt.moved_at,
    )
