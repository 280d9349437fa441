# SPDX-License-Identifier: GPL-3.0-or-later
"""A script that runs detached on its host: what is seen of it, and how it is waited for. Pure.

Its folder on the host is named by what is kept before it begins. So a run that finds an attempt of
a dead one can ask for the script of that attempt, whatever the dead run lived to write down.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from ..errors import ComplianceError
from .steps import Phase, Ran, parse_answer

# What a job may take on its host beyond the time of its script, before Ansible ends it: it has to
# start, and to tell its result.
GRACE_SECONDS = 60
# How much longer a host is asked that does not answer, or says that the job is still at work.
UNSEEN_SECONDS = 180
# async_watchdog.ps1 of ansible-core 2.19 to 2.21; it is not translated.
_WATCHDOG = "timed out waiting for module completion"
_FIRST_PAUSE_SECONDS = 1.0


class JobUnseen(ComplianceError):
    """The host did not say how a detached script is getting on: ask again, or leave it alone."""

    code = "job_unseen"


class JobState(StrEnum):
    RUNNING = "running"  # also where the host cannot tell
    ENDED = "ended"
    LOST = "lost"  # no process and no result: a restart, or somebody ended it
    NONE = "none"  # the host keeps nothing of it


@dataclass(frozen=True, slots=True)
class JobSeen:
    """What the host says; *result* is what the module answered, once the job has ended."""

    state: JobState
    result: Mapping[str, Any] | None = None


class _Job(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    id: str
    text: str
    is_alive: bool | None


_JOBS = TypeAdapter(list[_Job])


def folder_name(attempt_id: str, phase: Phase, step_id: int) -> str:
    """Return what the folder of a script's jobs is called on the host."""
    return f"hipaa-{attempt_id}-{phase.value}-{step_id}"


def see_job(reply: Mapping[str, Any], job_id: str | None = None) -> JobSeen:
    """Return what ``runbook_job`` saw of a job, or of the one that began last; raises JobUnseen."""
    if reply.get("failed") or reply.get("unreachable"):
        raise JobUnseen("the host could not look for the job", value=reply.get("msg"))
    try:
        jobs = _JOBS.validate_python(reply.get("jobs"))
    except ValidationError as error:
        raise JobUnseen(
            "the host did not tell of its jobs", value=type(reply.get("jobs"))
        ) from error
    meant = [job for job in jobs if job_id in {None, job.id}]
    return _see(meant[-1]) if meant else JobSeen(JobState.NONE)


def ran_of(phase: Phase, result: Mapping[str, Any], seconds: int) -> Ran | None:
    """Return how the script of a job that has ended went; None if nobody knows.

    One that Ansible ended on the host, after *seconds*, was out of time.
    """
    if not result.get("failed"):
        return parse_answer(phase, result.get("runbook_script"))
    return out_of_time(seconds) if _WATCHDOG in str(result.get("msg")) else None


def out_of_time(seconds: int) -> Ran:
    """Return how a script went that did not end in *seconds*."""
    return Ran(None, "script_timeout", None, None, None, seconds * 1000)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a job is waited for, and how: *clock* counts seconds, *pause* lets some pass."""

    seconds: int
    poll_seconds: int
    clock: Callable[[], float]
    pause: Callable[[float], None]

    def wait(self, look: Callable[[], JobSeen]) -> JobSeen:
        """Look until the job is over, or return that it runs when its time is.

        Soon at first, then ever less often. A look that raises JobUnseen is made again; the last
        one raises it.
        """
        deadline = self.clock() + self.seconds
        pause = min(_FIRST_PAUSE_SECONDS, self.poll_seconds)
        while True:
            self.pause(pause)
            pause = min(pause * 2, self.poll_seconds)
            is_last = self.clock() >= deadline
            try:
                seen = look()
            except JobUnseen:
                if is_last:
                    raise
                continue
            if is_last or seen.state is not JobState.RUNNING:
                return seen


def _see(job: _Job) -> JobSeen:
    try:
        document = json.loads(job.text)
    except ValueError:
        document = None  # just being written, unless nobody is there to write it
    if isinstance(document, dict) and document.get("finished"):
        return JobSeen(JobState.ENDED, document)
    return JobSeen(JobState.LOST if job.is_alive is False else JobState.RUNNING)
