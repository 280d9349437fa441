# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of tests that run PowerShell: import them where they are used."""

import asyncio
import json
import os
from base64 import b64encode
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from ansible.executor.powershell.module_manifest import (  # type: ignore[import-untyped]  # has no types
    _bootstrap_powershell_script,
)

from lab.backend import Completed, Execution
from lab.engine import Engine
from lab.estate import Estate, LabHost
from lab.native_library import MISSING as NO_COMPILER
from lab.native_library import native_folder
from lab.payload import Job
from lab.powershell import MISSING, EngineSettings, find_pwsh


@pytest.fixture(scope="session")
def pwsh() -> Path:
    """Return the PowerShell of this machine; without one the test is skipped, by name."""
    found = find_pwsh(os.environ)
    if found is None:
        pytest.skip(MISSING)
    return found


@pytest.fixture(scope="session")
def native() -> Path:
    """Return the folder of the lab's Windows libraries; without a compiler, skip by name."""
    folder = native_folder()
    if folder is None:
        pytest.skip(NO_COMPILER)
    return folder


T = TypeVar("T")


class EngineRunner:
    """An engine on a loop of its own, called from ordinary tests."""

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self._runner = asyncio.Runner()
        self._engine = Engine(Estate((), {}), settings)

    def job(self, job: Job, state: Path | None = None) -> Completed:
        return self.wait(self._engine.run_job(state, job))

    def command(self, execution: Execution, state: Path | None = None) -> Completed:
        engine = Engine(Estate((LabHost("host", "127.0.0.1", state=state),), {}), self.settings)

        async def run() -> Completed:
            try:
                return await engine.run("host", execution)
            finally:
                await engine.close()

        return self.wait(run())

    @property
    def engine(self) -> Engine:
        return self._engine

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(coroutine)

    def close(self) -> None:
        self.wait(self._engine.close())
        self._runner.close()


def execution_of(job: Job) -> Execution:
    """Return what the ansible-core of this interpreter sends for *job*, a module."""
    scripts = {
        name: {"path": name, "script": b64encode(text).decode()}
        for name, text in job.scripts.items()
    }
    wrapper, stdin = _bootstrap_powershell_script("module_wrapper.ps1")
    head, _, manifest_line = stdin.partition(b"\n\0\0\0\0\n")
    manifest = json.loads(manifest_line)
    manifest["scripts"] |= scripts
    manifest["actions"][-1]["params"] = {
        "Script": job.script,
        "Environment": {},
        "Variables": [{"Name": "complex_args", "Value": dict(job.args), "Scope": "Global"}],
        "CSharpModules": list(job.csharp_modules),
        "PowerShellModules": list(job.powershell_modules),
        "ForModule": True,
    }
    encoded = b64encode(wrapper.encode("utf-16-le")).decode()
    return Execution(
        f"powershell -NoProfile -EncodedCommand {encoded}",
        head + b"\n\0\0\0\0\n" + json.dumps(manifest).encode(),
    )


@pytest.fixture
def start_engine(pwsh: Path) -> Iterator[Callable[..., EngineRunner]]:
    """Return a function that starts an engine with the settings that are named."""
    running: list[EngineRunner] = []

    def start(**settings: Any) -> EngineRunner:
        runner = EngineRunner(EngineSettings(pwsh, **settings))
        running.append(runner)
        return runner

    yield start
    for runner in running:
        runner.close()
