# SPDX-License-Identifier: GPL-3.0-or-later
"""Approvals: who may give one, and whether one that was given is good for a repair. Pure."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ..errors import ComplianceError
from .repair_request import RepairRequest

_PERSON = "user:"


class ApproverRefused(ComplianceError):
    """Somebody else has to decide: the requester, a rule or nobody is no approver."""

    code = "approver_refused"


class ApprovalState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"
    USED = "used"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Approval:
    """One request for an approval of exactly one repair, and what became of it.

    *expires_at* ends the time to answer while it is pending, the time to act once it is approved.
    """

    approval_id: str
    request: RepairRequest
    requested_at: datetime
    expires_at: datetime
    state: ApprovalState
    decided_by: str | None = None
    decided_at: datetime | None = None

    def has_expired(self, now: datetime) -> bool:
        is_open = self.state in {ApprovalState.PENDING, ApprovalState.APPROVED}
        return self.state is ApprovalState.EXPIRED or (is_open and now >= self.expires_at)

    def is_of(self, request: RepairRequest) -> bool:
        """Return whether it was asked for exactly what *request* would do."""
        return what_it_allows(self.request) == what_it_allows(request)

    def is_good_for(self, request: RepairRequest, now: datetime) -> bool:
        """Return whether *request* may use it up at *now*.

        It must be for the same repair, and not be given by whoever now asks for that.
        """
        return (
            self.state is ApprovalState.APPROVED
            and not self.has_expired(now)
            and self.is_of(request)
            and self.decided_by is not None
            and not is_same_person(self.decided_by, request.requested_by)
        )


def what_it_allows(request: RepairRequest) -> tuple[str, ...]:
    """Return what an approval is for: this text of this runbook, these parameters, this host."""
    return (
        request.site_id,
        request.host_id,
        request.check_type.value,
        request.runbook_id,
        request.runbook_sha256,
        request.parameters_sha256,
    )


def is_same_person(one: str, other: str) -> bool:
    """Return whether two names may be one login.

    Case, width of letters, spaces and what nobody sees do not count, and neither does the domain,
    before or behind the name: systems call one person by all of these.
    """
    return _account(one) == _account(other)


def person(name: str) -> str:
    """Return *name* in the one form that names are compared in."""
    seen = "".join(letter for letter in name if unicodedata.category(letter) != "Cf")
    plain = " ".join(unicodedata.normalize("NFKC", seen).casefold().split())
    return plain.removeprefix(_PERSON).strip()


def refuse_approver(by: str, requested_by: str) -> None:
    """Return if *by* may decide what *requested_by* asked for; raises ApproverRefused."""
    name = person(by)
    if not _account(by) or name == "planner" or name.startswith(("rule:", "order:")):
        raise ApproverRefused(
            "only a person can decide about a repair",
            value=by,
            remedy="Log in and decide under your own name.",
        )
    if is_same_person(by, requested_by):
        raise ApproverRefused(
            "who asks for a repair cannot approve it",
            value=by,
            remedy="Ask somebody else to decide.",
        )


def _account(name: str) -> str:
    return person(name).rpartition("\\")[2].partition("@")[0].strip()


def newest_first(approvals: Iterable[Approval]) -> list[Approval]:
    """Return them by when they were asked for, the last one first."""
    return sorted(approvals, key=lambda item: (item.requested_at, item.approval_id), reverse=True)
