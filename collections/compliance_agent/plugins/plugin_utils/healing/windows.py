# SPDX-License-Identifier: GPL-3.0-or-later
"""Maintenance windows: when a repair that needs one may begin, and when the next one opens. Pure.

A window begins when its RRULE says so on the clock of its time zone, and lasts so many minutes of
real time (RFC 5545, 3.3.5 and 3.3.6): one that begins in the hour that is left out in spring begins
an hour later by the clock, one in the hour that comes twice in autumn begins the first time only,
and neither becomes longer. Days of blackout are days of the zone of the window.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import groupby
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import rrule, rrulestr
from pydantic import AfterValidator, Field, model_validator

from ..policy import Day, PolicyModel

# A week: what lasts longer is no window.
DURATION_MAX_MINUTES = 7 * 24 * 60
# No rule that ever opens stays closed for longer than from one Monday, 29 February, to the next.
HORIZON = timedelta(days=41 * 366)
_ANY_YEAR = date(2024, 1, 1)
_WEEKDAY = "(MO|TU|WE|TH|FR|SA|SU)"
_MONTHDAY = "-?([1-9]|[12][0-9]|3[01])"
# Stricter than dateutil: it takes BYMONTHDAY=0 for every day, and never returns from INTERVAL=0.
_GRAMMAR = {
    "FREQ": "DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": "[1-9][0-9]?",
    "UNTIL": "[0-9]{8}(T[0-9]{6})?",
    "BYMONTH": "([1-9]|1[0-2])(,([1-9]|1[0-2]))*",
    "BYMONTHDAY": f"{_MONTHDAY}(,{_MONTHDAY})*",
    "BYDAY": f"([+-]?[1-5])?{_WEEKDAY}(,([+-]?[1-5])?{_WEEKDAY})*",
    "BYHOUR": "([01]?[0-9]|2[0-3])(,([01]?[0-9]|2[0-3]))*",
    "BYMINUTE": "[0-5]?[0-9](,[0-5]?[0-9])*",
    "BYSETPOS": "-?[1-9][0-9]?(,-?[1-9][0-9]?)*",
    "WKST": _WEEKDAY,
}
# Otherwise the day would be that of a date which nobody wrote.
_NEEDS_ONE_OF = {
    "DAILY": (),
    "WEEKLY": ("BYDAY",),
    "MONTHLY": ("BYDAY", "BYMONTHDAY"),
    "YEARLY": ("BYDAY", "BYMONTHDAY"),
}


def _check_rule(text: str) -> str:
    """Return *text* if it is a rule whose meaning needs no date to start from."""
    parts = _parts(text)
    frequency = parts.get("FREQ")
    if frequency is None:
        raise ValueError("FREQ is missing")
    if missing := [name for name in ("BYHOUR", "BYMINUTE") if name not in parts]:
        raise ValueError(f"{' and '.join(missing)} must say when it begins")
    days = _NEEDS_ONE_OF[frequency]
    if days and parts.keys().isdisjoint(days):
        raise ValueError(f"FREQ={frequency} needs {' or '.join(days)}")
    if frequency == "YEARLY" and "BYMONTH" not in parts:
        raise ValueError("FREQ=YEARLY needs BYMONTH")
    # dateutil would read 2SA as every Saturday.
    if frequency in {"DAILY", "WEEKLY"} and re.search(r"\d", parts.get("BYDAY", "")):
        raise ValueError(f"BYDAY: FREQ={frequency} takes days without a number")
    # With INTERVAL the days that it names depend on the first one, too.
    _refuse_impossible(text.replace(f"INTERVAL={parts.get('INTERVAL')}", "INTERVAL=1"), _ANY_YEAR)
    return text


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.split(";"):
        name, _equals, value = part.partition("=")
        if name not in _GRAMMAR:
            raise ValueError(f"{name or 'an empty part'}: allowed are {', '.join(_GRAMMAR)}")
        if name in parts:
            raise ValueError(f"{name} occurs twice")
        if not re.fullmatch(_GRAMMAR[name], value):
            raise ValueError(f"{name}={value} is not as in RFC 5545 (UNTIL: local, without Z)")
        parts[name] = value
    return parts


def _refuse_impossible(text: str, first_day: date) -> None:
    rule = _rule(text, first_day)
    # A rule that has ended is history, one that never begins is a mistake.
    if "UNTIL=" not in text and rule.after(datetime.combine(first_day, time()), inc=True) is None:
        raise ValueError("it never begins: no calendar has such a day")


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("no such time zone; write one as America/New_York or UTC") from None
    return name


class MaintenanceWindow(PolicyModel):
    """A time that comes again and again, for all hosts or for those of *groups* and *hosts*."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$")]
    rrule: Annotated[str, AfterValidator(_check_rule)]
    starts_on: Day | None = None
    duration_minutes: Annotated[int, Field(ge=1, le=DURATION_MAX_MINUTES)]
    time_zone: Annotated[str, AfterValidator(_check_zone)]
    groups: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        if _parts(self.rrule).get("INTERVAL", "1") != "1" and self.starts_on is None:
            raise ValueError("starts_on: with INTERVAL somebody must say which one is the first")
        if self.starts_on is not None:
            _refuse_impossible(self.rrule, self.starts_on)
        return self

    @property
    def duration(self) -> timedelta:
        return timedelta(minutes=self.duration_minutes)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def is_for(self, host_id: str, groups: Iterable[str]) -> bool:
        """Return whether *host_id*, a member of *groups*, may be repaired in it."""
        for_all = not (self.groups or self.hosts)
        return for_all or host_id in self.hosts or not set(self.groups).isdisjoint(groups)


@dataclass(frozen=True, slots=True)
class Opening:
    """One time that the window *name* is open: from *opens_at* until before *closes_at*."""

    name: str
    opens_at: datetime
    closes_at: datetime

    def has_room(self, now: datetime, seconds: int) -> bool:
        """Return whether what begins at *now* and takes *seconds* ends in it."""
        return self.opens_at <= now and now + timedelta(seconds=seconds) <= self.closes_at


@dataclass(frozen=True, slots=True)
class Calendar:
    """The windows that count for one host, and the days on which none is open."""

    windows: tuple[MaintenanceWindow, ...]
    blackout_dates: tuple[date, ...] = ()

    def is_open(self, now: datetime, runbook_seconds: int) -> bool:
        """Return whether a repair that takes *runbook_seconds* can begin at *now* and end in time.

        It must fit into one opening of one window.
        """
        return any(
            opening.has_room(now, runbook_seconds)
            for window in self.windows
            for opening in self._openings(window, now, now)
        )

    def is_blacked_out(self, now: datetime, runbook_seconds: int) -> bool:
        """Return whether it could begin at *now*, were it not for a day of blackout."""
        without = Calendar(self.windows)
        return without.is_open(now, runbook_seconds) and not self.is_open(now, runbook_seconds)

    def next_opening(self, now: datetime, runbook_seconds: int) -> Opening | None:
        """Return where a repair of *runbook_seconds* fits first, from *now* on.

        Its *opens_at* is in the past where it is open. None: it will not fit into any window.
        """
        found = [
            opening
            for window in self.windows
            if (opening := self._first_fitting(window, now, runbook_seconds)) is not None
        ]
        return min(found, key=lambda item: (max(item.opens_at, now), item.name), default=None)

    def _first_fitting(
        self, window: MaintenanceWindow, now: datetime, seconds: int
    ) -> Opening | None:
        if window.duration < timedelta(seconds=seconds):
            return None
        for opening in self._openings(window, now, now + HORIZON):
            if opening.has_room(max(opening.opens_at, now), seconds):
                return opening
        return None

    def _openings(
        self, window: MaintenanceWindow, since: datetime, until: datetime
    ) -> Iterator[Opening]:
        """Yield what is open at some time from *since* to *until*, the first one first."""
        for opens_at in _beginnings(window, since):
            if opens_at > until:
                return
            whole = Opening(window.name, opens_at, opens_at + window.duration)
            for opening in _without_days(whole, self.blackout_dates, window.zone):
                if opening.closes_at > since:
                    yield opening


def calendar_of(
    windows: Iterable[MaintenanceWindow],
    blackout_dates: Iterable[date],
    host_id: str,
    groups: Iterable[str],
) -> Calendar:
    """Return the calendar of one host; without a window for it, it is never open."""
    members = frozenset(groups)
    mine = tuple(window for window in windows if window.is_for(host_id, members))
    return Calendar(mine, tuple(blackout_dates))


def _beginnings(window: MaintenanceWindow, since: datetime) -> Iterator[datetime]:
    """Yield when the window begins, in UTC, from the first that may last until *since*."""
    # A day to spare: clocks are changed by less than that.
    local = (since - window.duration).astimezone(window.zone).replace(tzinfo=None)
    earliest = local - timedelta(days=1)
    # Without INTERVAL the first day changes nothing but how far dateutil has to count. Whole years,
    # so that BYSETPOS counts in whole months.
    anchor = window.starts_on or date(earliest.year - 1, 1, 1)
    begins = _rule(window.rrule, anchor).xafter(earliest, inc=True)
    for _day, times in groupby(begins, key=datetime.date):
        # fold=0 is what RFC 5545 wants: the first of two, and what is left out by the old offset.
        # That one comes after what begins just behind the gap, where a gap is half an hour.
        found = {moment.replace(tzinfo=window.zone, fold=0).astimezone(UTC) for moment in times}
        yield from sorted(found)


@lru_cache(maxsize=256)
def _rule(text: str, anchor: date) -> rrule:
    # A day is the last one, and not the midnight at its beginning.
    text = re.sub(r"UNTIL=(\d{8})(?!T|\d)", r"UNTIL=\1T235959", text)
    rule = rrulestr(text, dtstart=datetime.combine(anchor, time()))
    if not isinstance(rule, rrule):
        raise TypeError("a set of rules")  # _check_rule lets one rule pass
    return rule


def _without_days(whole: Opening, days: Sequence[date], zone: ZoneInfo) -> list[Opening]:
    """Return what is left of *whole* when *days* of *zone* are cut out of it."""
    left = [whole]
    for day in sorted(days):
        begins, ends = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
        left = [
            Opening(part.name, start, end)
            for part in left
            for start, end in (
                (part.opens_at, min(part.closes_at, begins)),
                (max(part.opens_at, ends), part.closes_at),
            )
            if start < end
        ]
    return left


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
