# SPDX-License-Identifier: GPL-3.0-or-later
"""Warm PowerShell processes: one JSON line in, one JSON line out.

Requests travel through a pipe of their own: PowerShell reads its standard input for $input.
"""

import asyncio
import json
import logging
import os
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from lab.powershell import LAB, EngineSettings

logger = logging.getLogger(__name__)

_LINE_BYTES = 64 * 1024 * 1024
_STDERR_LINES = 50
_START_SECONDS = 60.0
_END_SECONDS = 5.0
_FAMILIES = 2  # that are kept warm: of the checks, and of the steps of repairs


class WorkerDiedError(Exception):
    """The process ended in the middle of a task; the text holds its last words."""


class Worker:
    """One process. It serves payloads of one *family*: those with the same compiled C# utils."""

    def __init__(self, process: Process, requests: asyncio.WriteTransport, family: str) -> None:
        self.family = family
        self.tasks_done = 0
        self.is_spent = False
        self._process = process
        self._requests = requests
        self._stderr: deque[str] = deque(maxlen=_STDERR_LINES)
        self._listener = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, settings: EngineSettings, family: str) -> "Worker":
        """Start a process and wait until it can take a task."""
        script = str(LAB / "engine_worker.ps1")
        reading, writing = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *(str(settings.pwsh), "-NoProfile", "-NonInteractive", "-File", script),
                *("-RequestHandle", str(reading)),
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=PIPE,
                env=settings.environment(),
                limit=_LINE_BYTES,
                pass_fds=(reading,),
                # Ctrl-C is for the lab, which then ends its workers in order.
                start_new_session=True,
            )
        except BaseException:
            os.close(writing)
            raise
        finally:
            os.close(reading)
        transport, _ = await asyncio.get_running_loop().connect_write_pipe(
            asyncio.BaseProtocol, os.fdopen(writing, "wb", buffering=0)
        )
        worker = cls(process, transport, family)
        try:
            await asyncio.wait_for(worker._read(), _START_SECONDS)
        except BaseException:
            await worker.kill()
            raise
        logger.info("worker started", extra={"pid": process.pid})
        return worker

    def serves(self, family: str) -> bool:
        """Tell whether it can take a task of *family*; "" is a task without C# utils.

        One that began with such a task can take no other: it has met a simulated host, and its
        compiler would look for assemblies there.
        """
        return family in ("", self.family)

    async def call(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Run one task; raise WorkerDiedError when the process ends instead of answering."""
        if self._requests.is_closing():
            raise WorkerDiedError(self._last_words())
        self._requests.write(json.dumps(request).encode() + b"\n")
        answer = await self._read()
        self.tasks_done += 1
        return answer

    async def stop(self) -> None:
        """Let the process end: it leaves its loop when its requests end."""
        self._requests.close()
        try:
            await asyncio.wait_for(self._process.wait(), _END_SECONDS)
        except TimeoutError:
            logger.warning("worker did not end", extra={"pid": self._process.pid})
        await self.kill()

    async def kill(self) -> None:
        """End the process now, whatever it does."""
        self.is_spent = True
        self._requests.close()
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._listener

    async def _read(self) -> dict[str, Any]:
        stdout = self._process.stdout
        assert stdout is not None
        line = await stdout.readline()
        if not line.endswith(b"\n"):
            raise WorkerDiedError(self._last_words())
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def _listen(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None
        async for line in stderr:
            self._stderr.append(line.decode(errors="replace").rstrip())

    def _last_words(self) -> str:
        words = "\n".join(self._stderr) or "nothing on stderr"
        return f"PowerShell worker {self._process.pid} ended: {words}"


class WorkerPool:
    """At most *settings.workers* processes at work; idle ones wait for more of their family.

    A repair alternates between modules of two families. To end a warm process at each change and
    start another took ten times as long as the task itself.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._most_processes = settings.workers * _FAMILIES
        self._idle: list[Worker] = []  # the one that has waited longest first
        self._lent = 0
        self._freed = asyncio.Condition()
        self._is_closed = False

    @asynccontextmanager
    async def worker(self, family: str) -> AsyncIterator[Worker]:
        """Lend a worker; one that failed, was cancelled or is spent does not come back."""
        worker = await self._take(family)
        try:
            yield worker
        except BaseException:
            await asyncio.shield(self._discard(worker))
            raise
        limit = self._settings.tasks_per_worker
        if worker.is_spent or worker.tasks_done >= limit or self._is_closed:
            await asyncio.shield(self._discard(worker))
            return
        self._idle.append(worker)
        await asyncio.shield(self._give_back())

    async def close(self) -> None:
        """End the idle workers now and those at work when their task ends."""
        self._is_closed = True
        while self._idle:
            await self._idle.pop().stop()

    async def _take(self, family: str) -> Worker:
        async with self._freed:
            await self._freed.wait_for(lambda: self._lent < self._settings.workers)
            self._lent += 1
        try:
            worker = next((idle for idle in self._idle if idle.serves(family)), None)
            if worker is not None:
                self._idle.remove(worker)
                return worker
            if self._lent + len(self._idle) > self._most_processes:
                await self._idle.pop(0).stop()
            return await Worker.start(self._settings, family)
        except BaseException:
            await asyncio.shield(self._give_back())
            raise

    async def _discard(self, worker: Worker) -> None:
        await worker.kill()
        await self._give_back()

    async def _give_back(self) -> None:
        async with self._freed:
            self._lent -= 1
            self._freed.notify()
