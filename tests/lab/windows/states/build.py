# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the state documents of all hosts, in memory, and write them."""

import json
from pathlib import Path

from lab.windows.states.baseline import baseline
from lab.windows.states.baseline.defender import set_old_platform
from lab.windows.states.clock import Clock
from lab.windows.states.hosts import EDITIONS, ROLES, Host
from lab.windows.states.registry import State
from lab.windows.states.scenarios import scenario
from lab.windows.WindowsLab.Native.reachability import update_reachability

SCENARIOS = Path(__file__).parent / "scenarios.jsonl"


def build_states(clock: Clock, scenarios: Path = SCENARIOS) -> dict[str, State]:
    """Return every state by its name: ``healthy-<edition>-<role>`` and ``<check>-<scenario id>``.

    The documents share nothing: a caller may change what it gets.
    """
    return healthy_states(clock) | scenario_states(scenarios, clock)


def healthy_states(clock: Clock) -> dict[str, State]:
    """Return the baseline of every host, and of one whose Defender platform is old."""
    hosts = [Host(kind, role) for kind in EDITIONS for role in ROLES]
    states = {
        f"healthy-{host.kind}-{host.role}": baseline(host, clock)
        for host in hosts
        if not (host.is_dc and host.is_client)
    }
    states["healthy-2016-oldplatform"] = baseline(Host("2016", "member"), clock)
    set_old_platform(states["healthy-2016-oldplatform"])
    return states


def scenario_states(file: Path, clock: Clock) -> dict[str, State]:
    """Return the state of every line of a scenario file."""
    lines = [
        json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()
    ]
    return {f"{line['check']}-{line['id']}": scenario(line, clock) for line in lines}


def write_state(state: State, file: Path) -> None:
    """Write one document for LAB_STATE; what the controller can reach is computed now."""
    update_reachability(state)
    file.write_text(json.dumps(state, indent=1, ensure_ascii=False), encoding="utf-8")
