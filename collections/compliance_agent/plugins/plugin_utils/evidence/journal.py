# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run heard, one JSON line each, on disk before the next task: it survives a killed run."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import ComplianceError

# An fsync takes milliseconds. A killed process loses nothing without one; a power cut loses this.
SYNC_INTERVAL_SECONDS = 1.0


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
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            self._descriptor = os.open(path, flags, 0o600)
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
            line = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        except (TypeError, ValueError, RecursionError) as error:
            # Its type only: text of a host does not belong in messages.
            raise EntryUnwritable("an entry is not JSON", value=type(error).__name__) from None
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


def read_journal(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the offset and text of each whole line; the one that a kill cut off is left out."""
    offset = 0
    with path.open("rb") as stream:
        for line in stream:
            if line.endswith(b"\n"):
                yield offset, line
            offset += len(line)
