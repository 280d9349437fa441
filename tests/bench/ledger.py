# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what appending to the log of a site costs.

python -m bench.ledger          48 entries onto 10 thousand and onto 10 million, and 6,000 at once

The large logs are built of the last file of each level only, which is all that appending may read.
CPU is that of head, plan and commit together; only the ratio means something on another machine.
"""

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from nacl.signing import SigningKey

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.ledger import (
    durable,
    tiles,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.ledger.log import (
    CHECKPOINT,
    SiteLog,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.ledger.notes import (
    signed_checkpoint,
)

ORIGIN = "hipaa.compliance_agent/bench-001"
KEY = SigningKey(bytes(32))
TRUSTED = {"bench": bytes(KEY.verify_key)}
SMALL, LARGE = 10_000, 10_000_000
RUN, FLEET = 48, 6_000
ENTRY_BYTES = 1_060  # a bundle on disk
RATIO_MAX = 1.5
FLEET_SECONDS_MAX = 1.0
SYNCS_MAX = 12.0


class CountingDisk(durable.RealDisk):
    """The disk, and how often it was waited for."""

    def __init__(self) -> None:
        self.syncs = 0

    def sync_file(self, descriptor: int) -> None:
        """Make a file durable."""
        self.syncs += 1
        super().sync_file(descriptor)

    def sync_directory(self, path: Path) -> None:
        """Make names durable."""
        self.syncs += 1
        super().sync_directory(path)


def main() -> int:
    """Measure, print, and return 1 when something is over its target."""
    parser = argparse.ArgumentParser(
        prog="bench.ledger",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--appends", type=int, default=200, help="onto each log, in turn")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="bench-") as name:
        verdicts = [_compare(Path(name), options.appends), _append_fleet(Path(name))]
    return 0 if all(verdicts) else 1


def _compare(folder: Path, appends: int) -> bool:
    disks = {SMALL: CountingDisk(), LARGE: CountingDisk()}
    logs = {size: _sparse_log(folder / str(size), size, disk) for size, disk in disks.items()}
    spent: dict[int, list[float]] = {size: [] for size in logs}
    # One after the other, so that what else the machine does hits both.
    for number in range(appends):
        for size, log in logs.items():
            spent[size].append(_append(log, _entries(number, RUN)))
    cost = {size: median(seconds) * 1000 for size, seconds in spent.items()}
    ratio = cost[LARGE] / cost[SMALL]
    syncs = max(disk.syncs / appends for disk in disks.values())
    for size, milliseconds in cost.items():
        print(f"{RUN} entries onto {size:10,}  {milliseconds:6.2f} ms CPU")
    print(f"large to small             {ratio:6.2f}        (target at most {RATIO_MAX})")
    print(f"fsync for a run            {syncs:6.1f}        (target at most {SYNCS_MAX})")
    return ratio <= RATIO_MAX and syncs <= SYNCS_MAX


def _append_fleet(folder: Path) -> bool:
    seconds = _append(SiteLog(folder / "fleet", ORIGIN), _entries(0, FLEET))
    print(
        f"{FLEET:,} entries at once      {seconds:6.3f} s CPU  (target at most {FLEET_SECONDS_MAX})"
    )
    return seconds <= FLEET_SECONDS_MAX


def _append(log: SiteLog, entries: Sequence[bytes]) -> float:
    started = time.process_time()
    log.head(TRUSTED)
    log.commit(log.plan(entries), [KEY])
    return time.process_time() - started


def _entries(seed: int, count: int) -> list[bytes]:
    return [random.Random(f"{seed} {at}").randbytes(ENTRY_BYTES) for at in range(count)]  # noqa: S311


def _sparse_log(folder: Path, size: int, disk: durable.Disk) -> SiteLog:
    """Return a log of *size* entries of which only the last file of each level is there."""
    width = size % verify.TILE_WIDTH
    entries = _entries(size, width)
    rows = [tuple(map(verify.leaf_hash, entries)), *_rows_above(size)]
    edge = tiles.Edge(size, tuple(rows))
    files = tiles.entry_files(size - width, [], entries)
    for level, row in enumerate(rows):
        name = verify.tile_path(level, size >> verify.TILE_HEIGHT * (level + 1), len(row))
        files.append((name, b"".join(row)))
    note = signed_checkpoint(ORIGIN, edge.head, [KEY])
    files += [(CHECKPOINT, note), (verify.archive_path(size), note)]
    folder.mkdir()
    durable.write_durably(durable.RealDisk(), folder, [item for item in files if item[1]])
    return SiteLog(folder, ORIGIN, disk)


def _rows_above(size: int) -> Iterator[tuple[bytes, ...]]:
    numbers = random.Random(size)  # noqa: S311 - stand-ins for the roots of tiles that are not there
    while size := size >> verify.TILE_HEIGHT:
        yield tuple(numbers.randbytes(verify.HASH_BYTES) for _ in range(size % verify.TILE_WIDTH))


if __name__ == "__main__":
    sys.exit(main())
