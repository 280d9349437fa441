# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies what is made of a host's words about a detached script, and how it is waited for."""

import json
from dataclasses import dataclass, field

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.jobs import (
    JobSeen,
    JobState,
    JobUnseen,
    Patience,
    folder_name,
    ran_of,
    see_job,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.steps import Phase

RUNS = json.dumps({"started": True, "finished": False})
RESULT = {"started": True, "finished": True, "changed": False}
OVER = json.dumps(RESULT)
SCRIPT = {
    "state": "ok",
    "hresult": None,
    "error_id": None,
    "error_line": None,
    "elapsed_ms": 9,
    "output": {"changed": True, "note": "done", "saved": {}},
}
RUNNING, LOST, NONE = JobSeen(JobState.RUNNING), JobSeen(JobState.LOST), JobSeen(JobState.NONE)
ENDED = JobSeen(JobState.ENDED, RESULT)


def job(text, is_alive, job_id="j1.4"):
    return {"id": job_id, "text": text, "is_alive": is_alive}


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        pytest.param([], NONE, id="nothing-kept"),
        pytest.param([job(RUNS, True)], RUNNING, id="process-lives"),
        pytest.param([job(RUNS, None)], RUNNING, id="process-not-known"),
        pytest.param([job(RUNS, False)], LOST, id="process-gone"),
        pytest.param([job(OVER, True)], ENDED, id="result-before-the-process-went"),
        pytest.param([job(OVER, False)], ENDED, id="result"),
        pytest.param([job(OVER[:9], True)], RUNNING, id="half-a-result-is-being-written"),
        pytest.param([job(OVER[:9], False)], LOST, id="half-a-result-of-nobody"),
        pytest.param([job("", None)], RUNNING, id="unread"),
        pytest.param([job("[]", False)], LOST, id="no-result-of-the-wrapper"),
        pytest.param([job(OVER, False), job(RUNS, True)], RUNNING, id="second-try"),
    ],
)
def test_what_the_host_keeps_says_how_far_the_job_is(jobs, expected):
    assert see_job({"changed": False, "jobs": jobs}) == expected


@pytest.mark.parametrize(
    ("job_id", "expected"), [("j1.4", ENDED), ("j2.4", RUNNING), ("j3.4", NONE), (None, RUNNING)]
)
def test_the_job_that_was_begun_is_not_mistaken_for_another_try(job_id, expected):
    jobs = [job(OVER, False, "j1.4"), job(RUNS, True, "j2.4")]

    assert see_job({"jobs": jobs}, job_id) == expected


@pytest.mark.parametrize(
    "reply",
    [
        {"failed": True, "msg": "no PowerShell"},
        {"unreachable": True},
        {},
        {"jobs": None},
        {"jobs": [{"id": "j1.4", "text": 1, "is_alive": True}]},
        {"jobs": [{"id": "j1.4", "text": RUNS}]},
    ],
)
def test_what_is_no_answer_says_nothing(reply):
    with pytest.raises(JobUnseen):
        see_job(reply)


def test_the_answer_of_the_script_is_read_as_ever():
    ran = ran_of(Phase.STEP, RESULT | {"runbook_script": SCRIPT}, 960)
    bad = ran_of(Phase.STEP, RESULT, 960)

    assert ran is not None
    assert (ran.failure, ran.answer.changed, ran.elapsed_ms) == (None, True, 9)
    assert bad is not None
    assert (bad.failure, bad.answer) == ("bad_answer", None)


def test_a_script_that_was_ended_on_the_host_was_out_of_time():
    said = "failure during async watchdog: timed out waiting for module completion"

    ran = ran_of(Phase.STEP, RESULT | {"failed": True, "msg": said}, 960)

    assert ran is not None
    assert (ran.failure, ran.elapsed_ms) == ("script_timeout", 960_000)


def test_of_a_module_that_failed_it_is_not_known_what_it_did():
    assert ran_of(Phase.STEP, RESULT | {"failed": True, "msg": "out of memory"}, 960) is None


def test_each_script_of_an_attempt_has_a_folder_of_its_own():
    names = {
        folder_name(attempt, phase, step)
        for attempt in ("a", "b")
        for phase in (Phase.STEP, Phase.ROLLBACK)
        for step in (1, 2)
    }

    assert len(names) == 8
    assert folder_name("a", Phase.STEP, 1) == "hipaa-a-step-1"


@dataclass
class Host:
    """Answers by its own clock: *until* that second it says nothing of the end."""

    until: float
    then: JobSeen = ENDED
    silent: tuple[float, float] = (0, 0)  # from, to
    now: float = 0
    asked: list[float] = field(default_factory=list)

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def look(self) -> JobSeen:
        self.asked.append(self.now)
        if self.silent[0] <= self.now < self.silent[1]:
            raise JobUnseen("the host did not answer")
        return self.then if self.now >= self.until else RUNNING

    def wait(self, seconds: int, poll_seconds: int = 15) -> JobSeen:
        return Patience(seconds, poll_seconds, lambda: self.now, self.pause).wait(self.look)


def test_the_first_looks_come_soon_and_later_ones_as_often_as_asked():
    host = Host(until=60)

    assert host.wait(1000) == ENDED
    assert host.asked == [1, 3, 7, 15, 30, 45, 60]


@pytest.mark.parametrize("seen", [LOST, NONE])
def test_a_job_that_is_gone_is_not_waited_for(seen):
    host = Host(until=0, then=seen)

    assert host.wait(1000) == seen
    assert host.asked == [1]


def test_a_host_that_is_silent_for_a_while_is_asked_again():
    host = Host(until=300, silent=(20, 290))

    assert host.wait(1000) == ENDED


def test_a_host_that_is_silent_to_the_end_says_nothing():
    host = Host(until=0, silent=(0, 10**6))

    with pytest.raises(JobUnseen):
        host.wait(100)
    assert host.asked[-1] >= 100


def test_a_job_at_work_when_its_time_is_over_is_said_to_be():
    host = Host(until=10**6)

    assert host.wait(100) == RUNNING
    assert 100 <= host.asked[-1] < 115
