# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run heard, one JSON line each, on disk before the next task: it survives a killed run.

Each line holds the SHA-256 of the line before it, so that a line which was changed, moved or
removed afterwards shows. The process that writes holds a lock on the file; a journal without one
belongs to a run that is dead.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..errors import ComplianceError

# An fsync takes milliseconds. A killed process loses nothing without one; a power cut loses this.
SYNC_INTERVAL_SECONDS = 1.0
CHAIN_START = "0" * 64


class JournalFailed(ComplianceError):
    """What the run heard could not be written; evidence of this run would be incomplete."""

    code = "journal_failed"


class EntryUnwritable(ComplianceError):
    """What should be written is not JSON; the journal itself is fine."""

    code = "entry_unwritable"


class Journal:
    """Appends to the journal of one run. Only the process that opened it may write.

    *clock* counts seconds, as ``time.monotonic`` does.
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self.path = path
        self._clock = clock
        self._owner = os.getpid()
        self._chain = CHAIN_START
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            self._descriptor = os.open(path, flags, 0o600)
            # A lock of the process, not of the descriptor: forked workers do not keep it alive.
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise self._failed("opened", error) from error
        self._synced_at = clock()

    def append(self, entry: Mapping[str, Any]) -> None:
        """Hand one line to the operating system; fsync if the last one is a second ago.

        Raises EntryUnwritable for what JSON or UTF-8 cannot hold, and JournalFailed.
        """
        if os.getpid() != self._owner:
            raise JournalFailed("a worker tried to write the journal", value=os.getpid())
        try:
            chained = {"previous": self._chain, **entry}
            line = json.dumps(chained, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        except (TypeError, ValueError, RecursionError) as error:
            # Its type only: text of a host does not belong in messages.
            raise EntryUnwritable("an entry is not JSON", value=type(error).__name__) from None
        self._chain = sha256(line).hexdigest()
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
            if self._clock() - self._synced_at >= SYNC_INTERVAL_SECONDS:
                self.sync()
        except OSError as error:
            raise self._failed("written", error) from error

    def sync(self) -> None:
        """Make all lines durable."""
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise self._failed("synced", error) from error
        self._synced_at = self._clock()

    def close(self) -> None:
        """End writing; the file stays."""
        os.close(self._descriptor)

    def _failed(self, what: str, error: OSError) -> JournalFailed:
        remedy = "Free the disk or mend its permissions, then run the playbook again."
        return JournalFailed(
            f"the journal {self.path} could not be {what}", value=error.strerror, remedy=remedy
        )


@dataclass(slots=True)
class Reading:
    """How far a journal could be believed, known when it was read to its end.

    *lost_bytes* is what a kill left of a line; *damaged_at_line* the first line whose chain is
    broken, counted from 1: it and all after it are left out.
    """

    lines: int = 0
    chain: str = CHAIN_START
    lost_bytes: int = 0
    damaged_at_line: int | None = None


def read_journal(path: Path, reading: Reading) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the offset and the entry of each whole line that continues the chain."""
    offset = 0
    with path.open("rb") as stream:
        for line in stream:
            if not line.endswith(b"\n"):
                reading.lost_bytes = len(line)
                return
            entry = _parse(line)
            if entry is None or entry.pop("previous", None) != reading.chain:
                reading.damaged_at_line = reading.lines + 1
                return
            yield offset, entry
            reading.lines += 1
            reading.chain = sha256(line).hexdigest()
            offset += len(line)


def is_running(path: Path) -> bool:
    """Return whether the process that writes *path* is alive. It must not be this one."""
    with path.open("rb+") as stream:
        try:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def set_aside(path: Path) -> Path:
    """Keep a journal that cannot be sealed, or not to its end, out of the way; return its place."""
    return path.rename(path.with_suffix(".damaged"))


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None
