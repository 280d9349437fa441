# SPDX-License-Identifier: GPL-3.0-or-later
"""How many hosts the gate lets be repaired at once, which take turns, and who goes first."""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.gate import (
    CanaryState,
    RunningRepair,
    Situation,
    is_canary,
)
from unit.healing.gate_situations import DAY, SECOND, answer, found, running
from unit.healing.repairs import NOON, policy, request


def canary(host_id="fs01", *, worked=None, ended_at=None) -> Situation:
    return Situation(canary=CanaryState(host_id, worked, ended_at))


@pytest.mark.parametrize(("hosts", "expected"), [(2, "allowed"), (3, "site_busy")])
def test_so_many_hosts_of_a_site_are_repaired_at_once(hosts, expected):
    busy = [RunningRepair(f"pc0{place}", "RB-WIN-AV-001", "none", NOON) for place in range(hosts)]

    assert answer(known=Situation(running=tuple(busy))).code == expected


DC = {"is_domain_controller": True}


@pytest.mark.parametrize(
    ("more", "beside", "expected"),
    [
        pytest.param({"serialize": "none"}, "domain_controllers", "allowed", id="not-serialized"),
        pytest.param(
            {"serialize": "domain_controllers", "host": DC},
            "domain_controllers",
            "serialized",
            id="two-domain-controllers",
        ),
        pytest.param(
            {"serialize": "domain_controllers"}, "domain_controllers", "allowed", id="not-one"
        ),
        pytest.param(
            {"serialize": "domain_controllers", "host": DC}, "none", "allowed", id="one-of-them"
        ),
        pytest.param(
            {"serialize": "cluster_nodes", "host": {"is_cluster_member": True}},
            "cluster_nodes",
            "serialized",
            id="two-nodes",
        ),
        pytest.param(
            {"serialize": "cluster_nodes", "host": {"is_cluster_member": True}},
            "domain_controllers",
            "allowed",
            id="a-node-and-a-domain-controller",
        ),
    ],
)
def test_domain_controllers_and_nodes_take_turns(more, beside, expected):
    assert answer(request(**more), running(serialized_as=beside)).code == expected


def test_a_lost_host_keeps_nobody_waiting_but_itself():
    one_at_a_time = policy(blast_radius={"hosts_at_once": 1})
    asked = request(serialize="domain_controllers", host=DC)
    lost = running("dc02", "domain_controllers", is_lost=True)

    assert answer(asked, lost, one_at_a_time).code == "allowed"
    assert answer(request("dc02"), lost, one_at_a_time).code == "host_busy"


CAREFUL = policy(blast_radius={"canary": True})


@pytest.mark.parametrize(
    ("known", "now", "expected"),
    [
        pytest.param(Situation(), NOON, ("allow", "allowed", None), id="goes-first-itself"),
        pytest.param(canary("dc01"), NOON, ("wait", "canary_running", "E006"), id="under-way"),
        pytest.param(
            canary("dc01", worked=True, ended_at=NOON),
            NOON,
            ("allow", "allowed", None),
            id="worked",
        ),
        pytest.param(
            canary("dc01", worked=False, ended_at=NOON),
            NOON,
            ("refuse", "canary_failed", None),
            id="failed",
        ),
        pytest.param(
            canary("dc01", worked=False, ended_at=NOON),
            NOON + DAY - SECOND,
            ("refuse", "canary_failed", None),
            id="failed-a-day-ago-but-a-second",
        ),
        pytest.param(
            canary("dc01", worked=False, ended_at=NOON),
            NOON + DAY,
            ("allow", "allowed", None),
            id="failed-a-day-ago",
        ),
        pytest.param(
            canary("fs01", worked=False, ended_at=NOON),
            NOON,
            ("allow", "allowed", None),
            id="failed-here-and-may-try-again",
        ),
    ],
)
def test_one_host_goes_first_and_the_others_follow_if_it_worked(known, now, expected):
    assert found(None, known, CAREFUL, now) == expected


@pytest.mark.parametrize(
    ("known", "site", "now", "expected"),
    [
        pytest.param(Situation(), CAREFUL, NOON, True, id="nobody-did"),
        pytest.param(canary(worked=True, ended_at=NOON), CAREFUL, NOON, False, id="somebody-did"),
        pytest.param(canary(worked=True, ended_at=NOON), CAREFUL, NOON + DAY, True, id="long-ago"),
        pytest.param(canary(worked=False, ended_at=NOON), CAREFUL, NOON, True, id="failed"),
        pytest.param(Situation(), policy(), NOON, False, id="site-wants-none"),
    ],
)
def test_a_repair_is_a_canary_while_none_speaks_for_it(known, site, now, expected):
    assert is_canary(request(), known, site, now) is expected
