# SPDX-License-Identifier: GPL-3.0-or-later
"""Which policy a field has, by its path: the first row of the field table that fits."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import count

from .field_table import MODES, NUMBERS, TYPED


class Mode(StrEnum):
    """How the text of a field is treated."""

    TYPED = "typed"
    USER = "user"
    HOST = "host"
    PATH = "path"
    LOG = "log"
    PROSE = "prose"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Policy:
    """*grammar* names the form of a typed field; *is_known* says that a row fitted the path."""

    mode: Mode
    grammar: str = ""
    is_known: bool = True
    keeps_numbers: bool = False


@dataclass(frozen=True, slots=True)
class _Row:
    """A part of the table; *last* is its last key, empty where that may be another one."""

    place: int
    expression: str
    last: str
    mode: Mode
    grammar: str


def policy_for(path: str) -> Policy:
    """Return the policy of the field at *path*; text in log mode where no row fits."""
    keeps_numbers = _NUMBERS.fullmatch(path) is not None
    row = _row_of(path)
    if row is None:
        return _policy(Mode.LOG, "", is_known=False, keeps_numbers=keeps_numbers)
    if row.mode is Mode.DROP:
        return _policy(row.mode, "", is_known=True, keeps_numbers=False)
    return _policy(row.mode, row.grammar, is_known=True, keeps_numbers=keeps_numbers)


@cache
def _policy(mode: Mode, grammar: str, *, is_known: bool, keeps_numbers: bool) -> Policy:
    # A thousand fields have a dozen different ones.
    return Policy(mode, grammar, is_known, keeps_numbers)


def rows() -> Iterator[tuple[str, str, str]]:
    """Yield the table as mode, grammar and patterns: what the digest and the reference show."""
    for grammar, patterns in TYPED:
        yield Mode.TYPED, grammar, patterns
    for mode, patterns in MODES:
        yield Mode(mode), "", patterns
    yield "numbers", "", NUMBERS


def _expression(pattern: str) -> str:
    *above, last = pattern.split(".")
    parents = [r"(?:[^.]+\.)*" if key == "**" else _key(key) + r"\." for key in above]
    return "".join(parents) + (".+" if last == "**" else _key(last))


def _key(segment: str) -> str:
    return re.escape(segment).replace(r"\*", r"[^.\[\]]*")


def _any_of(patterns: str) -> str:
    return "|".join(_expression(pattern) for pattern in patterns.split())


def _rows() -> Iterator[_Row]:
    place = count()
    for mode, grammar, patterns in rows():
        if mode in {Mode.DROP, Mode.PROSE}:
            # What lies under a dropped or prose key is dropped or prose, too.
            yield _Row(next(place), rf"(?:{_any_of(patterns)})(?:[.\[].*)?", "", Mode(mode), "")
        elif mode != "numbers":
            for pattern in patterns.split():
                last = pattern.rpartition(".")[2].lower()
                known = "" if "*" in last else last
                yield _Row(next(place), _expression(pattern), known, Mode(mode), grammar)


def _row_of(path: str) -> _Row | None:
    """Return the first row of the table that fits *path*."""
    named = next(filter(_fits(path), _BY_LAST_KEY.get(path.rpartition(".")[2].lower(), ())), None)
    earlier = _OPEN if named is None else (row for row in _OPEN if row.place < named.place)
    return next(filter(_fits(path), earlier), named)


def _fits(path: str) -> Callable[[_Row], bool]:
    # Compiled when it is first asked for: few documents need more than a part of the table.
    return lambda row: _compiled(row.expression).fullmatch(path) is not None


@cache
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.IGNORECASE)


_ROWS = tuple(_rows())
# Rows whose last key is known, by that key, and those that fit several.
_BY_LAST_KEY: dict[str, list[_Row]] = {}
for _row in _ROWS:
    _BY_LAST_KEY.setdefault(_row.last, []).append(_row)
_OPEN = _BY_LAST_KEY.pop("")
_NUMBERS = re.compile(_any_of(NUMBERS), re.IGNORECASE)
