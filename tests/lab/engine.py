# SPDX-License-Identifier: GPL-3.0-or-later
"""Back end that executes the PowerShell Ansible sent, on simulated Windows hosts.

Become needs Windows itself. It is played by the token of the simulated host: SYSTEM gives the
system token, any other user a batch token (a local logon). What is to run detached is for lab.jobs.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from lab.backend import Completed, Execution
from lab.estate import Estate
from lab.hostfiles import run_helper
from lab.payload import Job, JobKind, PayloadInvalidError, decode
from lab.powershell import EngineSettings
from lab.workers import WorkerDiedError, WorkerPool

_ADD_TYPE = "Ansible.ModuleUtils.AddType.psm1"
_COVERED = "ansible_collections."
_SYSTEM = "system"
_LOCAL_LOGON = "batch"


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What the worker must know of a host before the host is loaded."""

    culture: str = "en-US"
    time_zone: str = "UTC"  # IANA or Windows id

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> "HostSettings":
        defaults = cls()
        return cls(
            state.get("locale") or defaults.culture, state.get("time_zone") or defaults.time_zone
        )


class Engine:
    """Runs jobs in warm workers; *estate* says which state document each host has."""

    def __init__(self, estate: Estate, settings: EngineSettings) -> None:
        self._states = {host.name: host.state for host in estate.hosts}
        self._settings = settings
        self._pool = WorkerPool(settings)
        self._hosts: dict[Path, tuple[int, HostSettings]] = {}

    async def run(self, host: str, execution: Execution) -> Completed:
        """Run what a client sent; what the lab cannot do is a failure that says so."""
        try:
            job = decode(execution)
        except PayloadInvalidError as error:
            return Completed(b"", f"lab: {error}\n".encode(), 1)
        return await self.run_job(self._states[host], job)

    async def run_job(self, state: Path | None, job: Job) -> Completed:
        """Run *job* on the host of a state document, or on no simulated host at all."""
        if job.is_async:
            return failed("lab: the engine detaches nothing; that is for lab.jobs")
        if job.kind is JobKind.HELPER:
            return run_helper(state, job)
        request = self._request(state, job)
        try:
            answer = await self._call(request)
        except TimeoutError:
            limit = self._settings.task_seconds
            return Completed(b"", f"lab: {job.name} ran for {limit:g} s; killed\n".encode(), 1)
        except WorkerDiedError as error:
            return Completed(b"", f"lab: {job.name}: {error}\n".encode(), 1)
        if "lab_error" in answer:
            return Completed(b"", f"lab: {job.name}: {answer['lab_error']}\n".encode(), 1)
        return Completed(answer["stdout"].encode(), answer["stderr"].encode(), answer["exit_code"])

    async def close(self) -> None:
        await self._pool.close()

    async def _call(self, request: dict[str, Any]) -> dict[str, Any]:
        while True:
            async with self._pool.worker(request["csharp_digest"]) as worker:
                # Waiting for a worker does not count: that is the lab's time, not the module's.
                limit = self._settings.task_seconds
                answer = await asyncio.wait_for(worker.call(request), limit)
                # A worker refuses while a thread of an earlier task still runs in it.
                worker.is_spent = "is_refused" in answer or "lab_error" in answer
            if "is_refused" not in answer:
                return answer

    def _request(self, state: Path | None, job: Job) -> dict[str, Any]:
        host = self._host_settings(state) if state else HostSettings()
        # Sorted, as Ansible sends them in any order and types can be compiled once a process.
        csharp = [_text(job, name) for name in sorted(job.csharp_modules)]
        return {
            "kind": job.kind.value,
            "script": _named(job.script or job.name, job.text),
            "modules": [_named(name, _text(job, name)) for name in job.powershell_modules],
            "arguments": job.args,
            "covered_arguments": job.covered_args,
            "environment": dict(job.environment) | _lab_environment(state, job),
            "csharp": csharp,
            "csharp_digest": sha256("\0".join(csharp).encode()).hexdigest() if csharp else "",
            "add_type": _text(job, _ADD_TYPE) if csharp else "",
            "culture": host.culture,
            "time_zone": host.time_zone,
            "is_windows": state is not None,
        }

    def _host_settings(self, state: Path) -> HostSettings:
        written_at = state.stat().st_mtime_ns
        known = self._hosts.get(state)
        if known is None or known[0] != written_at:
            document = json.loads(state.read_text(encoding="utf-8"))
            known = self._hosts[state] = (written_at, HostSettings.of(document))
        return known[1]


def failed(message: str) -> Completed:
    """Return what Ansible takes for a failed module."""
    return Completed(json.dumps({"failed": True, "msg": message}).encode() + b"\r\n", b"", 1)


def _lab_environment(state: Path | None, job: Job) -> dict[str, str]:
    environment = {"LAB_STATE": str(state)} if state else {}
    if job.become_user:
        is_system = job.become_user.upper().split("\\")[-1] == "SYSTEM"
        environment["LAB_TOKEN"] = _SYSTEM if is_system else _LOCAL_LOGON
    return environment


def _named(name: str, text: str) -> dict[str, object]:
    return {"name": name, "text": text, "is_covered": name.startswith(_COVERED)}


def _text(job: Job, name: str) -> str:
    return job.scripts[name].decode("utf-8-sig")
