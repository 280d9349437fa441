# SPDX-License-Identifier: GPL-3.0-or-later
"""How an attempt comes to be: what forbids it is looked at in the transaction that makes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from ..errors import ComplianceError
from ..healing.attempts import Attempt, AttemptState
from ..healing.incident import IncidentRecord
from ..healing.relapse import Bar, Candidate, RelapsePolicy, find_bar, repair_of
from ..models import IncidentStatus, ResolutionLevel
from .attempt_history import past_repairs
from .healing_rows import attempt_columns, load_incident, lock_pair, unfinished_attempt
from .healing_tables import AttemptRow, Decision
from .suppressions import standing_of, suppress
from .ticketing import AttemptActive


class IncidentTaken(ComplianceError):
    """The incident needs no repair any more, or a person has it and no person asks."""

    code = "incident_taken"


class DecisionMissing(ComplianceError):
    """The planner is said to have chosen a repair, and no decision of it is kept."""

    code = "decision_missing"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be tried: *claims* are the codes that the runbook mends here."""

    incident_id: str
    tier: ResolutionLevel
    requested_by: str
    runbook_id: str
    parameters: Mapping[str, JsonValue]
    claims: frozenset[str]
    can_roll_back: bool
    run_id: str


def make_attempt(
    session: Session, policy: RelapsePolicy, plan: Plan, attempt_id: str, now: datetime
) -> Attempt | Bar:
    """Write the attempt *plan*, or return why it must not be made."""
    repair = repair_of(plan.runbook_id, plan.parameters)
    key = load_incident(session, plan.incident_id).key
    lock_pair(session, key)
    incident = load_incident(session, plan.incident_id)
    _require_free(session, incident, plan)
    _require_decision(session, plan)
    standing = standing_of(session, key, plan.runbook_id)
    history = past_repairs(session, key)
    barred = find_bar(Candidate(repair, plan.incident_id, history, standing), policy, now)
    if barred is not None:
        if barred.is_kept:
            suppress(session, key, plan.runbook_id, barred.value, now)
        return barred
    attempt = Attempt(
        attempt_id,
        plan.incident_id,
        key,
        plan.tier,
        plan.requested_by,
        plan.runbook_id,
        repair.sha256,
        dict(plan.parameters),
        plan.claims,
        frozenset(item.code for item in incident.findings),
        plan.can_roll_back,
        AttemptState.PLANNED,
        plan.run_id,
        now,
        now,
    )
    session.execute(insert(AttemptRow).values(attempt_columns(attempt)))
    return attempt


def _require_free(session: Session, incident: IncidentRecord, plan: Plan) -> None:
    active = unfinished_attempt(session, incident.key)
    if active is not None:
        raise AttemptActive(
            f"{active.runbook_id} has not ended on {incident.key.host_id}",
            value=active.state.value,
            remedy="Resume that attempt first.",
        )
    asks = {IncidentStatus.OPEN} | (
        {IncidentStatus.ESCALATED} if plan.tier is ResolutionLevel.L3 else set()
    )
    if incident.status not in asks:
        raise IncidentTaken(
            f"{incident.key.check_type} on {incident.key.host_id} is not to be repaired by "
            f"{plan.requested_by}",
            value=incident.status.value,
            remedy="What is escalated waits for a person; what is resolved needs nothing.",
        )


def _require_decision(session: Session, plan: Plan) -> None:
    if plan.tier is not ResolutionLevel.L2:
        return
    wanted = select(Decision.decision_id).where(
        Decision.incident_id == plan.incident_id, Decision.runbook_id == plan.runbook_id
    )
    if session.scalars(wanted.limit(1)).first() is None:
        raise DecisionMissing(
            f"no decision of the planner for {plan.incident_id} is kept",
            value=plan.runbook_id,
            remedy="Keep the decision before you plan what it chose.",
        )
