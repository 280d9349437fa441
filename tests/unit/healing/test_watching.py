# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies what the controller hears of a run of the healer, and which hosts it has lost."""

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.runstate import (
    RunState,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.watching import (
    OPENED,
    Watch,
    note_run,
)
from unit.healing.remembered import NOON

STATE = RunState("run-1", "clinic-001", "/nowhere/evidence", "/nowhere/key")
CHECKED = {"compliance_checks": [{"check_id": "firewall"}]}
LOST = {"unreachable": True}


def heard(*results: tuple[str, dict[str, object]]) -> Watch:
    watch = Watch()
    for host, result in results:
        watch.hear(host, result, is_unreachable=result is LOST)
    return watch


def test_a_host_that_answered_nothing_is_unreachable():
    watch = heard(("dc01", LOST), ("pc01", CHECKED))

    assert (watch.unreachable, watch.cut_off) == ({"dc01"}, set())


def test_a_host_that_was_lost_after_its_checks_was_cut_off():
    watch = heard(("dc01", CHECKED), ("dc01", LOST), ("dc01", CHECKED))

    assert (watch.unreachable, watch.cut_off) == (set(), {"dc01"})


def test_another_task_that_answered_proves_no_check():
    watch = heard(("dc01", {"changed": False}), ("dc01", LOST))

    assert watch.unreachable == {"dc01"}


def test_a_run_that_heals_nothing_opens_no_memory():
    assert heard(("dc01", LOST)).left_undone(STATE, lambda: NOON) == {}
    note_run(STATE, (), NOON)


def test_the_task_that_opens_the_memory_says_whose_it_is():
    opened = {"site_id": "clinic-001", "rules_dir": "/rules"}

    assert heard(("dc01", {OPENED: opened})).opened == opened
