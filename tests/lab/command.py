# SPDX-License-Identifier: GPL-3.0-or-later
"""One running command of a simulated host."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from lab.backend import Completed, Execution

Runner = Callable[[Execution], Awaitable[Completed]]

_CONTROL_C_EXIT = 0xC000013A  # STATUS_CONTROL_C_EXIT

logger = logging.getLogger(__name__)


class Command:
    """One process of a shell: waits for its input, runs once, keeps its output until it is read."""

    def __init__(
        self, command_id: str, command_line: str, runner: Runner, *, starts_on_receive: bool
    ) -> None:
        self.command_id = command_id
        self.starts_on_receive = starts_on_receive
        self.streams = {"stdout": bytearray(), "stderr": bytearray()}
        self.exit_code = 0
        self.ended = asyncio.Event()
        self.is_terminated = False
        self._command_line = command_line
        self._runner = runner
        self._stdin = bytearray()
        self._task: asyncio.Task[None] | None = None

    def feed(self, data: bytes) -> None:
        """Append to its standard input."""
        self._stdin += data

    def start(self) -> None:
        """Run it with the input that has come; a second call does nothing."""
        if self._task is None and not self.ended.is_set():
            self._task = asyncio.get_running_loop().create_task(self._run())

    def interrupt(self) -> None:
        """End it as Ctrl-C does: it can still be asked for its exit code."""
        if not self.ended.is_set():
            self.exit_code = _CONTROL_C_EXIT
            self._stop()

    def terminate(self) -> None:
        """End it for good; a Receive that waits for it is aborted."""
        self.is_terminated = True
        self._stop()

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self.ended.set()

    async def _run(self) -> None:
        execution = Execution(self._command_line, bytes(self._stdin))
        completed = await complete(self._runner, execution)
        self.streams["stdout"] += completed.stdout
        self.streams["stderr"] += completed.stderr
        self.exit_code = completed.exit_code
        self.ended.set()


async def complete(runner: Runner, execution: Execution) -> Completed:
    """Run *execution*; a back end that fails looks like a PowerShell that died."""
    try:
        return await runner(execution)
    except Exception as error:
        logger.exception("back end failed")
        return Completed(b"", f"lab: the back end failed: {error!r}\r\n".encode(), 1)
