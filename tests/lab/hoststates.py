# SPDX-License-Identifier: GPL-3.0-or-later
"""State documents of an estate's hosts: a named state, then the edits of the estate file."""

from copy import deepcopy
from pathlib import Path
from typing import Any

from lab.estate import Estate, EstateInvalid, EstatePlan, HostPlan
from lab.estates.edits import EDITS
from lab.windows.states import Clock, build_states, write_state


def build_host_states(plan: EstatePlan, clock: Clock) -> dict[str, dict[str, Any]]:
    """Return host name -> state document; raise EstateInvalid for an unknown state or edit."""
    known = build_states(clock)
    # Two hosts may start from the same state, and each one edits its own.
    return {host.name: _build(host, known, clock) for host in plan.hosts}


def write_estate(plan: EstatePlan, folder: Path, clock: Clock) -> Estate:
    """Write the documents into *folder* and return the estate that runs on them.

    What tasks change on a host is changed in its document: give each run a folder of its own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for name, state in build_host_states(plan, clock).items():
        files[name] = folder / f"{name}.json"
        write_state(state, files[name])
    return plan.simulated(files)


def _build(host: HostPlan, known: dict[str, dict[str, Any]], clock: Clock) -> dict[str, Any]:
    if host.windows not in known:
        raise EstateInvalid(
            f"{host.name}: windows is unknown; got {host.windows!r}. "
            "`python -m lab states` lists what exists."
        )
    state = deepcopy(known[host.windows])
    for item in host.edits:
        for name, parameters in ({item: {}} if isinstance(item, str) else item).items():
            _edit(host, state, name, parameters, clock)
    state["locale"] = host.locale
    state["time_zone"] = host.time_zone
    return state


def _edit(
    host: HostPlan, state: dict[str, Any], name: str, parameters: dict[str, Any], clock: Clock
) -> None:
    edit = EDITS.get(name)
    if edit is None:
        raise EstateInvalid(
            f"{host.name}: unknown edit; got {name!r}. Known: {', '.join(sorted(EDITS))}."
        )
    try:
        edit(state, clock, **parameters)
    except (LookupError, TypeError, ValueError) as error:
        raise EstateInvalid(f"{host.name}: edit {name} {parameters}: {error!r}") from error
