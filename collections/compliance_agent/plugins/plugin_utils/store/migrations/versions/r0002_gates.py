# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gate remembers.

Written out, not derived from gate_tables.py: that changes with later releases, and this must not.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SORTED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_TIME = sa.DateTime(timezone=True)
_CHECKS = ("patching", "av_edr", "backup", "logging", "firewall", "encryption")


def upgrade() -> None:
    """Make the tables of the first release that repairs."""
    _make_kill_switches()
    _make_approvals()
    _make_repair_claims()
    _make_queued_repairs()


def _make_kill_switches() -> None:
    op.create_table(
        "kill_switches",
        sa.Column("switch_id", sa.Text, nullable=False),
        sa.Column("scope", _SORTED, nullable=False),
        sa.Column("on_by", sa.Text, nullable=False),
        sa.Column("on_at", _TIME, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("off_by", sa.Text, nullable=True),
        sa.Column("off_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("switch_id", name="pk_kill_switches"),
    )
    _unique_while("uq_kill_switches_on", "kill_switches", ["scope"], "off_at IS NULL")


def _make_approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("approval_id", sa.Text, nullable=False),
        sa.Column("site_id", _SORTED, nullable=False),
        sa.Column("host_id", _SORTED, nullable=False),
        sa.Column("check_id", sa.String(16), nullable=False),
        sa.Column("runbook_id", sa.Text, nullable=False),
        sa.Column("parameters_sha256", sa.String(64), nullable=False),
        sa.Column("requester", sa.Text, nullable=False),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("requested_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("decided_by", sa.Text, nullable=True),
        sa.Column("decided_at", _TIME, nullable=True),
        sa.Column("used_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("approval_id", name="pk_approvals"),
        _words("approvals", "check_id", _CHECKS),
        _words("approvals", "state", ("pending", "approved", "refused", "used", "expired")),
    )
    _unique_while(
        "uq_approvals_open",
        "approvals",
        ["site_id", "host_id", "check_id", "runbook_id", "parameters_sha256", "requester"],
        "state IN ('pending', 'approved')",
    )
    op.create_index("ix_approvals_state", "approvals", ["site_id", "state", "requested_at"])
    op.create_index(
        "ix_approvals_repair", "approvals", ["site_id", "host_id", "check_id", "requested_at"]
    )


def _make_repair_claims() -> None:
    op.create_table(
        "repair_claims",
        sa.Column("site_id", _SORTED, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("host_id", _SORTED, nullable=False),
        sa.Column("check_id", sa.String(16), nullable=False),
        sa.Column("requested_by", sa.Text, nullable=False),
        sa.Column("incident_id", sa.Text, nullable=False),
        sa.Column("runbook_id", sa.Text, nullable=False),
        sa.Column("serialized_as", sa.Text, nullable=False),
        sa.Column("is_canary", sa.Boolean, nullable=False),
        sa.Column("approval_id", sa.Text, nullable=True),
        sa.Column("cooldown_seconds", sa.BigInteger, nullable=False),
        sa.Column("claimed_at", _TIME, nullable=False),
        sa.Column("cooldown_until", _TIME, nullable=False),
        sa.Column("released_at", _TIME, nullable=True),
        sa.Column("outcome", sa.String(16), nullable=True),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("machine", sa.Text, nullable=False),
        sa.Column("boot", sa.Text, nullable=False),
        sa.Column("pid", sa.BigInteger, nullable=False),
        sa.Column("started", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "number", name="pk_repair_claims"),
        sa.ForeignKeyConstraint(
            ["approval_id"], ["approvals.approval_id"], name="fk_repair_claims_approvals"
        ),
        sa.CheckConstraint(
            "(released_at IS NULL) = (outcome IS NULL)", name="ck_repair_claims_released"
        ),
        _words("repair_claims", "check_id", _CHECKS),
        _words("repair_claims", "outcome", ("success", "failure", "partial")),
    )
    _unique_while(
        "uq_repair_claims_running", "repair_claims", ["site_id", "host_id"], "released_at IS NULL"
    )
    op.create_index(
        "ix_repair_claims_tries",
        "repair_claims",
        ["site_id", "host_id", "check_id", "requested_by", "number"],
    )
    op.create_index(
        "ix_repair_claims_canary",
        "repair_claims",
        ["site_id", "runbook_id", "is_canary", "number"],
    )
    op.create_index("uq_repair_claims_approval", "repair_claims", ["approval_id"], unique=True)


def _make_queued_repairs() -> None:
    op.create_table(
        "queued_repairs",
        sa.Column("site_id", _SORTED, nullable=False),
        sa.Column("host_id", _SORTED, nullable=False),
        sa.Column("check_id", sa.String(16), nullable=False),
        sa.Column("runbook_id", sa.Text, nullable=False),
        sa.Column("parameters_sha256", sa.String(64), nullable=False),
        sa.Column("incident_id", sa.Text, nullable=False),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("queued_at", _TIME, nullable=False),
        sa.Column("opens_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint(
            "site_id",
            "host_id",
            "check_id",
            "runbook_id",
            "parameters_sha256",
            name="pk_queued_repairs",
        ),
        _words("queued_repairs", "check_id", _CHECKS),
    )
    op.create_index("ix_queued_repairs_incident", "queued_repairs", ["site_id", "incident_id"])


def _unique_while(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=True, sqlite_where=where, postgresql_where=where)


def _words(table: str, column: str, words: tuple[str, ...]) -> sa.CheckConstraint:
    allowed = ", ".join(f"'{item}'" for item in words)
    return sa.CheckConstraint(f"{column} IN ({allowed})", name=f"ck_{table}_{column}")
