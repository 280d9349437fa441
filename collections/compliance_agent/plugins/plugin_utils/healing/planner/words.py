# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of our own phrases and codes, in one form each. Pure."""

import re

_WORD = re.compile(r"[a-z0-9]+")
# Words that say how a sentence is built, and not what it is about.
_STOP = frozenset(
    "a all an and any are as at be by do does for from has have in is it its may more no not of on "
    "or than that the they this to was were what which will with".split()
)
# Shorter words have no plural to cut off: dns, its.
_PLURAL_LENGTH_MIN = 4


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of *text* in their order: small, without plurals and without grammar.

    "no" and "not" are left out with the rest, so a phrase and its contrary look alike: whoever
    chooses by words must have a second reason.
    """
    found = _WORD.findall(text.lower())
    return tuple(_singular(word) for word in found if word not in _STOP)


def contains(words: tuple[str, ...], part: tuple[str, ...]) -> bool:
    """Return whether *part* stands in *words*, one after the other; nothing stands nowhere."""
    length = len(part)
    places = range(len(words) - length + 1)
    return bool(part) and any(words[at : at + length] == part for at in places)


def _singular(word: str) -> str:
    is_plural = len(word) >= _PLURAL_LENGTH_MIN and word.endswith("s") and not word.endswith("ss")
    return word[:-1] if is_plural else word
