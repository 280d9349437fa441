# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits that an estate file can name: each changes one thing of a state document.

Add one: write a function (state, clock, parameters by keyword) under @edit; its name is the name
in the file.
"""

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

from lab.windows.states import REFERENCE, Clock, set_fault
from lab.windows.states.build import SCENARIOS
from lab.windows.states.registry import (
    CURRENT_VERSION,
    SERVICING,
    SYSTEM,
    WINDOWS_CURRENT_VERSION,
    dword,
    string,
    update_package,
)
from lab.windows.states.scenarios import CHECKS
from lab.windows.states.scenarios.edits import set_packages

State = dict[str, Any]
Edit = Callable[..., None]
EDITS: dict[str, Edit] = {}


def edit(function: Edit) -> Edit:
    """Register *function* under its own name."""
    EDITS[function.__name__] = function
    return function


@edit
def rename(state: State, _clock: Clock, *, computer_name: str) -> None:
    """Give the host its name; it stays in its domain."""
    system = state["os"]
    _, dot, domain = str(system.get("fqdn") or "").partition(".")
    system["computer_name"] = computer_name.upper()
    system["fqdn"] = computer_name.lower() + dot + domain


@edit
def scenario(state: State, clock: Clock, *, check: str, id: str) -> None:  # noqa: A002
    """Apply one line of the unhealthy scenarios; several may follow each other."""
    for text in SCENARIOS.read_text(encoding="utf-8").splitlines():
        line = json.loads(text) if text.strip() else {}
        if (line.get("check"), line.get("id")) == (check, id):
            CHECKS[check](state, deepcopy(line["patch"]), clock)
            return
    raise LookupError(f"no scenario {check} {id}")


@edit
def fault(state: State, _clock: Clock, *, surface: str, type: str, **options: object) -> None:  # noqa: A002
    """Let a surface of Windows fail, as STATE.md describes under "Faults"."""
    set_fault(state, surface, type, **options)


@edit
def edition(state: State, _clock: Clock, *, edition_id: str) -> None:
    """Give the host another edition of its Windows, such as EnterpriseS, the one of LTSC."""
    state["registry"][CURRENT_VERSION]["EditionID"] = string(edition_id)


@edit
def update_level(state: State, clock: Clock, *, ubr: int, installed_days_ago: int) -> None:
    """Give the host a cumulative update, installed so long ago and the newest it has."""
    build = state["os"]["build"]
    state["os"]["ubr"] = ubr
    state["registry"][CURRENT_VERSION]["UBR"] = dword(ubr)
    high, low = clock.filetime_of(REFERENCE - timedelta(days=installed_days_ago))
    package = {"CurrentState": 112, "InstallTimeHigh": high, "InstallTimeLow": low}
    set_packages(state, [{"Name": update_package(build, ubr), **package}], Clock("frozen"))


@edit
def reboot_pending(state: State, clock: Clock, *, boot_days_ago: int) -> None:
    """Let an update wait for the reboot that nobody made."""
    state["registry"][SERVICING + "\\RebootPending"] = {}
    state["registry"][WINDOWS_CURRENT_VERSION + "WindowsUpdate\\Auto Update\\RebootRequired"] = {}
    state["reboot"]["last_boot_utc"] = clock.at(days=boot_days_ago)


@edit
def log_size(state: State, _clock: Clock, *, name: str, megabytes: int) -> None:
    """Give an event log a size, and fill it."""
    size = megabytes * 1024 * 1024
    state["eventlogs"][name] |= {"MaximumSizeInBytes": size, "FileSize": size}
    state["registry"][SYSTEM + "Services\\EventLog\\" + name]["MaxSize"] = dword(size)


@edit
def disabled_service(state: State, _clock: Clock, *, name: str, by_policy: bool = False) -> None:
    """Disable a service; a group policy that did it does it again at each refresh."""
    state["services"][name] |= {"State": "Stopped", "StartMode": "Disabled"}
    state["registry"][SYSTEM + "Services\\" + name]["Start"] = dword(4)
    if by_policy:
        state["gpo"].setdefault("services", {})[name] = "Disabled"


@edit
def realtime_protection_off(state: State, _clock: Clock) -> None:
    """Let somebody have switched Defender's real-time protection off, as anybody at it can."""
    state["defender"]["status"]["IsTamperProtected"] = False
    state["defender"]["preference"]["DisableRealtimeMonitoring"] = True


@edit
def quick_sleep(state: State, _clock: Clock) -> None:
    """Let Start-Sleep move the clock of the host instead of waiting."""
    state["clock"]["sleep"] = "advance"
