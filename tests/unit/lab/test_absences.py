# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies how a simulated host leaves the network and comes back."""

import asyncio
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from lab.absences import Absences, HostTime
from lab.backend import Completed, Execution
from lab.estate import Estate, LabHost
from lab.powershell import EngineSettings
from lab.windows.states import Clock, State, build_states, write_state

SETTINGS = EngineSettings(Path("/nowhere/pwsh"), native=None)
DONE = Completed(b"", b"", 0)
PENDING = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired"


class Network:
    """A host on a network of its own, which notes when it came and went."""

    def __init__(self) -> None:
        self.story: list[str] = []
        self.is_back = asyncio.Event()

    def kill(self) -> None:
        self.story.append("left")

    def end_jobs(self) -> None:
        self.story.append("lost its jobs")

    async def come_back(self) -> None:
        self.story.append("came back")
        self.is_back.set()


@pytest.fixture(scope="module")
def healthy() -> State:
    return build_states(Clock("frozen"))["healthy-2022-member"]


@pytest.fixture
def file(tmp_path, healthy) -> Path:
    state = deepcopy(healthy)
    state["registry"][PENDING] = {}
    state["services"]["UsoSvc"]["State"] = "Running"
    write_state(state, tmp_path / "pc01.json")
    return tmp_path / "pc01.json"


def read(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document


def edit(file: Path, **reboot: object) -> None:
    state = read(file)
    state["reboot"].update(reboot)
    write_state(state, file)


def restart(file: Path) -> None:
    edit(file, phase="down", up_at="2025-11-04T09:04:00Z", leaves_in_seconds=0)


async def watched(file: Path, network: Network, deed: Any) -> None:
    """Run *deed* as a command of the host, and wait until it is on the network again."""
    absences = Absences(Estate((LabHost("pc01", "127.0.0.1", state=file),), {}), SETTINGS, 0)

    async def run(_execution: Execution) -> Completed:
        deed()
        return DONE

    assert await absences.watch("pc01", network, run)(Execution("", b"")) is DONE
    await network.is_back.wait()
    absences.stop()


def test_a_host_that_restarts_is_away_and_comes_back_as_another_boot(file):
    async def story() -> list[str]:
        network = Network()
        await watched(file, network, lambda: restart(file))
        return network.story

    assert asyncio.run(story()) == ["left", "lost its jobs", "came back"]
    state = read(file)
    assert (state["reboot"]["phase"], state["reboot"]["boots"]) == ("up", 1)
    assert state["reboot"]["last_boot_utc"] == "2025-11-04T09:04:00Z"
    assert PENDING not in state["registry"]


def test_services_that_start_late_do_so_two_minutes_after_the_others(file):
    restart(file)
    time = HostTime(file, SETTINGS.environment())

    asyncio.run(time.pass_minutes(4))
    early = read(file)["services"]
    assert (early["EventLog"]["State"], early["UsoSvc"]["State"]) == ("Running", "Stopped")
    assert time.is_settling

    asyncio.run(time.pass_minutes(2))
    assert read(file)["services"]["UsoSvc"]["State"] == "Running"
    assert not time.is_settling


def test_a_host_that_nobody_restarts_stays(file):
    async def story() -> list[str]:
        network = Network()
        absences = Absences(Estate((LabHost("pc01", "127.0.0.1", state=file),), {}), SETTINGS, 0)

        async def run(_execution: Execution) -> Completed:
            return DONE

        await absences.watch("pc01", network, run)(Execution("", b""))
        await asyncio.sleep(0)
        return network.story

    assert asyncio.run(story()) == []
