# SPDX-License-Identifier: GPL-3.0-or-later
"""Which words may stay: those of operations, those of English that are no names, the site's own.

The English words (192,929, 2 MB) stay packed until a word is met that operations do not know:
typed documents never need them. They are looked up by bisection in one block of text, which takes
a tenth of the memory of a set. Where the lists come from: ``data/README.md``.
"""

import hashlib
import zlib
from functools import lru_cache
from pathlib import Path

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
        self._operations = frozenset(_listed("operations.txt")) | frozenset(
            _listed("collected.txt")
        )
        self._known = known
        flags = dict(line.split(" ") for line in _lines("ambiguous.txt"))
        self._first = frozenset(word for word, flag in flags.items() if "f" in flag)
        self._last = frozenset(word for word, flag in flags.items() if "l" in flag)
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
    return {
        name: hashlib.sha256((DATA / name).read_bytes()).hexdigest() for name in (*LISTS, ENGLISH)
    }


def _lines(name: str) -> list[str]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _listed(name: str) -> list[str]:
    return [word for line in _lines(name) for word in line.split()]
