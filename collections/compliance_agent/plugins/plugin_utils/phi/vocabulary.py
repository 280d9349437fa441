# SPDX-License-Identifier: GPL-3.0-or-later
"""Which words may stay: those of operations, those of English that are no names, the site's own.

The English words (192,929, 2 MB) stay packed until a word is met that operations do not know:
typed documents never need them. They are looked up by bisection in one block of text, which takes
a tenth of the memory of a set. Where the lists come from: ``data/README.md``.
"""

import hashlib
import zlib
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from pathlib import Path

from .word_list import WordList

DATA = Path(__file__).with_name("data")
ENGLISH = "english.txt.zlib"
LISTS = ("ambiguous.txt", "collected.txt", "operations.txt")
REMEMBERED_WORDS = 8192
# Endings of a known word; a name that looks like one (Waters) is in ambiguous.txt.
_ENDINGS = ("s", "es", "ed", "ing", "ly", "d")
_SHORTEST_STEM = 3


class Vocabulary:
    """The words of the package and of one site. *known* holds names of the site, case-folded."""

    def __init__(self, known: frozenset[str] = frozenset()) -> None:
        self._operations = WordList(chain(_words("operations.txt"), _words("collected.txt")))
        self._known = known
        self._first = WordList(_flagged("f"))
        self._last = WordList(_flagged("l"))
        self._english: bytes | None = None
        self.has = lru_cache(REMEMBERED_WORDS)(self._has)

    def is_operational(self, word: str) -> bool:
        """Return whether *word* (lower case) is one of operations or of the site."""
        return word in self._operations or word in self._known

    def is_known(self, word: str) -> bool:
        """Return whether the site vouches for *word* (lower case)."""
        return word in self._known

    def is_name(self, word: str) -> bool:
        """Return whether *word* (lower case) is in the vocabulary and a name, too."""
        return word in self._first or word in self._last

    def are_names(self, one: str, other: str) -> bool:
        """Return whether two words (lower case) can be a first and a last name, in any order."""
        return (one in self._first and other in self._last) or (
            one in self._last and other in self._first
        )

    def _has(self, word: str) -> bool:
        """Return whether *word* (lower case) may stay as far as the word itself tells."""
        if self.is_operational(word):
            return True
        if not word.isascii() or len(word) < _SHORTEST_STEM:
            return False
        stems = [
            word.removesuffix(ending)
            for ending in _ENDINGS
            if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM
        ]
        # The English words last: they cost memory.
        return any(stem in self._operations for stem in stems) or any(
            self._is_english(one) for one in (word, *stems)
        )

    def _is_english(self, word: str) -> bool:
        if self._english is None:
            self._english = zlib.decompress((DATA / ENGLISH).read_bytes())
        text = self._english
        wanted = word.encode()
        low, high = 0, len(text) - 1
        # text is "\nword\nword\n"; low and high stand on line ends.
        while low < high:
            start = text.rfind(b"\n", low, (low + high) // 2 + 1) + 1
            end = text.find(b"\n", start)
            found = text[start:end]
            if found == wanted:
                return True
            if found < wanted:
                low = end
            else:
                high = start - 1
        return False


def digests() -> dict[str, str]:
    """Return the SHA-256 of each list, as the digest of the ruleset holds them."""
    return {name: _digest(DATA / name) for name in (*LISTS, ENGLISH)}


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


# One word at a time: what a list takes while it is read, the process keeps.
def _lines(name: str) -> Iterator[str]:
    with (DATA / name).open(encoding="utf-8") as lines:
        yield from (line.rstrip("\n") for line in lines if line.strip() and line[0] != "#")


def _words(name: str) -> Iterator[str]:
    return (word for line in _lines(name) for word in line.split())


def _flagged(flag: str) -> Iterator[str]:
    rows = (line.split(" ") for line in _lines("ambiguous.txt"))
    return (word for word, flags in rows if flag in flags)
