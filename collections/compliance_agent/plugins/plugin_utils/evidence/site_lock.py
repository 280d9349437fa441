# SPDX-License-Identifier: GPL-3.0-or-later
"""One writer per site: a lock that says whose it is, and that the kernel gives back at death.

The lock is that of the open file (``flock``), so there is none to clean up after a crash: a note of
a process that is gone lies in a file that nobody holds, and the next one takes it over.
"""

import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..clock import Clock, utc_now
from ..errors import ComplianceError
from ..instants import to_text

# Sealing a thousand hosts takes some ten seconds; who waits this long waits for something stuck.
WAIT_SECONDS = 600.0
_LOOK_SECONDS = 0.05


class SiteLocked(ComplianceError):
    """Somebody else writes to this site, and did not finish in time."""

    code = "site_locked"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who said that the lock is theirs."""

    pid: int
    host: str
    purpose: str
    since: str

    def describe(self, now: datetime) -> str:
        """Return one phrase for a message."""
        age = int((now - datetime.fromisoformat(self.since)).total_seconds())
        return f"{self.purpose} by process {self.pid} on {self.host} since {self.since} ({age} s)"


@contextmanager
def hold_lock(
    file: Path,
    purpose: str,
    *,
    wait_seconds: float = WAIT_SECONDS,
    clock: Clock = utc_now,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Hold the lock *file*, waiting at most *wait_seconds*; raises SiteLocked with its holder."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        _wait(descriptor, file, wait_seconds, clock, pause)
        holder = Holder(os.getpid(), socket.gethostname(), purpose, to_text(clock()))
        note = json.dumps({name: getattr(holder, name) for name in Holder.__slots__}).encode()
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, note + b"\n", 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def wait_until_free(
    file: Path, wait_seconds: float = WAIT_SECONDS, pause: Callable[[float], None] = time.sleep
) -> bool:
    """Return whether somebody held the lock *file*, after waiting for them at most *wait_seconds*.

    For who only reads: the lock is not taken, and no right to write is needed.
    """
    try:
        # O_NONBLOCK: a pipe in its place must not be waited for.
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    waited = 0.0
    try:
        while waited <= wait_seconds:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                pause(_LOOK_SECONDS)
                waited += _LOOK_SECONDS
            else:
                return waited > 0
        return True
    finally:
        os.close(descriptor)


def read_holder(file: Path) -> Holder | None:
    """Return who the note in *file* names; None where there is none that can be read."""
    try:
        note = json.loads(file.read_bytes())
        holder = Holder(**note)
        is_number = isinstance(note["pid"], int) and not isinstance(note["pid"], bool)
        is_whole = is_number and datetime.fromisoformat(holder.since).tzinfo
    except (OSError, ValueError, TypeError):
        return None
    return holder if is_whole else None


def _wait(
    descriptor: int,
    file: Path,
    wait_seconds: float,
    clock: Clock,
    pause: Callable[[float], None],
) -> None:
    waited = 0.0
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waited >= wait_seconds:
                holder = read_holder(file)
                who = holder.describe(clock()) if holder else "somebody who left no note"
                raise SiteLocked(
                    f"another run writes to this site: {file} is held",
                    value=who,
                    remedy="Let it finish, or end that process; the lock goes with it.",
                ) from None
            pause(_LOOK_SECONDS)
            waited += _LOOK_SECONDS
        else:
            return
