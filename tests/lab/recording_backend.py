# SPDX-License-Identifier: GPL-3.0-or-later
"""Back end that records what Ansible asks while the engine answers.

The hosts have frozen clocks, so that recording again changes no byte; the controller has its own.
What goes to the controller is therefore moved to its time, as a replay will move it, and what is
kept is not. A script that may change the host leads to its next state.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from lab.backend import Completed, Execution
from lab.engine import failed
from lab.estate import Estate
from lab.jobs import RUNBOOK_JOB
from lab.payload import Job, JobKind, PayloadInvalidError, decode
from lab.recordings import (
    RUNBOOK_STEP,
    Answer,
    JobRunner,
    RecordingFailed,
    arguments_of,
    read_answer,
)
from lab.replay import find_answer, move_instants, parse_instant, token_of

_CHANGING = frozenset({"step", "rollback"})


class RecordingBackend:
    """Answers through *engine*; *known* are answers of state 0 that need not be kept again."""

    def __init__(
        self,
        engine: JobRunner,
        estate: Estate,
        known: Mapping[str, Sequence[Answer]],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._files = {host.name: host.state for host in estate.hosts if host.state}
        self._states = dict.fromkeys(self._files, 0)
        self._first: dict[str, Job] = {}
        self.answers = {host: list(known.get(host, ())) for host in self._files}
        self.problems: list[str] = []

    async def run(self, host: str, execution: Execution) -> Completed:
        """Run what a client sent, and keep the answer; what cannot be kept is a problem."""
        try:
            job = decode(execution)
        except PayloadInvalidError as error:
            return self._refused(f"{host}: {error}")
        if job.kind is not JobKind.MODULE:
            return self._refused(f"{host}: {job.kind} cannot be replayed")
        if job.name == RUNBOOK_JOB:  # a replay knows by itself what runs on its hosts
            return await self._engine.run_job(self._files[host], job)
        self._first.setdefault(host, job)
        try:
            return await self._ask(host, job)
        except RecordingFailed as error:  # it names the host
            return self._refused(str(error))

    async def close(self) -> None:
        await self._engine.close()

    async def check_again(self, *more: Job) -> None:
        """Ask each repaired host *more* and what it was asked first; raise RecordingFailed.

        So that whoever leaves a replay running can check its hosts again. That nothing was repaired
        is a failure, too: a playbook that did not even begin looks like that.
        """
        if not any(self._states.values()):
            raise RecordingFailed("nothing was repaired, so there is no repair to record")
        for host, job in self._first.items():
            if self._states[host]:
                for item in (job, *more):
                    await self._ask(host, item)
        if self.problems:
            raise RecordingFailed("; ".join(self.problems))

    async def _ask(self, host: str, job: Job) -> Completed:
        file = self._files[host]
        completed = await self._engine.run_job(file, job)
        at = host_clock(file)
        answer = Answer(
            job.name,
            token_of(job),
            job.sha256,
            arguments_of(job),
            at,
            completed.exit_code,
            read_answer(host, job, completed),
            self._states[host],
        )
        if job.name == RUNBOOK_STEP and job.public_args["phase"] in _CHANGING:
            answer = replace(answer, next_state=answer.state + 1)
            self._states[host] += 1
        self._keep(host, answer)
        moved = move_instants(completed.stdout.decode(), self._clock() - parse_instant(at))
        return replace(completed, stdout=moved.encode())

    def _keep(self, host: str, answer: Answer) -> None:
        alike = (
            item
            for item in self.answers[host]
            if (item.state, item.module, item.sha256, item.run_as)
            == (answer.state, answer.module, answer.sha256, answer.run_as)
        )
        if find_answer(alike, answer.arguments) is None:
            self.answers[host].append(answer)

    def _refused(self, problem: str) -> Completed:
        self.problems.append(problem)
        return failed(f"lab: {problem}")


def host_clock(file: Path) -> str:
    """Return the time on the frozen clock of a state document, without fractions of a second."""
    clock = json.loads(file.read_text(encoding="utf-8"))["clock"]
    at = datetime.fromisoformat(clock["utc"]).astimezone(UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
