# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock of a build: times are written against one reference instant."""

from datetime import UTC, datetime, timedelta

# The reference of scenarios.jsonl.
REFERENCE = datetime(2025, 11, 4, 9, 0, tzinfo=UTC)
# From 1601-01-01, the zero of FILETIME, to 1970-01-01.
FILETIME_EPOCH_SECONDS = 11644473600
TICKS_PER_SECOND = 10_000_000


class Clock:
    """Times are written against REFERENCE; shift moves them to the build for running clocks."""

    def __init__(self, mode: str, now: datetime | None = None) -> None:
        """Take "frozen" or "running"; *now* (aware UTC) stands for the moment of the build."""
        self.mode = mode
        self.shift = timedelta(0)
        if mode == "running":
            self.shift = (now or datetime.now(UTC)).replace(microsecond=0) - REFERENCE

    def at(self, **ago: float) -> str:
        """Return the instant so long before the reference, as ISO 8601 in UTC."""
        return self.iso(REFERENCE - timedelta(**ago))

    def local(self, **ago: float) -> str:
        """Return the same without Z: local time, as Windows Server Backup keeps it."""
        return (REFERENCE + self.shift - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%S")

    def iso(self, instant: datetime) -> str:
        return (instant + self.shift).strftime("%Y-%m-%dT%H:%M:%SZ")

    def move(self, text: str) -> str:
        """Shift an ISO time of a scenario; keeps local time (no Z) and the MinValue marker."""
        if not text or text.startswith("0001"):
            return text
        instant = datetime.fromisoformat(text)
        instant = (instant if instant.tzinfo else instant.replace(tzinfo=UTC)) + self.shift
        return instant.strftime("%Y-%m-%dT%H:%M:%S") + ("Z" if text.endswith("Z") else "")

    def move_filetime(self, high: int, low: int) -> tuple[int, int]:
        """Shift a FILETIME given as two DWORDs."""
        ticks = (high << 32) | (low & 0xFFFFFFFF)
        ticks += int(self.shift.total_seconds()) * TICKS_PER_SECOND
        return ticks >> 32, ticks & 0xFFFFFFFF

    def filetime_of(self, instant: datetime) -> tuple[int, int]:
        """Return the FILETIME of an instant as two DWORDs, high and low."""
        seconds = (instant + self.shift).timestamp() + FILETIME_EPOCH_SECONDS
        ticks = int(seconds * TICKS_PER_SECOND)
        return ticks >> 32, ticks & 0xFFFFFFFF


def second_after(text: str) -> str:
    instant = datetime.fromisoformat(text)
    return (instant + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
