# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings: what the collectors answered on a simulated host, one JSON file per host.

An answer is bound to the module that gave it (SHA-256 over the module and its utils) and to its
arguments. Recording uses the frozen clock of the simulated Windows, so recorded_at is the instant
on the host's clock and a new recording of an unchanged module changes no byte. elapsed_ms, which is
measured, is kept as 0.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lab.engine import Engine
from lab.estate import Estate, LabHost, RunAs
from lab.sources import COLLECTIONS, read_module

RECORDINGS = Path(__file__).resolve().parent / "recordings"
COLLECTION = "hipaa.compliance_agent"
CHECK_IDS = ("patching", "av_edr", "backup", "logging", "firewall", "encryption")
MODULES = ("check_all", *(f"check_{check}" for check in CHECK_IDS))
BECOME_USERS: Mapping[RunAs, str | None] = {"login": None, "batch": "operator", "system": "SYSTEM"}


class RecordingFailed(Exception):
    """A module gave no answer worth keeping."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one module answered once."""

    module: str
    run_as: RunAs
    sha256: str
    arguments: dict[str, Any]
    recorded_at: str  # on the clock of the host
    exit_code: int
    answer: dict[str, Any]


def load_recording(file: Path) -> tuple[Answer, ...]:
    """Return the answers in *file*."""
    document = json.loads(file.read_text(encoding="utf-8"))
    return tuple(Answer(**item) for item in document["answers"])


def save_recording(file: Path, answers: Iterable[Answer]) -> None:
    """Write *answers*: sorted, so that only what changed shows in a diff."""
    ordered = sorted(answers, key=lambda item: (item.module, item.run_as, str(item.arguments)))
    document = {"answers": [asdict(item) for item in ordered]}
    text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n", encoding="utf-8")


def recordings_in(folder: Path = RECORDINGS) -> dict[str, Path]:
    """Return recording name -> file."""
    return {file.stem: file for file in sorted(folder.glob("*.json"))}


def stale_recordings(folder: Path = RECORDINGS, collections: Path = COLLECTIONS) -> list[str]:
    """Return what `make record` must renew: "recording: module" of old and missing answers."""
    recordings = recordings_in(folder)
    if not recordings:
        return []
    current = {
        f"{COLLECTION}.{module}": read_module(f"{COLLECTION}.{module}", collections).sha256
        for module in MODULES
    }
    stale = []
    for name, file in recordings.items():
        known = {(item.module, item.sha256) for item in load_recording(file)}
        stale += [
            f"{name}: {module}" for module, sha in current.items() if (module, sha) not in known
        ]
    return stale


@dataclass(frozen=True, slots=True)
class Task:
    """A module to record and its arguments."""

    module: str  # "hipaa.compliance_agent.check_all"
    arguments: dict[str, Any]


def check_tasks(collect: Mapping[str, Any]) -> list[Task]:
    """Return every check as the action plugins ask for it; *collect* is check -> options."""
    everything = {"checks": list(CHECK_IDS), "collect": dict(collect)}
    single = [
        Task(f"{COLLECTION}.check_{check}", {"collect": {check: collect[check]}})
        for check in CHECK_IDS
    ]
    return [Task(f"{COLLECTION}.check_all", everything), *single]


@dataclass(frozen=True, slots=True)
class Recorder:
    """Runs *tasks* through *engine*, each once for every token of *run_as*."""

    engine: Engine
    tasks: Sequence[Task]
    run_as: Sequence[RunAs]
    recorded_at: str
    collections: Path = COLLECTIONS

    async def record(self, estate: Estate, folder: Path = RECORDINGS) -> None:
        """Record every host of *estate* into *folder*."""
        for host in estate.hosts:
            save_recording(folder / f"{host.name}.json", await self.answers(host))

    async def answers(self, host: LabHost) -> list[Answer]:
        """Return what *host* answers; raise RecordingFailed when a module fails."""
        return [
            await self._answer(host, task, run_as) for task in self.tasks for run_as in self.run_as
        ]

    async def _answer(self, host: LabHost, task: Task, run_as: RunAs) -> Answer:
        source = read_module(task.module, self.collections)
        job = source.job(task.arguments, BECOME_USERS[run_as])
        completed = await self.engine.run_job(host.state, job)
        try:
            answer = json.loads(completed.stdout)
        except ValueError as error:
            words = (completed.stdout + completed.stderr).decode(errors="replace")
            raise RecordingFailed(
                f"{host.name}: {job.name} gave no JSON: {words[:2000]}"
            ) from error
        if answer.get("failed"):
            raise RecordingFailed(f"{host.name}: {job.name} failed: {answer.get('msg')}")
        # ansible-core 2.19 always repeats the arguments, 2.21 only when it is asked.
        answer.pop("invocation", None)
        return Answer(
            job.name,
            run_as,
            job.sha256,
            task.arguments,
            self.recorded_at,
            completed.exit_code,
            _without_timing(answer),
        )


def _without_timing(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: 0 if key == "elapsed_ms" else _without_timing(item) for key, item in value.items()
        }
    if isinstance(value, list):
        return [_without_timing(item) for item in value]
    return value
