# SPDX-License-Identifier: GPL-3.0-or-later
"""The digest of a site's index: equal wherever the index is of the same evidence.

SHA-256 over one canonical JSON line for each row, in an order that the evidence gives. Left out are
the time of ingest and the text of the checkpoint: one head may have been signed more than once.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ..errors import ComplianceError
from ..evidence.canonical import canonical_json
from ..instants import to_text
from .columns import UtcTime
from .schema import Base, Bundle, BundleFinding, KeyStatement, LatestCheck, Run, Site

_NOT_OF_THE_EVIDENCE = {"checkpoint", "ingested_at"}
_CHUNK = 1000

_Logged = Run | KeyStatement | Bundle


class SiteNotIndexed(ComplianceError):
    """The index has nothing of this site."""

    code = "site_not_indexed"


def index_digest(session: Session, site_id: str) -> str:
    """Return the SHA-256 of the index of a site, in hexadecimal; raises SiteNotIndexed.

    The session must see one snapshot, as those for reading do.
    """
    digest = sha256()
    for line in dump(session, site_id):
        digest.update(line)
    return digest.hexdigest()


def dump(session: Session, site_id: str) -> Iterator[bytes]:
    """Yield the lines that the digest is made of, newline included; raises SiteNotIndexed."""
    site = session.get(Site, site_id)
    if site is None:
        raise SiteNotIndexed(
            "the index has nothing of this site",
            value=site_id,
            remedy=f"Run: flask --app webui store ingest --site {site_id}",
        )
    yield _line(site)
    for table in (Run, KeyStatement, Bundle):
        for rows in _in_order_of_the_log(session, table, site_id):
            findings = _findings(session, rows) if table is Bundle else {}
            for row in rows:
                yield _line(row, findings.get(row.log_index))
    latest = session.scalars(select(LatestCheck).where(LatestCheck.site_id == site_id))
    yield from sorted(map(_line, latest))


def _in_order_of_the_log(
    session: Session, table: type[_Logged], site_id: str
) -> Iterator[Sequence[_Logged]]:
    """Yield the rows of a site in pieces that memory holds, whatever the size of the index."""
    after = -1
    while True:
        wanted: Select[Any] = select(table).where(table.site_id == site_id, table.log_index > after)
        rows: Sequence[_Logged] = session.scalars(
            wanted.order_by(table.log_index).limit(_CHUNK)
        ).all()
        if not rows:
            return
        yield rows
        session.expunge_all()
        after = rows[-1].log_index


def _findings(session: Session, rows: Sequence[_Logged]) -> dict[int, list[dict[str, Any]]]:
    """Return the findings of bundles that follow each other in the log, by their log_index."""
    found: dict[int, list[dict[str, Any]]] = {row.log_index: [] for row in rows}
    wanted = select(BundleFinding).where(
        BundleFinding.site_id == rows[0].site_id,
        BundleFinding.log_index.between(rows[0].log_index, rows[-1].log_index),
    )
    order = (BundleFinding.log_index, BundleFinding.position)
    for finding in session.scalars(wanted.order_by(*order)):
        found[finding.log_index].append(_columns(finding))
    return found


def _line(row: Base, findings: list[dict[str, Any]] | None = None) -> bytes:
    document: dict[str, Any] = {"table": row.__tablename__, **_columns(row)}
    if findings is not None:
        document["findings"] = findings
    return canonical_json(document) + b"\n"


def _columns(row: Base) -> dict[str, Any]:
    columns = type(row).__table__.columns
    return {
        column.name: _plain(getattr(row, column.name), is_time=isinstance(column.type, UtcTime))
        for column in columns
        if column.name not in _NOT_OF_THE_EVIDENCE
    }


def _plain(value: Any, *, is_time: bool) -> Any:
    """Return *value* as JSON has it; a word of an enumeration becomes plain text."""
    if value is None:
        return None
    if is_time:
        return to_text(value)
    return str(value) if isinstance(value, str) else value
