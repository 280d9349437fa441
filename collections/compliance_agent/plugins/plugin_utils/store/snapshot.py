# SPDX-License-Identifier: GPL-3.0-or-later
"""One state of a site's log to index: a signed head, verified, and how its entries fall into units.

Sealing goes on meanwhile and is never made to wait: evidence comes before its index. If a run was
sealed while the verifier looked, it looks again.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ..errors import ComplianceError
from ..evidence import verify
from ..evidence.ledger.log import CHECKPOINT
from ..evidence.site import SiteDirectory
from ..evidence.site_lock import wait_until_free
from ..evidence.verify import (
    EMPTY_ROOT,
    TILE_HEIGHT,
    TILE_WIDTH,
    Head,
    Problem,
    Rejected,
    RunningRoot,
)
from .documents import BundleLeaf, StatementLeaf, read_leaf

NOTHING = Head(0, EMPTY_ROOT)
# Each further look is for a run that was sealed during the one before.
_LOOKS = 5


class EvidenceRejected(ComplianceError):
    """The verifier found something wrong; nothing of what is new was indexed."""

    code = "evidence_rejected"

    def __init__(self, site_id: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        remedy = "Mend what verify.py names; what is indexed already stays as it is."
        found = verify.counted(len(problems), "problem")
        super().__init__(
            f"the evidence of {site_id} does not verify ({found})",
            value=str(problems[0]),
            remedy=remedy,
        )


class LogRolledBack(ComplianceError):
    """The log is shorter than it was, or has another past: entries that were indexed are gone."""

    code = "log_rolled_back"


class SiteBusy(ComplianceError):
    """Runs were sealed faster than they could be verified; nothing is wrong, try again."""

    code = "site_busy"


@dataclass(frozen=True, slots=True)
class Unit:
    """What is indexed at once: a run, or a statement about a key.

    The entries between two heads of the log; *digest* is theirs.
    """

    before: Head
    after: Head
    digest: bytes


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A verified head, the signed text that names it, and the units after the one already known."""

    site: SiteDirectory
    checkpoint: str
    head: Head
    units: tuple[Unit, ...]

    def leaves(self, unit: Unit) -> tuple[list[BundleLeaf], StatementLeaf]:
        """Return the bundles of *unit* and the statement that ends it.

        Raises EvidenceRejected if the log on disk is no longer the one that was verified.
        """
        digest, found = sha256(), []
        with _rejecting(self.site):
            for entry in _entries(self.site.log, unit.before.size, unit.after.size, self.head.size):
                digest.update(verify.leaf_hash(entry))
                found.append(entry)
            if digest.digest() != unit.digest:
                raise Rejected(verify.ALTERED, "the log changed while it was indexed")
        *bundles, statement = map(read_leaf, found)
        if not isinstance(statement, StatementLeaf):
            raise TypeError(f"a unit that ends with a {statement.kind}")
        return [leaf for leaf in bundles if isinstance(leaf, BundleLeaf)], statement


def take_snapshot(
    site: SiteDirectory,
    keys: Mapping[str, bytes],
    known: Head,
    *,
    since: Head = NOTHING,
    pause: Callable[[float], None] = time.sleep,
) -> Snapshot | None:
    """Return what the log holds after *since*, verified with *keys*; None where nothing is logged.

    *known* is how far it was seen to be before. Where files have no leaf because a run is being
    sealed, its end is waited for with *pause*. Raises EvidenceRejected, LogRolledBack, SiteBusy
    and EvidenceUnreadable.
    """
    for _look in range(_LOOKS):
        note = _read_note(site)
        refuse_rollback(site, note, known)
        problems = _verify(site, keys, note, since)
        # Files of a run that is being sealed have no leaf yet: that is no problem of theirs.
        is_sealing = bool(problems) and wait_until_free(site.path / "lock", pause=pause)
        if is_sealing or _read_note(site) != note:
            continue
        if problems:
            raise EvidenceRejected(site.site_id, problems)
        return None if note is None else _survey(site, note, since)
    raise SiteBusy(
        f"{site.site_id} was being sealed each time that it was looked at",
        value=_LOOKS,
        remedy="Try again.",
    )


def read_head(site: SiteDirectory) -> Head:
    """Return how far the log of *site* says that it is; nothing of it is verified.

    Raises EvidenceRejected for a checkpoint that cannot be read.
    """
    note = _read_note(site)
    with _rejecting(site):
        return NOTHING if note is None else _named(note)[1]


def refuse_rollback(site: SiteDirectory, note: bytes | None, known: Head) -> None:
    """Return unless the log of *site* does not continue *known*; raises LogRolledBack.

    What cannot be read is left for the verifier to name.
    """
    try:
        now = NOTHING if note is None else _named(note)[1]
        is_longer = now.size > known.size
        then = _resume(site.log, known.size, now.size).head() if is_longer else now
    except Rejected:
        return
    if then != known:
        raise LogRolledBack(
            f"the log of {site.site_id} does not continue what was indexed",
            value=f"{now.size} entries; {known.size} were indexed",
            remedy="Find out who changed it; docs/howto/index-evidence.md tells how to go on.",
        )


def _read_note(site: SiteDirectory) -> bytes | None:
    try:
        with verify.open_regular(site.log / CHECKPOINT) as stream:
            # One byte more than a note may have: what is longer is refused as it is parsed.
            return stream.read(verify.LARGEST_NOTE + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        problem = Problem(verify.UNREADABLE, reason, str(site.log / CHECKPOINT))
        raise EvidenceRejected(site.site_id, [problem]) from error


def _verify(
    site: SiteDirectory, keys: Mapping[str, bytes], note: bytes | None, since: Head
) -> list[Problem]:
    """Return what the verifier has against *site*, what comes before *since* left out."""
    if note is None and not _has_evidence(site):
        return []  # a key was made, and no run was sealed yet
    verifier = verify.Verifier(keys)
    if (site.path / "export.json").exists():
        reason = "is an export of some runs, not the evidence of a site"
        return [Problem(verify.ALTERED, reason, str(site.path))]
    verifier.read_site(site.path, after=(since.size, since.root) if since.size else None)
    if verifier.problems or note is None:
        return verifier.problems
    # The verifier takes the name from the log; rows are written under that of the directory.
    seen = (f"{verify.ORIGIN}{verifier.site_id}", Head(verifier.size, verifier.root))
    if seen != (site.log_origin, _named(note)[1]):
        reason = f"is the log of {verifier.site_id} at {verifier.size}, which is not the one wanted"
        return [Problem(verify.ALTERED, reason, str(site.log))]
    return []


def _named(note: bytes) -> tuple[str, Head]:
    """Return origin and head that a checkpoint names; raises Rejected."""
    return verify.parse_head(verify.parse_note(note)[0])


def _has_evidence(site: SiteDirectory) -> bool:
    return any(site.bundles.glob("*/*")) or any(site.coverage.glob("*/*"))


def _survey(site: SiteDirectory, note: bytes, since: Head) -> Snapshot:
    """Read every entry after *since* once, and find where units end; the root must come out."""
    units = []
    with _rejecting(site):
        head = _named(note)[1]
        running, digest = _resume(site.log, since.size, head.size), sha256()
        before = running.head()
        for entry in _entries(site.log, since.size, head.size, head.size):
            leaf = verify.leaf_hash(entry)
            running.add(leaf)
            digest.update(leaf)
            if isinstance(read_leaf(entry), StatementLeaf):
                units.append(Unit(before, running.head(), digest.digest()))
                before, digest = running.head(), sha256()
        if running.head() != head:
            raise Rejected(verify.ALTERED, f"the {head.size} entries of the log have another root")
        if before != head:
            raise Rejected(verify.GAP, f"the log ends within a run, which began at {before.size}")
    return Snapshot(site, note.decode("utf-8"), head, tuple(units))


def _entries(log: Path, start: int, stop: int, size: int) -> Iterator[bytes]:
    """Yield the entries from *start* up to *stop* in a log of *size*; raises Rejected."""
    for index in range(start // TILE_WIDTH, -(-stop // TILE_WIDTH)):
        first = index * TILE_WIDTH
        yield from verify.read_entries(log, index, size)[max(0, start - first) : stop - first]


def _resume(log: Path, start: int, size: int) -> RunningRoot:
    """Return the root over the first *start* entries of a log of *size*, ready to go on.

    It is made of the tiles of the larger log: one that ended here may never have been signed.
    """
    rows = []
    for level in range(-(-start.bit_length() // TILE_HEIGHT)):
        index, width = divmod(start >> TILE_HEIGHT * level, TILE_WIDTH)
        rows.append(verify.read_tile(log, level, index, size)[:width] if width else [])
    running = RunningRoot()
    running.size = start
    running.peaks = [peak for row in reversed(rows) for peak in RunningRoot(row).peaks]
    return running


@contextmanager
def _rejecting(site: SiteDirectory) -> Iterator[None]:
    try:
        yield
    except Rejected as rejected:
        raise EvidenceRejected(site.site_id, [_problem(site, rejected)]) from rejected


def _problem(site: SiteDirectory, rejected: Rejected) -> Problem:
    return Problem(rejected.code, rejected.reason, str(site.log))
