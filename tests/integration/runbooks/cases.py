# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of runbooks share: hosts to repair, and edits that make them need it."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from lab.hostfiles import expand_profile, local_path
from lab.windows.states import Clock, State, build_states, set_fault, write_state
from lab.windows.states.registry import dword


@cache
def _states() -> dict[str, State]:
    return build_states(Clock("frozen"))


def host(name: str, *edits: Callable[[State], None]) -> State:
    """Return the state *name*, a baseline or a scenario such as ``logging-U2``, with *edits*."""
    state = deepcopy(_states()[name])
    for edit in edits:
        edit(state)
    return state


def registry(key: str, **values: int | None) -> Callable[[State], None]:
    """Return an edit that sets DWORDs below HKLM; None deletes a value."""

    def edit(state: State) -> None:
        found = state["registry"].setdefault(f"HKLM\\{key}", {})
        for name, value in values.items():
            if value is None:
                found.pop(name, None)
            else:
                found[name] = dword(value)

    return edit


def broken(surface: str, kind: str = "denied", **options: Any) -> Callable[[State], None]:
    """Return an edit that makes *surface*, such as ``cmdlet:Start-Service``, fail from now on."""

    def edit(state: State) -> None:
        set_fault(state, surface, kind, **options)

    return edit


def mended(surface: str) -> Callable[[State], None]:
    """Return an edit that takes the fault of *surface* away."""

    def edit(state: State) -> None:
        del state["faults"][surface]

    return edit


def sleep_advances(state: State) -> None:
    """Let Start-Sleep move the clock of the host instead of waiting."""
    state["clock"]["sleep"] = "advance"


def service(name: str, **values: Any) -> Callable[[State], None]:
    """Return an edit that sets keys of a service, such as State; a new one is Running and Auto."""

    def edit(state: State) -> None:
        found = state["services"].setdefault(
            name, {"DisplayName": name, "State": "Running", "StartMode": "Auto", "ProcessId": 5000}
        )
        found.update(values)
        key = state["registry"].get(f"HKLM\\SYSTEM\\CurrentControlSet\\Services\\{name}")
        if key is not None:
            key["Start"] = dword({"Auto": 2, "Manual": 3, "Disabled": 4}[found["StartMode"]])

    return edit


def readonly(key: str) -> Callable[[State], None]:
    """Return an edit after which nobody may write below the registry key *key*."""

    def edit(state: State) -> None:
        state.setdefault("registry_acl", {})[key] = "readonly"

    return edit


def instances(name: str, *values: State) -> Callable[[State], None]:
    """Return an edit that gives the CIM class *name* of root/cimv2 these instances."""

    def edit(state: State) -> None:
        state["cim"]["root/cimv2"][name] = [dict(value) for value in values]

    return edit


def pin_at_start(state: State) -> None:
    """Protect the system drive with a TPM and a PIN."""
    bitlocker = state["volumes"][0]["bitlocker"]
    bitlocker["ProtectionStatus"] = 1
    bitlocker["protectors"][0]["type"] = 4


def firewall_rules(*rules: State) -> Callable[[State], None]:
    """Return an edit that adds rules of this host to its firewall."""
    return lambda state: state["firewall"]["rules"]["PersistentStore"].extend(
        dict(rule) for rule in rules
    )


def revert_task(runbook_id: str) -> Callable[[State], None]:
    """Return an edit after which the way back of a runbook is armed."""

    def edit(state: State) -> None:
        state["tasks"][f"\\HipaaRevert-{runbook_id}"] = {"State": "Ready", "Actions": []}

    return edit


@dataclass(frozen=True, slots=True)
class JobCase:
    """What a host keeps of detached jobs: name -> text, and since when process 4711 runs there."""

    files: Mapping[str, str] = field(default_factory=dict)
    runs_since: str | None = None  # None: it does not run; "": nobody knows
    edits: tuple[Callable[[State], None], ...] = ()
    is_removed: bool = False
    folder: str = r"%USERPROFILE%\.ansible_async\hipaa-1"

    def write(self, document: Path) -> Path:
        """Write the host; return its state document."""
        since = self.runs_since or None
        processes = [{"ProcessId": 4711, "Handle": "4711", "CreationDate": since}]
        state = host("healthy-2022-workgroup", *self.edits)
        state["cim"]["root/cimv2"]["Win32_Process"] = [] if self.runs_since is None else processes
        document.parent.mkdir(parents=True, exist_ok=True)
        write_state(state, document)
        for name, text in self.files.items():
            file = local_path(document, f"{expand_profile(self.folder, None)}\\{name}")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="")
        return document
