# SPDX-License-Identifier: GPL-3.0-or-later
"""What the network side of the lab asks of a back end: run one command on one simulated host."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Execution:
    """What a client asked one simulated host to run."""

    command_line: str  # as sent: it contains -EncodedCommand
    stdin: bytes  # b"" when nothing was piped


@dataclass(frozen=True, slots=True)
class Completed:
    """What the command left behind."""

    stdout: bytes
    stderr: bytes
    exit_code: int


class Backend(Protocol):
    """Runs commands; *host* is the inventory name of the simulated host."""

    async def run(self, host: str, execution: Execution) -> Completed: ...

    async def close(self) -> None: ...
