# SPDX-License-Identifier: GPL-3.0-or-later
"""What the healer has to remember.

Written out, not derived from healing_tables.py: that changes with later releases, and this must
not.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_SORTED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_TIME = sa.DateTime(timezone=True)
_SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_STATUSES = ("PASS", "WARNING", "ERROR", "FAIL")
_SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFO")
_CHECKS = ("patching", "av_edr", "backup", "logging", "firewall", "encryption")
_INCIDENT_STATUSES = ("OPEN", "IN_PROGRESS", "RESOLVED", "ESCALATED")
_OUTCOMES = ("success", "failure", "partial")
_URGENCIES = ("immediate", "next_business_day", "scheduled")
_PHASES = ("precondition", "step", "rollback", "validation")
_STATES = (
    "planned", "claimed", "checked", "acting", "validating", "rechecking", "rolling_back",
    "succeeded", "rolled_back", "failed", "refused",
)  # fmt: skip
_PAIR = ("site_id", "host_id", "check_id")


def upgrade() -> None:
    """Make the tables of incidents, attempts, tickets and what hangs on them."""
    _make_pairs()
    _make_incidents()
    _make_incident_findings()
    _make_attempts()
    _make_attempt_steps()
    _make_decisions()
    _make_tickets()
    _make_ticket_attempts()
    _make_suppressions()
    _make_rechecks()
    _make_outbox()


def _make_pairs() -> None:
    op.create_table(
        "healing_pairs",
        *_pair(),
        sa.Column("last_seen_at", _TIME, nullable=True),
        sa.Column("last_run_id", sa.Text, nullable=True),
        sa.Column("retry_tries", sa.Integer, nullable=True),
        sa.Column("retry_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint(*_PAIR, name="pk_healing_pairs"),
        _words("healing_pairs", "check_id", _CHECKS),
    )


def _make_incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("incident_id", sa.String(36), nullable=False),
        *_pair(),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("resolved_at", _TIME, nullable=True),
        sa.Column("resolution_level", sa.Integer, nullable=True),
        sa.Column("runbook_id", sa.Text, nullable=True),
        sa.Column("evidence_bundle_id", sa.Text, nullable=True),
        sa.Column("resolved_attempt_id", sa.String(36), nullable=True),
        sa.Column("recurrence_count", sa.Integer, nullable=False),
        sa.Column("last_status", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("incident_id", name="pk_incidents"),
        _words("incidents", "check_id", _CHECKS),
        _words("incidents", "severity", _SEVERITIES),
        _words("incidents", "status", _INCIDENT_STATUSES),
        _words("incidents", "last_status", _STATUSES),
        sa.CheckConstraint("resolution_level IN (1, 2, 3)", name="ck_incidents_resolution_level"),
    )
    _one_of("incidents", "open", "status <> 'RESOLVED'")
    op.create_index("ix_incidents_history", "incidents", [*_PAIR, "created_at"])
    op.create_index("ix_incidents_status", "incidents", ["status", "created_at"])


def _make_incident_findings() -> None:
    op.create_table(
        "incident_findings",
        sa.Column("incident_id", sa.String(36), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("gpo_managed", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("incident_id", "position", name="pk_incident_findings"),
        _refers("incident_findings", "incident_id", "incidents"),
        _words("incident_findings", "status", _STATUSES),
        _words("incident_findings", "severity", _SEVERITIES),
    )


def _make_attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("attempt_id", sa.String(36), nullable=False),
        sa.Column("incident_id", sa.String(36), nullable=False),
        *_pair(),
        sa.Column("tier", sa.Integer, nullable=False),
        sa.Column("requested_by", sa.Text, nullable=False),
        sa.Column("runbook_id", sa.Text, nullable=False),
        sa.Column("repair_sha256", sa.String(64), nullable=False),
        sa.Column("parameters", sa.JSON, nullable=True),
        sa.Column("claims", sa.JSON, nullable=False),
        sa.Column("codes_before", sa.JSON, nullable=False),
        sa.Column("can_roll_back", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("step_id", sa.Integer, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("resumptions", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=True),
        sa.Column("outcome", sa.String(16), nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("moved_at", _TIME, nullable=False),
        sa.Column("finished_at", _TIME, nullable=True),
        sa.Column("evidence_bundle_id", sa.Text, nullable=True),
        sa.Column("relapsed_at", _TIME, nullable=True),
        sa.Column("amended_outcome", sa.String(16), nullable=True),
        sa.Column("amended_bundle_id", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("attempt_id", name="pk_attempts"),
        _refers("attempts", "incident_id", "incidents"),
        sa.CheckConstraint("tier IN (1, 2, 3)", name="ck_attempts_tier"),
        _words("attempts", "check_id", _CHECKS),
        _words("attempts", "state", _STATES),
        _words("attempts", "outcome", _OUTCOMES),
        _words("attempts", "amended_outcome", _OUTCOMES),
    )
    _one_of("attempts", "unfinished", "finished_at IS NULL")
    op.create_index("ix_attempts_history", "attempts", [*_PAIR, "created_at"])
    op.create_index("ix_attempts_incident_id", "attempts", ["incident_id"])


def _make_attempt_steps() -> None:
    op.create_table(
        "attempt_steps",
        sa.Column("attempt_id", sa.String(36), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("step_id", sa.Integer, nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("finished_at", _TIME, nullable=True),
        sa.Column("changed", sa.Boolean, nullable=True),
        sa.Column("note", sa.Text, nullable=True),
        sa.Column("failure", sa.Text, nullable=True),
        sa.Column("hresult", sa.Text, nullable=True),
        sa.Column("elapsed_ms", sa.Integer, nullable=True),
        sa.Column("saved", sa.JSON, nullable=True),
        sa.PrimaryKeyConstraint("attempt_id", "position", name="pk_attempt_steps"),
        _refers("attempt_steps", "attempt_id", "attempts"),
        _words("attempt_steps", "phase", _PHASES),
    )


def _make_decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.String(36), nullable=False),
        sa.Column("incident_id", sa.String(36), nullable=False),
        sa.Column("decided_at", _TIME, nullable=False),
        sa.Column("runbook_id", sa.Text, nullable=True),
        sa.Column("record", sa.JSON, nullable=False),
        sa.Column("record_sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name="pk_decisions"),
        _refers("decisions", "incident_id", "incidents"),
    )
    op.create_index("ix_decisions_incident_id", "decisions", ["incident_id", "decided_at"])


def _make_tickets() -> None:
    op.create_table(
        "tickets",
        sa.Column("ticket_id", sa.String(36), nullable=False),
        *_pair(),
        sa.Column("incident_id", sa.String(36), nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("urgency", sa.String(32), nullable=False),
        sa.Column("channels", sa.JSON, nullable=False),
        sa.Column("suggested_actions", sa.JSON, nullable=False),
        sa.Column("finding_codes", sa.JSON, nullable=False),
        sa.Column("l2_reasoning", sa.Text, nullable=True),
        sa.Column("tamper_protected", sa.Boolean, nullable=False),
        sa.Column("is_flagged", sa.Boolean, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("opened_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.Column("closed_at", _TIME, nullable=True),
        sa.Column("closed_by", sa.Text, nullable=True),
        sa.Column("previous_ticket_id", sa.String(36), nullable=True),
        sa.Column("history", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name="pk_tickets"),
        _refers("tickets", "incident_id", "incidents"),
        _words("tickets", "check_id", _CHECKS),
        _words("tickets", "urgency", _URGENCIES),
    )
    _one_of("tickets", "open", "closed_at IS NULL")
    op.create_index("ix_tickets_history", "tickets", [*_PAIR, "opened_at"])


def _make_ticket_attempts() -> None:
    op.create_table(
        "ticket_attempts",
        sa.Column("ticket_id", sa.String(36), nullable=False),
        sa.Column("attempt_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "attempt_id", name="pk_ticket_attempts"),
        _refers("ticket_attempts", "ticket_id", "tickets"),
        _refers("ticket_attempts", "attempt_id", "attempts"),
    )


def _make_suppressions() -> None:
    op.create_table(
        "suppressions",
        *_pair(),
        sa.Column("runbook_id", _SORTED, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.Column("suppressed_at", _TIME, nullable=False),
        sa.Column("cleared_at", _TIME, nullable=True),
        sa.Column("cleared_by", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint(*_PAIR, "runbook_id", name="pk_suppressions"),
        _words("suppressions", "check_id", _CHECKS),
    )


def _make_rechecks() -> None:
    op.create_table(
        "rechecks",
        *_pair(),
        sa.Column("attempt_id", sa.String(36), nullable=False),
        sa.Column("due_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint(*_PAIR, name="pk_rechecks"),
        _refers("rechecks", "attempt_id", "attempts"),
        _words("rechecks", "check_id", _CHECKS),
    )
    op.create_index("ix_rechecks_due", "rechecks", ["site_id", "due_at"])


def _make_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("sequence", _SEQUENCE, nullable=False, autoincrement=True),
        sa.Column("message_key", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("message", sa.JSON, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("next_try_at", _TIME, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("sent_at", _TIME, nullable=True),
        sa.Column("last_error", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("sequence", name="pk_outbox"),
        sa.UniqueConstraint("message_key", name="uq_outbox_message_key"),
    )
    op.create_index("ix_outbox_due", "outbox", ["sent_at", "next_try_at", "sequence"])


def _pair() -> tuple[sa.Column[str], ...]:
    return (
        sa.Column("site_id", _SORTED, nullable=False),
        sa.Column("host_id", _SORTED, nullable=False),
        sa.Column("check_id", sa.String(16), nullable=False),
    )


def _one_of(table: str, name: str, condition: str) -> None:
    where = sa.text(condition)
    op.create_index(
        f"ix_{table}_{name}",
        table,
        list(_PAIR),
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.{column}"], name=f"fk_{table}_{other}")


def _words(table: str, column: str, words: tuple[str, ...]) -> sa.CheckConstraint:
    allowed = ", ".join(f"'{item}'" for item in words)
    return sa.CheckConstraint(f"{column} IN ({allowed})", name=f"ck_{table}_{column}")
