# SPDX-License-Identifier: GPL-3.0-or-later
"""The log of one site on disk: what it holds, what a run would add to it, and adding that.

A commit, each step durable before the next:
1. Finish the last commit, if a crash kept it from its steps 4 and 5.
2. Write entries and tiles; read the new edge back. The old checkpoint stays valid: tiles only grow.
3. Replace ``checkpoint``. This is the moment at which the entries are in the log.
4. Remove the parts of tiles that are whole now.
5. Keep a copy of the checkpoint in ``checkpoints/``: an auditor compares an older copy with it.
A crash before step 3 changed nothing that counts: the same plan writes the same bytes again. After
it, ``head`` returns the new checkpoint.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nacl.signing import SigningKey

from .. import verify
from ..keys import key_id
from ..verify import TILE_WIDTH, Checkpoint, Head, Rejected
from . import merkle
from .archive import newest_archived
from .durable import Disk, RealDisk, remove_directory, write_durably
from .errors import LogMoved, NotInLog, reading, writing
from .notes import signed_checkpoint
from .proofs import proof_text
from .tiles import (
    EMPTY,
    Edge,
    File,
    TileReader,
    entry_files,
    grow,
    parts_made_whole,
    read_edge,
)

CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class Growth:
    """What a commit would do: from *before* to *after*, by writing *files* below the log."""

    before: Head
    after: Head
    files: tuple[File, ...]
    edge: Edge


@dataclass(frozen=True, slots=True)
class _Verified:
    """What ``head`` or ``commit`` has seen to be right; everything else stands on it."""

    checkpoint: Checkpoint | None
    edge: Edge

    @property
    def note(self) -> bytes | None:
        """Return the signed checkpoint, None for a log without entries."""
        return self.checkpoint.note if self.checkpoint else None


class SiteLog:
    """The log in *folder*, which need not exist yet; *origin* is its name in every checkpoint.

    Call ``head`` first: what it verified is what the other methods build on. One process at a time
    may commit; the lock of the site sees to that.
    """

    def __init__(self, folder: Path, origin: str, disk: Disk | None = None) -> None:
        self.folder = folder
        self.origin = origin
        self._disk = disk or RealDisk()
        self._verified: _Verified | None = None

    def head(self, keys: Mapping[str, bytes]) -> Checkpoint | None:
        """Return the checkpoint, or None for a log without entries.

        *keys* are the trusted ones, key_id to 32 bytes. Raises LogDamaged unless one of them
        signed, the edge of the tiles has the root that was signed, and no larger log was ever
        signed. Whether all other tiles fit is for ``verify.walk_log`` to say.
        """
        self._verified = None
        with reading(self.folder):
            newest, note = newest_archived(self.folder), self._note()
            if note is not None:
                checkpoint = verify.read_checkpoint(note, self.origin, keys)
                _refuse_older(checkpoint.head, newest)
                self._verified = _Verified(checkpoint, self._edge(checkpoint.head))
                return checkpoint
            if newest:
                raise Rejected(verify.GAP, f"{CHECKPOINT} is missing, and one of {newest} is kept")
        self._verified = _Verified(None, EMPTY)
        return None

    def plan(self, entries: Sequence[bytes]) -> Growth:
        """Return what appending *entries* would do; writes nothing.

        Raises EntryTooLong, and LogDamaged if the entries that share a file with the new ones are
        not those that were signed.
        """
        edge = self._state.edge
        files = entry_files(edge.size, self._last_entries(edge), entries)
        grown, tiles = grow(edge, [verify.leaf_hash(entry) for entry in entries])
        return Growth(edge.head, grown.head, (*files, *tiles), grown)

    def commit(self, growth: Growth, signing_keys: Sequence[SigningKey]) -> Checkpoint | None:
        """Append what *growth* planned, signed by each of *signing_keys*; return the checkpoint.

        A growth by nothing signs nothing: it finishes what a crash left, and returns the head as it
        is. Raises LogMoved, LogUnwritable, LogDamaged and NoteInvalid.
        """
        state = self._state
        if growth.before != state.edge.head:
            raise LogMoved(f"{self.folder} has {state.edge.size} entries", value=growth.before.size)
        with writing(self.folder):
            if self._note() != state.note:
                raise LogMoved(f"somebody else wrote {self.folder / CHECKPOINT}")
            if state.checkpoint:
                with reading(self.folder):
                    newest = newest_archived(self.folder)
                self._finish(newest, state.checkpoint)
            if growth.after == growth.before:
                return state.checkpoint
            self._write(growth.files)
            checkpoint = self._sign(growth.after, signing_keys)
            self._write([(CHECKPOINT, checkpoint.note)])
            self._verified = _Verified(checkpoint, growth.edge)
            self._finish(growth.before.size, checkpoint)
        return checkpoint

    def entry(self, index: int) -> bytes:
        """Return entry number *index*, from 0, as ``entries`` does."""
        return next(self.entries(index, index + 1))

    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        """Return the entries from *start* up to *stop* as they lie there.

        That they are those that were signed says a proof, or ``verify.walk_log`` of all of them.
        Raises NotInLog, and LogDamaged for a file that is missing or not whole.
        """
        self._refuse_foreign(start, stop)
        return self._entries(start, stop)

    def prove_inclusion(self, index: int, size: int) -> list[bytes]:
        """Return the proof that entry *index* was in the log when it had *size* entries.

        Made of tiles as they lie there: what it is worth says ``verify.check_inclusion``.
        """
        self._refuse_foreign(index, index + 1, size)
        with reading(self.folder):
            return merkle.inclusion_proof(index, size, self._hashes())

    def prove_consistency(self, old: int, new: int) -> list[bytes]:
        """Return the proof that the log of *old* entries begins that of *new*.

        Made of tiles as they lie there: what it is worth says ``verify.check_consistency``.
        """
        self._refuse_foreign(old, new)
        with reading(self.folder):
            return merkle.consistency_proof(old, new, self._hashes())

    def tlog_proof(self, index: int, extra: bytes | None = None) -> bytes:
        """Return the ``.tlog-proof`` of entry *index* under the current checkpoint.

        It was checked: raises LogDamaged if it would not verify.
        """
        entry, head = self.entry(index), self._state.edge.head
        hashes = self.prove_inclusion(index, head.size)
        with reading(self.folder):
            verify.check_inclusion(verify.leaf_hash(entry), index, hashes, head)
        return proof_text(index, hashes, self._state.note or b"", extra)

    @property
    def _state(self) -> _Verified:
        if self._verified is None:
            raise LogMoved(f"the head of {self.folder} was not read, or not right")
        return self._verified

    def _note(self) -> bytes | None:
        """Return the checkpoint as it lies there, or None if there is none."""
        try:
            with verify.open_regular(self.folder / CHECKPOINT) as stream:
                return stream.read(verify.LARGEST_NOTE + 1)
        except FileNotFoundError:
            return None

    def _edge(self, head: Head) -> Edge:
        edge = read_edge(self.folder, head.size)
        if edge.head != head:
            reason = f"the tiles do not have the root that {CHECKPOINT} of {head.size} names"
            raise Rejected(verify.ALTERED, reason)
        return edge

    def _hashes(self) -> merkle.HashReader:
        return TileReader(self.folder, self._state.edge.size)

    def _last_entries(self, edge: Edge) -> list[bytes]:
        """Return the entries in the file that the next entry goes to."""
        index, width = divmod(edge.size, TILE_WIDTH)
        if not width:
            return []
        with reading(self.folder):
            entries = verify.read_entries(self.folder, index, edge.size)
            if tuple(map(verify.leaf_hash, entries)) != edge.rows[0]:
                name = verify.entries_path(index, width)
                raise Rejected(verify.ALTERED, f"{name} has other entries than were signed")
        return entries

    def _entries(self, start: int, stop: int) -> Iterator[bytes]:
        for index in range(start // TILE_WIDTH, -(-stop // TILE_WIDTH)):
            with reading(self.folder):
                entries = verify.read_entries(self.folder, index, self._state.edge.size)
            first = index * TILE_WIDTH
            yield from entries[max(0, start - first) : stop - first]

    def _refuse_foreign(self, start: int, stop: int, size: int | None = None) -> None:
        now = self._state.edge.size
        within = now if size is None else size
        if not 0 <= start <= stop <= within <= now:
            asked = f"{start} to {stop}" if size is None else f"{start} to {stop} of {size}"
            raise NotInLog(f"{self.folder} has {now} entries", value=asked)

    def _sign(self, head: Head, signing_keys: Sequence[SigningKey]) -> Checkpoint:
        with reading(self.folder):
            # What is signed is what can be read back, not what was meant to be written.
            self._edge(head)
            note = signed_checkpoint(self.origin, head, signing_keys)
            keys = {key_id(key.verify_key): bytes(key.verify_key) for key in signing_keys}
            return verify.read_checkpoint(note, self.origin, keys)

    def _finish(self, previous_size: int, checkpoint: Checkpoint) -> None:
        """Do what is left to do once ``checkpoint`` is in place; safe to do again."""
        size = checkpoint.head.size
        if previous_size == size:
            return
        for name in parts_made_whole(previous_size, size):
            remove_directory(self._disk, self.folder / name)
        self._write([(verify.archive_path(size), checkpoint.note)])

    def _write(self, files: Sequence[File]) -> None:
        write_durably(self._disk, self.folder, files)


def _refuse_older(head: Head, newest: int) -> None:
    if newest > head.size:
        raise Rejected(
            verify.ALTERED, f"{CHECKPOINT} is of {head.size}, and one of {newest} is kept"
        )
