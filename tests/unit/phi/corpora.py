# SPDX-License-Identifier: GPL-3.0-or-later
"""Read labelled lines, and measure what a scrubber did to them.

``[[KIND:text]]`` marks what must go, ``{{text}}`` a token that an auditor needs. Recall counts a
span as gone when at least 80 % of its letters and digits are; over-redaction is the share of
letters and digits outside of all marks that went.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

DATA = Path(__file__).with_name("data")
_MARK = re.compile(r"\[\[(?P<kind>[A-Z]+):(?P<gone>.*?)\]\](?!\])|\{\{(?P<kept>.*?)\}\}(?!\})")
_TOKEN = re.compile(r"<[A-Z]+:[0-9a-f]{8}>|<UNSCRUBBABLE>")
GONE_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Span:
    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its marks, what must go from it, and what must stay."""

    text: str
    gone: tuple[Span, ...]
    kept: tuple[Span, ...]


@dataclass(slots=True)
class Measure:
    """What became of many lines; *missed* and *lost* quote the spans for a failing test."""

    spans: int = 0
    found: int = 0
    letters: int = 0
    letters_lost: int = 0
    critical: int = 0
    missed: list[str] = None  # type: ignore[assignment]  # set below
    lost: list[str] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.missed, self.lost = [], []

    @property
    def recall(self) -> float:
        return self.found / max(1, self.spans)

    @property
    def over_redaction(self) -> float:
        return self.letters_lost / max(1, self.letters)

    @property
    def critical_loss(self) -> float:
        return len(self.lost) / max(1, self.critical)


def parse_line(marked: str) -> Line:
    text, at = "", 0
    gone: list[Span] = []
    kept: list[Span] = []
    for match in _MARK.finditer(marked):
        text += marked[at : match.start()]
        value = match["gone"] if match["kept"] is None else match["kept"]
        span = Span(len(text), len(text) + len(value), match["kind"] or "KEEP")
        (gone if match["kept"] is None else kept).append(span)
        text += value
        at = match.end()
    return Line(text + marked[at:], tuple(gone), tuple(kept))


def read_corpus(name: str) -> list[Line]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [parse_line(line) for line in lines if line and not line.startswith("# ")]


def surviving(text: str, scrubbed: str) -> bytearray:
    """Return for each letter of *text* whether it is still there: 1 or 0.

    The output is cut at its tokens; each piece between two tokens is found again in order.
    """
    alive = bytearray(len(text))
    at = 0
    pieces = _TOKEN.split(scrubbed)
    for number, piece in enumerate(pieces):
        if not piece:
            continue
        place = text.rfind(piece) if number == len(pieces) - 1 else text.find(piece, at)
        if place < at:
            # Cannot be told apart by order: fall back to an alignment.
            return _aligned(text, scrubbed)
        alive[place : place + len(piece)] = b"\1" * len(piece)
        at = place + len(piece)
    return alive


def measure(lines: Iterable[Line], scrub: Callable[[str], str]) -> Measure:
    result = Measure()
    for line in lines:
        scrubbed = scrub(line.text)
        alive = surviving(line.text, scrubbed)
        marked = bytearray(len(line.text))
        for span in line.gone:
            marked[span.start : span.end] = b"\1" * (span.end - span.start)
            places = [i for i in range(span.start, span.end) if line.text[i].isalnum()]
            share = sum(not alive[i] for i in places) / max(1, len(places))
            result.spans += 1
            if share >= GONE_SHARE:
                result.found += 1
            else:
                text = line.text[span.start : span.end]
                result.missed.append(f"{span.kind} {text!r} in {scrubbed!r}")
        for span in line.kept:
            result.critical += 1
            if not all(alive[span.start : span.end]):
                result.lost.append(f"{line.text[span.start : span.end]!r} in {scrubbed!r}")
        free = [i for i, letter in enumerate(line.text) if letter.isalnum() and not marked[i]]
        result.letters += len(free)
        result.letters_lost += sum(not alive[i] for i in free)
    return result


def _aligned(text: str, scrubbed: str) -> bytearray:
    alive = bytearray(len(text))
    matcher = SequenceMatcher(None, text, _TOKEN.sub("\0", scrubbed), autojunk=False)
    for block in matcher.get_matching_blocks():
        alive[block.a : block.a + block.size] = b"\1" * block.size
    return alive
