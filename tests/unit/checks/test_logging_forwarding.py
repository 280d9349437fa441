# SPDX-License-Identifier: GPL-3.0-or-later
"""When events count as forwarded, one line a rule."""

import pytest

from unit.checks.documents import list_of, probe
from unit.checks.logging_documents import (
    codes,
    forwarded,
    healthy,
    judge,
    notes,
    policy,
    with_item,
    with_value,
)

WEF = [
    pytest.param([(104, "2025-10-20T03:01:00Z")], "PASS", "PASS", id="connected-since-the-start"),
    pytest.param([(104, "2025-10-20T02:59:59Z")], "WARNING", "ERROR", id="before-the-last-start"),
    pytest.param(
        [(105, "2025-11-04T08:59:00Z"), (104, "2025-11-03T09:00:00Z")],
        "PASS",
        "PASS",
        id="failing-for-24-hours",
    ),
    pytest.param(
        [(105, "2025-11-04T08:59:00Z"), (104, "2025-11-03T08:59:59Z")],
        "WARNING",
        "FAIL",
        id="one-second-more",
    ),
    pytest.param([(102, "2025-11-04T08:59:00Z")], "WARNING", "FAIL", id="never-connected"),
    pytest.param(
        [(104, "2025-11-04T08:00:00Z"), (102, "2025-11-04T08:00:00Z")],
        "WARNING",
        "FAIL",
        id="refused-in-the-second-of-the-connection",
    ),
    pytest.param(
        [
            (100, "2025-11-04T07:00:00Z"),
            (102, "2025-11-04T08:00:00Z"),
            (104, "2025-11-04T08:30:00Z"),
        ],
        "WARNING",
        "FAIL",
        id="connected-after-a-refusal",
    ),
    pytest.param(
        [(102, "2025-11-04T08:00:00Z"), (100, "2025-11-04T08:00:01Z")],
        "PASS",
        "PASS",
        id="subscribed-after-a-refusal",
    ),
    pytest.param([], "WARNING", "ERROR", id="nothing-known"),
]


@pytest.mark.parametrize(("events", "status", "required"), WEF)
def test_forwarding_is_as_good_as_its_last_word(events, status, required):
    assert judge(forwarded(*events)).status == status
    assert judge(forwarded(*events), policy(forwarding_required="wef")).status == required


def test_forwarding_that_may_not_read_the_security_log_warns():
    check = judge(forwarded((104, "2025-11-04T08:00:00Z"), reader=False))

    assert codes(check) == ["forwarding_cannot_read"]


def test_forwarding_needs_the_winrm_service():
    probes = forwarded((104, "2025-11-04T08:00:00Z"))
    probes["services"] = with_item("services", 1, state="Stopped")["services"]

    assert codes(judge(probes)) == ["forwarding_broken"]


def test_a_short_log_is_enough_where_events_are_forwarded():
    probes = forwarded((104, "2025-11-04T08:00:00Z"))
    oldest = {"number": 9014410, "at": "2025-11-03T01:40:00Z"}
    probes["security_activity"] = with_value("security_activity", oldest=oldest)[
        "security_activity"
    ]

    assert notes(judge(probes)) == ["span_short_but_forwarded"]


@pytest.mark.parametrize("required", ["wef", "agent"])
def test_required_forwarding_that_is_not_set_up_fails(required):
    check = judge(healthy(), policy(forwarding_required=required))

    assert codes(check) == ["forwarding_missing"]


AGENTS = [
    pytest.param({"state": "Running"}, "PASS", "PASS", id="runs"),
    pytest.param({"state": "Stopped"}, "WARNING", "FAIL", id="stopped"),
    pytest.param({"state": "Stopped", "start_mode": "Disabled"}, "PASS", "FAIL", id="disabled"),
]


@pytest.mark.parametrize(("change", "status", "required"), AGENTS)
def test_an_agent_that_is_there_has_to_run(change, status, required):
    agent = {"name": "WazuhSvc", "state": "Running", "start_mode": "Auto"} | change
    probes = healthy() | {"agents": probe(list_of(agent))}

    assert judge(probes).status == status
    assert judge(probes, policy(forwarding_required="agent")).status == required
