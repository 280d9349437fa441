# SPDX-License-Identifier: GPL-3.0-or-later
"""An incident as the memory keeps it. Pure."""

from dataclasses import dataclass
from datetime import datetime

from ..models import CheckStatus, Incident, IncidentStatus, ResolutionLevel, Severity
from .sightings import IncidentKey, SeenFinding

# Why a person has the incident of a host that does not answer.
UNREACHABLE = "unreachable"
# The same, in the middle of a repair: the host may be other than it was.
LOST_IN_REPAIR = "lost_in_repair"
SILENCE = frozenset({UNREACHABLE, LOST_IN_REPAIR})


@dataclass(frozen=True, slots=True)
class IncidentRecord:
    """An incident with what the contract has no field for."""

    incident_id: str
    key: IncidentKey
    severity: Severity
    status: IncidentStatus
    created_at: datetime
    last_status: CheckStatus
    resolved_at: datetime | None = None
    resolution_level: ResolutionLevel | None = None
    runbook_id: str | None = None
    evidence_bundle_id: str | None = None
    resolved_attempt_id: str | None = None
    recurrence_count: int = 0
    reason: str | None = None  # of the escalation: a code
    findings: tuple[SeenFinding, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.status is not IncidentStatus.RESOLVED

    @property
    def is_unreachable(self) -> bool:
        """Return whether a person has it only because the host did not answer (E004)."""
        return self.status is IncidentStatus.ESCALATED and self.reason in SILENCE

    def contract(self) -> Incident:
        """Return the contract's form."""
        return Incident(
            incident_id=self.incident_id,
            site_id=self.key.site_id,
            host_id=self.key.host_id,
            check_type=self.key.check_type,
            severity=self.severity,
            status=self.status,
            created_at=self.created_at,
            resolved_at=self.resolved_at,
            resolution_level=self.resolution_level,
            runbook_id=self.runbook_id,
            evidence_bundle_id=self.evidence_bundle_id,
        )
