# SPDX-License-Identifier: GPL-3.0-or-later
"""A log as c2sp.org/tlog-tiles lays it out: what a growth adds to it, and subtrees read from it.

A tile has up to 256 hashes, at level 0 those of leaves, above it the roots of whole tiles below.
Growing needs the last, partial tile of each level, the edge: three files up to sixteen million
entries. The specification lets a log delete the parts of a tile once the whole tile is there, not
when merely a wider part is; until then the parts of each signed size stay.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from .. import verify
from ..verify import LARGEST_ENTRY, LENGTH_BYTES, TILE_HEIGHT, TILE_WIDTH, Head
from .errors import EntryTooLong

File = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Edge:
    """The last, partial tile of each level, the lowest first: all that growing needs of a tree."""

    size: int
    rows: tuple[tuple[bytes, ...], ...]

    @property
    def head(self) -> Head:
        """Return the size, and the root over the leaves so far."""
        return Head(self.size, verify.fold_rows(self.rows))


EMPTY = Edge(0, ())


@dataclass(slots=True)
class TileReader:
    """A ``merkle.HashReader`` over a log of *size* entries; reads each tile once.

    Raises verify.Rejected for a tile that is missing or has not the right length.
    """

    log: Path
    size: int
    _read: dict[tuple[int, int], list[bytes]] = field(default_factory=dict)

    def subtree(self, level: int, index: int) -> bytes:
        """Return the root over the 2^level leaves from number index * 2^level on."""
        tile_level, height = divmod(level, TILE_HEIGHT)
        number, first = divmod(index << height, TILE_WIDTH)
        place = (tile_level, number)
        if place not in self._read:
            self._read[place] = verify.read_tile(self.log, *place, self.size)
        return verify.root_of(self._read[place][first : first + (1 << height)])


def read_edge(log: Path, size: int) -> Edge:
    """Return the edge of a log of *size* entries as the disk has it; raises verify.Rejected."""
    rows = []
    for level in range(_levels(size)):
        index, width = divmod(size >> TILE_HEIGHT * level, TILE_WIDTH)
        rows.append(tuple(verify.read_tile(log, level, index, size)) if width else ())
    return Edge(size, tuple(rows))


def grow(edge: Edge, leaves: Sequence[bytes]) -> tuple[Edge, list[File]]:
    """Return the edge after *leaves* (hashes), and every hash tile that they begin or widen."""
    rows, files = [], []
    rising: Sequence[bytes] = leaves
    for level in range(_levels(edge.size + len(leaves))):
        old = edge.rows[level] if level < len(edge.rows) else ()
        first = edge.size >> TILE_HEIGHT * (level + 1)
        tiles = list(_cut([*old, *rising]))
        if rising:
            files += [
                (verify.tile_path(level, first + at, len(tile)), b"".join(tile))
                for at, tile in enumerate(tiles)
            ]
        rising = [verify.root_of(tile) for tile in tiles if len(tile) == TILE_WIDTH]
        rows.append(tuple(tiles[-1]) if tiles and len(tiles[-1]) < TILE_WIDTH else ())
    return Edge(edge.size + len(leaves), tuple(rows)), files


def entry_files(size: int, last: Sequence[bytes], entries: Sequence[bytes]) -> list[File]:
    """Return the files with *entries*, which follow on *size* others.

    *last* are those of the others that lie in the same file. Raises EntryTooLong.
    """
    _refuse_long(size, entries)
    first = size // TILE_WIDTH
    files = list(_cut([*last, *entries])) if entries else []
    return [
        (verify.entries_path(first + at, len(part)), b"".join(map(_with_length, part)))
        for at, part in enumerate(files)
    ]


def parts_made_whole(old: int, new: int) -> list[str]:
    """Return the directories with parts of tiles that became whole between two sizes."""
    found = []
    for level in range(_levels(new)):
        index, width = divmod(old >> TILE_HEIGHT * level, TILE_WIDTH)
        if width and verify.tile_width(level, index, new) == TILE_WIDTH:
            found.append(verify.tile_path(level, index, TILE_WIDTH) + ".p")
            if level == 0:
                found.append(verify.entries_path(index, TILE_WIDTH) + ".p")
    return found


def _levels(size: int) -> int:
    return -(-size.bit_length() // TILE_HEIGHT)


def _cut(items: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    bounds = [*range(0, len(items), TILE_WIDTH), len(items)]
    return (items[start:stop] for start, stop in pairwise(bounds))


def _refuse_long(size: int, entries: Sequence[bytes]) -> None:
    for index, entry in enumerate(entries, start=size):
        if len(entry) > LARGEST_ENTRY:
            raise EntryTooLong(
                f"entry {index} of the log is longer than {LARGEST_ENTRY} bytes",
                value=len(entry),
                remedy="Log its SHA-256 and keep the text beside the log.",
            )


def _with_length(entry: bytes) -> bytes:
    return len(entry).to_bytes(LENGTH_BYTES, "big") + entry
