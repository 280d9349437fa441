# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the index: the questions of the pages and of the interface contract.

Each answer costs what it shows, not what the index holds: a list has a limit, its rows come from an
index in their order, and findings are fetched for all of them at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select, tuple_
from sqlalchemy.orm import Session

from ..evidence.coverage import RunStatus
from ..models import CheckId, CheckStatus, Outcome, Severity
from .documents import LinePlace
from .schema import Bundle, BundleFinding, LatestCheck, Run, Site

LIMIT_MAX = 1000


@dataclass(frozen=True, slots=True)
class IndexedFinding:
    code: str
    status: CheckStatus
    severity: Severity
    scope: str
    gpo_managed: bool


@dataclass(frozen=True, slots=True)
class HostCheck:
    """One check of one host of a site."""

    site_id: str
    host_id: str
    check_id: CheckId


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page over all sites ended: the next one begins before it."""

    sealed_at: datetime
    site_id: str
    log_index: int


@dataclass(frozen=True, slots=True)
class IndexedBundle:
    """What the index knows of a bundle. *place* leads to the bundle: see ``lines.stored_line``.

    *checked_at* is when the host was observed, None without a verdict.
    """

    site_id: str
    log_index: int
    bundle_id: str
    host_id: str
    check_id: CheckId
    status: CheckStatus
    outcome: Outcome
    reason_code: str
    error_code: str | None
    message: str
    checked_at: datetime | None
    sealed_at: datetime
    controls: tuple[str, ...]
    findings: tuple[IndexedFinding, ...]
    place: LinePlace

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.sealed_at, self.site_id, self.log_index)


@dataclass(frozen=True, slots=True)
class IndexedRun:
    """What the index knows of a run; times are those of its statement."""

    site_id: str
    log_index: int
    run_id: str
    status: RunStatus
    started_at: datetime
    sealed_at: datetime
    expected: int
    obtained: int
    missing: int
    not_scheduled: int
    bundles: int


@dataclass(frozen=True, slots=True)
class IndexedSite:
    """How far a site is indexed. *ingested_at* is when index and evidence were last the same."""

    site_id: str
    tree_size: int
    root: str
    ingested_at: datetime
    runs: int
    bundles: int


def latest_checks(
    session: Session,
    site_id: str,
    limit: int = LIMIT_MAX,
    after: tuple[str, CheckId] | None = None,
) -> list[IndexedBundle]:
    """Return the newest bundle of each host and check of a site, by host and check.

    Newest is what the log holds last. *after* is host and check of the last row of the page before.
    """
    wanted = (
        select(Bundle)
        .join_from(
            LatestCheck,
            Bundle,
            (Bundle.site_id == LatestCheck.site_id) & (Bundle.log_index == LatestCheck.log_index),
        )
        .where(LatestCheck.site_id == site_id)
        .order_by(LatestCheck.host_id, LatestCheck.check_id)
    )
    if after is not None:
        wanted = wanted.where(_key(LatestCheck.host_id, LatestCheck.check_id) > _key(*after))
    return _bundles(session, wanted, limit)


def history(
    session: Session, pair: HostCheck, limit: int = 50, before: int | None = None
) -> list[IndexedBundle]:
    """Return the bundles of one check of one host, the newest first.

    *before* is the log_index of the last row of the page before.
    """
    wanted = (
        select(Bundle)
        .where(
            Bundle.site_id == pair.site_id,
            Bundle.host_id == pair.host_id,
            Bundle.check_id == pair.check_id,
        )
        .order_by(Bundle.log_index.desc())
    )
    if before is not None:
        wanted = wanted.where(Bundle.log_index < before)
    return _bundles(session, wanted, limit)


def evidence(
    session: Session,
    limit: int = 50,
    before: Cursor | None = None,
    status: CheckStatus | None = None,
) -> list[IndexedBundle]:
    """Return the bundles of all sites, those sealed last first; those of one *status* only.

    *before* is the cursor of the last row of the page before.
    """
    place = (Bundle.sealed_at, Bundle.site_id, Bundle.log_index)
    wanted = select(Bundle).order_by(*(column.desc() for column in place))
    if status is not None:
        wanted = wanted.where(Bundle.status == status)
    if before is not None:
        end = (before.sealed_at, before.site_id, before.log_index)
        wanted = wanted.where(_key(*place) < _key(*end))
    return _bundles(session, wanted, limit)


def site_evidence(
    session: Session, site_id: str, limit: int = 50, before: int | None = None
) -> list[IndexedBundle]:
    """Return the bundles of one site, the newest of its log first.

    *before* is the log_index of the last row of the page before.
    """
    wanted = select(Bundle).where(Bundle.site_id == site_id).order_by(Bundle.log_index.desc())
    if before is not None:
        wanted = wanted.where(Bundle.log_index < before)
    return _bundles(session, wanted, limit)


def runs(
    session: Session, site_id: str, limit: int = 50, before: int | None = None
) -> list[IndexedRun]:
    """Return the runs of a site, the newest first; *before* is as in `site_evidence`."""
    wanted = select(Run).where(Run.site_id == site_id).order_by(Run.log_index.desc())
    if before is not None:
        wanted = wanted.where(Run.log_index < before)
    rows = session.scalars(wanted.limit(_bounded(limit)))
    return [IndexedRun(*(getattr(row, name) for name in IndexedRun.__slots__)) for row in rows]


def sites(session: Session) -> list[IndexedSite]:
    """Return every site that is indexed, by its name."""
    # Counted over runs, of which there are few: over bundles it would take longer every day.
    counted = (
        select(Site, func.count(Run.run_id), func.coalesce(func.sum(Run.bundles), 0))
        .outerjoin(Run, Run.site_id == Site.site_id)
        .group_by(Site.site_id)
        .order_by(Site.site_id)
    )
    return [
        IndexedSite(
            row.site_id, row.tree_size, row.root, row.ingested_at, int(number), int(bundles)
        )
        for row, number, bundles in session.execute(counted)
    ]


def _key(*parts: Any) -> Any:
    return tuple_(*parts)


def _bundles(session: Session, wanted: Select[Any], limit: int) -> list[IndexedBundle]:
    rows = session.scalars(wanted.limit(_bounded(limit))).all()
    findings = _findings(session, rows)
    return [_indexed(row, findings[row.site_id, row.log_index]) for row in rows]


def _findings(
    session: Session, bundles: Sequence[Bundle]
) -> dict[tuple[str, int], list[IndexedFinding]]:
    """Return the findings of all *bundles*, asked for at once.

    By site, since SQLite reads the whole table for ``(site_id, log_index) IN (...)``, which is how
    SQLAlchemy would load them.
    """
    found: dict[tuple[str, int], list[IndexedFinding]] = {
        (row.site_id, row.log_index): [] for row in bundles
    }
    by_site: dict[str, list[int]] = {}
    for site_id, log_index in found:
        by_site.setdefault(site_id, []).append(log_index)
    places = [
        (BundleFinding.site_id == site_id) & BundleFinding.log_index.in_(indexes)
        for site_id, indexes in by_site.items()
    ]
    if places:
        rows = session.scalars(select(BundleFinding).where(or_(*places)))
        for row in sorted(rows, key=lambda row: row.position):
            finding = IndexedFinding(row.code, row.status, row.severity, row.scope, row.gpo_managed)
            found[row.site_id, row.log_index].append(finding)
    return found


def _bounded(limit: int) -> int:
    if not 1 <= limit <= LIMIT_MAX:
        raise ValueError(f"a limit is 1 to {LIMIT_MAX}, not {limit}")
    return limit


def _indexed(row: Bundle, findings: Sequence[IndexedFinding]) -> IndexedBundle:
    return IndexedBundle(
        site_id=row.site_id,
        log_index=row.log_index,
        bundle_id=row.bundle_id,
        host_id=row.host_id,
        check_id=row.check_id,
        status=row.status,
        outcome=row.outcome,
        reason_code=row.reason_code,
        error_code=row.error_code,
        message=row.message,
        checked_at=row.checked_at,
        sealed_at=row.sealed_at,
        controls=tuple(row.controls),
        findings=tuple(findings),
        place=LinePlace(row.file, row.byte_offset, row.byte_length, row.line_sha256),
    )
