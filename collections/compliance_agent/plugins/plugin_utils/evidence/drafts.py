# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry a sealed run into the evidence so that a crash at any point is finished, never half done.

1. Bundles and statement are written to ``.sealing/<run_id>/`` and read back: a draft, which a crash
   makes worthless, since the journal is still there.
2. One rename makes it ``.sealing/<run_id>.ready``: from here on the run is evidence.
3. Its files go to their places, bundles first; its leaves into the log; a new checkpoint is signed.
4. The journal is removed, unless a part of it could not be sealed, and then the folder.
Step 3 gives the same bytes however often it is begun, so whoever holds the lock next finishes it.
"""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..durable import sync_directory
from ..models import CheckId
from .journal import set_aside
from .keys import SiteKey
from .ledger.log import SiteLog
from .site import DIRECTORY_MODE, EvidenceDamaged, SiteDirectory
from .statements import LedgerKind, ledger_entry

READY = ".ready"


@dataclass(frozen=True, slots=True)
class RunFiles:
    """The two files of a run, wherever they are."""

    bundles: Path
    statement: Path


@dataclass(frozen=True, slots=True)
class Draft:
    """The files of one run before they are in their places, laid out as those of the site."""

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

    def files(self, day: str) -> RunFiles:
        """Return where the files of a run that is sealed on *day* are drafted."""
        return RunFiles(
            self.folder / self.site.bundle_file(day, self.run_id).relative_to(self.site.path),
            self.folder / self.site.coverage_file(day, self.run_id).relative_to(self.site.path),
        )

    def begin(self, day: str) -> RunFiles:
        """Make the folders of the two files, and return where these go."""
        files = self.files(day)
        for file in (files.bundles, files.statement):
            file.parent.mkdir(mode=DIRECTORY_MODE, parents=True)
        return files

    def discard(self) -> None:
        """Remove what is not evidence: on a full disk it would be in everybody's way."""
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def commit(self) -> None:
        """Make the run evidence: all files of it or none."""
        for folder, _folders, _files in os.walk(self.folder):
            sync_directory(Path(folder))
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
    journal = draft.site.journal(draft.run_id)
    if journal.exists():
        if statement["journal"]["damaged_at_line"] is None:
            journal.unlink()
        else:
            set_aside(journal)
    # Last: as long as it is there, nobody takes the journal for that of a run without evidence.
    shutil.rmtree(draft.ready)
    return files


def read_entries(files: RunFiles) -> list[bytes]:
    """Return the leaves of the run whose files these are, in the order of the log."""
    entries = []
    for line in files.bundles.read_bytes().splitlines():
        bundle = json.loads(line)
        entries.append(bundle_entry(line, bundle["bundle_id"], bundle["host_id"], bundle["check"]))
    [line] = files.statement.read_bytes().splitlines()
    return [*entries, statement_entry(line, json.loads(line)["statement_id"])]


def bundle_entry(line: bytes, bundle_id: str, host_id: str, check: str) -> bytes:
    """Return the leaf of a bundle from its stored *line*."""
    leaf = line.removesuffix(b"\n")
    return ledger_entry(LedgerKind.BUNDLE, bundle_id, leaf, host_id=host_id, check=CheckId(check))


def statement_entry(line: bytes, statement_id: str) -> bytes:
    """Return the leaf of a coverage statement from its stored *line*."""
    return ledger_entry(LedgerKind.COVERAGE, statement_id, line.removesuffix(b"\n"))


def enter(site: SiteDirectory, key: SiteKey, entries: Sequence[bytes], first_index: int) -> None:
    """Append *entries* to the log if they are not there yet; raises EvidenceDamaged."""
    log = open_log(site)
    size = log_size(log, key)
    is_there = size >= first_index + len(entries) and log.entry(size - 1) == entries[-1]
    if size != first_index and not is_there:
        raise EvidenceDamaged(
            f"the log of {site.path} is not what its last run was sealed for",
            value=f"{size} leaves, {first_index} expected",
            remedy="Run verify.py; restore the directory from your backup before you check again.",
        )
    # With nothing to append this finishes what a crash kept the log from.
    log.commit(log.plan([] if is_there else entries), [key.signing_key])


def open_log(site: SiteDirectory) -> SiteLog:
    """Return the log of *site*."""
    return SiteLog(site.log, site.log_origin)


def log_size(log: SiteLog, key: SiteKey) -> int:
    """Return how many leaves the log has; raises LogDamaged."""
    checkpoint = log.head(key.trusted)
    return checkpoint.head.size if checkpoint else 0


def _install(draft: Draft) -> RunFiles:
    """Move both files to their places, the statement last; some may be there already."""
    site = draft.site
    for source in sorted(draft.ready.glob("*/*/*.*")):  # bundles/ comes before coverage/
        _move(source, site.path / source.relative_to(draft.ready))
    [statement] = site.coverage.glob(f"*/{draft.run_id}.json")
    return RunFiles(site.bundle_file(statement.parent.name, draft.run_id), statement)


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
    source.rename(target)
    sync_directory(target.parent)
    sync_directory(target.parent.parent)
