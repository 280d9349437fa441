# SPDX-License-Identifier: GPL-3.0-or-later
"""A back end around another one, which spoils what commands leave behind."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from lab.backend import Backend, Completed, Execution
from lab.faults import FaultKind, HostFaults

Sleep = Callable[[float], Awaitable[None]]

_NOISE = b"WARNING: the profile of this user wrote a line.\r\nAnother line of a logon script.\r\n"
# What Windows PowerShell 5.1 writes when a first import shows a progress bar.
_CLIXML = (
    b'#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
    b'<Obj S="progress" RefId="0"><TN RefId="0"><T>System.Management.Automation.PSCustomObject</T>'
    b'<T>System.Object</T></TN><MS><I64 N="SourceId">1</I64><PR N="Record">'
    b"<AV>Preparing modules for first use.</AV><AI>0</AI><Nil /><PI>-1</PI><PC>-1</PC>"
    b"<T>Completed</T><SR>-1</SR><SD> </SD></PR></MS></Obj></Objs>"
)
# What powershell.exe prints when the .NET runtime cannot be loaded for it.
_NO_JSON = (
    b"Internal Windows PowerShell error.  "
    b"Loading managed Windows PowerShell failed with error 8009001d.\r\n"
)


class FaultyBackend:
    """Runs commands of one host through *backend* and applies the host's faults to the result."""

    def __init__(self, backend: Backend, faults: HostFaults, sleep: Sleep) -> None:
        self._backend = backend
        self._faults = faults
        self._sleep = sleep

    async def run(self, host: str, execution: Execution) -> Completed:
        """Run *execution*, or wait for ever, or answer in place of it."""
        if self._faults.take(FaultKind.TIMEOUT):
            await asyncio.Event().wait()  # until Signal, Delete or the end of the lab
        if slow := self._faults.take(FaultKind.SLOW):
            await self._sleep(slow.value)
        if self._faults.take(FaultKind.NO_JSON):
            return Completed(_NO_JSON, b"", 1)
        return self._spoil(await self._backend.run(host, execution))

    async def close(self) -> None:
        """Do nothing: *backend* belongs to all hosts."""

    def _spoil(self, completed: Completed) -> Completed:
        stdout = completed.stdout
        if self._faults.take(FaultKind.TRUNCATED):
            stdout = stdout[: len(stdout) // 2]
        if self._faults.take(FaultKind.NOISE):
            stdout = _NOISE + stdout
        if self._faults.take(FaultKind.CLIXML):
            completed = replace(completed, stderr=_CLIXML + completed.stderr)
        return replace(completed, stdout=stdout)
