# SPDX-License-Identifier: GPL-3.0-or-later
"""Find what must go from a line of a log: everything that cannot justify itself.

1. Credentials go (`secret_forms`, `credentials`), and what no token of operations may hide
   (`spelled`, `stuck`); then exact tokens of operations are protected (`protected`).
2. What a format or a label makes somebody's goes (`formats`, `labels`, `dates`, `names`).
3. Other tokens of operations are protected; identifiers of known form go (`identifiers`, `places`).
4. Of the rest each compound goes that the vocabulary does not explain (`compounds`), and each
   number that nothing says to be one of operations (`numbers`).
5. Words that are names, too, go where they stand beside something that went.
Who comes first decides: a credential is stronger than any token, an exact token stronger than a
label, a label stronger than a version or a path, and those stronger than the mere form of a value.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date

from . import (
    credentials,
    formats,
    identifiers,
    labels,
    places,
    protected,
    secret_forms,
    spelled,
    stuck,
)
from .compounds import COMPOUND, CompoundJudge, stem_length
from .dates import find_dates, old_dates, other_dates, personal_dates, without_names
from .digit_groups import candidates, grouped_numbers, grouped_ssns
from .inventory import SiteInventory
from .names import NameFinder
from .numbers import may_stay
from .paths import path_spans
from .rule import Span, found
from .tokens import TOKEN, Kind
from .vocabulary import Vocabulary

_URL = re.compile(
    r"\b(?:https?|ftp|sftp|ldaps?|file)://(?P<host>[^\s/:\"'<>|?#]{1,253})[^\s\"'<>|]{0,512}",
    re.IGNORECASE,
)
_FREE, _GONE, _KEPT, _TOKEN = 0, 1, 2, 3
_MAY_BE_KEPT = bytes([_FREE, _KEPT])


class LogMode:
    """Finds spans with one vocabulary and one inventory; *today* (UTC) dates the dates."""

    def __init__(self, vocabulary: Vocabulary, inventory: SiteInventory, today: date) -> None:
        self._compounds = CompoundJudge(vocabulary)
        self._names = NameFinder(vocabulary)
        self._vocabulary = vocabulary
        self._inventory = inventory
        self._today = today

    def spans(self, text: str) -> list[Span]:
        """Return what must go from *text*, in order and without overlap."""
        lower = text.lower()
        cover = _Cover(text)
        for match in TOKEN.finditer(text):
            cover.mark(match.start(), match.end(), _TOKEN)
        cover.take(found(secret_forms.RULES, text, lower))
        cover.take(found(credentials.RULES, text, lower))
        cover.take(found(spelled.RULES, text, lower))
        cover.take(found(stuck.RULES, text, lower))
        cover.keep(found(protected.EXACT, text, lower))
        cover.take(found(formats.RULES, text, lower))
        cover.take(found(labels.RULES, text, lower))
        dates = list(without_names(text, find_dates(text, lower), self._names.is_month_of_name))
        cover.take(personal_dates(text, dates))
        cover.take(self._names.labelled(text, lower))
        cover.take(found(identifiers.EMAIL, text, lower))
        cover.keep(self._vouched(text, found(protected.LOOSE, text, lower)))
        cover.take(old_dates(text, dates, self._today))
        cover.keep((*span, Kind.DATE) for span in other_dates(text, dates, self._today))
        cover.take(self._urls(text))
        cover.take(grouped_ssns(text))
        cover.take(found(identifiers.RULES, text, lower))
        cover.take(found(places.RULES, text, lower))
        cover.take(self._names.titled(text))
        cover.take(path_spans(text, self._vocabulary))
        cover.take(self._grouped(text, dates, cover))
        self._deny(text, cover)
        return cover.joined()

    def _vouched(self, text: str, spans: Iterable[Span]) -> Iterator[Span]:
        """Yield *spans* but for those with a word that looks like a name and that nobody knows."""
        return (span for span in spans if not self._compounds.has_stranger(text[span[0] : span[1]]))

    def _urls(self, text: str) -> Iterator[Span]:
        """Yield addresses of the web, but for those of the site; their words are judged later."""
        if "://" in text:
            for match in _URL.finditer(text):
                if not self._inventory.has_host(match.group("host").lower()):
                    yield *match.span(), Kind.URL

    def _grouped(self, text: str, dates: list[re.Match[str]], cover: "_Cover") -> list[Span]:
        """Return the numbers in groups; a date that may stay is no part of one."""
        spans: list[Span] = []
        place = 0  # both go forward, so that this takes linear time
        for start, end in candidates(text):
            low = start
            while place < len(dates) and dates[place].start() < end:
                first, last = dates[place].span()
                if low <= first and last <= end:
                    spans += grouped_numbers(text, cover.free_runs(low, first))
                    low = last
                place += 1
            spans += grouped_numbers(text, cover.free_runs(low, end))
        return spans

    def _deny(self, text: str, cover: "_Cover") -> None:
        names: list[tuple[int, int]] = []
        for match in COMPOUND.finditer(text):
            start, end = match.span()
            if not cover.is_free(start, end):
                compound = match.group()
                if "_" in compound and cover.has_gone(start, end):
                    # What is joined to something gone tells of the same: gomez_19720315_consent.
                    cover.take([(start, start + stem_length(compound), Kind.FILE)])
                # What a rule left of another compound is judged piece by piece.
                for low, high in cover.free_runs(start, end):
                    self._judge(text, low, high, cover, names)
            else:
                self._judge(text, start, end, cover, names)
        cover.take(self._names.beside(text, names, cover.is_gone))

    def _judge(
        self, text: str, start: int, end: int, cover: "_Cover", names: list[tuple[int, int]]
    ) -> None:
        judged = self._compounds.judge(text[start:end])
        for low, high, kind in judged.gone:
            cover.take([(start + low, start + high, kind)])
        for first, last in judged.numbers:
            low, high = start + first, start + last
            joined = low > 0 and text[low - 1] in "-/." and cover.is_gone(low - 2)
            if joined or not may_stay(text, low, high):
                cover.take([(low, high, Kind.NUMBER)])
        names += [(start + low, start + high) for low, high in judged.names]


class _Cover:
    """Which letters of a text are gone, kept or free."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._marks = bytearray(len(text))
        self._spans: list[Span] = []

    def mark(self, start: int, end: int, value: int) -> None:
        self._marks[start:end] = bytes([value]) * (end - start)

    def take(self, spans: Iterable[Span]) -> None:
        """Take out *spans*, but for what is kept already or gone."""
        for start, end, kind in spans:
            for low, high in self.free_runs(start, end):
                # What is left between two tokens is often only a quote or a bracket.
                if any(map(str.isalnum, self._text[low:high])):
                    self.mark(low, high, _GONE)
                    self._spans.append((low, high, kind))

    def keep(self, spans: Iterable[Span]) -> None:
        """Keep *spans*, but for those of which a part went before."""
        for start, end, _kind in spans:
            if not self._marks[start:end].strip(_MAY_BE_KEPT):
                self.mark(start, end, _KEPT)

    def is_free(self, start: int, end: int) -> bool:
        return not any(self._marks[start:end])

    def has_gone(self, start: int, end: int) -> bool:
        return _GONE in self._marks[start:end]

    def is_gone(self, place: int) -> bool:
        return 0 <= place < len(self._marks) and self._marks[place] in {_GONE, _TOKEN}

    def free_runs(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the free stretches between *start* and *end*."""
        if self.is_free(start, end):
            return [(start, end)]
        runs = []
        low = start
        for place in range(start, end + 1):
            if place == end or self._marks[place]:
                if low < place:
                    runs.append((low, place))
                low = place + 1
        return runs

    def joined(self) -> list[Span]:
        """Return the spans in order; words of one name become one span."""
        spans: list[Span] = []
        for start, end, kind in sorted(self._spans):
            if spans:
                low, high, before = spans[-1]
                gap = self._text[high:start]
                if not gap and before == kind:
                    spans[-1] = (low, end, kind)
                    continue
                if gap in _JOINTS and kind in _NAMES and before in _NAMES:
                    spans[-1] = (low, end, Kind.NAME)
                    continue
            spans.append((start, end, kind))
        return spans


_JOINTS = frozenset({" ", ", ", ". "})
_NAMES = frozenset({Kind.NAME, Kind.WORD})
