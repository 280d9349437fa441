# SPDX-License-Identifier: GPL-3.0-or-later
"""What the integration tests share: PowerShell, and results that are computed once a test run."""

import fcntl
import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from integration.chain import Verdicts, from_json, to_json
from integration.estate_run import run_estate
from integration.scenarios import estate_hosts
from lab.fixtures import native, pwsh, start_engine  # noqa: F401 - fixtures
from lab.powershell import EngineSettings


@pytest.fixture(scope="session")
def once(tmp_path_factory) -> Callable[[str, Callable[[], Any]], Any]:
    """Return a function that gives the JSON value of a name and computes it at its first use.

    With pytest-xdist, tests of one file may run in several processes: the first one computes, the
    others wait for it and read.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent

    def compute_once(name: str, compute: Callable[[], Any]) -> Any:
        result = folder / f"{name}.json"
        with (folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not result.exists():
                draft = folder / f"{name}.draft"
                draft.write_text(json.dumps(compute()), encoding="utf-8")
                draft.rename(result)
        return json.loads(result.read_text(encoding="utf-8"))

    return compute_once


@pytest.fixture(scope="session")
def engine_settings(pwsh) -> EngineSettings:  # noqa: F811 - the fixture
    return EngineSettings(pwsh)


@pytest.fixture(scope="session")
def estate_verdicts(once, engine_settings, tmp_path_factory) -> dict[str, Verdicts]:
    """Return host -> check -> verdict of one run of check.yml over all states there are."""

    def run() -> Any:
        folder = tmp_path_factory.mktemp("estate") / "run"
        return to_json(run_estate(engine_settings, folder, estate_hosts()))

    return from_json(once("estate", run))
