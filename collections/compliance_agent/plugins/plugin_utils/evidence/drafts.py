# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry a sealed run into the evidence so that a crash at any point is finished, never half done.

1. Bundles and statement are written to ``.sealing/<run_id>/`` and read back: a draft, which a crash
   makes worthless, since the journal is still there.
2. One rename makes it ``.sealing/<run_id>.ready``: from here on the run is evidence.
3. Its files go to their places, bundles first; its leaves into the log; a new checkpoint is signed.
4. The folder is removed, and then the journal, unless a part of it could not be sealed.
Step 3 gives the same bytes however often it is begun, so whoever holds the lock next finishes it.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from . import coverage
from .journal import set_aside
from .keys import SiteKey
from .ledger.log import SiteLog
from .site import DIRECTORY_MODE, EvidenceDamaged, SiteDirectory, sync_directory
from .statements import ledger_entry
from .verify import parse_keys

READY = ".ready"
BUNDLES = "bundles.jsonl"
STATEMENT = "coverage.json"


@dataclass(frozen=True, slots=True)
class RunFiles:
    """The two files of a run, wherever they are."""

    bundles: Path
    statement: Path


@dataclass(frozen=True, slots=True)
class Draft:
    """The two files of one run before they are in their places."""

    site: SiteDirectory
    run_id: str

    @property
    def folder(self) -> Path:
        """Return where the files are drafted."""
        return self.site.path / ".sealing" / self.run_id

    @property
    def ready(self) -> Path:
        """Return where the files wait once they are evidence."""
        return self.folder.with_name(self.run_id + READY)

    @property
    def bundles(self) -> Path:
        return self.folder / BUNDLES

    @property
    def statement(self) -> Path:
        return self.folder / STATEMENT

    def begin(self) -> None:
        """Make an empty folder for the files."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=DIRECTORY_MODE, parents=True)

    def commit(self) -> None:
        """Make the run evidence: all files of it or none."""
        sync_directory(self.folder)
        self.folder.rename(self.ready)
        sync_directory(self.ready.parent)


def finish_drafts(site: SiteDirectory, key: SiteKey) -> list[str]:
    """Finish what a crash left of earlier runs; return their ids. The caller holds the lock."""
    finished = []
    for folder in sorted((site.path / ".sealing").glob("*")):
        if folder.suffix == READY:
            run_id = folder.name.removesuffix(READY)
            finish_draft(Draft(site, run_id), key)
            finished.append(run_id)
        else:
            shutil.rmtree(folder)
    return finished


def finish_draft(draft: Draft, key: SiteKey, entries: Sequence[bytes] | None = None) -> RunFiles:
    """Install the files of a committed run, enter its leaves in the log, forget its journal.

    *entries* are the leaves, read from the files where the caller does not know them.
    """
    files = _install(draft)
    statement = json.loads(files.statement.read_bytes())
    leaves = entries or read_entries(files)
    enter(draft.site, key, leaves, statement["log"]["first_index"])
    draft.ready.rmdir()
    journal = draft.site.journal(draft.run_id)
    if journal.exists():
        if statement["journal"]["damaged_at_line"] is None:
            journal.unlink()
        else:
            set_aside(journal)
    return files


def read_entries(files: RunFiles) -> list[bytes]:
    """Return the leaves of the run whose files these are, in the order of the log."""
    entries = []
    for line in files.bundles.read_bytes().splitlines():
        bundle = json.loads(line)
        names = {"host_id": bundle["host_id"], "check": bundle["check"]}
        entries.append(ledger_entry("bundle", bundle["bundle_id"], line_digest(line), **names))
    [line] = files.statement.read_bytes().splitlines()
    statement_id = json.loads(line)["statement_id"]
    return [*entries, ledger_entry(coverage.KIND, statement_id, line_digest(line))]


def enter(site: SiteDirectory, key: SiteKey, entries: Sequence[bytes], first_index: int) -> None:
    """Append *entries* to the log if they are not there yet; raises EvidenceDamaged."""
    log = open_log(site)
    size = log_size(log, site, key)
    if size == first_index:
        log.commit(log.plan(entries), [key.signing_key])
    elif size < first_index + len(entries) or log.entry(size - 1) != entries[-1]:
        raise EvidenceDamaged(
            f"the log of {site.path} is not what its last run was sealed for",
            value=f"{size} leaves, {first_index} expected",
            remedy="Run verify.py; restore the directory from your backup before you check again.",
        )


def open_log(site: SiteDirectory) -> SiteLog:
    """Return the log of *site*."""
    return SiteLog(site.log, site.log_origin)


def log_size(log: SiteLog, site: SiteDirectory, key: SiteKey) -> int:
    """Return how many leaves the log has; raises LogDamaged."""
    head = log.head(known_keys(site, key))
    return head.size if head else 0


def known_keys(site: SiteDirectory, key: SiteKey) -> dict[str, bytes]:
    """Return the keys whose checkpoint is taken for ours: the one in use and its predecessors."""
    known = dict(key.trusted)
    for file in site.keys.glob("*.pub"):
        known |= parse_keys(file.read_text(encoding="ascii"))
    return known


def line_digest(line: bytes) -> str:
    """Return the SHA-256 of a stored line, without its newline, in hexadecimal."""
    return sha256(line.removesuffix(b"\n")).hexdigest()


def _install(draft: Draft) -> RunFiles:
    """Move both files to their places, the statement last; some may be there already."""
    waiting = RunFiles(draft.ready / BUNDLES, draft.ready / STATEMENT)
    if not waiting.statement.exists():
        [statement] = draft.site.coverage.glob(f"*/{draft.run_id}.json")
        return RunFiles(draft.site.bundle_file(statement.parent.name, draft.run_id), statement)
    day = json.loads(waiting.statement.read_bytes())["sealed_at"][:10]
    files = RunFiles(
        draft.site.bundle_file(day, draft.run_id), draft.site.coverage_file(day, draft.run_id)
    )
    if waiting.bundles.exists():
        _move(waiting.bundles, files.bundles)
    _move(waiting.statement, files.statement)
    return files


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
    source.rename(target)
    sync_directory(target.parent)
    sync_directory(target.parent.parent)
