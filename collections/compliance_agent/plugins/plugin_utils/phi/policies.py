# SPDX-License-Identifier: GPL-3.0-or-later
"""Which policy a field has, by its path: the first row of the field table that fits."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from .field_table import MODES, NUMBERS, TYPED

# A document has some hundred different keys; what strangers send must not fill the memory.
LAST_KEYS = 2048


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

    expression: str
    last: str
    mode: Mode
    grammar: str


def policy_for(path: str) -> Policy:
    """Return the policy of the field at *path*; text in log mode where no row fits."""
    keeps_numbers = _NUMBERS.fullmatch(path) is not None
    for pattern, row in _rows_for(path.rpartition(".")[2].lower()):
        if pattern.fullmatch(path):
            if row.mode is Mode.DROP:
                return Policy(row.mode)
            return Policy(row.mode, row.grammar, keeps_numbers=keeps_numbers)
    return Policy(Mode.LOG, is_known=False, keeps_numbers=keeps_numbers)


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
    for grammar, patterns in TYPED:
        yield from _split(patterns, Mode.TYPED, grammar)
    for name, patterns in MODES:
        mode = Mode(name)
        if mode in {Mode.DROP, Mode.PROSE}:
            # What lies under a dropped or prose key is dropped or prose, too.
            yield _Row(rf"(?:{_any_of(patterns)})(?:[.\[].*)?", "", mode, "")
        else:
            yield from _split(patterns, mode, "")


def _split(patterns: str, mode: Mode, grammar: str) -> Iterator[_Row]:
    for pattern in patterns.split():
        last = pattern.rpartition(".")[2].lower()
        yield _Row(_expression(pattern), "" if "*" in last else last, mode, grammar)


@lru_cache(LAST_KEYS)
def _rows_for(last: str) -> tuple[tuple[re.Pattern[str], _Row], ...]:
    """Return what a path with this last key can fit, in the order of the table.

    Compiled here: few documents have more than a part of the keys, and all would take 40 ms.
    """
    rows = (row for row in _ROWS if row.last in {"", last})
    return tuple((re.compile(row.expression, re.IGNORECASE), row) for row in rows)


_ROWS = tuple(_rows())
_NUMBERS = re.compile(_any_of(NUMBERS), re.IGNORECASE)
