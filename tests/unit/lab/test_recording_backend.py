# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies what is recorded while Ansible talks to the engine, and that a replay plays it."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from lab.backend import Completed, Execution
from lab.estate import Estate, LabHost
from lab.recording_backend import RecordingBackend
from lab.recordings import RecordingFailed, save_recording
from lab.replay import Replay
from unit.lab.test_replay import ALL, RECORDED_AT, ask_step, payload

NOW = datetime(2026, 3, 1, 10, 0, 30, tzinfo=UTC)


class OneHost:
    """An engine whose only host counts the scripts that changed it."""

    def __init__(self):
        self.changes = 0
        self.fails = False

    async def run_job(self, _state, job):
        if self.fails:
            return Completed(b'{"failed": true, "msg": "no"}', b"", 1)
        if job.public_args.get("phase") in {"step", "rollback"}:
            self.changes += 1
        seen = {"changes": self.changes, "at": RECORDED_AT, "elapsed_ms": 7}
        return Completed(json.dumps({"changed": False, "facts": seen}).encode(), b"", 0)

    async def close(self):
        pass


@pytest.fixture
def backend(tmp_path):
    document = tmp_path / "fs1.state"
    document.write_text(json.dumps({"clock": {"mode": "frozen", "utc": RECORDED_AT}}))
    estate = Estate((LabHost("fs1", "127.0.0.1", state=document),), {})
    return RecordingBackend(OneHost(), estate, {}, clock=lambda: NOW)


def say(backend, *questions):
    return [asyncio.run(backend.run("fs1", item)) for item in questions]


def test_what_goes_to_the_controller_is_of_its_time_and_what_is_kept_is_not(backend):
    [reply] = say(backend, payload(ALL))

    assert json.loads(reply.stdout)["facts"]["at"] == "2026-03-01T10:00:30Z"
    [kept] = backend.answers["fs1"]
    assert (kept.recorded_at, kept.answer["facts"]) == (
        "2025-11-04T09:00:00Z",
        {"changes": 0, "at": "2025-11-04T09:00:00Z", "elapsed_ms": 0},
    )


def test_only_a_script_that_may_change_the_host_leads_on(backend):
    say(backend, ask_step(phase="precondition"), ask_step(), ask_step(phase="validation"))

    chain = [
        (item.arguments["phase"], item.state, item.next_state) for item in backend.answers["fs1"]
    ]
    assert chain == [("precondition", 0, None), ("step", 0, 1), ("validation", 1, None)]


def test_the_same_question_in_the_same_state_is_kept_once(backend):
    say(backend, payload(ALL), payload(ALL), ask_step(), payload(ALL))

    assert [item.state for item in backend.answers["fs1"]] == [0, 0, 1]


def test_a_replay_says_what_was_said(backend, tmp_path):
    questions = [payload(ALL), ask_step(phase="precondition"), ask_step(), payload(ALL), ask_step()]
    said = say(backend, *questions)
    save_recording(tmp_path / "fs1.json", backend.answers["fs1"])

    replay = Replay(
        Estate((LabHost("fs1", "127.0.0.1", recording="fs1"),), {}), tmp_path, clock=lambda: NOW
    )
    replayed = say(replay, *questions)

    def facts(replies):
        return [json.loads(item.stdout)["facts"] | {"elapsed_ms": 0} for item in replies]

    assert facts(replayed) == facts(said)
    assert [item["changes"] for item in facts(replayed)] == [0, 0, 1, 1, 2]


def test_the_host_is_checked_once_more_as_its_repair_left_it(backend):
    say(backend, payload(ALL), ask_step())

    asyncio.run(backend.check_again())

    last = backend.answers["fs1"][-1]
    assert (last.state, last.answer["facts"]["changes"]) == (1, 1)


@pytest.mark.parametrize(
    ("question", "problem"),
    [
        pytest.param(Execution("hostname", b""), "fs1: raw cannot be replayed", id="text command"),
        pytest.param(Execution("powershell", b"x"), "not a manifest", id="broken bytes"),
    ],
)
def test_what_cannot_be_replayed_ends_the_recording(backend, question, problem):
    [reply, _step] = say(backend, question, ask_step())

    assert reply.exit_code == 1
    with pytest.raises(RecordingFailed, match=problem):
        asyncio.run(backend.check_again())


def test_a_module_that_failed_is_no_answer(backend):
    say(backend, payload(ALL), ask_step())
    backend._engine.fails = True  # noqa: SLF001 - the fake that this file gave it

    [reply] = say(backend, ask_step(phase="validation"))

    assert json.loads(reply.stdout)["failed"] is True
    assert backend.problems == ["fs1: RB-WIN-FW-002 validation 1 failed: no"]


def test_a_run_that_repaired_nothing_is_no_recording(backend):
    say(backend, payload(ALL))

    with pytest.raises(RecordingFailed, match="nothing was repaired"):
        asyncio.run(backend.check_again())
