# SPDX-License-Identifier: GPL-3.0-or-later
"""What the logs and agents of other backup products prove."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.backup import (
    SuccessEvents,
)
from unit.checks.backup_documents import (
    changed,
    codes,
    healthy,
    idle,
    installed,
    judge,
    service,
    veeam,
    without_wsb,
)
from unit.checks.documents import list_of, probe

GONE = {"exists": False, "state": None, "start_mode": None, "exit_code": None}


@pytest.mark.parametrize(
    "engine",
    [
        [{"exists": True, **service("wbengine", "Stopped", "Disabled")}],
        [idle("wbengine") | GONE],
        [],
    ],
    ids=["disabled", "gone", "not-reported"],
)
def test_the_engine_of_another_product_does_not_matter(engine):
    services = probe(list_of(*engine, idle("VSS"), idle("swprv")))

    assert judge(veeam((4, "2025-11-04T02:00:00Z")) | {"services": services}).status == "PASS"


@pytest.mark.parametrize(
    "results", [[(4, "2025-09-01T02:00:00Z")], []], ids=["stopped", "never-began"]
)
def test_a_fresh_success_does_not_cover_a_product_that_stopped(results):
    probes = healthy()
    silent = veeam(*results)
    probes |= {"products": silent["products"], "product_events": silent["product_events"]}

    check = judge(probes)

    scopes = [item["scope"] for item in check.details["findings"] if item["status"] != "PASS"]
    assert (check.status, codes(check), scopes) == ("WARNING", ["product_too_old"], ["Veeam Agent"])


VEEAM_RULES = [
    pytest.param([(4, "2025-11-04T02:00:00Z")], "PASS", [], id="succeeded"),
    pytest.param([(3, "2025-11-04T02:00:00Z")], "WARNING", ["last_job_warned"], id="warned"),
    pytest.param(
        [(2, "2025-11-04T02:00:00Z"), (4, "2025-11-03T20:00:00Z")],
        "WARNING",
        ["last_job_failed"],
        id="failed-after-a-fresh-success",
    ),
    pytest.param(
        [(2, "2025-11-03T23:10:00Z"), (4, "2025-11-01T23:05:00Z")],
        "FAIL",
        ["backup_too_old", "last_job_failed"],
        id="failed-for-days",
    ),
    pytest.param([], "FAIL", ["backup_too_old"], id="never"),
]


@pytest.mark.parametrize(("results", "status", "expected"), VEEAM_RULES)
def test_a_product_that_logs_its_results(results, status, expected):
    check = judge(veeam(*results))

    assert (check.status, codes(check)) == (status, expected)


@pytest.mark.parametrize(
    ("at", "status"), [("2025-11-04T02:00:00Z", "WARNING"), ("2025-11-01T02:00:00Z", "FAIL")]
)
def test_a_stopped_agent_is_a_fault_once_there_is_no_fresh_success(at, status):
    check = judge(veeam((4, at), state="Stopped"))

    assert (check.status, "backup_agent_stopped" in codes(check)) == (status, True)


def test_an_unread_log_is_no_proof():
    unread = probe(state="timeout", hresult="0x800705B4")
    events = probe(list_of({"product": "Veeam Agent", "events": unread}))

    assert judge(veeam() | {"product_events": events}).status == "ERROR"


def test_a_product_without_documented_events_is_unverified():
    datto = installed(service("DattoBackupAgentService"))

    assert codes(judge(without_wsb() | {"products": datto})) == ["success_unverified"]


def test_the_site_can_name_the_log_of_a_product():
    named = SuccessEvents(product="Datto", log="Datto", provider="Datto", ids=(1,))
    events = probe(list_of({"level": 4, "at": "2025-11-04T02:00:00Z"}))
    probes = without_wsb() | {
        "products": installed(service("DattoBackupAgentService")),
        "product_events": probe(list_of({"product": "Datto", "events": events})),
    }

    assert judge(probes, changed(success_events=(named,))).status == "PASS"


@given(order=st.permutations([(2, "03"), (4, "02"), (3, "01")]))
def test_the_order_of_a_list_changes_nothing(order):
    check = judge(veeam(*((level, f"2025-11-04T{hour}:00:00Z") for level, hour in order)))

    assert codes(check) == ["last_job_failed"]
