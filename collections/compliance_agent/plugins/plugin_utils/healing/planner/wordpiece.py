# SPDX-License-Identifier: GPL-3.0-or-later
"""Cut our English phrases into the pieces that all-MiniLM-L6-v2 was taught. Pure, but for one file.

``data/minilm_vocab.txt`` is the vocabulary of the model (Apache-2.0, sentence-transformers), a
piece a line, its number the line from 0. Lines of other letters than ASCII are empty: our phrases
have none, and a text that has is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

VOCABULARY = Path(__file__).with_name("data") / "minilm_vocab.txt"
# What the model was taught with; a runbook's text is rarely half as long.
PIECES_MAX = 256
_BEGIN, _END, _UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
_WORD = re.compile(r"[a-z0-9]+|[!-/:-@\[-`{-~]")


@dataclass(frozen=True, slots=True)
class WordPiece:
    """The pieces of a vocabulary and their numbers."""

    numbers: Mapping[str, int]

    def encode(self, text: str) -> list[int]:
        """Return the numbers of the pieces of *text*; raises ValueError if it is not ASCII."""
        if not text.isascii():
            raise ValueError("a text of ours has letters beyond ASCII")
        pieces = [piece for word in _WORD.findall(text.lower()) for piece in self._pieces(word)]
        kept = [_BEGIN, *pieces[: PIECES_MAX - 2], _END]
        return [self.numbers[piece] for piece in kept]

    def _pieces(self, word: str) -> list[str]:
        pieces: list[str] = []
        begin = 0
        while begin < len(word):
            mark = "##" if begin else ""
            ends = range(len(word), begin, -1)
            end = next((at for at in ends if mark + word[begin:at] in self.numbers), None)
            if end is None:
                return [_UNKNOWN]
            pieces.append(mark + word[begin:end])
            begin = end
        return pieces


def load_pieces() -> WordPiece:
    """Return the pieces of the vocabulary that this release brings."""
    lines = VOCABULARY.read_text(encoding="ascii").split("\n")
    return WordPiece({piece: number for number, piece in enumerate(lines) if piece})
