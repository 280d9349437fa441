# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell silence of a log from time in which the host was off or asleep. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from ..facts.logging import LogActivity, LogEvent

Stretch = tuple[datetime, datetime]
# Kernel-General 13, EventLog 6006, Kernel-Power 42; below: 12, 6005, 107 of the same.
SLEEP, BOOT, LOG_STARTED, WAKE = 42, 12, 6005, 107
STOPS = frozenset({6006, 13, SLEEP})
STARTS = frozenset({LOG_STARTED, BOOT, WAKE})
# Records of a start, or of a stop, are written within minutes of each other; own choice.
SLACK = timedelta(minutes=10)


def off_times(
    events: Iterable[LogEvent], system: LogActivity, booted_at: datetime | None
) -> list[Stretch]:
    """Return when the host was off or asleep, as its System log tells; it last started *booted_at*.

    A start without a stop before it follows a power loss, and so does one that ends a sleep; a
    second stop follows a start that is lost or a sleep that was broken off. These explain only what
    the System log was silent for as well: a host that is up writes there. A log service that
    starts while Windows does not was stopped on a host that was up, which explains nothing.
    """
    ordered = sorted(events, key=lambda item: (item.at, item.id))
    boots = [event.at for event in ordered if event.id == BOOT]
    boots += [] if booted_at is None else [booted_at]
    silences: list[Stretch] = [(gap.from_at, gap.to_at) for gap in system.gaps]
    found: list[Stretch] = []
    stopped_at: datetime | None = None
    is_asleep = False
    for event in ordered:
        if event.id == LOG_STARTED and not _is_near(event.at, boots):
            stopped_at = None
        elif event.id in STOPS:
            if stopped_at is not None and event.at - stopped_at > SLACK:
                found += [gap for gap in silences if _is_near(gap[0], [stopped_at])]
                stopped_at = None
            # A host that is told to sleep, and is shut down in the same minutes, is off.
            is_asleep = event.id == SLEEP and (stopped_at is None or is_asleep)
            stopped_at = stopped_at or event.at
        elif event.id in STARTS:
            if stopped_at is not None and not (is_asleep and event.id != WAKE):
                found.append((stopped_at, event.at))
            else:
                found += [(gap[0], event.at) for gap in silences if _is_near(gap[1], [event.at])]
            stopped_at = None
    return found


def _is_near(at: datetime, others: Iterable[datetime]) -> bool:
    return any(abs(at - other) <= SLACK for other in others)


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
