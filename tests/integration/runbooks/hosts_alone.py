# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that its controller has lost: keep its state at that moment, and let its time pass."""

import json
import os
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

from lab.repairing import NATIVE
from lab.windows.states import State, write_state


class Moment:
    """The state of a host just before one script ran; give `keep` to a repair as its edit."""

    def __init__(self) -> None:
        self.state: State = {}

    def keep(self, state: State) -> None:
        """Remember *state* and leave it as it is."""
        self.state = deepcopy(state)


def after(state: State, minutes: int, folder: Path, pwsh: str) -> State:
    """Return *state* when *minutes* have passed and what became due has run."""
    file = folder / f"alone-{minutes}.json"
    write_state(state, file)
    windows = NATIVE.parents[1]
    environment = {
        **os.environ,
        "LAB_STATE": str(file),
        "LAB_PWSH": pwsh,
        "PSModulePath": f"{windows / 'WindowsLab' / 'Modules'}:{windows}",
    }
    command = [sys.executable, str(NATIVE / "tick.py"), str(minutes)]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    passed: State = json.loads(file.read_text(encoding="utf-8"))
    return passed
