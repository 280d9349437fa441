# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep requests for approvals and the answers to them. Who may answer is decided in ``healing``."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from ..errors import ComplianceError
from ..healing.approvals import Approval, ApprovalState, person, refuse_approver
from ..healing.policy import HealingPolicy
from ..healing.repair_request import RepairRequest, find_request, parse_request
from .gate_tables import ApprovalRow

_OPEN = (ApprovalState.PENDING, ApprovalState.APPROVED)
# More requests for one repair than anybody will make; the newest ones decide.
_LOOK_BACK = 50


class ApprovalUnknown(ComplianceError):
    """There is no request for an approval of this name."""

    code = "approval_unknown"


class ApprovalClosed(ComplianceError):
    """The request was answered, or its time is over; ask for the repair anew."""

    code = "approval_closed"


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answers: approved or refused."""

    state: ApprovalState
    by: str
    at: datetime


def approvals_for(
    session: Session, request: RepairRequest, policy: HealingPolicy
) -> tuple[Approval, ...]:
    """Return the approvals of exactly this repair, the newest ones; *policy* is that of the site.

    One that was asked for before somebody changed the runbook is for another repair.
    """
    wanted = (
        select(ApprovalRow)
        .where(*_is_of(request))
        .order_by(ApprovalRow.requested_at.desc(), ApprovalRow.approval_id.desc())
        .limit(_LOOK_BACK)
    )
    found = (_standing(row, policy) for row in session.scalars(wanted))
    return tuple(approval for approval in found if approval and approval.is_of(request))


def pending_approvals(session: Session, site_id: str, now: datetime, limit: int) -> list[Approval]:
    """Return what waits for an answer at *site_id*, the oldest request first."""
    wanted = (
        select(ApprovalRow)
        .where(
            ApprovalRow.site_id == site_id,
            ApprovalRow.state == ApprovalState.PENDING,
            ApprovalRow.expires_at > now,
        )
        .order_by(ApprovalRow.requested_at, ApprovalRow.approval_id)
        .limit(limit)
    )
    return [_approval(row) for row in session.scalars(wanted) if find_request(row.request)]


def expire_approvals(
    session: Session, request: RepairRequest, policy: HealingPolicy, now: datetime
) -> None:
    """Close what is too old, for good: a clock that is set back does not open it again."""
    wanted = select(ApprovalRow).where(*_is_of(request), ApprovalRow.state.in_(_OPEN))
    for row in session.scalars(wanted).all():
        approval = _standing(row, policy)
        if approval is None or approval.has_expired(now):
            row.state = ApprovalState.EXPIRED
    session.flush()


def ask_for_approval(
    session: Session, request: RepairRequest, policy: HealingPolicy, now: datetime
) -> Approval:
    """Return the open request of this requester for this repair, a new one if there is none.

    An open one that is for the runbook as it was before somebody changed it ends.
    """
    expire_approvals(session, request, policy, now)
    requester = person(request.requested_by)
    wanted = select(ApprovalRow).where(
        *_is_of(request), ApprovalRow.requester == requester, ApprovalRow.state.in_(_OPEN)
    )
    row = session.scalars(wanted).one_or_none()
    if row is not None and not _approval(row).is_of(request):
        row.state = ApprovalState.EXPIRED
        session.flush()
        row = None
    if row is None:
        row = ApprovalRow(
            approval_id=f"AP-{uuid4().hex}",
            site_id=request.site_id,
            host_id=request.host_id,
            check_id=request.check_type,
            runbook_id=request.runbook_id,
            parameters_sha256=request.parameters_sha256,
            requester=requester,
            request=request.to_dict(),
            requested_at=now,
            expires_at=now + policy.approvals.lifetime,
            state=ApprovalState.PENDING,
        )
        session.add(row)
        session.flush()
    return _approval(row)


def find_approval(session: Session, approval_id: str) -> Approval:
    """Return the approval as the database has it now; raises ApprovalUnknown."""
    row = session.get(ApprovalRow, approval_id, populate_existing=True)
    if row is None:
        raise ApprovalUnknown(
            "there is no such request for approval",
            value=approval_id,
            remedy="Look at the list of what waits.",
        )
    return _approval(row)


def answer_approval(
    session: Session, approval: Approval, answer: Answer, policy: HealingPolicy
) -> Approval:
    """Give *answer*, or find that it is too late: the state of what is returned says which.

    Raises ApproverRefused, and ApprovalClosed for what was answered before.
    """
    refuse_approver(answer.by, approval.request.requested_by)
    if approval.state is not ApprovalState.PENDING:
        raise closed(approval)
    if approval.has_expired(answer.at):
        expire_approvals(session, approval.request, policy, answer.at)
        return find_approval(session, approval.approval_id)
    session.execute(
        update(ApprovalRow)
        .where(ApprovalRow.approval_id == approval.approval_id)
        .values(
            state=answer.state,
            decided_by=answer.by,
            decided_at=answer.at,
            expires_at=_good_until(approval.request, policy, answer.at),
        )
    )
    return find_approval(session, approval.approval_id)


def use_approval(session: Session, approval_id: str, now: datetime) -> None:
    """Use it up; raises ApprovalClosed if it is not one that was given and is open."""
    done = session.scalars(
        update(ApprovalRow)
        .where(ApprovalRow.approval_id == approval_id, ApprovalRow.state == ApprovalState.APPROVED)
        .values(state=ApprovalState.USED, used_at=now)
        .returning(ApprovalRow.approval_id)
    )
    if not done.all():
        raise closed(find_approval(session, approval_id))


def closed(approval: Approval) -> ApprovalClosed:
    """Return the error for an approval that can be neither answered nor used any more."""
    return ApprovalClosed(
        f"the request {approval.approval_id} is closed",
        value=approval.state.value,
        remedy="The next run asks anew if the repair is still needed.",
    )


def _standing(row: ApprovalRow, policy: HealingPolicy) -> Approval | None:
    """Return *row* with the time that *policy* gives it; None if it is another release's.

    Who approves may do so where the windows of the site are not known: a command reads no
    inventory. The run that would use it knows them.
    """
    if find_request(row.request) is None:
        return None
    approval = _approval(row)
    if approval.state is not ApprovalState.APPROVED or approval.decided_at is None:
        return approval
    until = _good_until(approval.request, policy, approval.decided_at)
    return replace(approval, expires_at=until)


def _good_until(request: RepairRequest, policy: HealingPolicy, now: datetime) -> datetime:
    """Return until when an approval of *now* is good: its lifetime, or the end of the next window.

    Otherwise what is approved on Monday could never be done on Saturday night.
    """
    until = now + policy.approvals.lifetime
    if not request.needs_window:
        return until
    days = policy.calendar(request.host_id, request.host.groups)
    opening = days.next_opening(now, request.longest_seconds)
    return until if opening is None else max(until, opening.closes_at)


def _is_of(request: RepairRequest) -> Sequence[ColumnElement[bool]]:
    return (
        ApprovalRow.site_id == request.site_id,
        ApprovalRow.host_id == request.host_id,
        ApprovalRow.check_id == request.check_type,
        ApprovalRow.runbook_id == request.runbook_id,
        ApprovalRow.parameters_sha256 == request.parameters_sha256,
    )


def _approval(row: ApprovalRow) -> Approval:
    return Approval(
        approval_id=row.approval_id,
        request=parse_request(row.request),
        requested_at=row.requested_at,
        expires_at=row.expires_at,
        state=row.state,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )
