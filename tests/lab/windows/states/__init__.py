# SPDX-License-Identifier: GPL-3.0-or-later
"""State documents of WindowsLab: healthy baselines, the unhealthy scenarios, faults on top of them.

Tests build them in memory and write the ones they need::

    from lab.windows.states import Clock, build_states, set_fault, write_state

    states = build_states(Clock("frozen"))
    set_fault(states["healthy-2022-member"], "com:Microsoft.Update.Searcher.Search", "hang")
    write_state(states["healthy-2022-member"], tmp_path / "fs1.json")
"""

from lab.windows.states.build import build_states, healthy_states, scenario_states, write_state
from lab.windows.states.clock import REFERENCE, Clock
from lab.windows.states.faults import FAULT_TYPES, set_fault
from lab.windows.states.registry import State

__all__ = [
    "FAULT_TYPES",
    "REFERENCE",
    "Clock",
    "State",
    "build_states",
    "healthy_states",
    "scenario_states",
    "set_fault",
    "write_state",
]
