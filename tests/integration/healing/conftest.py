# SPDX-License-Identifier: GPL-3.0-or-later
"""What clinics share: the collection that restarts hosts."""

from pathlib import Path

import pytest

from bench.windows_collection import CollectionMissingError, fetch_windows_collection
from integration.estate_run import ROOT


@pytest.fixture(scope="session")
def windows_collection() -> Path:
    """Return where ansible.windows is; where no index gives it, the test is skipped, by name."""
    folder = ROOT / ".cache" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return fetch_windows_collection(folder)
    except CollectionMissingError as error:
        pytest.skip(f"no ansible.windows: {error}")
