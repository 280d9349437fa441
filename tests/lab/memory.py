# SPDX-License-Identifier: GPL-3.0-or-later
"""Back ends in memory, for tests of everything that lies between a client and a back end."""

import asyncio
import threading

from lab.backend import Completed, Execution

ANSWER = Completed(b'{"changed": false}\r\n', b"", 0)


class MemoryBackend:
    """Answers *completed* to everything and remembers what it was asked."""

    def __init__(self, completed: Completed = ANSWER) -> None:
        self.completed = completed
        self.executions: list[tuple[str, Execution]] = []
        self.is_closed = False

    async def run(self, host: str, execution: Execution) -> Completed:
        """Remember *execution* and answer."""
        self.executions.append((host, execution))
        return self.completed

    async def close(self) -> None:
        """Remember that it was closed."""
        self.is_closed = True


class HangingBackend(MemoryBackend):
    """Starts commands, and ends them when *release* is called; a test waits for its events.

    *started* is released once a command, *cancelled* is set when one is cancelled.
    """

    def __init__(self) -> None:
        super().__init__()
        self.started = threading.Semaphore(0)
        self.cancelled = threading.Event()
        self._released = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, host: str, execution: Execution) -> Completed:
        """Wait for *release*, then answer."""
        self._loop = asyncio.get_running_loop()
        self.started.release()
        try:
            await self._released.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return await super().run(host, execution)

    def release(self) -> None:
        """Let every command end; to be called from another thread, after one has started."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._released.set)
