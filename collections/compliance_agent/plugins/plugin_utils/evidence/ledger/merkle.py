# SPDX-License-Identifier: GPL-3.0-or-later
"""The tree of RFC 6962 over hashes that lie elsewhere: roots and proofs. Pure.

How a leaf and a node are hashed stands in ``verify.py``, which auditors hold: there is one way.
"""

from typing import Protocol

from ..verify import fold


class HashReader(Protocol):
    """Knows the roots of whole subtrees."""

    def subtree(self, level: int, index: int) -> bytes:
        """Return the root over the 2^level leaves from number index * 2^level on."""


def root(size: int, hashes: HashReader) -> bytes:
    """Return the root over the first *size* leaves."""
    return _span(0, size, hashes)


def inclusion_proof(index: int, size: int, hashes: HashReader) -> list[bytes]:
    """Return the path of leaf *index* (0 <= index < size), as in RFC 6962 section 2.1.1."""
    path, start, stop = [], 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(_span(middle, stop, hashes))
            stop = middle
        else:
            path.append(_span(start, middle, hashes))
            start = middle
    return path[::-1]


def consistency_proof(old: int, new: int, hashes: HashReader) -> list[bytes]:
    """Return the proof that *old* leaves begin *new* (0 <= old <= new), RFC 6962 section 2.1.2.

    Between equal sizes, and from none, there is nothing to prove and the proof is empty.
    """
    if old == 0:
        return []
    path, start, stop = [], 0, new
    while old != stop:
        middle = start + _split(stop - start)
        if old <= middle:
            path.append(_span(middle, stop, hashes))
            stop = middle
        else:
            path.append(_span(start, middle, hashes))
            start = middle
    if start:
        # What both trees share here is no root of the old one, so it must be said.
        path.append(_span(start, stop, hashes))
    return path[::-1]


def _split(size: int) -> int:
    """Return the largest power of two below *size* (at least 2)."""
    return 1 << (size - 1).bit_length() - 1


def _span(start: int, stop: int, hashes: HashReader) -> bytes:
    """Return the root over the leaves from *start*, where a subtree of that size may begin."""
    peaks = []
    while start < stop:
        level = (stop - start).bit_length() - 1
        peaks.append(hashes.subtree(level, start >> level))
        start += 1 << level
    return fold(peaks)
