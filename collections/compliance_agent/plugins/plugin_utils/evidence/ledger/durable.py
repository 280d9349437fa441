# SPDX-License-Identifier: GPL-3.0-or-later
"""Put a group of files in place so that after a power cut each is there whole or not at all.

Everything is written first, then synced, then renamed, and each directory is synced once: of that a
journaling file system makes few transactions, where file after file would cost one each.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from ...durable import sync_directory
from ..site import DIRECTORY_MODE

FILE_MODE = 0o640
# Files wait here for their names; one folder, so that what a crash leaves is found and removed.
STAGING = ".writing"
# Open at the same time; systems allow a process 1,024 or more.
GROUP = 64


class Disk(Protocol):
    """What a writer does to a disk; power can fail between any two of these."""

    def make_directory(self, path: Path) -> None: ...
    def write(self, path: Path, data: bytes) -> int: ...
    def sync_file(self, descriptor: int) -> None: ...
    def rename(self, source: Path, target: Path) -> None: ...
    def sync_directory(self, path: Path) -> None: ...
    def remove(self, path: Path) -> None: ...
    def remove_directory(self, path: Path) -> None: ...


class RealDisk:
    """The disk."""

    def make_directory(self, path: Path) -> None:
        """Make one directory, readable by the group."""
        path.mkdir(mode=DIRECTORY_MODE)

    def write(self, path: Path, data: bytes) -> int:
        """Write a file anew and return its descriptor, which ``sync_file`` closes."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        descriptor = os.open(path, flags, FILE_MODE)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def sync_file(self, descriptor: int) -> None:
        """Make what was written durable; by this descriptor the error of any write is heard."""
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Give a file its name, in place of whatever had it."""
        source.replace(target)

    def sync_directory(self, path: Path) -> None:
        """Make the names in a directory durable."""
        sync_directory(path)

    def remove(self, path: Path) -> None:
        """Remove a file."""
        path.unlink()

    def remove_directory(self, path: Path) -> None:
        """Remove an empty directory."""
        path.rmdir()


def write_durably(disk: Disk, folder: Path, files: Sequence[tuple[str, bytes]]) -> None:
    """Write *files* (names below *folder*) and return when all of them are durable."""
    staging = folder / STAGING
    # Names are durable only if those of all directories above them are.
    touched = dict.fromkeys(_make_directories(disk, staging))
    _empty(disk, staging)
    for start in range(0, len(files), GROUP):
        group = [(folder / name, data) for name, data in files[start : start + GROUP]]
        staged = [staging / str(number) for number in range(len(group))]
        written = []
        try:
            for draft, (_target, data) in zip(staged, group, strict=True):
                written.append(disk.write(draft, data))
            while written:
                disk.sync_file(written.pop(0))
        finally:
            for descriptor in written:
                os.close(descriptor)
        for draft, (target, _data) in zip(staged, group, strict=True):
            touched |= dict.fromkeys(_make_directories(disk, target.parent))
            disk.rename(draft, target)
            touched[target.parent] = None
    for directory in touched:
        disk.sync_directory(directory)


def remove_directory(disk: Disk, directory: Path) -> None:
    """Remove *directory*, if it is there, and the files in it; durable when it returns."""
    if directory.is_dir():
        _empty(disk, directory)
        disk.remove_directory(directory)
        disk.sync_directory(directory.parent)


def _empty(disk: Disk, directory: Path) -> None:
    for file in sorted(directory.iterdir()):
        disk.remove(file)


def _make_directories(disk: Disk, directory: Path) -> list[Path]:
    """Make *directory* and what is missing above it; return those that got a new name in them."""
    missing = []
    while not directory.is_dir():
        missing.append(directory)
        directory = directory.parent
    for path in reversed(missing):
        disk.make_directory(path)
    return [path.parent for path in reversed(missing)]
