# SPDX-License-Identifier: GPL-3.0-or-later
"""Find what must go from a note that a person wrote: beyond log mode, all that could point.

Capitalised words but for those of operations and the starts of sentences, dates of any year, and
numbers of three digits or more. What is left is for orientation, not for reading.
"""

import re

from .rule import Span
from .tokens import TOKEN, Kind
from .vocabulary import Vocabulary

_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_START = re.compile(r"(?:^|[.!?:;\n])\s*$")
_DATE = re.compile(
    r"(?<!\d)(?:\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}|\d{1,2}[/-]\d{1,4})(?!\d)"
    r"|\b\d{1,2}(?:st|nd|rd|th)?\s(?:of\s)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct"
    r"|nov|dec)[a-z]{0,6}\b"
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\s\d{1,2}(?:st|nd|rd|th)?\b",
    re.IGNORECASE,
)
_LEAST_DIGITS = 3


def prose_spans(text: str, found: list[Span], vocabulary: Vocabulary) -> list[Span]:
    """Return *found* (the spans of log mode) and all else that must go, in order."""
    taken = bytearray(len(text))
    for start, end, _kind in found:
        taken[start:end] = b"\1" * (end - start)
    for token in TOKEN.finditer(text):
        taken[token.start() : token.end()] = b"\1" * (token.end() - token.start())
    spans = list(found)
    for match in _DATE.finditer(text):
        _take(match.start(), match.end(), Kind.DATE, taken, spans)
    for match in _WORD.finditer(text):
        word = match.group()
        if sum(map(str.isdigit, word)) >= _LEAST_DIGITS:
            _take(match.start(), match.end(), Kind.NUMBER, taken, spans)
        elif word[0].isupper() and not _may_stay(
            word, text[max(0, match.start() - 4) : match.start()], vocabulary
        ):
            _take(match.start(), match.end(), Kind.NAME, taken, spans)
    return sorted(spans)


def _may_stay(word: str, before: str, vocabulary: Vocabulary) -> bool:
    folded = word.lower()
    if vocabulary.is_name(folded):
        return vocabulary.is_known(folded)
    return len(word) == 1 or vocabulary.is_operational(folded) or _START.search(before) is not None


def _take(start: int, end: int, kind: Kind, taken: bytearray, spans: list[Span]) -> None:
    if not any(taken[start:end]):
        taken[start:end] = b"\1" * (end - start)
        spans.append((start, end, kind))
