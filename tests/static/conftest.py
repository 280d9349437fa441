# SPDX-License-Identifier: GPL-3.0-or-later
"""What the static checks look at."""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def collection() -> Path:
    return ROOT / "collections" / "compliance_agent"


@pytest.fixture(scope="session")
def powershell_files(collection: Path) -> list[Path]:
    runbooks = collection.parents[1] / "rules" / "runbooks"
    return sorted(
        [*collection.rglob("*.ps1"), *collection.rglob("*.psm1"), *runbooks.rglob("*.ps1")]
    )


@pytest.fixture(scope="session")
def pwsh() -> str:
    found = os.environ.get("LAB_PWSH") or shutil.which("pwsh")
    if not found:
        pytest.skip("no PowerShell: LAB_PWSH is unset and no pwsh is on PATH")
    return found
