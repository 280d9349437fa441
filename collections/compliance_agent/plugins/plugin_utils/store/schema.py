# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the index. Everything here can be made again from the evidence.

Rows of a site are named by where they stand in its log: the same evidence gives the same rows. What
the program itself has to remember (incidents, approvals, a queue) belongs in modules of its own,
and refers to evidence by bundle_id: a rebuild replaces every row of these tables.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ..evidence.coverage import RunStatus
from ..models import CheckId, CheckStatus, Outcome, Severity
from .columns import SORTED_TEXT, UtcTime, word

# A migration of a later release has to name what it changes.
NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(referred_table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}
ROOT_LENGTH, DIGEST_LENGTH, KEY_ID_LENGTH = 44, 64, 16  # base64, hexadecimal, hexadecimal


class KeyStatementKind(StrEnum):
    """What a statement about a key does to it."""

    ROTATION = "key_rotation"
    REVOCATION = "key_revocation"


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


class Site(Base):
    """How far the log of a site is indexed; *checkpoint* is the signed head that this is under."""

    __tablename__ = "sites"
    __table_args__ = (CheckConstraint("tree_size >= 0", name="tree_size"),)

    site_id: Mapped[str] = mapped_column(SORTED_TEXT, primary_key=True)
    log_origin: Mapped[str] = mapped_column(Text)
    tree_size: Mapped[int] = mapped_column(BigInteger)
    root: Mapped[str] = mapped_column(String(ROOT_LENGTH))
    checkpoint: Mapped[str] = mapped_column(Text)
    ingested_at: Mapped[datetime] = mapped_column(UtcTime)


class Run(Base):
    """A coverage statement; *log_index* is its own leaf, *first_index* the first one of the run."""

    __tablename__ = "runs"
    __table_args__ = (
        ForeignKeyConstraint(["site_id"], ["sites.site_id"]),
        UniqueConstraint("site_id", "run_id"),
    )

    site_id: Mapped[str] = mapped_column(SORTED_TEXT, primary_key=True)
    log_index: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    run_id: Mapped[str] = mapped_column(Text)
    status: Mapped[RunStatus] = mapped_column(word(RunStatus, "status"))
    started_at: Mapped[datetime] = mapped_column(UtcTime)
    sealed_at: Mapped[datetime] = mapped_column(UtcTime)
    clock_set_back_seconds: Mapped[int] = mapped_column(BigInteger)
    inventory_hosts: Mapped[int] = mapped_column(BigInteger)
    hosts: Mapped[int] = mapped_column(BigInteger)
    expected: Mapped[int] = mapped_column(BigInteger)
    obtained: Mapped[int] = mapped_column(BigInteger)
    missing: Mapped[int] = mapped_column(BigInteger)
    not_scheduled: Mapped[int] = mapped_column(BigInteger)
    bundles: Mapped[int] = mapped_column(BigInteger)
    first_index: Mapped[int] = mapped_column(BigInteger)
    key_id: Mapped[str] = mapped_column(String(KEY_ID_LENGTH))
    file: Mapped[str] = mapped_column(Text)
    line_sha256: Mapped[str] = mapped_column(String(DIGEST_LENGTH))


class Bundle(Base):
    """A bundle: what lists and filters need. The bundle itself is the line in the evidence."""

    __tablename__ = "bundles"
    __table_args__ = (
        ForeignKeyConstraint(["site_id", "run_index"], ["runs.site_id", "runs.log_index"]),
        UniqueConstraint("site_id", "bundle_id"),
        # Each list of the pages has the index that gives its rows in order.
        Index("ix_bundles_history", "site_id", "host_id", "check_id", "log_index"),
        Index("ix_bundles_time", "sealed_at", "site_id", "log_index"),
        Index("ix_bundles_status", "status", "sealed_at", "site_id", "log_index"),
    )

    site_id: Mapped[str] = mapped_column(SORTED_TEXT, primary_key=True)
    log_index: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    run_index: Mapped[int] = mapped_column(BigInteger)
    bundle_id: Mapped[str] = mapped_column(Text)
    host_id: Mapped[str] = mapped_column(SORTED_TEXT)
    check_id: Mapped[CheckId] = mapped_column(word(CheckId, "check_id"))
    status: Mapped[CheckStatus] = mapped_column(word(CheckStatus, "status"))
    outcome: Mapped[Outcome] = mapped_column(word(Outcome, "outcome"))
    reason_code: Mapped[str] = mapped_column(Text)
    error_code: Mapped[str | None] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    checked_at: Mapped[datetime | None] = mapped_column(UtcTime)
    sealed_at: Mapped[datetime] = mapped_column(UtcTime)
    controls: Mapped[list[Any]] = mapped_column(JSON)
    file: Mapped[str] = mapped_column(Text)
    byte_offset: Mapped[int] = mapped_column(BigInteger)
    byte_length: Mapped[int] = mapped_column(BigInteger)  # with its newline
    line_sha256: Mapped[str] = mapped_column(String(DIGEST_LENGTH))


class BundleFinding(Base):
    """One finding of a bundle, in its order there."""

    __tablename__ = "findings"
    __table_args__ = (
        ForeignKeyConstraint(["site_id", "log_index"], ["bundles.site_id", "bundles.log_index"]),
        Index("ix_findings_code", "code", "site_id", "log_index"),
    )

    site_id: Mapped[str] = mapped_column(SORTED_TEXT, primary_key=True)
    log_index: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    code: Mapped[str] = mapped_column(Text)
    status: Mapped[CheckStatus] = mapped_column(word(CheckStatus, "status"))
    severity: Mapped[Severity] = mapped_column(word(Severity, "severity"))
    scope: Mapped[str] = mapped_column(Text)
    gpo_managed: Mapped[bool] = mapped_column()


class LatestCheck(Base):
    """The newest bundle, by the order of the log, of each host and check of a site."""

    __tablename__ = "latest_checks"
    __table_args__ = (
        ForeignKeyConstraint(["site_id", "log_index"], ["bundles.site_id", "bundles.log_index"]),
    )

    site_id: Mapped[str] = mapped_column(SORTED_TEXT, primary_key=True)
    host_id: Mapped[str] = mapped_column(SORTED_TEXT, primary_key=True)
    check_id: Mapped[CheckId] = mapped_column(word(CheckId, "check_id"), primary_key=True)
    log_index: Mapped[int] = mapped_column(BigInteger)


class KeyStatement(Base):
    """A rotation (*subject_key_id* is the new key) or a revocation (it is the revoked one)."""

    __tablename__ = "key_statements"
    __table_args__ = (
        ForeignKeyConstraint(["site_id"], ["sites.site_id"]),
        UniqueConstraint("site_id", "statement_id"),
    )

    site_id: Mapped[str] = mapped_column(SORTED_TEXT, primary_key=True)
    log_index: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    statement_id: Mapped[str] = mapped_column(Text)
    kind: Mapped[KeyStatementKind] = mapped_column(word(KeyStatementKind, "kind"))
    issued_at: Mapped[datetime] = mapped_column(UtcTime)
    key_id: Mapped[str] = mapped_column(String(KEY_ID_LENGTH))
    subject_key_id: Mapped[str] = mapped_column(String(KEY_ID_LENGTH))
    compromised_at: Mapped[datetime | None] = mapped_column(UtcTime)
    reason_code: Mapped[str | None] = mapped_column(Text)
    file: Mapped[str] = mapped_column(Text)
    line_sha256: Mapped[str] = mapped_column(String(DIGEST_LENGTH))


# Rows of a site in the order in which they can be deleted.
INDEX_TABLES = (LatestCheck, BundleFinding, Bundle, Run, KeyStatement)
