# SPDX-License-Identifier: GPL-3.0-or-later
"""A list of words that takes little memory holds exactly its words."""

import tracemalloc
from collections.abc import Callable, Container

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.vocabulary import (
    DATA,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.word_list import WordList

WORDS = ["a", "an", "and", "band", "straße", "o'neil", "bit-locker", "and"]
LETTERS = st.text(alphabet="ab-' ", max_size=6)


@pytest.mark.parametrize("word", WORDS)
def test_it_holds_its_words(word):
    assert word in WordList(WORDS)


@pytest.mark.parametrize(
    "word", ["", " ", "n", "ban", "ands", "an and", " an", "an ", "A", "zebra"]
)
def test_it_holds_nothing_else(word):
    assert word not in WordList(WORDS)


@given(st.lists(LETTERS.filter(lambda word: word and " " not in word)), LETTERS)
def test_it_answers_as_a_set_does(words, word):
    assert (word in WordList(words)) == (word in set(words))


def memory_of(build: Callable[[], Container[str]]) -> int:
    tracemalloc.start()
    kept = build()
    taken, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "backup" in kept
    return taken


def test_it_takes_less_than_half_of_a_set():
    def words() -> list[str]:
        return (DATA / "operations.txt").read_text(encoding="utf-8").split()

    assert 2 * memory_of(lambda: WordList(words())) < memory_of(lambda: frozenset(words()))
