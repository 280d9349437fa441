# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell silence of a log from time in which the host was off or asleep. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from ..facts.logging import LogActivity, LogEvent

Stretch = tuple[datetime, datetime]
# EventLog 6006, Kernel-General 13, Kernel-Power 42; below: 6005, 12, 107 of the same.
STOPS = frozenset({6006, 13, 42})
STARTS = frozenset({6005, 12, 107})
# Records of a start, or of a stop, are written within minutes of each other; own choice.
SLACK = timedelta(minutes=10)


def off_times(events: Iterable[LogEvent], system: LogActivity) -> list[Stretch]:
    """Return when the host was off or asleep, as its System log tells.

    A start without a stop before it follows a power loss, and a second stop follows a start that is
    lost or a sleep that was broken off. These explain only what the System log was silent for as
    well: a host that is up writes there.
    """
    found: list[Stretch] = []
    silences: list[Stretch] = [(gap.from_at, gap.to_at) for gap in system.gaps]
    stopped_at: datetime | None = None
    for event in sorted(events, key=lambda item: (item.at, item.id)):
        if event.id in STOPS:
            if stopped_at is not None and event.at - stopped_at > SLACK:
                found += [gap for gap in silences if abs(gap[0] - stopped_at) <= SLACK]
                stopped_at = None
            stopped_at = stopped_at or event.at
        elif event.id in STARTS and stopped_at is not None:
            found.append((stopped_at, event.at))
            stopped_at = None
        elif event.id in STARTS:
            found += [(gap[0], event.at) for gap in silences if abs(gap[1] - event.at) <= SLACK]
    return found


def longest_unexplained(silence: Stretch, off: Sequence[Stretch]) -> Stretch:
    """Return the longest part of *silence* that no stretch of *off* covers."""
    begin, end = silence
    longest = (begin, begin)
    cursor = begin
    for start, stop in sorted(off):
        if stop <= cursor or start >= end:
            continue
        longest = max(longest, (cursor, max(cursor, start)), key=_length)
        cursor = stop
    return max(longest, (cursor, max(cursor, end)), key=_length)


def _length(stretch: Stretch) -> timedelta:
    return stretch[1] - stretch[0]
