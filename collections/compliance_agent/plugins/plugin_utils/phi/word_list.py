# SPDX-License-Identifier: GPL-3.0-or-later
"""A set of words for a process that is forked often: a quarter of the memory of a frozenset."""

from collections.abc import Iterable

# Long enough to make each group a few words, which is quicker to search than to index.
_GROUPED_BY = 2


class WordList:
    """Words without white space, by their first letters; each group is one text."""

    __slots__ = ("_groups",)

    def __init__(self, words: Iterable[str]) -> None:
        self._groups: dict[str, str] = {}
        for word in words:
            letters = word[:_GROUPED_BY]
            self._groups[letters] = f"{self._groups.get(letters, ' ')}{word} "

    def __contains__(self, word: str) -> bool:
        # A word with a space would fit two neighbours.
        return f" {word} " in self._groups.get(word[:_GROUPED_BY], "") and " " not in word
