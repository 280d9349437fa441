# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies how a simulated host runs what Ansible detaches: as its async wrapper and watchdog do.

The captures are those of test_payload.py: `act` of the lab's own collection, with `async: 60`.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.backend import Completed, Execution
from lab.jobs import HostJobs, result_of
from lab.payload import decode
from lab.windows.states import Clock, build_states, write_state
from unit.lab.test_payload import captured, core
from unit.lab.test_replay import UTIL, payload

DONE = Completed(b'WARNING: noise\r\n{"changed":true,"facts":{"n":1}}\r\n', b"", 0)
FOLDER = "%USERPROFILE%\\.ansible_async"
MODULE = "ansible_collections.hipaa.compliance_agent.plugins.modules.runbook_job.ps1"
PROFILE = Path("Users/Default/.ansible_async")


class Host:
    """What runs on the host behind the jobs: it begins, and ends when it is let."""

    def __init__(self) -> None:
        self.ran: list[Execution] = []
        self.has_begun, self.may_end = asyncio.Event(), asyncio.Event()
        self.is_cancelled = False

    async def run(self, execution: Execution) -> Completed:
        self.ran.append(execution)
        self.has_begun.set()
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.is_cancelled = True
            raise
        return DONE


def with_limit(execution: Execution, seconds: float) -> Execution:
    """Return *execution* with another limit of the watchdog."""
    assert b'"Timeout": 60' in execution.stdin or b'"Timeout":60' in execution.stdin
    stdin = execution.stdin.replace(b'"Timeout": 60', b'"Timeout": %d' % seconds)
    return replace(execution, stdin=stdin.replace(b'"Timeout":60', b'"Timeout":%d' % seconds))


def look(*, remove: bool = False, folder: str = FOLDER) -> Execution:
    asked = {"folder": folder, "remove": remove}
    return payload(asked, {MODULE: b"", UTIL: b"", "Ansible.Basic.cs": b""}, script=MODULE)


async def seen(jobs: HostJobs, **asked: Any) -> list[dict[str, Any]]:
    completed = await jobs.run(look(**asked))
    return [
        json.loads(item["text"]) | {"is_alive": item["is_alive"]}
        for item in json.loads(completed.stdout)["jobs"]
    ]


def story(tell: Callable[[HostJobs, Host], Awaitable[Any]], state: Path | None = None) -> Any:
    async def begin() -> Any:
        host = Host()
        return await tell(HostJobs(host.run, state), host)

    return asyncio.run(begin())


@core
def test_a_detached_task_is_answered_at_once_as_the_wrapper_does(core):
    async def tell(jobs: HostJobs, _host: Host) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        completed = await jobs.run(captured(core, "async"))
        assert (completed.stderr, completed.exit_code) == (b"", 0)
        return json.loads(completed.stdout), await seen(jobs)

    asked = decode(captured(core, "async")).detachment
    assert asked is not None

    begun, [kept] = story(tell)

    assert begun == {
        "started": True,
        "finished": False,
        "results_file": rf"C:\Users\Default\.ansible_async\{asked.jid}.4104",
        "ansible_job_id": f"{asked.jid}.4104",
        "_ansible_suppress_tmpdir_delete": True,
        "ansible_async_watchdog_pid": 4108,
    }
    assert kept == begun | {"is_alive": True}


@core
def test_the_rest_of_the_payload_runs_behind_it(core):
    async def tell(jobs: HostJobs, host: Host) -> list[Any]:
        await jobs.run(captured(core, "async"))
        host.may_end.set()
        await jobs.over()
        return [*await seen(jobs), *host.ran]

    ended, ran = story(tell)

    job, asked = decode(ran), decode(captured(core, "async"))
    assert (job.is_async, job.actions) == (False, ("module_wrapper.ps1",))
    assert (job.sha256, job.args) == (asked.sha256, asked.args)
    assert (ended["finished"], ended["changed"], ended["facts"]) == (True, True, {"n": 1})


def test_what_is_out_of_time_is_ended_and_told_in_the_words_of_the_watchdog():
    async def tell(jobs: HostJobs, _host: Host) -> list[dict[str, Any]]:
        await jobs.run(with_limit(captured("2.19", "async"), 0))
        await jobs.over()
        return await seen(jobs)

    [ended] = story(tell)

    assert (ended["finished"], ended["failed"]) == (True, True)
    assert ended["msg"] == "failure during async watchdog: timed out waiting for module completion"


def test_a_restart_ends_a_job_and_leaves_a_file_that_says_it_runs():
    async def tell(jobs: HostJobs, host: Host) -> tuple[bool, list[dict[str, Any]]]:
        await jobs.run(captured("2.19", "async"))
        await host.has_begun.wait()
        jobs.end()
        await jobs.over()
        return host.is_cancelled, await seen(jobs)

    is_cancelled, [left] = story(tell)

    assert is_cancelled
    assert (left["finished"], left["is_alive"]) == (False, False)


def test_a_job_is_kept_until_it_is_removed():
    async def tell(jobs: HostJobs, host: Host) -> list[list[dict[str, Any]]]:
        await jobs.run(captured("2.19", "async"))
        host.may_end.set()
        await jobs.over()
        other = await seen(jobs, folder=FOLDER + "\\other")
        return [other, await seen(jobs, remove=True), await seen(jobs)]

    assert story(tell) == [[], [], []]


def test_a_host_with_a_drive_keeps_files_and_processes_there_and_is_asked_itself(tmp_path):
    document = tmp_path / "pc01.json"
    write_state(build_states(Clock("frozen"))["healthy-2022-member"], document)
    folder = tmp_path / "pc01.json.c" / PROFILE

    def processes() -> list[Any]:
        found = json.loads(document.read_text())["cim"]["root/cimv2"]["Win32_Process"]
        return [item["ProcessId"] for item in found]

    async def tell(jobs: HostJobs, host: Host) -> tuple[Any, ...]:
        await jobs.run(captured("2.19", "async"))
        [file] = folder.iterdir()
        before = (json.loads(file.read_text())["finished"], processes())
        host.may_end.set()
        await jobs.over()
        await jobs.run(look())
        return (before, file.read_bytes(), len(host.ran))

    before, kept, asked = story(tell, document)

    assert before == (False, [4108])
    assert processes() == []
    assert kept.startswith(b"\xef\xbb\xbf{")  # as Set-Content of Windows PowerShell writes UTF-8
    assert json.loads(kept.decode("utf-8-sig"))["finished"] is True
    assert asked == 2


def test_what_is_not_detached_only_passes():
    async def tell(jobs: HostJobs, host: Host) -> tuple[Completed, list[Execution]]:
        host.may_end.set()
        return await jobs.run(captured("2.19", "module")), host.ran

    assert story(tell) == (DONE, [captured("2.19", "module")])


@pytest.mark.parametrize(
    ("stdout", "message"),
    [
        (b"no json at all", "No start of json char found in module result"),
        (b"{ half of it", "Expecting value"),
    ],
)
def test_a_module_that_gives_no_json_has_failed(stdout, message):
    result = result_of(Completed(stdout, b"last words", 1))

    assert result["failed"]
    assert result["msg"].startswith(f"failure during async watchdog: {message}")
    assert result["stderr"] == "last words"
