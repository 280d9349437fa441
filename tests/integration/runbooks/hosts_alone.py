# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that its controller has lost: let its time pass."""

import json
import os
import subprocess
import sys
from pathlib import Path

from lab.repairing import NATIVE
from lab.windows.states import State, write_state


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
