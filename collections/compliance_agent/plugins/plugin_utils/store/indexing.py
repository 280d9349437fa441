# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the rows of one run, or of one statement about a key, from lines that the log holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.orm import Session

from ..evidence.coverage import KIND, CoverageStatement
from ..evidence.site import SiteDirectory, refuse_unsafe_name
from .conflicts import insert_on_conflict
from .documents import (
    BundleLeaf,
    BundleRows,
    StatementLeaf,
    bundle_rows,
    key_statement_row,
    read_statement,
    run_row,
)
from .lines import EvidenceChanged, logged_lines
from .schema import Bundle, BundleFinding, KeyStatement, LatestCheck, Run
from .snapshot import Snapshot, Unit

# So many bundles are in memory and written at once.
BATCH = 500


@dataclass(frozen=True, slots=True)
class Counts:
    """What was indexed."""

    runs: int = 0
    bundles: int = 0
    key_statements: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.runs + other.runs,
            self.bundles + other.bundles,
            self.key_statements + other.key_statements,
        )


def index_unit(session: Session, snapshot: Snapshot, unit: Unit) -> Counts:
    """Write the rows of *unit*. Raises EvidenceChanged, EvidenceRejected and EvidenceUnreadable."""
    leaves, statement = snapshot.leaves(unit)
    log_index = unit.after.size - 1
    if statement.kind == KIND:
        _index_run(session, snapshot.site, leaves, statement, log_index)
        return Counts(runs=1, bundles=len(leaves))
    if leaves:
        raise _mismatch(statement.id, "bundles stand before it that no run has")
    _index_key_statement(session, snapshot.site, statement, log_index)
    return Counts(key_statements=1)


def _index_run(
    session: Session,
    site: SiteDirectory,
    leaves: Sequence[BundleLeaf],
    leaf: StatementLeaf,
    log_index: int,
) -> None:
    run_id = refuse_unsafe_name("run_id", leaf.id.removeprefix("CS-"))
    bundle_file, statement_file = _run_files(site, run_id, leaves)
    [(line, place)] = logged_lines(site, statement_file, [leaf.sha256])
    statement = read_statement(line)
    _refuse_other_statement(statement, site, leaf, log_index - len(leaves), len(leaves))
    session.execute(insert(Run), [run_row(statement, log_index, place)])
    lines = logged_lines(site, bundle_file, [item.sha256 for item in leaves]) if leaves else ()
    rows = (
        _matching(
            bundle_rows(line, statement.log.first_index + number, log_index, place), item, site
        )
        for number, (item, (line, place)) in enumerate(zip(leaves, lines, strict=True))
    )
    while batch := list(islice(rows, BATCH)):
        _write(session, batch)


def _index_key_statement(
    session: Session, site: SiteDirectory, leaf: StatementLeaf, log_index: int
) -> None:
    name = refuse_unsafe_name("statement_id", leaf.id)
    [(line, place)] = logged_lines(site, site.keys / f"{name}.json", [leaf.sha256])
    row = key_statement_row(line, log_index, place)
    if (row["statement_id"], row["site_id"], row["kind"]) != (leaf.id, site.site_id, leaf.kind):
        raise _mismatch(leaf.id, "it is another statement than its leaf says")
    session.execute(insert(KeyStatement), [row])


def _write(session: Session, batch: Sequence[BundleRows]) -> None:
    session.execute(insert(Bundle), [rows.bundle for rows in batch])
    if findings := [finding for rows in batch for finding in rows.findings]:
        session.execute(insert(BundleFinding), findings)
    names = ("site_id", "host_id", "check_id", "log_index")
    newest = {
        (rows.bundle["host_id"], rows.bundle["check_id"]): {
            name: rows.bundle[name] for name in names
        }
        for rows in batch
    }
    upsert = insert_on_conflict(session, LatestCheck)
    session.execute(
        upsert.on_conflict_do_update(
            index_elements=["site_id", "host_id", "check_id"],
            set_={"log_index": upsert.excluded.log_index},
        ),
        list(newest.values()),
    )


def _run_files(site: SiteDirectory, run_id: str, leaves: Sequence[BundleLeaf]) -> tuple[Path, Path]:
    """Return the files of bundles and statement; the day of a run is that of its bundles."""
    if leaves:
        digits = leaves[0].id.split("-")[1]
        days = [f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"]
    else:
        days = [file.parent.name for file in site.coverage.glob(f"*/{run_id}.json")]
    if len(days) != 1:
        raise _mismatch(run_id, f"{len(days)} files have its name")
    return site.bundle_file(days[0], run_id), site.coverage_file(days[0], run_id)


def _refuse_other_statement(
    statement: CoverageStatement,
    site: SiteDirectory,
    leaf: StatementLeaf,
    first_index: int,
    bundles: int,
) -> None:
    """Return if *statement* is that of *leaf* and of the bundles before it; raises EvidenceChanged.

    The verifier said so already. Rows are written by these, so they are not taken on trust.
    """
    said = (statement.site_id, statement.statement_id, statement.log.first_index)
    if (*said, statement.bundles.count) != (site.site_id, leaf.id, first_index, bundles):
        raise _mismatch(leaf.id, "it speaks of another place in the log")


def _matching(rows: BundleRows, leaf: BundleLeaf, site: SiteDirectory) -> BundleRows:
    said = tuple(rows.bundle[name] for name in ("site_id", "bundle_id", "host_id", "check_id"))
    if said != (site.site_id, leaf.id, leaf.host_id, leaf.check):
        raise _mismatch(leaf.id, "it is another bundle than its leaf says")
    return rows


def _mismatch(name: str, found: str) -> EvidenceChanged:
    return EvidenceChanged(
        f"{name} does not fit the log",
        value=found,
        remedy="Run verify.py; restore the directory from your backup.",
    )
