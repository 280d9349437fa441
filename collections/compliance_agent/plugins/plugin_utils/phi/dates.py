# SPDX-License-Identifier: GPL-3.0-or-later
"""Dates: when something happened to a machine stays, when something happened to a person goes.

A date with a time of day stays, and a bare date within three years of today. An older bare date is
likely a birthday. Beside a word like DOB or admitted every date goes.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date

from .digit_groups import DASHES
from .rule import Span
from .tokens import Kind

RECENT_YEARS = 3

_MONTHS = (
    r"(?:jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz|apr(?:il)?|may|mai|mayo"
    r"|june?|juni|july?|juli|aug(?:ust)?|sept?(?:ember)?"
    r"|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?|enero|febrero|marzo|abril|junio"
    r"|julio|agosto|septiembre|octubre|noviembre|diciembre"
    r"|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre"
    r"|gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre"
    r"|janeiro|fevereiro|março|maio|junho|julho|setembro|outubro|dezembro"
    r"|januari|februari|maart|mrt|mei|augustus"
    r"|ocak|şubat|mart|nisan|mayıs|haziran|temmuz|ağustos|eylül|ekim|kasım|aralık"
    r")(?![A-Za-zÀ-ÿ])\.?"
)
_SIGNS = rf"{DASHES}/._"
_NUMERIC = re.compile(
    rf"""(?<![\d.])(?<!\d-)(?:
      (?P<y1>(?:1[6-9]|2[01])\d\d)(?P<s1>[{_SIGNS}])(?P<m1>\d\d?)(?P=s1)(?P<d1>\d\d?)
    | (?P<a2>\d\d?)(?P<s2>[{_SIGNS}])(?P<b2>\d\d?)(?P=s2)(?P<y2>(?:1[89]|20)\d\d|['\u2019]?\d\d)
    | (?P<y3>(?:19|20)\d\d)(?P<m3>0[1-9]|1[0-2])(?P<d3>0[1-9]|[12]\d|3[01])
    | (?P<a5>0[1-9]|[12]\d|3[01])(?P<b5>0[1-9]|[12]\d|3[01])(?P<y5>(?:19|20)\d\d)
    )(?!\d|[{DASHES}/.]\d)""",
    re.VERBOSE,
)
# Of four digits, or of two behind an apostrophe; two bare ones are often those of a time.
_YEAR = r"(?:1[89]|20)\d\d(?!\d)|['\u2019]\d\d(?!\d|:\d)"
_WORDED = re.compile(
    rf"""(?<![A-Za-z0-9])(?:
      (?P<d4>\d\d?)(?:st|nd|rd|th|\.)?[ ./-]?(?:of\s|de\s)?{_MONTHS}
      (?:[ ,./-]{{0,2}}(?:of\s|de\s)?(?P<y4>{_YEAR}|\d\d(?!\d|:\d)))?(?!\d)
    | {_MONTHS}[ ./-]?(?P<d6>\d\d?)(?:st|nd|rd|th)?(?!\d|:)
      (?:(?:,?\s?|[./-])(?P<y6>{_YEAR})|[./-](?P<y7>\d\d)(?!\d|:\d))?
    | (?P<y8>(?:1[89]|20)\d\d)[ ./-]?{_MONTHS}[ ./-]?(?P<d8>\d\d?)(?!\d|:\d)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
# Where a date of digits can begin, and whether a month is named: both are quick.
_NUMERIC_START = re.compile(rf"\d(?=\d{{0,3}}[{_SIGNS}]\d|\d{{7}})")
_MONTH_STEMS = (
    "jan feb mar mär apr mai may jun jul aug sep oct okt nov dec dez enero abril agosto avril juin"
    " août déc fév fev diciembre juillet maart mrt mei gennaio maggio giugno luglio settembre"
    " ottobre dicembre setembro outubro ocak şubat nisan haziran temmuz ağustos eylül ekim kasım"
    " aralık"
).split()
_TIME_AFTER = re.compile(r"[T ,_-]{1,3}(?P<time>\d{1,2}[:.h]?\d\d(?:[:.]?\d\d)?)")
_TIME_OF_DAY = re.compile(
    r"[T ,]{1,2}\d{1,2}:\d\d(?::\d\d)?(?:\.\d{1,7})?(?:\s?[AP]M)?Z?", re.IGNORECASE
)
_MIDNIGHT = re.compile(r"0?0[:.]?00(?:[:.]?00)?(?:[.,]0{1,9})?|12:00:00\sAM", re.IGNORECASE)
_JOINED = re.compile(r"[A-Za-z0-9]?[_-]$|[A-Za-z]$")
_JOINS = re.compile(r"[_-][A-Za-z0-9]|\.[A-Za-z]{2,5}\b")
# Words before a date that make it somebody's.
_ABOUT_PERSON = re.compile(
    r"(?<![A-Za-z])(?:d\.?o\.?b\.?|d\.?o\.?d\.?|dos|doa|born|birth\w{0,8}|bday|b-day"
    r"|birthdate|geb(?:oren|urtsdatum|\.)?|nacido|nacimiento|f\.?\s?nac|né\w?"
    r"|naissance|nato|do[gğ]um\w{0,8}"
    r"|admi(?:t|ts|tted|ssion)|admitdate|discharg\w{1,6}|dischargedate|deceased|died"
    r"|death|visit\w{0,3}|visitdate|seen|appt|appointment|appt[ _]?date|surgery"
    r"|procedure[ _]?date|service[ _]?date|date[ _]of[ _](?:service|birth|death"
    r"|admission|discharge|visit)"
    r"|encounter\w{0,5}|exam[ _]?date|studydate|study[ _]date|immuni\w{3,8}"
    r"|vaccinat\w{2,4}|onset|diagnosed|delivery[ _]date|edd|lmp|follow-?up"
    r"|see you|scheduled for|referred|hospitali[sz]ed|anniversary|hired?"
    r"|wedding)"
    r"[\"')\]>]?[^\w\r\n]{0,4}(?:(?:date|on|am|el|le|at|is|was|for|of|the|="
    r"|:)[^\w\r\n]{0,3}){0,2}$",
    re.IGNORECASE,
)
_CONTEXT_LENGTH = 40
_LETTERS = re.compile(r"[^\W\d_]+")
_LONGEST_WORD = 32
# A digit that sticks to the word is no part of it.
_WORD_AFTER = re.compile(r",?\s(?P<word>[^\W\d_a-zß-ÿ][^\W\d_]{1,30})(?![^\W\d]|-)")
_WORD_BEFORE = re.compile(r"(?<![^\W\d])(?<!-)(?P<word>[^\W\d_a-zß-ÿ][^\W\d_]{1,30}),?\s$")
_YEARS = ("y1", "y2", "y3", "y4", "y5", "y6", "y7", "y8")
_GROUPS = (*_YEARS, "m1", "d1", "a2", "b2", "m3", "d3")
# Dates that software means something else by: epochs, "never", and the one of Microsoft's drivers.
_MARKERS = frozenset(
    {
        (1601, 1, 1),
        (1970, 1, 1),
        (1900, 1, 1),
        (1899, 12, 30),
        (1980, 1, 1),
        (2006, 6, 21),
        (1999, 12, 31),
    }
)


def find_dates(text: str, lower: str) -> list[re.Match[str]]:
    """Return all dates in *text*, in order; *lower* is its lower case."""
    starts = (match.start() for match in _NUMERIC_START.finditer(text))
    dates: list[re.Match[str]] = []
    end = 0
    for start in starts:
        if start >= end and (match := _NUMERIC.match(text, start)):
            dates.append(match)
            end = match.end()
    for month in _MONTH_STEMS:  # a loop: any() takes four times as long
        if month in lower:
            dates += _WORDED.finditer(text)
            dates.sort(key=lambda match: match.start())
            break
    return dates


def without_names(
    text: str, dates: Iterable[re.Match[str]], is_of_name: Callable[[str, str], bool]
) -> Iterator[re.Match[str]]:
    """Yield *dates* but for those whose month is somebody: "8 Mei Gonzalez", "Tanaka June 3".

    *is_of_name* is asked about the month and the capitalised word beside it, in lower case.
    """
    for match in dates:
        beside = None if _has_year(match) else _beside_month(text, match)
        if not (beside and is_of_name(_month(match).lower(), beside.group("word").lower())):
            yield match


def _has_year(match: re.Match[str]) -> bool:
    return match.re is _NUMERIC or any(match.group(year) for year in ("y4", "y6", "y7", "y8"))


def _beside_month(text: str, match: re.Match[str]) -> re.Match[str] | None:
    if match.group("d4"):  # the day comes first
        return _WORD_AFTER.match(text, match.end())
    return _WORD_BEFORE.search(text, max(0, match.start() - _LONGEST_WORD), match.start())


def _month(match: re.Match[str]) -> str:
    words: list[str] = _LETTERS.findall(match.group())  # an ordinal's ending stands with the day
    return words[-1] if match.group("d4") else words[0]


def personal_dates(text: str, dates: Iterable[re.Match[str]]) -> Iterator[Span]:
    """Yield those of *dates*, with their times, that a word in front makes somebody's."""
    for match in dates:
        start, end = match.span()
        if _ABOUT_PERSON.search(text[max(0, start - _CONTEXT_LENGTH) : start]):
            # With its time of day: a moment of birth is no better known without it.
            yield start, _end_of_time(text, end), Kind.DATE


def old_dates(text: str, dates: Iterable[re.Match[str]], today: date) -> Iterator[Span]:
    """Yield those of *dates* that are bare and too old for an event of a machine."""
    for match in dates:
        time = _TIME_AFTER.match(text, match.end())
        has_time = time is not None and not _MIDNIGHT.fullmatch(time.group("time"))
        if not has_time and not _is_harmless(match, today):
            yield *match.span(), Kind.DATE


def other_dates(
    text: str, dates: Sequence[re.Match[str]], today: date
) -> Iterator[tuple[int, int]]:
    """Yield where the dates are that may stay; those inside a name of a file are part of it."""
    gone = {start for start, _end, _kind in old_dates(text, dates, today)}
    for match in dates:
        start, end = match.span()
        if (
            start not in gone
            and not _JOINED.search(text[max(0, start - 2) : start])
            and not _JOINS.match(text, end)
        ):
            yield start, end


def _end_of_time(text: str, end: int) -> int:
    time = _TIME_OF_DAY.match(text, end)
    return time.end() if time else end


def _is_harmless(match: re.Match[str], today: date) -> bool:
    groups = dict.fromkeys(_GROUPS) | match.groupdict()
    year_text = next((groups[name] for name in _YEARS if groups[name]), None)
    if year_text is None:
        # A day without a year: a schedule, and no date of somebody that could be told.
        return True
    year = int(year_text.strip("'\u2019"))
    if year < 100:
        year += 2000 if year <= (today.year + RECENT_YEARS) % 100 else 1900
    return abs(year - today.year) <= RECENT_YEARS or _is_marker(groups, year)


def _is_marker(groups: dict[str, str | None], year: int) -> bool:
    month, day = (
        groups["m1"] or groups["m3"] or groups["a2"],
        groups["d1"] or groups["d3"] or groups["b2"],
    )
    if month is None or day is None:
        return False
    return (year, int(month), int(day)) in _MARKERS or (year, int(day), int(month)) in _MARKERS
