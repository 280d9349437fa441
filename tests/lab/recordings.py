# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings: what a simulated host answered, one JSON file per host.

A recording is a small state machine. State 0 is the host as the estate describes it; a script of a
runbook that may change something leads to the next state, and each state has answers of its own. An
answer is bound to its state, to the module that gave it (SHA-256 over the module and its utils) and
to its arguments, in which the SHA-256 of a runbook's script stands for the script.

Recording uses the frozen clock of the simulated Windows, so recorded_at is the instant on the
host's clock and a new recording of an unchanged module changes no byte. elapsed_ms, which is
measured, is kept as 0.
"""

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from lab.backend import Completed
from lab.estate import Estate, LabHost, RunAs
from lab.payload import RAW, Job, JobKind, raw_job
from lab.sources import COLLECTIONS, read_module

RECORDINGS = Path(__file__).resolve().parent / "recordings"
RUNBOOK_SCRIPTS = COLLECTIONS.parent / "rules" / "runbooks" / "scripts"
COLLECTION = "hipaa.compliance_agent"
CHECK_IDS = ("patching", "av_edr", "backup", "logging", "firewall", "encryption")
MODULES = ("check_all", *(f"check_{check}" for check in CHECK_IDS))
RUNBOOK_STEP = f"{COLLECTION}.runbook_step"
BECOME_USERS: Mapping[RunAs, str | None] = {"login": None, "batch": "operator", "system": "SYSTEM"}


class RecordingFailed(Exception):
    """A module gave no answer worth keeping."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one module answered once, in one state of its host."""

    module: str
    run_as: RunAs
    sha256: str
    arguments: dict[str, Any]
    recorded_at: str  # on the clock of the host
    exit_code: int
    answer: dict[str, Any]
    state: int = 0
    next_state: int | None = None  # None: the host stays as it was


def arguments_of(job: Job) -> dict[str, Any]:
    """Return the arguments that an answer to *job* is bound to."""
    asked = job.public_args
    if isinstance(script := asked.pop("script", None), str):
        asked["script_sha256"] = text_digest(script)
    return asked


def text_digest(text: str) -> str:
    """Return the SHA-256 of *text* in hexadecimal."""
    return sha256(text.encode()).hexdigest()


def title_of(module: str, arguments: Mapping[str, Any]) -> str:
    """Return how people call a job: its module, or the place of a script in its runbook."""
    if module != RUNBOOK_STEP:
        return module
    number = f" {arguments['step_id']}" if arguments.get("step_id") else ""
    return f"{arguments['runbook_id']} {arguments['phase']}{number}"


def load_recording(file: Path) -> tuple[Answer, ...]:
    """Return the answers in *file*."""
    document = json.loads(file.read_text(encoding="utf-8"))
    return tuple(Answer(**item) for item in document["answers"])


def save_recording(file: Path, answers: Iterable[Answer]) -> None:
    """Write *answers*: sorted, so that only what changed shows in a diff."""
    ordered = sorted(answers, key=_place_of)
    document = {"answers": [asdict(item) for item in ordered]}
    text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n", encoding="utf-8")


def _place_of(item: Answer) -> tuple[int, str, str, str]:
    return item.state, item.module, item.run_as, str(item.arguments)


def recordings_in(folder: Path = RECORDINGS) -> dict[str, Path]:
    """Return recording name -> file."""
    return {file.stem: file for file in sorted(folder.glob("*.json"))}


def stale_recordings(
    folder: Path = RECORDINGS,
    collections: Path = COLLECTIONS,
    scripts: Path = RUNBOOK_SCRIPTS,
    raw: Sequence[str] = (),
) -> list[str]:
    """Return what `make record` must renew: "recording: what" of old and missing answers.

    *raw* are the commands without a module that recordings answer.
    """
    recordings = recordings_in(folder)
    if not recordings:
        return []
    current = {
        f"{COLLECTION}.{module}": read_module(f"{COLLECTION}.{module}", collections).sha256
        for module in MODULES
    }
    commands = {raw_job(text).sha256 for text in raw}
    stale = []
    for name, file in recordings.items():
        answers = load_recording(file)
        known = {(item.module, item.sha256) for item in answers}
        old = [module for module, sha in current.items() if (module, sha) not in known]
        if {sha for module, sha in known if module == RAW} != commands:
            old.append(RAW)
        old += _stale_repairs(answers, collections, scripts)
        stale += [f"{name}: {what}" for what in old]
    return stale


def _stale_repairs(answers: Iterable[Answer], collections: Path, scripts: Path) -> Iterator[str]:
    """Yield what a changed module or script of a runbook makes worthless, and old re-checks."""
    shas: dict[str, str] = {}
    for item in answers:
        if item.module == RAW or (item.state == 0 and item.module != RUNBOOK_STEP):
            continue
        if item.module not in shas:
            shas[item.module] = read_module(item.module, collections).sha256
        title = title_of(item.module, item.arguments)
        if item.sha256 != shas[item.module]:
            yield f"{title} in state {item.state}"
        elif item.module == RUNBOOK_STEP and not _has_script(scripts, item):
            yield f"{title}: its script"


def _has_script(scripts: Path, item: Answer) -> bool:
    files = (scripts / str(item.arguments["runbook_id"])).glob("*.ps1")
    digests = {text_digest(file.read_text(encoding="utf-8")) for file in files}
    return item.arguments.get("script_sha256") in digests


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


class JobRunner(Protocol):
    """Runs a job on the host of a state document; `lab.engine.Engine` does."""

    async def run_job(self, state: Path | None, job: Job) -> Completed: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Recorder:
    """Runs *tasks* through *engine*, each once for every token of *run_as*."""

    engine: JobRunner
    tasks: Sequence[Task]
    run_as: Sequence[RunAs]
    recorded_at: str
    collections: Path = COLLECTIONS
    raw: Sequence[str] = ()  # commands without a module, recorded as the login

    async def record(self, estate: Estate, folder: Path = RECORDINGS) -> None:
        """Record every host of *estate* into *folder*."""
        for name, answers in (await self.record_all(estate)).items():
            save_recording(folder / f"{name}.json", answers)

    async def record_all(self, estate: Estate) -> dict[str, list[Answer]]:
        """Return host -> what it answers; raise RecordingFailed when all others have ended, too.

        A process that starts while asyncio.run cancels what is left would never be waited for.
        """
        tasks = [asyncio.create_task(self.answers(host)) for host in estate.hosts]
        try:
            answers = await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return {host.name: kept for host, kept in zip(estate.hosts, answers, strict=True)}

    async def answers(self, host: LabHost) -> list[Answer]:
        """Return what *host* answers; raise RecordingFailed when a module fails."""
        raw = [await self._answer(host, raw_job(text), "login", {}) for text in self.raw]
        return raw + [
            await self._answer(host, self._job(task, run_as), run_as, task.arguments)
            for task in self.tasks
            for run_as in self.run_as
        ]

    def _job(self, task: Task, run_as: RunAs) -> Job:
        source = read_module(task.module, self.collections)
        return source.job(task.arguments, BECOME_USERS[run_as])

    async def _answer(
        self, host: LabHost, job: Job, run_as: RunAs, arguments: dict[str, Any]
    ) -> Answer:
        completed = await self.engine.run_job(host.state, job)
        return Answer(
            job.name,
            run_as,
            job.sha256,
            arguments,
            self.recorded_at,
            completed.exit_code,
            read_answer(host.name, job, completed),
        )


def read_answer(host: str, job: Job, completed: Completed) -> dict[str, Any]:
    """Return what is worth keeping of an answer; raise RecordingFailed when the module failed."""
    if job.kind is JobKind.RAW:
        return _read_lines(host, completed)
    title = title_of(job.name, job.public_args)
    try:
        answer: dict[str, Any] = json.loads(completed.stdout)
    except ValueError as error:
        words = (completed.stdout + completed.stderr).decode(errors="replace")
        raise RecordingFailed(f"{host}: {title} gave no JSON: {words[:2000]}") from error
    if answer.get("failed"):
        raise RecordingFailed(f"{host}: {title} failed: {answer.get('msg')}")
    # ansible-core 2.19 always repeats the arguments, 2.21 only when it is asked.
    answer.pop("invocation", None)
    kept: dict[str, Any] = _without_timing(answer)
    return kept


def _read_lines(host: str, completed: Completed) -> dict[str, Any]:
    """Return the key=value lines of a raw command, so that an instant is a value of its own."""
    lines = completed.stdout.decode().splitlines()
    pairs = {key: value for key, mark, value in (line.partition("=") for line in lines) if mark}
    if completed.exit_code or completed.stderr or not lines or len(pairs) != len(lines):
        words = (completed.stdout + completed.stderr).decode(errors="replace")
        raise RecordingFailed(f"{host}: a raw command gave no key=value lines: {words[:2000]}")
    return pairs


def _without_timing(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: 0 if key == "elapsed_ms" else _without_timing(item) for key, item in value.items()
        }
    if isinstance(value, list):
        return [_without_timing(item) for item in value]
    return value
