# SPDX-License-Identifier: GPL-3.0-or-later
"""The index over the evidence.

Written out, not derived from schema.py: that changes with later releases, and this must not.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_SORTED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_TIME = sa.DateTime(timezone=True)
_STATUSES = ("PASS", "WARNING", "ERROR", "FAIL")
_CHECKS = ("patching", "av_edr", "backup", "logging", "firewall", "encryption")


def upgrade() -> None:
    """Make the tables of the first release that has an index."""
    _make_sites()
    _make_key_statements()
    _make_runs()
    _make_bundles()
    _make_findings()
    _make_latest_checks()


def _make_sites() -> None:
    op.create_table(
        "sites",
        sa.Column("site_id", _SORTED, nullable=False),
        sa.Column("log_origin", sa.Text, nullable=False),
        sa.Column("tree_size", sa.BigInteger, nullable=False),
        sa.Column("root", sa.String(44), nullable=False),
        sa.Column("checkpoint", sa.Text, nullable=False),
        sa.Column("ingested_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("site_id", name="pk_sites"),
        sa.CheckConstraint("tree_size >= 0", name="ck_sites_tree_size"),
    )


def _make_key_statements() -> None:
    op.create_table(
        "key_statements",
        sa.Column("site_id", _SORTED, nullable=False),
        sa.Column("log_index", sa.BigInteger, nullable=False),
        sa.Column("statement_id", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("issued_at", _TIME, nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("subject_key_id", sa.String(16), nullable=False),
        sa.Column("compromised_at", _TIME, nullable=True),
        sa.Column("reason_code", sa.Text, nullable=True),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("line_sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "log_index", name="pk_key_statements"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name="fk_key_statements_sites"),
        sa.UniqueConstraint(
            "site_id", "statement_id", name="uq_key_statements_site_id_statement_id"
        ),
        _words("key_statements", "kind", ("key_rotation", "key_revocation")),
    )


def _make_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("site_id", _SORTED, nullable=False),
        sa.Column("log_index", sa.BigInteger, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("sealed_at", _TIME, nullable=False),
        sa.Column("clock_set_back_seconds", sa.BigInteger, nullable=False),
        sa.Column("inventory_hosts", sa.BigInteger, nullable=False),
        sa.Column("hosts", sa.BigInteger, nullable=False),
        sa.Column("expected", sa.BigInteger, nullable=False),
        sa.Column("obtained", sa.BigInteger, nullable=False),
        sa.Column("missing", sa.BigInteger, nullable=False),
        sa.Column("not_scheduled", sa.BigInteger, nullable=False),
        sa.Column("bundles", sa.BigInteger, nullable=False),
        sa.Column("first_index", sa.BigInteger, nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("line_sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "log_index", name="pk_runs"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name="fk_runs_sites"),
        sa.UniqueConstraint("site_id", "run_id", name="uq_runs_site_id_run_id"),
        _words("runs", "status", ("complete", "interrupted")),
    )


def _make_bundles() -> None:
    op.create_table(
        "bundles",
        sa.Column("site_id", _SORTED, nullable=False),
        sa.Column("log_index", sa.BigInteger, nullable=False),
        sa.Column("run_index", sa.BigInteger, nullable=False),
        sa.Column("bundle_id", sa.Text, nullable=False),
        sa.Column("host_id", _SORTED, nullable=False),
        sa.Column("check_id", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("reason_code", sa.Text, nullable=False),
        sa.Column("error_code", sa.Text, nullable=True),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("checked_at", _TIME, nullable=True),
        sa.Column("sealed_at", _TIME, nullable=False),
        sa.Column("controls", sa.JSON, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("byte_offset", sa.BigInteger, nullable=False),
        sa.Column("byte_length", sa.BigInteger, nullable=False),
        sa.Column("line_sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "log_index", name="pk_bundles"),
        sa.ForeignKeyConstraint(
            ["site_id", "run_index"], ["runs.site_id", "runs.log_index"], name="fk_bundles_runs"
        ),
        sa.UniqueConstraint("site_id", "bundle_id", name="uq_bundles_site_id_bundle_id"),
        _words("bundles", "check_id", _CHECKS),
        _words("bundles", "status", _STATUSES),
        _words("bundles", "outcome", ("success", "failure", "partial")),
    )
    op.create_index(
        "ix_bundles_history", "bundles", ["site_id", "host_id", "check_id", "log_index"]
    )
    op.create_index("ix_bundles_time", "bundles", ["sealed_at", "site_id", "log_index"])
    op.create_index("ix_bundles_status", "bundles", ["status", "sealed_at", "site_id", "log_index"])


def _make_findings() -> None:
    op.create_table(
        "findings",
        sa.Column("site_id", _SORTED, nullable=False),
        sa.Column("log_index", sa.BigInteger, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("gpo_managed", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "log_index", "position", name="pk_findings"),
        sa.ForeignKeyConstraint(
            ["site_id", "log_index"],
            ["bundles.site_id", "bundles.log_index"],
            name="fk_findings_bundles",
        ),
        _words("findings", "status", _STATUSES),
        _words("findings", "severity", ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFO")),
    )
    op.create_index("ix_findings_code", "findings", ["code", "site_id", "log_index"])


def _make_latest_checks() -> None:
    op.create_table(
        "latest_checks",
        sa.Column("site_id", _SORTED, nullable=False),
        sa.Column("host_id", _SORTED, nullable=False),
        sa.Column("check_id", sa.String(16), nullable=False),
        sa.Column("log_index", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "host_id", "check_id", name="pk_latest_checks"),
        sa.ForeignKeyConstraint(
            ["site_id", "log_index"],
            ["bundles.site_id", "bundles.log_index"],
            name="fk_latest_checks_bundles",
        ),
        _words("latest_checks", "check_id", _CHECKS),
    )


def _words(table: str, column: str, words: tuple[str, ...]) -> sa.CheckConstraint:
    allowed = ", ".join(f"'{item}'" for item in words)
    return sa.CheckConstraint(f"{column} IN ({allowed})", name=f"ck_{table}_{column}")
