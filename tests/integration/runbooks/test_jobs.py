# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies what a host says of scripts that run detached: `runbook_job`, through the engine."""

import pytest

from integration.runbooks.cases import JobCase, broken

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("jobs")]
BEGUN = '{"started":true,"finished":false,"ansible_async_watchdog_pid":4711}'
ENDED = '{"started":true,"finished":true,"ansible_async_watchdog_pid":4711,"changed":false}'
LONG_AGO, TO_COME = "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z"
CASES = {
    "nothing": JobCase(),
    "running": JobCase({"j1.4": BEGUN}, LONG_AGO),
    "ended": JobCase({"j1.4": f"\ufeff{ENDED}\r\n"}),
    "lost": JobCase({"j1.4": BEGUN}),
    "another process": JobCase({"j1.4": BEGUN}, TO_COME),
    "not to be seen": JobCase(
        {"j1.4": BEGUN}, LONG_AGO, edits=(broken("cim:root/cimv2:Win32_Process"),)
    ),
    "being written": JobCase({"j1.4": ""}, LONG_AGO),
    "of no age": JobCase({"j1.4": BEGUN}, ""),
    "two": JobCase({"j9.4": ENDED, "j1.8": BEGUN}, LONG_AGO),
    "removed": JobCase({"j1.4": ENDED}, is_removed=True),
    "nothing to remove": JobCase(is_removed=True),
}


@pytest.fixture(scope="module")
def seen(run_jobs):
    """Return name -> what the module says: text and whether the process lives, the oldest first."""
    return {
        name: [(item["text"].strip(), item["is_alive"]) for item in reply["jobs"]]
        for name, reply in run_jobs(CASES).items()
    }


@pytest.mark.parametrize("case", ["nothing", "nothing to remove"])
def test_a_host_that_keeps_nothing_says_so(seen, case):
    assert seen[case] == []


def test_a_job_at_work_has_its_process(seen):
    assert seen["running"] == [(BEGUN, True)]


def test_a_job_that_has_ended_has_its_result(seen):
    assert seen["ended"] == [(ENDED, False)]


def test_a_job_without_its_process_is_lost(seen):
    assert seen["lost"] == [(BEGUN, False)]


def test_a_process_that_began_after_the_job_is_another_one(seen):
    assert seen["another process"] == [(BEGUN, False)]


@pytest.mark.parametrize(
    ("case", "text"), [("not to be seen", BEGUN), ("of no age", BEGUN), ("being written", "")]
)
def test_what_cannot_be_told_is_not_told(seen, case, text):
    assert seen[case] == [(text, None)]


def test_the_job_that_began_last_comes_last(seen):
    assert [text for text, _is_alive in seen["two"]] == [ENDED, BEGUN]


def test_a_job_has_the_id_that_ansible_gave_it(run_jobs):
    assert [item["id"] for item in run_jobs(CASES)["two"]["jobs"]] == ["j9.4", "j1.8"]


def test_a_job_that_is_to_be_forgotten_leaves_nothing(seen):
    assert seen["removed"] == []
