# SPDX-License-Identifier: GPL-3.0-or-later
"""The cases of the fault matrix: a surface of a probe, and one of the ways to fail."""

import copy
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from integration.chain import Collection
from integration.scenarios import frozen_states
from integration.surfaces import BASE_OF, BROKEN_BEFORE, SCENARIO_OF, SEEDS, SURFACES
from lab.native_library import native_folder
from lab.windows.states import State, set_fault

SERVER, CLIENT = "healthy-2022-member", "healthy-win11-member"
FAULTS = ("denied", "hang", "error", "missing", "garbage")
# Nothing here waits for minutes: the surface gives up by itself. Who gives up first on a surface
# that never answers is another test.
HANG_SECONDS = 0.2
# SYSTEM, since Windows Update refuses some answers to a network logon.
ACCOUNT = "SYSTEM"
# So that each probe has something to ask for.
SITE: Mapping[str, Mapping[str, object]] = {
    "backup": {
        "success_events": [
            {"product": "Dumps", "log": "Application", "provider": "ESENT", "ids": [326]}
        ],
    },
    "encryption": {"ephi_shares": ["Scans"]},
}

# What each fault makes of a probe. Garbage may have the right type: then the judge is asked.
STATES = {
    "denied": {"denied"},
    "hang": {"timeout"},
    "error": {"error"},
    "missing": {"absent", "error"},
}
# A registry key does not hang, its error is one of many; of an exit code, Linux keeps one byte.
STATES_OF_KIND = {
    ("registry", "hang"): {"error"},
    ("registry", "missing"): {"ok"},
    ("native", "hang"): {"error"},
    ("native", "denied"): {"denied", "error"},
    ("native", "missing"): {"absent", "error"},
}
# Lists of which each item says whether it was found, or how it was read.
ITEM_BY_ITEM = {("logging", "logs"), ("backup", "product_events")}


@dataclass(frozen=True, slots=True)
class Case:
    """One fault on one surface of one probe."""

    check: str
    probe: str
    surface: str
    fault: str

    @property
    def name(self) -> str:
        """The run that answers it: probes of a check that share a surface share their runs."""
        surface = re.sub(r"\W", "-", self.surface)
        return f"{self.check}-{surface}-{self.fault}-{self.baseline}"

    @property
    def scenario(self) -> str:
        """The unhealthy host whose fault the probe shows."""
        return f"{self.check}-{SCENARIO_OF[self.check][self.probe]}"

    @property
    def unhealthy_name(self) -> str:
        return f"{self.name}-{self.scenario}"

    @property
    def baseline(self) -> str:
        return BASE_OF.get((self.check, self.probe), SERVER)

    @property
    def kind(self) -> str:
        return self.surface.split(":")[0]

    @property
    def is_default(self) -> bool:
        """Whether the fault only means that Windows' default is in force."""
        return (self.kind, self.fault) == ("registry", "missing")

    @property
    def states(self) -> set[str]:
        """The states that the probe may have then."""
        usual = STATES[self.fault]
        if (self.check, self.probe) in ITEM_BY_ITEM:
            return {"ok", *usual}
        return STATES_OF_KIND.get((self.kind, self.fault), usual)

    def break_host(self, state: State, seconds: float = HANG_SECONDS) -> State:
        """Put the fault on its surface of *state*, and return it."""
        if before := BROKEN_BEFORE.get((self.check, self.probe)):
            broken(state, *before)
        return broken(state, self.surface, self.fault, seconds)


def cases(faults: Iterable[str] = FAULTS) -> Iterator[Case]:
    """Return each fault on each surface of each probe.

    Where no C compiler is, nothing plays the functions of a DLL and none can fail in its own way.
    """
    is_native = native_folder() is not None
    for check, probes in SURFACES.items():
        for probe, surfaces in probes.items():
            for surface in surfaces:
                if surface.startswith("api:") and not is_native:
                    continue
                for fault in faults:
                    yield Case(check, probe, surface, fault)


def distinct(
    wanted: Iterable[Case], name: Callable[[Case], str] = lambda case: case.name
) -> list[Case]:
    """Return one case for each run."""
    return list({name(case): case for case in wanted}.values())


@cache
def states() -> dict[str, State]:
    """Return every state by name; nobody may change them."""
    return frozen_states()


def seeded(name: str, *checks: str) -> State:
    """Return a copy of a state in which all registry keys exist that *checks* read."""
    state = copy.deepcopy(states()[name])
    known = {key.lower(): key for key in state["registry"]}
    for check in checks:
        for surface, values in SEEDS[check].items():
            key = surface.removeprefix("registry:")
            key = known.get(key.lower(), key)
            state["registry"][key] = {**values, **state["registry"].get(key, {})}
    return state


def broken(state: State, surface: str, fault: str, seconds: float = HANG_SECONDS) -> State:
    """Put a fault on a surface of *state* and return it."""
    set_fault(state, surface, fault, **({"seconds": seconds} if fault == "hang" else {}))
    return state


def collection(name: str, state: State, *checks: str, **options: Any) -> Collection:
    """Return a collection of *checks* as SYSTEM, on a site that asks for all there is."""
    site = {check: SITE[check] for check in checks if check in SITE}
    return Collection(name, state, checks, options.pop("site", site), ACCOUNT, **options)
