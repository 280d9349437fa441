# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of what the healer has to remember. Unlike the index, nothing else can make them anew.

They refer to evidence by bundle_id, never by a foreign key: a rebuild replaces the index. There is
no column for a value, a message or a variable of a host; what a rollback needs of its old values
is taken out again when the attempt has ended.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Enum,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ..healing.attempts import AttemptState
from ..healing.steps import Phase
from ..models import CheckId, CheckStatus, IncidentStatus, Outcome, Severity, Urgency
from .columns import SORTED_TEXT, UtcTime, word
from .schema import DIGEST_LENGTH, Base

ID_LENGTH = 36  # a UUID
TIERS = "IN (1, 2, 3)"
# The longest urgency has a letter more than the words of the index.
URGENCY = Enum(
    Urgency,
    name="urgency",
    native_enum=False,
    create_constraint=True,
    length=32,
    values_callable=lambda words: [item.value for item in words],
)
# SQLite counts rows by itself for INTEGER only.
SEQUENCE = BigInteger().with_variant(Integer, "sqlite")


def _one_of(table: str, name: str, condition: str) -> Index:
    """Return an index that allows one row of a pair that meets *condition*."""
    where = text(condition)
    columns = ("site_id", "host_id", "check_id")
    return Index(
        f"ix_{table}_{name}", *columns, unique=True, sqlite_where=where, postgresql_where=where
    )


class Pair(Base):
    """A pair that did not pass once: its row is what changes of its incident wait for."""

    __tablename__ = "healing_pairs"

    site_id: Mapped[str] = mapped_column(SORTED_TEXT, primary_key=True)
    host_id: Mapped[str] = mapped_column(SORTED_TEXT, primary_key=True)
    check_id: Mapped[CheckId] = mapped_column(word(CheckId, "check_id"), primary_key=True)
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcTime)
    last_run_id: Mapped[str | None] = mapped_column(Text)
    retry_tries: Mapped[int | None] = mapped_column(Integer)
    retry_at: Mapped[datetime | None] = mapped_column(UtcTime)


class IncidentRow(Base):
    """An incident; *resolved_attempt_id* is the repair that resolved it, *reason* a code."""

    __tablename__ = "incidents"
    __table_args__ = (
        CheckConstraint(f"resolution_level {TIERS}", name="resolution_level"),
        _one_of("incidents", "open", "status <> 'RESOLVED'"),
        Index("ix_incidents_history", "site_id", "host_id", "check_id", "created_at"),
        Index("ix_incidents_status", "status", "created_at"),
    )

    incident_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    site_id: Mapped[str] = mapped_column(SORTED_TEXT)
    host_id: Mapped[str] = mapped_column(SORTED_TEXT)
    check_id: Mapped[CheckId] = mapped_column(word(CheckId, "check_id"))
    severity: Mapped[Severity] = mapped_column(word(Severity, "severity"))
    status: Mapped[IncidentStatus] = mapped_column(word(IncidentStatus, "status"))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcTime)
    resolution_level: Mapped[int | None] = mapped_column(Integer)
    runbook_id: Mapped[str | None] = mapped_column(Text)
    evidence_bundle_id: Mapped[str | None] = mapped_column(Text)
    resolved_attempt_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    recurrence_count: Mapped[int] = mapped_column(Integer)
    last_status: Mapped[CheckStatus] = mapped_column(word(CheckStatus, "last_status"))
    reason: Mapped[str | None] = mapped_column(Text)


class IncidentFinding(Base):
    """A finding of the incident as it was seen last; no value, and no scope but ours."""

    __tablename__ = "incident_findings"
    __table_args__ = (ForeignKeyConstraint(["incident_id"], ["incidents.incident_id"]),)

    incident_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = mapped_column(Text)
    status: Mapped[CheckStatus] = mapped_column(word(CheckStatus, "status"))
    severity: Mapped[Severity] = mapped_column(word(Severity, "severity"))
    scope: Mapped[str] = mapped_column(Text)
    gpo_managed: Mapped[bool] = mapped_column()


class AttemptRow(Base):
    """An attempt; an incident has one that has not ended at most."""

    __tablename__ = "attempts"
    __table_args__ = (
        ForeignKeyConstraint(["incident_id"], ["incidents.incident_id"]),
        CheckConstraint(f"tier {TIERS}", name="tier"),
        _one_of("attempts", "unfinished", "finished_at IS NULL"),
        Index("ix_attempts_history", "site_id", "host_id", "check_id", "created_at"),
        Index("ix_attempts_incident_id", "incident_id"),
    )

    attempt_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    incident_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    site_id: Mapped[str] = mapped_column(SORTED_TEXT)
    host_id: Mapped[str] = mapped_column(SORTED_TEXT)
    check_id: Mapped[CheckId] = mapped_column(word(CheckId, "check_id"))
    tier: Mapped[int] = mapped_column(Integer)
    requested_by: Mapped[str] = mapped_column(Text)
    runbook_id: Mapped[str] = mapped_column(Text)
    repair_sha256: Mapped[str] = mapped_column(String(DIGEST_LENGTH))
    parameters: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    claims: Mapped[list[Any]] = mapped_column(JSON)
    codes_before: Mapped[list[Any]] = mapped_column(JSON)
    can_roll_back: Mapped[bool] = mapped_column()
    state: Mapped[AttemptState] = mapped_column(word(AttemptState, "state"))
    step_id: Mapped[int] = mapped_column(Integer)
    run_id: Mapped[str] = mapped_column(Text)
    resumptions: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str | None] = mapped_column(Text)
    outcome: Mapped[Outcome | None] = mapped_column(word(Outcome, "outcome"))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    moved_at: Mapped[datetime] = mapped_column(UtcTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcTime)
    evidence_bundle_id: Mapped[str | None] = mapped_column(Text)
    relapsed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    amended_outcome: Mapped[Outcome | None] = mapped_column(word(Outcome, "amended_outcome"))
    amended_bundle_id: Mapped[str | None] = mapped_column(Text)


class AttemptStep(Base):
    """A script of an attempt; *finished_at* is null while, or if, nobody saw it end."""

    __tablename__ = "attempt_steps"
    __table_args__ = (ForeignKeyConstraint(["attempt_id"], ["attempts.attempt_id"]),)

    attempt_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    phase: Mapped[Phase] = mapped_column(word(Phase, "phase"))
    step_id: Mapped[int] = mapped_column(Integer)
    started_at: Mapped[datetime] = mapped_column(UtcTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcTime)
    changed: Mapped[bool | None] = mapped_column()
    note: Mapped[str | None] = mapped_column(Text)
    failure: Mapped[str | None] = mapped_column(Text)
    hresult: Mapped[str | None] = mapped_column(Text)
    elapsed_ms: Mapped[int | None] = mapped_column(Integer)
    saved: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class Decision(Base):
    """What the planner decided; *record* is its own scrubbed record, and *record_sha256* of it."""

    __tablename__ = "decisions"
    __table_args__ = (
        ForeignKeyConstraint(["incident_id"], ["incidents.incident_id"]),
        Index("ix_decisions_incident_id", "incident_id", "decided_at"),
    )

    decision_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    incident_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    decided_at: Mapped[datetime] = mapped_column(UtcTime)
    runbook_id: Mapped[str | None] = mapped_column(Text)  # null: it escalates
    record: Mapped[dict[str, Any]] = mapped_column(JSON)
    record_sha256: Mapped[str] = mapped_column(String(DIGEST_LENGTH))


class TicketRow(Base):
    """A ticket; *history* is when it was opened, changed, closed and re-opened, and why."""

    __tablename__ = "tickets"
    __table_args__ = (
        ForeignKeyConstraint(["incident_id"], ["incidents.incident_id"]),
        _one_of("tickets", "open", "closed_at IS NULL"),
        Index("ix_tickets_history", "site_id", "host_id", "check_id", "opened_at"),
    )

    ticket_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    site_id: Mapped[str] = mapped_column(SORTED_TEXT)
    host_id: Mapped[str] = mapped_column(SORTED_TEXT)
    check_id: Mapped[CheckId] = mapped_column(word(CheckId, "check_id"))
    incident_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    code: Mapped[str] = mapped_column(Text)
    urgency: Mapped[Urgency] = mapped_column(URGENCY)
    channels: Mapped[list[Any]] = mapped_column(JSON)
    suggested_actions: Mapped[list[Any]] = mapped_column(JSON)
    finding_codes: Mapped[list[Any]] = mapped_column(JSON)  # every one that it was ever about
    l2_reasoning: Mapped[str | None] = mapped_column(Text)
    tamper_protected: Mapped[bool] = mapped_column()
    is_flagged: Mapped[bool] = mapped_column()
    revision: Mapped[int] = mapped_column(Integer)
    opened_at: Mapped[datetime] = mapped_column(UtcTime)
    updated_at: Mapped[datetime] = mapped_column(UtcTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    closed_by: Mapped[str | None] = mapped_column(Text)
    previous_ticket_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    history: Mapped[list[Any]] = mapped_column(JSON)


class TicketAttempt(Base):
    """An attempt that a ticket tells of, in its order there."""

    __tablename__ = "ticket_attempts"
    __table_args__ = (
        ForeignKeyConstraint(["ticket_id"], ["tickets.ticket_id"]),
        ForeignKeyConstraint(["attempt_id"], ["attempts.attempt_id"]),
    )

    ticket_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    attempt_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)


class Suppression(Base):
    """A runbook, or ``*`` for all, that is not run for a pair until an operator clears it."""

    __tablename__ = "suppressions"

    site_id: Mapped[str] = mapped_column(SORTED_TEXT, primary_key=True)
    host_id: Mapped[str] = mapped_column(SORTED_TEXT, primary_key=True)
    check_id: Mapped[CheckId] = mapped_column(word(CheckId, "check_id"), primary_key=True)
    runbook_id: Mapped[str] = mapped_column(SORTED_TEXT, primary_key=True)
    code: Mapped[str] = mapped_column(Text)
    is_active: Mapped[bool] = mapped_column()
    suppressed_at: Mapped[datetime] = mapped_column(UtcTime)
    cleared_at: Mapped[datetime | None] = mapped_column(UtcTime)
    cleared_by: Mapped[str | None] = mapped_column(Text)


class RecheckDue(Base):
    """A repair that has to be looked at again when group policies were applied anew."""

    __tablename__ = "rechecks"
    __table_args__ = (
        ForeignKeyConstraint(["attempt_id"], ["attempts.attempt_id"]),
        Index("ix_rechecks_due", "site_id", "due_at"),
    )

    site_id: Mapped[str] = mapped_column(SORTED_TEXT, primary_key=True)
    host_id: Mapped[str] = mapped_column(SORTED_TEXT, primary_key=True)
    check_id: Mapped[CheckId] = mapped_column(word(CheckId, "check_id"), primary_key=True)
    attempt_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    due_at: Mapped[datetime] = mapped_column(UtcTime)


class OutboxRow(Base):
    """A message to be sent, at least once; *message_key* makes that it is written once."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("message_key"),
        Index("ix_outbox_due", "sent_at", "next_try_at", "sequence"),
    )

    sequence: Mapped[int] = mapped_column(SEQUENCE, primary_key=True, autoincrement=True)
    message_key: Mapped[str] = mapped_column(Text)
    topic: Mapped[str] = mapped_column(Text)
    message: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    next_try_at: Mapped[datetime] = mapped_column(UtcTime)
    tries: Mapped[int] = mapped_column(Integer)
    sent_at: Mapped[datetime | None] = mapped_column(UtcTime)
    last_error: Mapped[str | None] = mapped_column(Text)


HEALING_TABLES = (
    Pair, IncidentRow, IncidentFinding, AttemptRow, AttemptStep, Decision, TicketRow,
    TicketAttempt, Suppression, RecheckDue, OutboxRow,
)  # fmt: skip
