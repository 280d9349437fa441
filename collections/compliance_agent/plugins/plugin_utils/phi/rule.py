# SPDX-License-Identifier: GPL-3.0-or-later
"""A rule: a pattern that finds, a check that confirms, and words without which it need not run."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .tokens import Kind

Check = Callable[[re.Match[str]], bool]
# Start, end and kind of what goes.
Span = tuple[int, int, Kind]


@dataclass(frozen=True, slots=True)
class Rule:
    """Finds *kind*. Groups called ``v``, ``v2``, ``v3`` are what goes; without them, all of it.

    *needs*: lower-case texts of which the line must hold one; it saves most lines the search.
    Patterns have bounded repeats only, so that a search takes time linear in the text.
    """

    name: str
    kind: Kind
    pattern: re.Pattern[str]
    needs: tuple[str, ...] = ()
    check: Check | None = None

    def may_fit(self, lower: str) -> bool:
        """Return whether a text can hold what this rule finds; *lower* is its lower case."""
        if not self.needs:
            return True
        for need in self.needs:  # noqa: SIM110 - any() takes four times as long, a hundred times a line
            if need in lower:
                return True
        return False

    def spans(self, text: str) -> Iterator[Span]:
        """Yield what this rule finds in *text*."""
        for match in self.pattern.finditer(text):
            if self.check is not None and not self.check(match):
                continue
            groups = [name for name in self.pattern.groupindex if name.startswith("v")]
            spans = [match.span(name) for name in groups] if groups else [match.span()]
            yield from ((start, end, self.kind) for start, end in spans if start < end)


def rule(  # noqa: PLR0913 - the fields of a rule
    name: str,
    kind: Kind,
    pattern: str,
    *,
    needs: str = "",
    check: Check | None = None,
    flags: int = 0,
) -> Rule:
    """Return a rule; *needs* is words parted by spaces."""
    return Rule(name, kind, re.compile(pattern, flags), tuple(needs.split()), check)


def found(rules: Iterable[Rule], text: str, lower: str) -> Iterator[Span]:
    """Yield what any of *rules* finds in *text*; *lower* is its lower case."""
    for one in rules:
        if one.may_fit(lower):
            yield from one.spans(text)
