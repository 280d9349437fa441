# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run held that died, who takes it over, and how a run is known to live."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.approvals import (
    ApproverRefused,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import Outcome
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gate_claims import (
    ClaimLost,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gate_deaths import (
    RunAlive,
    RunUnknown,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.run_identity import (
    RunIdentity,
    identify_run,
    is_alive,
)
from unit.healing.repairs import NOON, request
from unit.store.gate_answers import CAREFUL, DAY, HOUR, MINUTE, SITE, code

# Where no process of these tests can be looked for.
ELSEWHERE = RunIdentity("run-elsewhere", "controller2", "another boot", 4711, "100")


def dead_process() -> int:
    """Return the number of a process that lived a moment ago."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait(timeout=60)
    return process.pid


def dead_run() -> RunIdentity:
    here = identify_run("run-dead")
    return RunIdentity("run-dead", here.machine, here.boot, dead_process(), "1")


def test_what_a_dead_run_held_is_taken_over_and_not_set_free(gate):
    claim = gate(dead_run()).claim(request(), NOON)
    alive = gate(identify_run("run-2"))

    before = code(alive.claim(request("fs01", requested_by="user:bob"), NOON + DAY))
    [taken] = alive.recover(SITE, "run-dead")

    assert before == "host_busy"
    assert (taken.number, taken.run_id, taken.incident_id) == (1, "run-2", "incident-of-fs01")
    assert code(alive.claim(request(requested_by="user:bob"), NOON + DAY)) == "host_busy"
    with pytest.raises(ClaimLost):
        gate().release(claim, Outcome.SUCCESS, NOON + DAY)
    alive.release(taken, Outcome.FAILURE, NOON + DAY)
    assert code(alive.claim(request(requested_by="user:bob"), NOON + DAY)) == "claimed"


def test_a_run_that_lives_keeps_its_hosts_however_old_they_are(gate):
    gate(identify_run("run-1")).claim(request(), NOON)

    with pytest.raises(RunAlive, match="the process of the run run-1 lives"):
        gate(identify_run("run-2")).recover(SITE, "run-1")
    with pytest.raises(RunAlive, match="the process of the run run-1 lives"):
        gate(identify_run("run-2")).declare_dead(SITE, "run-1", "dave", NOON)


def test_a_run_that_cannot_be_seen_is_taken_over_only_if_a_person_says_so(gate):
    gate(ELSEWHERE).claim(request(), NOON)
    alive = gate(identify_run("run-2"))

    with pytest.raises(RunAlive, match="process 4711 on controller2"):
        alive.recover(SITE, "run-elsewhere")
    with pytest.raises(ApproverRefused):
        alive.declare_dead(SITE, "run-elsewhere", "planner", NOON)
    with pytest.raises(RunAlive):
        alive.recover(SITE, "run-elsewhere")

    # Whoever says so is another process than the one that takes the host over.
    assert gate(identify_run("a command")).declare_dead(SITE, "run-elsewhere", "dave", NOON) == 1
    assert alive.declare_dead(SITE, "run-elsewhere", "erin", NOON + MINUTE) == 1
    assert len(alive.recover(SITE, "run-elsewhere")) == 1


def test_a_word_about_one_run_is_none_about_another(gate):
    gate(ELSEWHERE).claim(request("fs01"), NOON)
    gate(replace(ELSEWHERE, run_id="run-later")).claim(request("fs02"), NOON)
    alive = gate(identify_run("run-2"))
    alive.declare_dead(SITE, "run-elsewhere", "dave", NOON)

    with pytest.raises(RunAlive, match="run-later"):
        alive.recover(SITE, "run-later")
    with pytest.raises(RunUnknown, match="clinic-001"):
        alive.declare_dead(SITE, "run-nobody", "dave", NOON)
    with pytest.raises(RunUnknown, match="clinic-002"):
        alive.declare_dead("clinic-002", "run-elsewhere", "dave", NOON)


def test_what_is_held_is_listed_with_who_holds_it(gate):
    gate(ELSEWHERE).claim(request("fs01"), NOON)
    alive = gate(identify_run("run-2"))
    alive.claim(request("fs02"), NOON)

    assert [(claim.host_id, run) for claim, run in alive.taken(SITE)] == [
        ("fs01", ELSEWHERE),
        ("fs02", alive.run),
    ]


def test_other_runs_that_hold_hosts_are_named(gate):
    gate(ELSEWHERE).claim(request("pc01"), NOON)
    gate(ELSEWHERE).claim(request("pc02"), NOON)
    mine = gate(identify_run("run-2"))
    mine.claim(request("pc03"), NOON)

    assert mine.other_runs(SITE) == [ELSEWHERE]
    assert mine.recover(SITE, "run-without-hosts") == ()


def test_a_try_that_was_taken_over_counts_as_one(gate):
    gate(dead_run()).claim(request(max_retries=0), NOON)
    alive = gate(identify_run("run-2"))
    [taken] = alive.recover(SITE, "run-dead")
    alive.release(taken, Outcome.FAILURE, NOON)

    assert code(alive.claim(request(max_retries=0), NOON + HOUR)) == "retries_exhausted"


def test_a_canary_whose_run_died_keeps_the_others_waiting(gate):
    gate(dead_run(), **CAREFUL).claim(request("pc01"), NOON)

    assert code(gate(**CAREFUL).claim(request("pc02"), NOON + 2 * DAY)) == "canary_running"


def test_this_process_lives_and_a_reused_number_does_not_count():
    here = identify_run("run-1")
    reused = RunIdentity("run-1", here.machine, here.boot, here.pid, "1")

    assert (is_alive(here), is_alive(reused), is_alive(dead_run())) == (True, False, False)


def test_a_process_that_only_its_parent_still_counts_is_dead():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        run = identify_run("run-1", process.pid)
        assert is_alive(run) is True
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it stays a zombie

        assert is_alive(run) is False


@pytest.mark.parametrize(
    "change", [{"machine": "controller2"}, {"boot": "an earlier one"}, {"boot": ""}]
)
def test_nothing_is_known_of_a_process_of_another_machine_boot_or_system(change):
    here = identify_run("run-1")
    parts = {name: getattr(here, name) for name in RunIdentity.__slots__}

    assert is_alive(RunIdentity(**{**parts, **change})) is None


def test_a_process_that_does_not_live_acts_for_no_run():
    with pytest.raises(ProcessLookupError):
        identify_run("run-1", dead_process())
