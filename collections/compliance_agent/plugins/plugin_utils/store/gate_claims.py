# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep which host is taken for which repair, by which run, and what came of it.

Who calls these holds the site (`gate_lock`), so what was read is still true when it is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..errors import ComplianceError
from ..healing.gate import RepairRequest
from ..models import CheckId, Outcome
from .gate_tables import RepairClaimRow
from .run_identity import RunIdentity


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


def all_held(session: Session, site_id: str) -> list[tuple[Claim, RunIdentity]]:
    """Return every claim that is held at *site_id* and by which process, the oldest first."""
    wanted = (
        select(RepairClaimRow)
        .where(RepairClaimRow.site_id == site_id, RepairClaimRow.released_at.is_(None))
        .order_by(RepairClaimRow.number)
    )
    return [(_claim(row), identity_of(row)) for row in session.scalars(wanted)]


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
