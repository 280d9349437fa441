# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits that an estate file can name: each changes one thing of a state document.

Add one: write a function (state, clock, parameters by keyword) under @edit; its name is the name
in the file.
"""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from lab.windows.states import Clock, set_fault
from lab.windows.states.build import SCENARIOS
from lab.windows.states.scenarios import CHECKS

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
