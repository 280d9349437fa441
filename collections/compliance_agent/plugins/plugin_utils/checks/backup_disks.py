# SPDX-License-Identifier: GPL-3.0-or-later
"""Which disk holds a path: a copy dies with the disk that it lies on. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from ..facts.backup import DiskOfPath

SYSTEM_DRIVE = "C:\\"


def disks_by_path(rows: Iterable[DiskOfPath]) -> dict[str, set[int]]:
    """Return the disks of each drive and volume, which may lie on several, by `normal_path`."""
    disks: defaultdict[str, set[int]] = defaultdict(set)
    for item in rows:
        disks[normal_path(item.path)].add(item.disk)
    return dict(disks)


def disks_below(path: str, disks: Mapping[str, set[int]]) -> set[int]:
    """Return the disks of the drive or mounted folder that holds *path*; none if not listed."""
    wanted = f"{normal_path(path)}\\"
    holders = [known for known in disks if wanted.startswith(f"{known}\\")]
    return disks[max(holders, key=len)] if holders else set()


def is_local(path: str) -> bool:
    """Return whether *path* is no share; Windows begins volume names with two backslashes too."""
    return not path.startswith("\\\\") or path.startswith(("\\\\?\\", "\\\\.\\"))


def normal_path(path: str) -> str:
    """Return *path* as all spellings of it are compared."""
    return path.casefold().replace("/", "\\").rstrip("\\")
