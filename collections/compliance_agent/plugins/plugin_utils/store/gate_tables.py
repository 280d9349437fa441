# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the gate: what must be remembered so that nothing is repaired twice or unasked.

Unlike the index they cannot be made again from the evidence: they belong into a backup. Rules that
must hold whatever a program does are indexes here: one repair per host at a time, one open request
for an approval per requester and repair, one switch per scope.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ..healing.approvals import ApprovalState
from ..models import CheckId, Outcome
from .columns import SORTED_TEXT, UtcTime, word
from .schema import DIGEST_LENGTH, Base

# No site has this name, since those begin with a letter or digit.
ALL_SITES = "*"
_SWITCHED_ON = text("off_at IS NULL")
_RUNNING = text("released_at IS NULL")
_OPEN = text("state IN ('pending', 'approved')")


class KillSwitchRow(Base):
    """Who stopped all repairs of a site, or of `ALL_SITES`, and who let them go on."""

    __tablename__ = "kill_switches"
    __table_args__ = (
        Index(
            "uq_kill_switches_on",
            "scope",
            unique=True,
            sqlite_where=_SWITCHED_ON,
            postgresql_where=_SWITCHED_ON,
        ),
    )

    switch_id: Mapped[str] = mapped_column(Text, primary_key=True)
    scope: Mapped[str] = mapped_column(SORTED_TEXT)
    on_by: Mapped[str] = mapped_column(Text)
    on_at: Mapped[datetime] = mapped_column(UtcTime)
    reason: Mapped[str] = mapped_column(Text)
    off_by: Mapped[str | None] = mapped_column(Text)
    off_at: Mapped[datetime | None] = mapped_column(UtcTime)


class ApprovalRow(Base):
    """A request for an approval, and what became of it; *request* is the whole repair."""

    __tablename__ = "approvals"
    __table_args__ = (
        Index(
            "uq_approvals_open",
            "site_id",
            "host_id",
            "check_id",
            "runbook_id",
            "parameters_sha256",
            "requester",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("ix_approvals_state", "site_id", "state", "requested_at"),
        Index("ix_approvals_repair", "site_id", "host_id", "check_id", "requested_at"),
    )

    approval_id: Mapped[str] = mapped_column(Text, primary_key=True)
    site_id: Mapped[str] = mapped_column(SORTED_TEXT)
    host_id: Mapped[str] = mapped_column(SORTED_TEXT)
    check_id: Mapped[CheckId] = mapped_column(word(CheckId, "check_id"))
    runbook_id: Mapped[str] = mapped_column(Text)
    parameters_sha256: Mapped[str] = mapped_column(String(DIGEST_LENGTH))
    requester: Mapped[str] = mapped_column(Text)  # in the form that names are compared in
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    requested_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime] = mapped_column(UtcTime)
    state: Mapped[ApprovalState] = mapped_column(word(ApprovalState, "state"))
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(UtcTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcTime)


class DeadRunRow(Base):
    """A run whose process a person knows to be dead, where no other run can see that."""

    __tablename__ = "dead_runs"

    site_id: Mapped[str] = mapped_column(SORTED_TEXT, primary_key=True)
    run_id: Mapped[str] = mapped_column(SORTED_TEXT, primary_key=True)
    declared_by: Mapped[str] = mapped_column(Text)
    declared_at: Mapped[datetime] = mapped_column(UtcTime)


class RepairClaimRow(Base):
    """One try of one repair: the host was taken for it, and is free again at *released_at*.

    *number* counts the tries of a site, so that their order is that of the database and not of a
    clock. *run_id* and what follows is the process that acts.
    """

    __tablename__ = "repair_claims"
    __table_args__ = (
        ForeignKeyConstraint(["approval_id"], ["approvals.approval_id"]),
        CheckConstraint("(released_at IS NULL) = (outcome IS NULL)", name="released"),
        Index(
            "uq_repair_claims_running",
            "site_id",
            "host_id",
            unique=True,
            sqlite_where=_RUNNING,
            postgresql_where=_RUNNING,
        ),
        Index("ix_repair_claims_tries", "site_id", "host_id", "check_id", "requested_by", "number"),
        Index("ix_repair_claims_canary", "site_id", "runbook_id", "is_canary", "number"),
        Index("uq_repair_claims_approval", "approval_id", unique=True),
    )

    site_id: Mapped[str] = mapped_column(SORTED_TEXT, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    host_id: Mapped[str] = mapped_column(SORTED_TEXT)
    check_id: Mapped[CheckId] = mapped_column(word(CheckId, "check_id"))
    requested_by: Mapped[str] = mapped_column(Text)
    incident_id: Mapped[str] = mapped_column(Text)
    runbook_id: Mapped[str] = mapped_column(Text)
    serialized_as: Mapped[str] = mapped_column(Text)
    is_canary: Mapped[bool] = mapped_column()
    approval_id: Mapped[str | None] = mapped_column(Text)
    cooldown_seconds: Mapped[int] = mapped_column(BigInteger)
    claimed_at: Mapped[datetime] = mapped_column(UtcTime)
    cooldown_until: Mapped[datetime] = mapped_column(UtcTime)
    released_at: Mapped[datetime | None] = mapped_column(UtcTime)
    outcome: Mapped[Outcome | None] = mapped_column(word(Outcome, "outcome"))
    run_id: Mapped[str] = mapped_column(Text)
    machine: Mapped[str] = mapped_column(Text)
    boot: Mapped[str] = mapped_column(Text)
    pid: Mapped[int] = mapped_column(BigInteger)
    started: Mapped[str] = mapped_column(Text)


class QueuedRepairRow(Base):
    """A repair that waits for a window; the same one is queued once."""

    __tablename__ = "queued_repairs"
    __table_args__ = (Index("ix_queued_repairs_incident", "site_id", "incident_id"),)

    site_id: Mapped[str] = mapped_column(SORTED_TEXT, primary_key=True)
    host_id: Mapped[str] = mapped_column(SORTED_TEXT, primary_key=True)
    check_id: Mapped[CheckId] = mapped_column(word(CheckId, "check_id"), primary_key=True)
    runbook_id: Mapped[str] = mapped_column(Text, primary_key=True)
    parameters_sha256: Mapped[str] = mapped_column(String(DIGEST_LENGTH), primary_key=True)
    incident_id: Mapped[str] = mapped_column(Text)
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    code: Mapped[str] = mapped_column(Text)
    queued_at: Mapped[datetime] = mapped_column(UtcTime)
    opens_at: Mapped[datetime | None] = mapped_column(UtcTime)
