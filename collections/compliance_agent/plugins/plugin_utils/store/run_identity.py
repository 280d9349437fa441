# SPDX-License-Identifier: GPL-3.0-or-later
"""Which process acts for a run, and whether it is still alive.

A number of a process is used again, after a reboot by quite another one: so its boot, its namespace
of processes and its start belong to the name. Of a process on another machine, in another container
or from before the last boot nothing can be known here.
"""

import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_STATE, _START_TIME = 0, 19  # places behind the name of the command, man 5 proc_pid_stat
_DEAD = {"Z", "X", "x"}


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """The run *run_id* and the process *pid* of it that lives as long as the run.

    *boot* names the boot of the kernel and the namespace that *pid* counts in, *started* when the
    process began; both are empty where the operating system does not tell.
    """

    run_id: str
    machine: str
    boot: str
    pid: int
    started: str


def identify_run(run_id: str, pid: int | None = None) -> RunIdentity:
    """Return the identity of the run *run_id*, by default that of this process.

    A worker that Ansible forked dies with its task: give the *pid* of ansible-playbook there.
    Raises ProcessLookupError if no such process lives.
    """
    number = os.getpid() if pid is None else pid
    return RunIdentity(run_id, socket.gethostname(), _boot(), number, _start_of(number))


def is_alive(run: RunIdentity) -> bool | None:
    """Return whether the process of *run* lives; None where that cannot be known here."""
    here = (socket.gethostname(), _boot())
    if not run.boot or (run.machine, run.boot) != here:
        return None
    try:
        started = _start_of(run.pid)
    except ProcessLookupError:
        return False
    # Both are empty where /proc hides the processes of other users.
    return started == run.started if started and run.started else None


def _boot() -> str:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return ""


def _start_of(pid: int) -> str:
    """Return when process *pid* began, in ticks since the boot; empty if that is not told.

    Raises ProcessLookupError if it does not live.
    """
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        with suppress(PermissionError):
            os.kill(pid, 0)  # sends nothing; that it may not be sent to is alive, too
        return ""
    # The name of the command may hold spaces and brackets.
    fields = text.rpartition(")")[2].split()
    if fields[_STATE] in _DEAD:
        raise ProcessLookupError(pid)
    return fields[_START_TIME]
