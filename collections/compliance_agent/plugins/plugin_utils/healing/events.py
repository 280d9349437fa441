# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages of the interface contract: incident.created and healing.completed. Pure."""

from datetime import datetime
from typing import Literal

from ..models import CheckId, ContractModel, HostName, Instant, Outcome, ResolutionLevel, Severity
from .attempts import Attempt
from .incident import IncidentRecord


class IncidentCreatedPayload(ContractModel):
    incident_id: str
    site_id: str
    host_id: HostName
    check_type: CheckId
    severity: Severity


class IncidentCreated(ContractModel):
    """An incident was opened; one that is re-opened keeps its id and is not told again."""

    event_type: Literal["incident.created"] = "incident.created"
    timestamp: Instant
    payload: IncidentCreatedPayload


class HealingCompletedPayload(ContractModel):
    incident_id: str
    resolution_level: ResolutionLevel
    runbook_id: str
    outcome: Outcome
    evidence_bundle_id: str


class HealingCompleted(ContractModel):
    """A repair ended, well or not, and its evidence is sealed."""

    event_type: Literal["healing.completed"] = "healing.completed"
    timestamp: Instant
    payload: HealingCompletedPayload


def incident_created(incident: IncidentRecord, now: datetime) -> IncidentCreated:
    """Return the message that *incident* was opened."""
    return IncidentCreated(
        timestamp=now,
        payload=IncidentCreatedPayload(
            incident_id=incident.incident_id,
            site_id=incident.key.site_id,
            host_id=incident.key.host_id,
            check_type=incident.key.check_type,
            severity=incident.severity,
        ),
    )


def healing_completed(
    attempt: Attempt, outcome: Outcome, bundle_id: str, now: datetime
) -> HealingCompleted:
    """Return the message that *attempt* ended with *outcome*, which the bundle proves."""
    return HealingCompleted(
        timestamp=now,
        payload=HealingCompletedPayload(
            incident_id=attempt.incident_id,
            resolution_level=attempt.tier,
            runbook_id=attempt.runbook_id,
            outcome=outcome,
            evidence_bundle_id=bundle_id,
        ),
    )
