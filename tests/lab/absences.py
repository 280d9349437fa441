# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that leave the network and come back: a restart, or a firewall that shuts the door.

What a command left behind in the state document says whether the host can still be reached. Until
it can, nobody listens, and its time passes by the minute: a restart ends, a task that was armed
runs, a service that starts late starts.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from lab.backend import Completed, Execution
from lab.estate import Estate
from lab.powershell import EngineSettings

Run = Callable[[Execution], Awaitable[Completed]]
_TICK = Path(__file__).parent / "windows" / "WindowsLab" / "Native" / "tick.py"
# A minute of a host that is away: long enough to be missed by a client, and soon over.
MINUTE_SECONDS = 0.5


class OnNetwork(Protocol):
    """A host that can leave the network and come back."""

    def kill(self) -> None:
        """Leave: nobody listens, open connections are reset."""

    def end_jobs(self) -> None:
        """Lose what runs detached."""

    async def come_back(self) -> None:
        """Listen again."""


@dataclass(frozen=True, slots=True)
class HostTime:
    """The time of one simulated host: lets it pass, and says what is true then."""

    state: Path
    environment: Mapping[str, str]

    @property
    def is_away(self) -> bool:
        """Whether nobody can reach the host now."""
        return self.is_down or self._document()["network"].get("winrm_reachable") is False

    @property
    def is_down(self) -> bool:
        """Whether Windows does not run now."""
        return bool(self._document()["reboot"].get("phase", "up") != "up")

    @property
    def leaves_in_seconds(self) -> float:
        """How long a host that was told to restart answers still; a closed firewall waits not."""
        seconds: float = self._document()["reboot"].get("leaves_in_seconds", 0)
        return seconds

    @property
    def is_settling(self) -> bool:
        """Whether services that start late are still to come."""
        return "settles_at" in self._document()["reboot"]

    async def pass_minutes(self, minutes: int) -> None:
        """Let *minutes* pass on the host, and what becomes due happen; raise OSError if not."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(_TICK),
            str(minutes),
            env={**os.environ, **self.environment, "LAB_STATE": str(self.state)},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _stdout, said = await process.communicate()
        if process.returncode:
            raise OSError(f"lab: no time passes on {self.state.stem}: {said.decode()}")

    def _document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.state.read_text(encoding="utf-8"))
        return document


class Absences:
    """Watches the hosts of an estate; only those with a state document can be away."""

    def __init__(
        self, estate: Estate, settings: EngineSettings, minute_seconds: float = MINUTE_SECONDS
    ) -> None:
        environment = settings.environment()
        self._times = {
            host.name: HostTime(host.state, environment) for host in estate.hosts if host.state
        }
        self._minute_seconds = minute_seconds
        self._away: dict[str, asyncio.Task[None]] = {}

    def watch(self, name: str, host: OnNetwork, run: Run) -> Run:
        """Return *run*, after which *host* leaves the network if its state says so."""
        time = self._times.get(name)
        if time is None:
            return run

        async def run_and_look(execution: Execution) -> Completed:
            completed = await run(execution)
            if name not in self._away and time.is_away:
                task = asyncio.create_task(self._be_away(host, time))
                self._away[name] = task
                task.add_done_callback(lambda _done: self._away.pop(name))
            return completed

        return run_and_look

    def stop(self) -> None:
        """Let nobody come back any more."""
        for task in self._away.values():
            task.cancel()

    async def _be_away(self, host: OnNetwork, time: HostTime) -> None:
        await asyncio.sleep(time.leaves_in_seconds)
        host.kill()
        if time.is_down:
            host.end_jobs()
        while time.is_away:
            await asyncio.sleep(self._minute_seconds)
            await time.pass_minutes(1)
        await host.come_back()
        while time.is_settling:
            await asyncio.sleep(self._minute_seconds)
            await time.pass_minutes(1)
