# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the repairs of a test file once, together, and count which statements ran."""

import asyncio
import json
import os
import pickle
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from integration.runbooks.cases import JobCase
from lab.engine import Engine
from lab.estate import Estate
from lab.powershell import EngineSettings
from lab.repairing import COLLECTION, Repair, Repaired, repair
from lab.sources import read_module

Runner = Callable[[str, Sequence[Repair]], Mapping[str, Repaired]]


@pytest.fixture(scope="session")
def repairs_folder(tmp_path_factory) -> Path:
    """Return where the hosts of all test files and the reports of coverage are, below `hits`."""
    folder: Path = tmp_path_factory.getbasetemp()
    return (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "repairs"


@pytest.fixture(scope="session")
def run_repairs(
    once: Callable[[str, Callable[[], Any]], Any],
    engine_settings: EngineSettings,
    repairs_folder: Path,
) -> Runner:
    """Return a function that runs the repairs of a test file, by its name, once a test run."""

    def run(name: str, repairs: Sequence[Repair]) -> Mapping[str, Repaired]:
        settings = replace(engine_settings, coverage=repairs_folder / "hits" / name)

        def compute() -> str:
            done = repair(settings, repairs_folder / "hosts" / name, repairs)
            return b64encode(pickle.dumps(done)).decode()

        done: Mapping[str, Repaired] = pickle.loads(  # noqa: S301 - this very test run wrote it
            b64decode(once(f"repairs-{name}", compute))
        )
        return done

    return run


@pytest.fixture(scope="session")
def run_scripts(
    once: Callable[[str, Callable[[], Any]], Any],
    engine_settings: EngineSettings,
    repairs_folder: Path,
) -> Callable[[Mapping[str, Mapping[str, Any]]], dict[str, Any]]:
    """Return a function that runs `runbook_step` with each of these arguments, once a test run."""

    def run(scripts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        settings = replace(engine_settings, coverage=repairs_folder / "hits" / "scripts")
        done: dict[str, Any] = once("scripts", lambda: asyncio.run(answers(settings, scripts)))
        return done

    return run


@pytest.fixture(scope="session")
def run_jobs(
    once: Callable[[str, Callable[[], Any]], Any],
    engine_settings: EngineSettings,
    repairs_folder: Path,
) -> Callable[[Mapping[str, JobCase]], dict[str, Any]]:
    """Return a function that runs `runbook_job` on a host for each of these cases, once."""

    def run(cases: Mapping[str, JobCase]) -> dict[str, Any]:
        settings = replace(engine_settings, coverage=repairs_folder / "hits" / "jobs")
        folder = repairs_folder / "hosts" / "jobs"
        done: dict[str, Any] = once("jobs", lambda: asyncio.run(looks(settings, folder, cases)))
        return done

    return run


async def looks(
    settings: EngineSettings, folder: Path, cases: Mapping[str, JobCase]
) -> dict[str, Any]:
    """Return name -> what `runbook_job` answers."""
    engine = Engine(Estate((), {}), settings)
    source = read_module(f"{COLLECTION}.runbook_job")
    try:
        done = {}
        for name, case in cases.items():
            document = case.write(folder / f"{name}.json")
            job = source.job({"folder": case.folder, "remove": case.is_removed})
            completed = await engine.run_job(document, job)
            done[name] = json.loads(completed.stdout)
        return done
    finally:
        await engine.close()


async def answers(
    settings: EngineSettings, scripts: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return name -> what `runbook_step` answers."""
    engine = Engine(Estate((), {}), settings)
    source = read_module(f"{COLLECTION}.runbook_step")
    try:
        done = {}
        for name, arguments in scripts.items():
            job = source.job({})
            completed = await engine.run_job(None, replace(job, args={**job.args, **arguments}))
            done[name] = json.loads(completed.stdout)
        return done
    finally:
        await engine.close()


@pytest.fixture(scope="module")
def repaired(request, run_repairs: Runner) -> Mapping[str, Repaired]:
    """Return name -> what happened, for the list REPAIRS of the test file."""
    return run_repairs(Path(request.module.__file__).stem, request.module.REPAIRS)


@pytest.fixture(scope="module")
def repair_again(engine_settings, tmp_path_factory) -> Callable[..., Repaired]:
    """Return a function that runs one more repair."""

    def run(item: Repair) -> Repaired:
        return repair(engine_settings, tmp_path_factory.mktemp("again"), [item])[item.name]

    return run
