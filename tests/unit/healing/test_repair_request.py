# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gate is asked: the form of a request, and what its runbook adds to it."""

from dataclasses import replace

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import RunbookNotFound
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.repair_request import (
    RequestUnreadable,
    as_strict_as,
    parse_request,
)
from unit.healing.gate_situations import ASKS, WINDOW_ONLY, found
from unit.healing.repairs import request, runbook


def test_a_request_comes_back_from_json_as_it_was():
    asked = request(
        does={"parameters": {"drives": ["C:", "D:"], "count": 2, "force": False}},
        host={"groups": frozenset({"servers", "clinic"})},
    )

    assert parse_request(asked.to_dict()) == asked


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"tier": "1"}, "tier"),
        ({"later": True}, "later"),
        ({"max_retries": 1.0}, "max_retries"),
        ({"host": {}}, "host.groups"),
        ({"host": {**request().to_dict()["host"], "is_hypervisor": True}}, "host"),
    ],
)
def test_a_request_of_another_form_is_refused(change, place):
    with pytest.raises(RequestUnreadable, match=f"got '{place}'"):
        parse_request({**request().to_dict(), **change})


def test_the_runbook_itself_says_how_careful_to_be():
    book = runbook(
        is_disruptive=True, reboots=True, requires_approval=True, timeout_seconds=900,
        serialize="domain_controllers",
    )  # fmt: skip

    asked = as_strict_as(request(), book)

    assert (asked.action.requires_approval, asked.action.is_disruptive) == (True, True)
    assert (asked.action.maintenance_window_only, asked.requires_reboot) == (True, True)
    assert (asked.longest_seconds, asked.serialize) == (900, "domain_controllers")


STEP = {"step_id": 1, "description": "Mends it.", "script": "mend.ps1", "timeout_seconds": 60}
RESTARTS = STEP | {"reboots": True}


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param({"steps": (RESTARTS | {"reboots_when": "changed"},)}, id="if-it-changed-some"),
        pytest.param({"steps": (STEP,), "rollback_steps": (RESTARTS,), "no_rollback_reason": None},
                     id="on-the-way-back"),
    ],
)  # fmt: skip
def test_a_restart_that_only_may_come_is_asked_for_like_any(steps):
    book = runbook(is_disruptive=True, requires_reboot=True, **steps)
    with pytest.raises(ValueError, match="requires_reboot and the steps that reboot contradict"):
        runbook(is_disruptive=True, requires_reboot=False, **steps)

    asked = as_strict_as(request(), book)

    assert found(asked)[1] == "approval_required"
    assert found(replace(asked, host=replace(asked.host, pending_reboot=True)))[1] == (
        "pending_reboot"
    )
    assert asked.needs_window


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (STEP | {"reboots_when": "changed"}, "this step does not restart the host"),
        (RESTARTS | {"reboots_when": "changed", "retry_count": 1}, "may fail half-way"),
        (RESTARTS | {"reboots_when": "changed", "continue_on_error": True}, "may fail half-way"),
    ],
)
def test_a_restart_on_a_condition_that_nobody_can_know_is_refused(step, said):
    with pytest.raises(ValueError, match=said):
        runbook(is_disruptive=True, requires_reboot=True, steps=(step,))


def test_a_rule_may_be_more_careful_than_its_runbook():
    asked = request(does=ASKS | WINDOW_ONLY, longest_seconds=7200)

    assert as_strict_as(asked, runbook()) == replace(asked, runbook_sha256=runbook().sha256)


@pytest.mark.parametrize(
    ("repairs", "claimed", "expected"),
    [(("reboot_pending",), False, True), (("script_block_logging_off",), True, False)],
)
def test_whether_a_repair_is_the_reboot_is_read_from_its_runbook(repairs, claimed, expected):
    asked = request(mends_pending_reboot=claimed)

    assert as_strict_as(asked, runbook(repairs=repairs)).mends_pending_reboot is expected


@pytest.mark.parametrize("book", [runbook(check_type="backup"), runbook("RB-WIN-LOG-001")])
def test_a_runbook_of_another_check_is_no_runbook_of_this_one(book):
    with pytest.raises(RunbookNotFound, match="is no runbook of logging"):
        as_strict_as(request(), book)
