# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes that a killed run leaves: each worker of Ansible is a session of its own."""

import os
import signal
from contextlib import suppress
from pathlib import Path


def processes_of(home: Path) -> list[int]:
    """Return the ids of all processes whose home directory is *home*."""
    wanted = f"HOME={home}".encode()
    found = []
    for file in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if wanted in file.read_bytes().split(b"\0"):
                found.append(int(file.parent.name))
    return found


def end_orphans(home: Path) -> None:
    """Kill what runs with the home directory *home*; give each test one of its own."""
    for process in processes_of(home):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
