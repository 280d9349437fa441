# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers that are written in groups: 020 7946 0958, 219.09.9999, 1 52 07 75 123 456 78.

Each group is small enough to stay, and together they are somebody's. So the groups are judged as
the one number that they are, whatever stands between them.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate

from .checksums import is_ssn
from .numbers import may_stay
from .rule import Span
from .tokens import Kind

# Dashes of all lengths, also the minus and the wide one.
DASHES = r"\-\u2010-\u2015\u2212\uff0d"
_JOINT = rf"(?:[^\S\r\n]?[{DASHES}./_\u00b7][^\S\r\n]?|[^\S\r\n])"
_GROUPS = re.compile(rf"(?<!\d)\d{{1,8}}(?:(?:\)?{_JOINT}\(?|[()])\d{{1,8}}){{1,9}}(?!\d)")
_DIGITS = re.compile(r"\d+")
# A number of the Social Security, whatever parts its groups: also what parts no other number.
_SSN_JOINT = rf"[^\S\r\n]?[{DASHES}./_\u00b7\\|*#+:,][^\S\r\n]?|[^\S\r\n]{{1,2}}"
_SSN = re.compile(rf"(?<!\d)\d{{3}}(?:{_SSN_JOINT})\d\d(?:{_SSN_JOINT})\d{{4}}(?!\d)")
# The shortest telephone number without its area.
_FEWEST_DIGITS = 7
_NANP = (3, 3, 4)
_LOCAL = (3, 4)
_FEWEST_ABROAD, _MOST_ABROAD = 9, 12
_PAIR, _FEWEST_OF_PHONE = 2, 4
# EX-2026-004: how tickets, exceptions and changes are counted.
_YEAR = re.compile(r"20\d\d")
_LONGEST_IN_YEAR = 4


def looks_grouped(text: str) -> bool:
    """Return whether dots in *text* part the groups of somebody's number, not of a version."""
    groups = text.split(".")
    sizes = tuple(map(len, groups))
    return (
        (sizes == (3, 2, 4) and is_ssn(text))
        or (sizes == _NANP and groups[0][0] in "23456789")
        or (
            len(groups) >= _FEWEST_OF_PHONE
            and groups[0].startswith("0")
            and all(size > 1 for size in sizes)
        )
    )


def grouped_ssns(text: str) -> Iterator[Span]:
    """Yield the numbers of the Social Security in *text*."""
    for match in _SSN.finditer(text):
        if is_ssn(match.group()):
            yield *match.span(), Kind.SSN


def grouped_numbers(text: str, places: Iterable[tuple[int, int]]) -> Iterator[Span]:
    """Yield the numbers in groups that lie in one of *places* and that nothing explains."""
    for low, high in places:
        for match in _GROUPS.finditer(text, low, high):
            if not _may_stay(text, match):
                yield *match.span(), Kind.NUMBER


def candidates(text: str) -> Iterator[tuple[int, int]]:
    """Yield where numbers in groups may lie."""
    return (match.span() for match in _GROUPS.finditer(text))


def _may_stay(text: str, match: re.Match[str]) -> bool:
    groups = _DIGITS.findall(match.group())
    sizes = tuple(map(len, groups))
    count = sum(sizes)
    if count < _FEWEST_DIGITS:
        return True
    is_dialled = len(groups[0]) > 1 and groups[0][0] == "0"
    if len(groups) == _PAIR and not is_dialled:
        joint = match.group()[sizes[0] : -sizes[1]]
        is_range = joint == "-" and int(groups[0]) < int(groups[1]) and groups[1][0] != "0"
        if is_range or (joint in {".", "/"} and sizes != _LOCAL):
            return True  # ports from here to there, a decimal, a share
        if joint == "-" and _YEAR.fullmatch(groups[0]) and sizes[1] <= _LONGEST_IN_YEAR:
            return True  # the running number of a ticket
    if _has_phone(groups):
        return False
    return may_stay(text, *match.span())


def _has_phone(groups: list[str]) -> bool:
    """Return whether a telephone number is among *groups*; a count may follow it.

    Abroad it begins with a zero, which numbers of machines have not in front.
    """
    sizes = tuple(map(len, groups))
    for at, group in enumerate(groups):
        if sizes[at : at + len(_NANP)] == _NANP and group[0] in "23456789":
            return True
    is_dialled = sizes[0] > 1 and groups[0][0] == "0"
    lengths = list(accumulate(sizes))[1:]
    return is_dialled and any(_FEWEST_ABROAD <= count <= _MOST_ABROAD for count in lengths)
