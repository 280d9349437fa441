# SPDX-License-Identifier: GPL-3.0-or-later
"""Which policy a field has, by its path: the first row of the field table that fits."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

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
    pattern: re.Pattern[str]
    mode: Mode
    grammar: str


def policy_for(path: str) -> Policy:
    """Return the policy of the field at *path*; text in log mode where no row fits."""
    keeps_numbers = _NUMBERS.fullmatch(path) is not None
    for row in _ROWS:
        if row.pattern.fullmatch(path):
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


def _compile(patterns: str, *, with_children: bool = False) -> re.Pattern[str]:
    expressions = "|".join(_expression(pattern) for pattern in patterns.split())
    tail = r"(?:[.\[].*)?" if with_children else ""
    return re.compile(rf"(?:{expressions}){tail}", re.IGNORECASE)


def _rows() -> Iterator[_Row]:
    for grammar, patterns in TYPED:
        yield _Row(_compile(patterns), Mode.TYPED, grammar)
    for name, patterns in MODES:
        mode = Mode(name)
        # What lies under a dropped or prose key is dropped or prose, too.
        yield _Row(_compile(patterns, with_children=mode in {Mode.DROP, Mode.PROSE}), mode, "")


_ROWS = tuple(_rows())
_NUMBERS = _compile(NUMBERS)
