# SPDX-License-Identifier: GPL-3.0-or-later
"""Detached jobs of one simulated host: what Ansible's async_wrapper and async_watchdog do there.

Both need Windows itself. So the lab answers in place of the wrapper, at once; runs the rest of the
payload behind it, whoever listens; ends it when the time of the watchdog is over; and keeps the
result where the wrapper keeps it. The texts are those of async_wrapper.ps1 and async_watchdog.ps1
in ansible-core 2.19 to 2.21. A restart of the host ends its jobs, and leaves files that say that
they run.

A host with a state document has the files on its drive C: and the processes in the document, and
the engine looks there. One without has neither: the lab answers for the module that looks.
"""

import asyncio
import fcntl
import json
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.backend import Completed, Execution
from lab.command import complete
from lab.hostfiles import expand_profile, local_path
from lab.payload import Detachment, Job, PayloadInvalidError, attached, decode

RUNBOOK_JOB = "hipaa.compliance_agent.runbook_job"
FOLDER_ARGUMENT, REMOVE_ARGUMENT = "folder", "remove"
Run = Callable[[Execution], Awaitable[Completed]]

# Cheap to look for: most commands are neither, and whole fleets come through here.
_SIGNS = (b"async_wrapper.ps1", b"plugins.modules.runbook_job.ps1")
_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
_FIRST_PID = 4100
_TIMED_OUT = "timed out waiting for module completion"
_NO_JSON = "No start of json char found in module result"
_PROCESSES = ("root/cimv2", "Win32_Process")


class HostJobs:
    """Runs commands of one host through *runner*, and those that ask for it detached."""

    def __init__(self, runner: Run, state: Path | None) -> None:
        self.runner = runner
        self._state = state
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._files: dict[str, dict[str, str]] = {}  # folder -> name -> text, without a drive
        self._last_pid = _FIRST_PID

    async def run(self, execution: Execution) -> Completed:
        """Run *execution*, or begin what it detaches and say so."""
        if not any(sign in execution.stdin for sign in _SIGNS):
            return await self.runner(execution)
        try:
            job = decode(execution)
        except PayloadInvalidError:
            return await self.runner(execution)  # the back end says what is wrong
        if job.detachment is not None:
            return self._begin(job, job.detachment, attached(execution))
        if self._state is None and job.name == RUNBOOK_JOB:
            return self._look(job)
        return await self.runner(execution)

    def end(self) -> None:
        """End all jobs where they are, as a restart of the host does."""
        for task in self._tasks.values():
            task.cancel()

    async def over(self) -> None:
        """Wait until no job runs."""
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _begin(self, job: Job, asked: Detachment, execution: Execution) -> Completed:
        wrapper, watchdog = self._new_pid(), self._new_pid()
        folder = expand_profile(asked.folder, job.become_user)
        job_id = f"{asked.jid}.{wrapper}"
        begun = {
            "started": True,
            "finished": False,
            "results_file": f"{folder}\\{job_id}",
            "ansible_job_id": job_id,
            "_ansible_suppress_tmpdir_delete": True,
            "ansible_async_watchdog_pid": watchdog,
        }
        text = json.dumps(begun, separators=(",", ":"))
        self._add_process(watchdog)  # before its file, as the wrapper does
        self._write(folder, job_id, text)
        work = self._work(execution, begun, folder, asked.timeout_seconds)
        self._tasks[watchdog] = asyncio.create_task(work)
        return Completed(text.encode() + b"\r\n", b"", 0)

    async def _work(
        self, execution: Execution, begun: dict[str, Any], folder: str, limit: int
    ) -> None:
        pid = begun["ansible_async_watchdog_pid"]
        try:
            try:
                completed = await asyncio.wait_for(complete(self.runner, execution), limit)
                ended = result_of(completed)
            except TimeoutError:
                ended = _failure(_TIMED_OUT, None, "")
            text = json.dumps(begun | {"finished": True} | ended, separators=(",", ":"))
            # Set-Content of Windows PowerShell marks UTF-8.
            self._write(folder, begun["ansible_job_id"], f"{_BOM}{text}\r\n")
        finally:
            del self._tasks[pid]
            self._remove_process(pid)

    def _look(self, job: Job) -> Completed:
        folder = expand_profile(str(job.args[FOLDER_ARGUMENT]), job.become_user)
        if job.args.get(REMOVE_ARGUMENT):
            self._files.pop(folder, None)
        jobs = [
            {
                "id": job_id,
                "text": text.removeprefix(_BOM),
                "is_alive": _watchdog_of(text) in self._tasks,
            }
            for job_id, text in self._files.get(folder, {}).items()
        ]
        answer = {"changed": False, "jobs": jobs}
        return Completed(json.dumps(answer).encode() + b"\r\n", b"", 0)

    def _new_pid(self) -> int:
        self._last_pid += 4
        return self._last_pid

    def _write(self, folder: str, name: str, text: str) -> None:
        if self._state is None:
            self._files.setdefault(folder, {})[name] = text
            return
        file = local_path(self._state, f"{folder}\\{name}")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")

    def _add_process(self, pid: int) -> None:
        if self._state is None:
            return
        process = {
            "Handle": str(pid),
            "ProcessId": pid,
            "Name": "powershell.exe",
            "CreationDate": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        with _edited(self._state) as document:
            _processes(document).append(process)

    def _remove_process(self, pid: int) -> None:
        if self._state is None or not self._state.exists():
            return
        with _edited(self._state) as document:
            processes = _processes(document)
            processes[:] = [item for item in processes if item.get("ProcessId") != pid]


def result_of(completed: Completed) -> dict[str, Any]:
    """Return what the watchdog reads of the output of a module: from the first { to the last }."""
    stdout = completed.stdout.decode(errors="replace")
    begin, end = stdout.find("{"), stdout.rfind("}")
    if begin < 0:
        return _failure(_NO_JSON, stdout, completed.stderr.decode(errors="replace"))
    try:
        result: dict[str, Any] = json.loads(stdout[begin : end + 1])
    except ValueError as error:
        return _failure(str(error), stdout, completed.stderr.decode(errors="replace"))
    return result


def _failure(message: str, stdout: str | None, stderr: str) -> dict[str, Any]:
    return {
        "failed": True,
        "msg": f"failure during async watchdog: {message}",
        "exception": message,
        "stdout": stdout,
        "stderr": stderr,
    }


def _watchdog_of(text: str) -> int:
    return int(json.loads(text.removeprefix(_BOM))["ansible_async_watchdog_pid"])


def _processes(document: dict[str, Any]) -> list[dict[str, Any]]:
    namespace, name = _PROCESSES
    found: list[dict[str, Any]] = document["cim"][namespace].setdefault(name, [])
    return found


@contextmanager
def _edited(state: Path) -> Iterator[dict[str, Any]]:
    """Give the document of a host to be changed, under the lock that its processes take."""
    with Path(f"{state}.lock").open("a+", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        document: dict[str, Any] = json.loads(state.read_text(encoding="utf-8"))
        yield document
        draft = state.with_name(f"{state.name}.{os.getpid()}.jobs")
        draft.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")
        draft.replace(state)
