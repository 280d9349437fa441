# SPDX-License-Identifier: GPL-3.0-or-later
"""Which PowerShell runs the simulated hosts, and with which limits."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from lab.native_library import native_folder

LAB = Path(__file__).resolve().parent
WINDOWS = LAB / "windows"
MISSING = "no PowerShell: LAB_PWSH unset and no pwsh on PATH"


class PowerShellMissingError(Exception):
    """Nothing on this machine can run PowerShell."""

    def __init__(self) -> None:
        super().__init__(f"{MISSING}. Install PowerShell 7.5 or later, or use --backend replay.")


def find_pwsh(environ: Mapping[str, str]) -> Path | None:
    """Return the engine that LAB_PWSH names, else pwsh on PATH, else None."""
    named = environ.get("LAB_PWSH")
    if named:
        return Path(named)
    found = shutil.which("pwsh", path=environ.get("PATH"))
    return Path(found) if found else None


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How the engine runs: LAB_PWSH, LAB_WORKERS and LAB_COVERAGE of the environment."""

    pwsh: Path
    workers: int = 2
    task_seconds: float = 120.0  # then the worker is killed: on Windows the module would go on
    tasks_per_worker: int = 200  # types and assemblies of the tasks pile up in a process
    windows: Path = WINDOWS
    coverage: Path | None = None
    # Windows libraries for P/Invoke; None where no compiler could make them.
    native: Path | None = field(default_factory=native_folder)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Raise PowerShellMissingError without an engine, ValueError for a bad LAB_WORKERS."""
        pwsh = find_pwsh(environ)
        if pwsh is None:
            raise PowerShellMissingError
        coverage = environ.get("LAB_COVERAGE")
        return cls(
            pwsh,
            workers=max(1, int(environ.get("LAB_WORKERS", "2"))),
            coverage=Path(coverage).resolve() if coverage else None,
        )

    def environment(self, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Return what a PowerShell process of the lab starts with.

        The language is fixed: tasks get the culture of their host, and the engine's own texts
        must not depend on the developer's machine.
        """
        own = {
            "PSModulePath": f"{self.windows}/WindowsLab/Modules:{self.windows}/WindowsLab"
            f":{self.windows}",
            "LAB_PWSH": str(self.pwsh),
            "LANG": "en_US.UTF-8",
            "LC_ALL": "en_US.UTF-8",
            "TZ": "UTC",
            "DOTNET_TieredPGO": "0",
        }
        if self.coverage:
            own["LAB_COVERAGE"] = str(self.coverage)
        if self.native:
            own["LD_LIBRARY_PATH"] = str(self.native)
        kept = {"PATH", "HOME", "TMPDIR", "LAB_CACHE", "LAB_DELAY_SCALE"}
        return {key: value for key, value in environ.items() if key in kept} | own
