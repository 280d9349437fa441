# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge one compound: letters and digits joined by ``-``, ``_``, ``.`` and their like.

``FRONTDESK-2``, ``wbengine.exe`` and ``DOE_JOHN_MRN00123.pdf`` are compounds. Each part must
justify itself; where one does not, what belongs together goes together.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from .rule import Span
from .tokens import Kind
from .vocabulary import Vocabulary

REMEMBERED_COMPOUNDS = 4096
# No word, host or file is longer; what is, is data.
LONGEST_COMPOUND = 256
# Everything beyond ASCII counts as a letter, but for the punctuation of typesetters.
_PUNCTUATION = (
    "\u00a0\u00a7\u00a9\u00ab\u00ae\u00b0\u00b1\u00b5\u00b7\u00bb\u00d7\u2010-\u2027"
    "\u2030-\u203a\u20ac\u2122\u2190-\u2193\u2212\u2264\u2265\u202f\u25a0-\u25cf"
    "\u2713\ufeff"
)
_ALNUM = rf"(?:[A-Za-z0-9]|[^\x00-\x7f{_PUNCTUATION}])"
COMPOUND = re.compile(rf"{_ALNUM}+(?:[-_.&+~$'\u2019@]{{1,2}}{_ALNUM}+)*")
_PART = re.compile(r"(?P<digits>[0-9]+)|[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
# A word that begins as a name does, alone or at the end of others: Stahl, VSvetlana.
_CAPITALISED = re.compile(r"[A-Z][a-z]{2,30}")
_RUN = re.compile(rf"{_ALNUM}+")
_EXTENSION = re.compile(r"\.([A-Za-z0-9]{2,5})$")
# Files that people name after people.
_DOCUMENT = frozenset(
    (
        "pdf doc docx rtf xls xlsx csv jpg jpeg png gif tif tiff bmp dcm msg eml zip hl7 "
        "wav mp3 mp4 mov avi heic odt ppt pptx txt"
    ).split()
)
# Seconds, shares, sizes. Coordinates come in pairs or with a label, and have gone by now.
_DECIMAL = re.compile(r"\d{1,4}\.\d{1,9}[A-Za-z]{0,2}")
# Programs and what belongs to them.
_EXTENSIONS = _DOCUMENT | frozenset(
    (
        "exe dll sys msi msu msp cab cat inf ini log evtx evt etl dmp mdmp hdmp tmp bat c"
        "md ps1 psm1 psd1 vbs js jse wsf hta scr com cpl drv mui ocx pnf dat db edb jrs c"
        "hk mdb accdb ldf mdf ndf bak trn vhd vhdx avhdx vmdk vmcx vbk vib vbm iso wim es"
        "d swm rar gz tar 7z xml xsd xsl json yaml yml svg docm xlsm htm html css aspx as"
        "p php lnk url reg pol adm admx adml cer crt pem pfx p12 csr mof mum manifest nls"
        " ttf spl shd ico fon bin img cfg conf config properties sql py sh nupkg appx msi"
        "x key ost pst one tmpl old new lock part"
    ).split()
)
_LONGEST_SMALL_NUMBER = 4
_TINY_NUMBER = 2
_MOST_COUNTED_WORDS = 3
# Of so few parts one that is bad takes the others along.
_FEW_PARTS = 4
_DEVICE = re.compile(r"(?:patient|patients|room|bed|ward|rm|resident)(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Judged:
    """What goes for sure, the words that are names, too, and the numbers that need a context."""

    gone: tuple[Span, ...] = ()
    names: tuple[tuple[int, int], ...] = ()
    numbers: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    start: int
    end: int
    text: str
    is_bad: bool
    is_name: bool = False
    is_number: bool = False


def stem_length(text: str) -> int:
    """Return where the known extension of a file begins in *text*, else its length."""
    match = _EXTENSION.search(text)
    if match and match.start() and match.group(1).lower() in _EXTENSIONS:
        return match.start()
    return len(text)


class CompoundJudge:
    """Judges compounds with one vocabulary; *judge* remembers."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self.judge = lru_cache(REMEMBERED_COMPOUNDS)(self._judge)

    def _judge(self, text: str) -> Judged:
        if len(text) > LONGEST_COMPOUND:
            return Judged(gone=((0, len(text), Kind.WORD),))
        lower = text.lower()
        if self._vocabulary.is_operational(lower) and not self._vocabulary.is_name(lower):
            return Judged()
        if _DECIMAL.fullmatch(text):
            return Judged()
        stem = stem_length(text)
        if stem < len(text) and self._vocabulary.is_operational(lower[:stem]):
            return Judged()
        parts = [part for run in _RUN.finditer(text[:stem]) for part in self._parts(run)]
        is_document = stem < len(text) and lower[stem + 1 :] in _DOCUMENT
        bad = [part for part in parts if part.is_bad]
        names = [part for part in parts if part.is_name]
        if self._are_telling(text, names, parts, is_certain=is_document or bool(bad)):
            bad = [part for part in parts if part.is_bad or part.is_name]
        if (
            not bad
            and _DEVICE.search(text)
            and any(part.is_number for part in parts)
            and "-" in text
        ):
            # PATIENT-ROOM-201-PC: no name, and yet it says who lay where.
            bad = parts
        if not bad:
            return Judged(
                names=tuple((part.start, part.end) for part in names),
                numbers=tuple(
                    (part.start, part.end)
                    for part in parts
                    if part.is_number and part.end - part.start > _TINY_NUMBER
                ),
            )
        return Judged(gone=_together(text, stem, parts, bad))

    def has_stranger(self, text: str) -> bool:
        """Return whether *text* has a capitalised word that the vocabulary does not know."""
        return any(not self._has(match.group().lower()) for match in _CAPITALISED.finditer(text))

    def _are_telling(
        self, text: str, names: list[_Part], parts: list[_Part], *, is_certain: bool
    ) -> bool:
        """Return whether *names* in a compound are somebody's: in a document, or a device."""
        rare = [part for part in names if not self._vocabulary.is_operational(part.text.lower())]
        if rare:
            return is_certain or len(names) > 1 or (len(parts) > 1 and ("-" in text or "_" in text))
        return is_certain and len(names) > 1 and len(names) == len(parts)

    def _parts(self, run: re.Match[str]) -> list[_Part]:
        """Judge the parts of one run of letters and digits: its words, humps and numbers."""
        text, offset = run.group(), run.start()
        lower = text.lower()
        if self._vocabulary.is_operational(lower):
            return [_Part(offset, run.end(), text, is_bad=False, is_name=self._is_name(text))]
        if not text.isascii():
            # A word of another language, or one that only looks like ours: nothing vouches for it.
            return [_Part(offset, run.end(), text, is_bad=True)]
        matches = list(_PART.finditer(text))
        has_digits = any(match.lastgroup == "digits" for match in matches)
        words = [match.group() for match in matches if match.lastgroup != "digits"]
        is_mixed = has_digits and bool(words)
        parts = []
        for match in matches:
            start, end = offset + match.start(), offset + match.end()
            piece = match.group()
            if match.lastgroup == "digits":
                # A code that mixes is somebody's, unless it is a known word and a small number.
                is_bad = is_mixed and (
                    len(piece) > _LONGEST_SMALL_NUMBER or not self._is_counted(words)
                )
                parts.append(_Part(start, end, piece, is_bad=is_bad, is_number=True))
            elif len(piece) == 1:
                parts.append(
                    _Part(start, end, piece, is_bad=is_mixed and not self._is_counted(words))
                )
            else:
                folded = piece.lower()
                is_bad = not self._has(folded)
                parts.append(
                    _Part(
                        start,
                        end,
                        piece,
                        is_bad=is_bad,
                        is_name=not is_bad and self._is_name(piece),
                    )
                )
        if (
            len(parts) > 1
            and lower.isalpha()
            and any(part.is_bad for part in parts)
            and self._has(lower)
        ):
            return [_Part(offset, run.end(), text, is_bad=False)]
        return parts

    def _has(self, word: str) -> bool:
        return bool(self._vocabulary.has(word))

    def _is_name(self, word: str) -> bool:
        return word[:1].isupper() and self._vocabulary.is_name(word.lower())

    def _is_counted(self, words: list[str]) -> bool:
        """Return whether *words* before a number make a name of a thing: disk0, Harddisk1."""
        return (
            len(words) <= _MOST_COUNTED_WORDS
            and any(len(word) > 1 for word in words)
            and all(len(word) == 1 or self._has(word.lower()) for word in words)
        )


def _together(text: str, stem: int, parts: list[_Part], bad: list[_Part]) -> tuple[Span, ...]:
    """Return what goes: the stem as a whole if most of it is bad, else the bad runs."""
    kind = Kind.FILE if stem < len(text) else Kind.WORD
    meaning = [part for part in parts if len(part.text) > 1]
    if stem < len(text) or len(bad) >= len(meaning) or len(meaning) <= _FEW_PARTS:
        return ((0, stem, kind),)
    return tuple(
        (run.start(), run.end(), kind)
        for run in _RUN.finditer(text[:stem])
        if any(run.start() <= part.start < run.end() for part in bad)
    )
