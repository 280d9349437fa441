# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks that count, forget, fill up or lose power."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.ledger import durable


class ForgetfulDisk(durable.RealDisk):
    """Syncs nothing: most tests need no durability."""

    def sync_file(self, descriptor: int) -> None:
        os.close(descriptor)

    def sync_directory(self, path: Path) -> None:
        pass


class CountingDisk(durable.RealDisk):
    """Counts what takes milliseconds."""

    def __init__(self) -> None:
        self.syncs = 0

    def sync_file(self, descriptor: int) -> None:
        self.syncs += 1
        super().sync_file(descriptor)

    def sync_directory(self, path: Path) -> None:
        self.syncs += 1
        super().sync_directory(path)


class FullDisk(ForgetfulDisk):
    """Has room for so many files."""

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, path: Path, data: bytes) -> int:
        if self.room == 0:
            raise OSError(28, "No space left on device")
        self.room -= 1
        return super().write(path, data)


class PowerLost(BaseException):
    """The machine is off: nothing may catch this."""


@dataclass(frozen=True)
class Pending:
    """Something that is not durable before *directory* is synced, and how it is forgotten."""

    directory: Path
    forget: Callable[[], None]


class FailingDisk(ForgetfulDisk):
    """Loses power before operation number *last*, and with it what *loses* says was not synced.

    *loses* is asked once for each unsynced change, the newest first. The content of a file that
    was renamed unsynced is cut in half.
    """

    def __init__(self, last: int, loses: Callable[[], bool]) -> None:
        self.operations = 0
        self._last = last
        self._loses = loses
        self._pending: list[Pending] = []
        self._unsynced: dict[int, Path] = {}

    def make_directory(self, path: Path) -> None:
        self._step()
        super().make_directory(path)
        self._pending.append(Pending(path.parent, lambda: shutil.rmtree(path, ignore_errors=True)))

    def write(self, path: Path, data: bytes) -> int:
        self._step()
        descriptor = super().write(path, data)
        self._unsynced[descriptor] = path
        return descriptor

    def sync_file(self, descriptor: int) -> None:
        try:
            self._step()
        except PowerLost:
            os.close(descriptor)
            raise
        super().sync_file(descriptor)
        del self._unsynced[descriptor]

    def rename(self, source: Path, target: Path) -> None:
        self._step()
        before = target.read_bytes() if target.exists() else None
        if source in self._unsynced.values():
            source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
        super().rename(source, target)
        self._pending.append(Pending(target.parent, lambda: put_back(target, before)))

    def remove(self, path: Path) -> None:
        self._step()
        before = path.read_bytes()
        super().remove(path)
        self._pending.append(Pending(path.parent, lambda: put_back(path, before)))

    def remove_directory(self, path: Path) -> None:
        self._step()
        super().remove_directory(path)
        self._pending.append(Pending(path.parent, lambda: path.mkdir(exist_ok=True)))

    def sync_directory(self, path: Path) -> None:
        self._step()
        super().sync_directory(path)
        self._pending = [item for item in self._pending if item.directory != path]

    def _step(self) -> None:
        if self.operations == self._last:
            for item in reversed(self._pending):
                if self._loses():
                    item.forget()
            raise PowerLost
        self.operations += 1


def put_back(path: Path, content: bytes | None) -> None:
    """Give *path* its old content, unless its directory was lost as well."""
    if content is None:
        path.unlink(missing_ok=True)
    elif path.parent.is_dir():
        path.write_bytes(content)
