# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what the claims of a site tell the gate: tries, repairs under way, and the canary.

Who calls these holds the site (`gate_lock`), so what was read is still true when it is written.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from ..healing.gate import CanaryState, RepairRequest, RunningRepair, Tries
from ..healing.incident import SILENCE
from ..healing.policy import HealingPolicy
from ..healing.relapse import UNTRIED
from ..healing.repair_request import Serialize  # pylint: disable=unused-import
from ..models import IncidentStatus, Outcome
from .gate_tables import RepairClaimRow
from .healing_tables import AttemptRow, IncidentRow, Pair

_WORKED = (Outcome.SUCCESS, Outcome.PARTIAL)


def read_tries(
    session: Session, request: RepairRequest, policy: HealingPolicy, now: datetime
) -> Tries:
    """Return what was tried before for the same requester, site, host and check."""
    mine = _is_key_of(request)
    last_good = session.scalar(
        select(func.max(RepairClaimRow.number)).where(*mine, RepairClaimRow.outcome.in_(_WORKED))
    )
    failed = session.scalar(
        select(func.count())
        .select_from(RepairClaimRow)
        .where(
            *mine,
            RepairClaimRow.number > (-1 if last_good is None else last_good),
            RepairClaimRow.outcome == Outcome.FAILURE,
            ~_was_untried(),
            or_(
                RepairClaimRow.incident_id == request.incident_id,
                RepairClaimRow.released_at > now - policy.retries.span,
            ),
        )
    )
    # By the latest time, not by the latest try: a clock that was set back must not shorten it.
    times = select(
        func.max(RepairClaimRow.claimed_at),
        func.max(RepairClaimRow.released_at),
        func.max(RepairClaimRow.cooldown_until),
    ).where(*mine)
    claimed_at, released_at, cooldown_until = session.execute(times).one()
    last_at = max((item for item in (claimed_at, released_at) if item is not None), default=None)
    return Tries(failed or 0, last_at, cooldown_until)


def read_running(session: Session, site_id: str) -> tuple[RunningRepair, ...]:
    """Return the repairs that are under way at *site_id*, the oldest first."""
    wanted = (
        select(RepairClaimRow, _is_lost())
        .where(RepairClaimRow.site_id == site_id, RepairClaimRow.released_at.is_(None))
        .order_by(RepairClaimRow.number)
    )
    return tuple(
        RunningRepair(
            row.host_id,
            row.runbook_id,
            cast("Serialize", row.serialized_as),
            row.claimed_at,
            is_lost=is_lost,
        )
        for row, is_lost in session.execute(wanted)
    )


def read_canary(session: Session, site_id: str, runbook_id: str) -> CanaryState | None:
    """Return the host that went first with *runbook_id* the last time."""
    wanted = (
        select(RepairClaimRow)
        .where(
            RepairClaimRow.site_id == site_id,
            RepairClaimRow.runbook_id == runbook_id,
            RepairClaimRow.is_canary,
        )
        .order_by(RepairClaimRow.number.desc())
        .limit(1)
    )
    row = session.scalars(wanted).one_or_none()
    if row is None:
        return None
    if row.released_at is None and (lost_at := _lost_at(session, row)) is not None:
        return CanaryState(row.host_id, worked=False, ended_at=lost_at)
    worked = None if row.outcome is None else row.outcome in _WORKED
    return CanaryState(row.host_id, worked, row.released_at)


def _was_untried() -> ColumnElement[bool]:
    """Return the condition that the attempt of a claim has ended before anything was tried."""
    return (
        select(AttemptRow.attempt_id)
        .where(
            AttemptRow.incident_id == RepairClaimRow.incident_id,
            AttemptRow.created_at >= RepairClaimRow.claimed_at,
            AttemptRow.created_at <= RepairClaimRow.released_at,
            AttemptRow.reason.in_(UNTRIED),
        )
        .exists()
    )


def _is_lost() -> ColumnElement[bool]:
    """Return the condition that the host of a claim was given up, since it does not answer.

    The claim stays: nobody knows what is half done there. When the host answers, its incident is no
    longer a person's for that, and the claim counts like any other. It is the incident of the pair
    that says so, which need not be the one of the claim: that may be resolved.
    """
    return (
        select(IncidentRow.incident_id)
        .where(
            IncidentRow.site_id == RepairClaimRow.site_id,
            IncidentRow.host_id == RepairClaimRow.host_id,
            IncidentRow.check_id == RepairClaimRow.check_id,
            IncidentRow.status == IncidentStatus.ESCALATED,
            IncidentRow.reason.in_(SILENCE),
        )
        .exists()
    )


def _lost_at(session: Session, row: RepairClaimRow) -> datetime | None:
    """Return when the host of a claim was given up: its pair was noted for nothing else since."""
    same_pair = (
        Pair.site_id == RepairClaimRow.site_id,
        Pair.host_id == RepairClaimRow.host_id,
        Pair.check_id == RepairClaimRow.check_id,
    )
    mine = (RepairClaimRow.site_id == row.site_id, RepairClaimRow.number == row.number)
    return session.scalar(
        select(Pair.last_seen_at).join(RepairClaimRow, and_(*same_pair)).where(*mine, _is_lost())
    )


def _is_key_of(request: RepairRequest) -> Sequence[ColumnElement[bool]]:
    return (
        RepairClaimRow.site_id == request.site_id,
        RepairClaimRow.host_id == request.host_id,
        RepairClaimRow.check_id == request.check_type,
        RepairClaimRow.requested_by == request.requested_by,
    )
