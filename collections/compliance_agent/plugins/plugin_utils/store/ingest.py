# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the index of a site up to its evidence: verify first, then believe.

1. Take a snapshot: the signed head of the log as it is now.
2. Let the verifier look at everything after the head that was indexed last. If it has anything to
   say, nothing is indexed.
3. For each run, in one transaction: take the row of the site, read the run's lines and compare each
   with its leaf, write rows, move the head.
A crash between two runs leaves an index that ends with a whole run, and the next ingest goes on
from there. Two at once take turns at the row; who comes second finds the run done.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ..clock import Clock
from ..evidence.site import SiteDirectory
from ..evidence.verify import Head
from .conflicts import insert_on_conflict
from .database import Database
from .indexing import Counts, index_unit
from .schema import INDEX_TABLES, Site
from .snapshot import NOTHING, LogRolledBack, SiteBusy, Snapshot, Unit, take_snapshot


@dataclass(frozen=True, slots=True)
class Ingested:
    """How far the index of a site is now, and what this call added to it."""

    site_id: str
    head: Head
    added: Counts


def ingest(
    database: Database, site: SiteDirectory, keys: Mapping[str, bytes], clock: Clock
) -> Ingested:
    """Index what *site* sealed since the last time, if it verifies with *keys*.

    Raises EvidenceRejected, LogRolledBack, SiteBusy, EvidenceChanged, EvidenceUnreadable and
    DatabaseUnusable; what was indexed before stays.
    """
    known = indexed_head(database, site.site_id)
    snapshot = take_snapshot(site, keys, known, since=known)
    if snapshot is None:
        return Ingested(site.site_id, NOTHING, Counts())
    added = Counts()
    for unit in snapshot.units:
        with database.writing() as session:
            row = _take_row(session, snapshot, clock())
            if _is_due(row, unit):
                added += index_unit(session, snapshot, unit)
                _move(row, unit.after, snapshot, clock())
    if not snapshot.units:
        with database.writing() as session:
            row = _take_row(session, snapshot, clock())
            if _head(row) == snapshot.head:
                _move(row, snapshot.head, snapshot, clock())
    return Ingested(site.site_id, snapshot.head, added)


def rebuild(
    database: Database,
    site: SiteDirectory,
    keys: Mapping[str, bytes],
    clock: Clock,
    *,
    accept_older_log: bool = False,
) -> Ingested:
    """Verify all of *site* and make its index anew, in one transaction: readers see old or new.

    The log must continue what was indexed, unless *accept_older_log* says that an older one was put
    back on purpose. Raises what `ingest` does.
    """
    known = NOTHING if accept_older_log else indexed_head(database, site.site_id)
    snapshot = take_snapshot(site, keys, known)
    with database.writing() as session:
        if snapshot is None:
            _forget(session, site.site_id)
            session.execute(delete(Site).where(Site.site_id == site.site_id))
            return Ingested(site.site_id, NOTHING, Counts())
        row = _take_row(session, snapshot, clock())
        if not accept_older_log and _head(row) != known:
            raise SiteBusy(
                f"{site.site_id} was indexed by somebody else meanwhile", remedy="Try again."
            )
        _forget(session, site.site_id)
        added = Counts()
        for unit in snapshot.units:
            added += index_unit(session, snapshot, unit)
        _move(row, snapshot.head, snapshot, clock())
    return Ingested(site.site_id, snapshot.head, added)


def indexed_head(database: Database, site_id: str) -> Head:
    """Return how far the log of a site is indexed; nothing for a site that is not."""
    with database.reading() as session:
        row = session.get(Site, site_id)
        return NOTHING if row is None else _head(row)


def _take_row(session: Session, snapshot: Snapshot, now: datetime) -> Site:
    """Return the row of the site, which nobody else can take before this transaction ends."""
    site = snapshot.site
    new = {
        "site_id": site.site_id,
        "log_origin": site.log_origin,
        "tree_size": NOTHING.size,
        "root": _text(NOTHING.root),
        "checkpoint": snapshot.checkpoint,
        "ingested_at": now,
    }
    session.execute(insert_on_conflict(session, Site).values(new).on_conflict_do_nothing())
    return session.execute(
        select(Site).where(Site.site_id == site.site_id).with_for_update()
    ).scalar_one()


def _is_due(row: Site, unit: Unit) -> bool:
    """Return whether *unit* comes next; false if somebody else indexed it in the meantime."""
    now = _head(row)
    if now == unit.before:
        return True
    if now.size > unit.after.size or now == unit.after:
        return False
    raise LogRolledBack(
        f"the index of {row.site_id} went on from another log",
        value=f"{now.size} entries",
        remedy="Give every program the same evidence directory, then rebuild the index.",
    )


def _move(row: Site, head: Head, snapshot: Snapshot, now: datetime) -> None:
    row.tree_size, row.root = head.size, _text(head.root)
    row.checkpoint, row.ingested_at = snapshot.checkpoint, now


def _forget(session: Session, site_id: str) -> None:
    for table in INDEX_TABLES:
        session.execute(delete(table).where(table.site_id == site_id))


def _head(row: Site) -> Head:
    return Head(row.tree_size, b64decode(row.root))


def _text(root: bytes) -> str:
    return b64encode(root).decode("ascii")
