# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated Windows keeps its own specification: each of its cases, in PowerShell."""

import os
import subprocess
from pathlib import Path

import pytest

SUITE = Path(__file__).resolve().parents[1] / "lab" / "windows" / "tests"
CASES = sorted(path.name for path in (SUITE / "cases").glob("*.ps1"))


@pytest.mark.parametrize("case", CASES)
def test_windows_behaves_as_its_case_says(case: str, pwsh: Path) -> None:
    run = subprocess.run(
        [str(SUITE / "run.sh"), f"cases/{case}"],
        env={**os.environ, "PWSH": str(pwsh)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-1000:]
