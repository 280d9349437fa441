# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep which host is taken for which repair, by which run, and what came of it.

Who calls these holds the site (`gate_lock`), so what was read is still true when it is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from ..errors import ComplianceError
from ..healing.gate import CanaryState, RepairRequest, RunningRepair, Tries
from ..healing.incidents import SILENCE
from ..healing.policy import HealingPolicy
from ..healing.repair_request import Serialize  # pylint: disable=unused-import
from ..models import CheckId, IncidentStatus, Outcome
from .gate_tables import RepairClaimRow
from .healing_tables import IncidentRow, Pair
from .run_identity import RunIdentity

_WORKED = (Outcome.SUCCESS, Outcome.PARTIAL)


class ClaimLost(ComplianceError):
    """The host is no longer held by this claim: it was released, or another run took it over."""

    code = "claim_lost"


@dataclass(frozen=True, slots=True)
class Claim:
    """A host that is held for one try of one repair, until it is released.

    *number* counts the tries of the site.
    """

    site_id: str
    number: int
    host_id: str
    check_type: CheckId
    runbook_id: str
    incident_id: str
    requested_by: str
    run_id: str
    is_canary: bool
    approval_id: str | None
    claimed_at: datetime

    @property
    def claim_id(self) -> str:
        return f"{self.site_id}/{self.number}"


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a host is taken: by which approval, and whether it goes first."""

    approval_id: str | None
    is_canary: bool


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


def take_host(
    session: Session,
    request: RepairRequest,
    run: RunIdentity,
    terms: Terms,
    now: datetime,
) -> Claim:
    """Take the host; a unique index refuses it if somebody has it, whatever was read before."""
    newest = session.scalar(
        select(func.max(RepairClaimRow.number)).where(RepairClaimRow.site_id == request.site_id)
    )
    row = RepairClaimRow(
        site_id=request.site_id,
        number=(newest or 0) + 1,
        host_id=request.host_id,
        check_id=request.check_type,
        requested_by=request.requested_by,
        incident_id=request.incident_id,
        runbook_id=request.runbook_id,
        serialized_as=request.serialized_as,
        is_canary=terms.is_canary,
        approval_id=terms.approval_id,
        cooldown_seconds=request.cooldown_seconds,
        claimed_at=now,
        cooldown_until=now + timedelta(seconds=request.cooldown_seconds),
        run_id=run.run_id,
        machine=run.machine,
        boot=run.boot,
        pid=run.pid,
        started=run.started,
    )
    session.add(row)
    session.flush()
    return _claim(row)


def give_back(
    session: Session, claim: Claim, outcome: Outcome, now: datetime, *, has_acted: bool
) -> None:
    """Free the host; the cooldown counts from now. Raises ClaimLost."""
    row = _held(session, claim)
    # A host that was left alone has shown nothing about the runbook.
    row.is_canary = row.is_canary and has_acted
    row.released_at, row.outcome = now, outcome
    row.cooldown_until = max(row.cooldown_until, now + timedelta(seconds=row.cooldown_seconds))
    session.flush()


def find_claim(session: Session, site_id: str, number: int) -> Claim:
    """Return the claim that is held under *number*; raises ClaimLost."""
    row = session.get(RepairClaimRow, (site_id, number), populate_existing=True)
    if row is None or row.released_at is not None:
        raise _lost(f"{site_id}/{number}")
    return _claim(row)


def rows_of_run(session: Session, site_id: str, run_id: str) -> Sequence[RepairClaimRow]:
    """Return what the run *run_id* holds at *site_id*, the oldest first."""
    wanted = (
        select(RepairClaimRow)
        .where(
            RepairClaimRow.site_id == site_id,
            RepairClaimRow.run_id == run_id,
            RepairClaimRow.released_at.is_(None),
        )
        .order_by(RepairClaimRow.number)
    )
    return session.scalars(wanted).all()


def claims_of_run(session: Session, site_id: str, run_id: str) -> tuple[Claim, ...]:
    """Return the claims that the run *run_id* holds at *site_id*, the oldest first."""
    return tuple(map(_claim, rows_of_run(session, site_id, run_id)))


def other_runs(session: Session, site_id: str, run_id: str) -> list[RunIdentity]:
    """Return the processes of other runs than *run_id* that hold hosts of *site_id*."""
    wanted = (
        select(RepairClaimRow)
        .where(
            RepairClaimRow.site_id == site_id,
            RepairClaimRow.run_id != run_id,
            RepairClaimRow.released_at.is_(None),
        )
        .order_by(RepairClaimRow.number)
    )
    return list(dict.fromkeys(identity_of(row) for row in session.scalars(wanted)))


def take_over(session: Session, row: RepairClaimRow, run: RunIdentity) -> Claim:
    """Let *run* hold what *row* holds: what the run before may have done is not known yet."""
    row.run_id, row.machine, row.boot = run.run_id, run.machine, run.boot
    row.pid, row.started = run.pid, run.started
    session.flush()
    return _claim(row)


def identity_of(row: RepairClaimRow) -> RunIdentity:
    """Return which process holds what *row* holds."""
    return RunIdentity(row.run_id, row.machine, row.boot, row.pid, row.started)


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


def _held(session: Session, claim: Claim) -> RepairClaimRow:
    row = session.get(RepairClaimRow, (claim.site_id, claim.number), populate_existing=True)
    if row is None or row.released_at is not None or row.run_id != claim.run_id:
        raise _lost(claim.claim_id)
    return row


def _lost(claim_id: str) -> ClaimLost:
    return ClaimLost(
        "the host is not held by this claim any more",
        value=claim_id,
        remedy="Leave the host alone: another run has taken it over, or it was released.",
    )


def _is_key_of(request: RepairRequest) -> Sequence[ColumnElement[bool]]:
    return (
        RepairClaimRow.site_id == request.site_id,
        RepairClaimRow.host_id == request.host_id,
        RepairClaimRow.check_id == request.check_type,
        RepairClaimRow.requested_by == request.requested_by,
    )


def _claim(row: RepairClaimRow) -> Claim:
    return Claim(
        site_id=row.site_id,
        number=row.number,
        host_id=row.host_id,
        check_type=row.check_id,
        runbook_id=row.runbook_id,
        incident_id=row.incident_id,
        requested_by=row.requested_by,
        run_id=row.run_id,
        is_canary=row.is_canary,
        approval_id=row.approval_id,
        claimed_at=row.claimed_at,
    )
