# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs of a fictional clinic."""

from collections.abc import Iterator
from pathlib import Path

from nacl.signing import SigningKey

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.ledger.errors import (
    LogDamaged,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.ledger.log import (
    SiteLog,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.verify import (
    Rejected,
    walk_log,
)
from unit.evidence.ledger.disks import ForgetfulDisk

ORIGIN = "hipaa.compliance_agent/clinic-001"
KEY = SigningKey(bytes(range(32)))
NEW_KEY = SigningKey(bytes(range(1, 33)))
FOREIGN_KEY = SigningKey(bytes(32))
# By key_id, as everywhere.
FIRST, SECOND = "56475aa75463474c", "65b60673d6ed884b"
TRUSTED = {FIRST: bytes(KEY.verify_key)}
BOTH = {**TRUSTED, SECOND: bytes(NEW_KEY.verify_key)}


def some_entries(start: int, stop: int) -> list[bytes]:
    """Return entries of different lengths, one in five of them empty."""
    return [b"%d" % number * (number % 5) for number in range(start, stop)]


def a_log(folder: Path, *sizes: int) -> SiteLog:
    """Return the log in *folder*, grown to each of *sizes* by a commit of its own."""
    log = SiteLog(folder, ORIGIN, ForgetfulDisk())
    log.head(TRUSTED)
    for start, stop in zip((0, *sizes), sizes, strict=False):
        log.commit(log.plan(some_entries(start, stop)), [KEY])
    return log


def files(log: Path) -> dict[str, bytes]:
    """Return name and content of each file of a log, drafts left out."""
    found = {path.relative_to(log).as_posix(): path for path in log.rglob("*") if path.is_file()}
    return {
        name: path.read_bytes()
        for name, path in sorted(found.items())
        if not name.startswith(".writing/")
    }


def flips(data: bytes) -> Iterator[bytes]:
    """Yield *data* with each of its bits turned in turn."""
    for bit in range(len(data) * 8):
        spoilt = bytearray(data)
        spoilt[bit // 8] ^= 1 << bit % 8
        yield bytes(spoilt)


def is_whole(log: SiteLog) -> bool:
    """Return whether all files of *log* verify, as an auditor would find."""
    try:
        checkpoint = SiteLog(log.folder, log.origin).head(TRUSTED)
        assert checkpoint is not None
        for _entry in walk_log(log.folder, checkpoint.head):
            pass
    except (LogDamaged, Rejected):
        return False
    return True
