# SPDX-License-Identifier: GPL-3.0-or-later
"""Back end that answers from recordings: no PowerShell, fleets of a thousand hosts.

Every full instant (2025-11-04T09:00:00Z) in an answer is moved by the time since the recording, so
ages stay what they were: a backup that was nine hours old is nine hours old today. Instants before
1990 are Windows' markers for "never" and stay.

Each host begins in state 0 of its recording and goes from state to state as its answers say, for
as long as this process lives. A module that changed since, and a job that nobody asked in the same
state, get a failure that names them, never an old answer and never an invented one.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lab.backend import Completed, Execution
from lab.engine import failed
from lab.estate import Estate, RunAs
from lab.payload import Job, JobKind, PayloadInvalidError, decode
from lab.recordings import RECORDINGS, Answer, arguments_of, load_recording, title_of

_INSTANT = re.compile(r'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"')
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_OLDEST_YEAR = "1990"
# A collector that asks for less gets a part of the full recording.
_SUBSET = "checks"
_SUBSET_OPTIONS = "collect"
# What a step saved comes back as an argument of its rollback, with its instants moved.
_SOME_INSTANT = '"instant"'


class _NotRecordedError(Exception):
    """Nobody recorded the answer to what was asked."""


class Replay:
    """Answers for the hosts of *estate* from the recordings in *folder*, read once."""

    def __init__(
        self,
        estate: Estate,
        folder: Path = RECORDINGS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._clock = clock
        names = {host.recording for host in estate.hosts if host.recording}
        recordings = {name: _load(folder / f"{name}.json") for name in sorted(names)}
        self._answers = {
            host.name: recordings.get(host.recording or "", ()) for host in estate.hosts
        }
        self._states = dict.fromkeys(self._answers, 0)

    async def run(self, host: str, execution: Execution) -> Completed:
        try:
            job = decode(execution)
        except PayloadInvalidError as error:
            return Completed(b"", f"lab: {error}\n".encode(), 1)
        if job.kind not in (JobKind.MODULE, JobKind.RAW):
            return Completed(b"", f"lab: {job.kind} needs the engine back end\n".encode(), 1)
        return self.answer(host, job)

    async def close(self) -> None:
        """Hold nothing open."""

    def answer(self, host: str, job: Job) -> Completed:
        """Return the recorded answer to *job*, or the failure that says what is missing."""
        is_raw = job.kind is JobKind.RAW
        try:
            item, answer = self._find(host, job)
        except _NotRecordedError as error:
            return Completed(b"", f"{error}\n".encode(), 1) if is_raw else failed(str(error))
        if item.next_state is not None:
            self._states[host] = item.next_state
        text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
        moved = move_instants(text, self._clock() - parse_instant(item.recorded_at))
        if is_raw:
            moved = "\r\n".join(f"{key}={value}" for key, value in json.loads(moved).items())
        return Completed(moved.encode() + b"\r\n", b"", item.exit_code)

    def _find(self, host: str, job: Job) -> tuple[Answer, dict[str, Any]]:
        """Return the answer to *job* and as much of it as was asked; raise _NotRecordedError."""
        run_as, state = token_of(job), self._states[host]
        title = title_of(job.name, job.public_args)
        recorded = [item for item in self._answers[host] if item.module == job.name]
        fresh = [item for item in recorded if item.sha256 == job.sha256]
        if job.kind is JobKind.RAW and not fresh:
            raise _NotRecordedError("lab: this command was not recorded: use --backend engine")
        if not recorded:
            raise _NotRecordedError(f"lab: no recording of {title} on {host}: run make record")
        if not fresh:
            raise _NotRecordedError(f"lab: {title} changed since it was recorded: run make record")
        here = (item for item in fresh if (item.state, item.run_as) == (state, run_as))
        found = find_answer(here, arguments_of(job))
        if found is None:
            raise _NotRecordedError(
                f"lab: {title} was not recorded with these arguments as {run_as} in state {state} "
                f"of {host}: run make record with an estate that asks for them, or use "
                "--backend engine"
            )
        return found


def find_answer(
    answers: Iterable[Answer], asked: Mapping[str, Any]
) -> tuple[Answer, dict[str, Any]] | None:
    """Return the one of *answers* that was *asked* for and as much of it as that, None without."""
    for item in answers:
        if (answer := _narrowed(item, asked)) is not None:
            return item, answer
    return None


def token_of(job: Job) -> RunAs:
    """Return which token *job* runs with: that of the login unless become was asked."""
    if job.become_user is None:
        return "login"
    return "system" if job.become_user.upper().split("\\")[-1] == "SYSTEM" else "batch"


def move_instants(text: str, by: timedelta) -> str:
    """Return JSON *text* with every instant moved by whole seconds."""
    whole = timedelta(seconds=round(by.total_seconds()))

    def moved(match: re.Match[str]) -> str:
        if match[1] < _OLDEST_YEAR:
            return match[0]
        try:
            return f'"{(parse_instant(match[1]) + whole).strftime(_FORMAT)}"'
        except (OverflowError, ValueError):
            return match[0]  # no date, or the end of time: another marker

    return _INSTANT.sub(moved, text)


def parse_instant(text: str) -> datetime:
    """Return the instant that recordings write as *text*."""
    return datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)


def _narrowed(item: Answer, asked: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the answer as *asked*, None when the recording does not hold it."""
    wanted = _given(asked)
    recorded = _given(item.arguments)
    if wanted == recorded:
        return item.answer
    checks = wanted.get(_SUBSET)
    if not isinstance(checks, list) or not set(checks) <= set(recorded.get(_SUBSET, ())):
        return None
    options = recorded.get(_SUBSET_OPTIONS, {})
    part = {name: value for name, value in options.items() if name in checks}
    if _given(recorded | {_SUBSET: checks, _SUBSET_OPTIONS: part}) != wanted:
        return None
    facts = item.answer["facts"]
    kept = {name: value for name, value in facts["checks"].items() if name in checks}
    return item.answer | {"facts": facts | {"checks": kept}}


def _given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is the same as not given, and when it was."""
    given = {key: value for key, value in arguments.items() if value not in (None, {}, [])}
    timeless: dict[str, Any] = json.loads(_INSTANT.sub(_SOME_INSTANT, json.dumps(given)))
    return timeless


def _load(file: Path) -> tuple[Answer, ...]:
    return load_recording(file) if file.exists() else ()
