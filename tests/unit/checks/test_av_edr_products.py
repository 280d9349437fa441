# SPDX-License-Identifier: GPL-3.0-or-later
"""When products of other vendors protect a host: engines, sensors and the Security Center."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.checks.av_edr_documents import (
    CLIENT,
    NOT_RUNNING,
    OTHER_OFF,
    OTHER_OLD,
    OTHER_ON,
    OTHER_SNOOZED,
    PASSIVE,
    POLICY,
    center,
    codes,
    healthy,
    installed,
    judge,
    notes,
    removed,
    service,
    with_service,
    with_status,
)
from unit.checks.documents import list_of, probe

OTHER_RULES = [
    pytest.param(NOT_RUNNING, [service("CSFalconService")], "PASS", [], id="another-engine"),
    pytest.param(
        NOT_RUNNING,
        [service("CSFalconService", "Stopped")],
        "FAIL",
        ["edr_stopped"],
        id="another-engine-stopped",
    ),
    pytest.param(
        NOT_RUNNING, [service("ekrn")], "WARNING", ["signature_age_unknown"], id="age-not-told"
    ),
    pytest.param(
        NOT_RUNNING, [service("avp21.3")], "WARNING", ["signature_age_unknown"], id="AVP*"
    ),
    pytest.param(
        NOT_RUNNING, [service("HuntressAgent")], "FAIL", ["no_active_engine"], id="sensor-alone"
    ),
    pytest.param(PASSIVE, [service("CSFalconService")], "PASS", [], id="passive-beside-another"),
    pytest.param(
        PASSIVE,
        [service("HuntressAgent")],
        "FAIL",
        ["passive_without_active_engine"],
        id="passive-beside-a-sensor",
    ),
    pytest.param(
        PASSIVE,
        [service("CSFalconService", "Stopped")],
        "FAIL",
        ["edr_stopped", "passive_without_active_engine"],
        id="passive-beside-a-stopped-one",
    ),
    pytest.param(
        {"realtime_enabled": False}, [service("CSFalconService")], "PASS", [], id="replaced"
    ),
    pytest.param(
        {}, [service("CSFalconService")], "WARNING", ["two_active_engines"], id="two-engines"
    ),
    pytest.param({}, [service("HuntressAgent")], "PASS", [], id="engine-and-sensor"),
    pytest.param(
        {}, [service("HuntressAgent", "Stopped")], "FAIL", ["edr_stopped"], id="sensor-stopped"
    ),
    pytest.param(
        {}, [service("ekrn", "Stopped")], "WARNING", ["product_stopped"], id="second-engine-stopped"
    ),
    pytest.param(
        NOT_RUNNING,
        [service("CSFalconService", start_mode="Manual")],
        "WARNING",
        ["product_not_automatic"],
        id="not-automatic",
    ),
    pytest.param(
        NOT_RUNNING,
        [service("AVP21"), service("AVPSUS", "Stopped", "Disabled")],
        "WARNING",
        ["product_not_automatic", "signature_age_unknown"],
        id="one-of-its-services-disabled",
    ),
    pytest.param(
        NOT_RUNNING,
        [service("AVP21"), service("AVPSUS", "Stopped", None)],
        "WARNING",
        ["product_not_automatic", "signature_age_unknown"],
        id="one-of-its-services-says-nothing",
    ),
    pytest.param(
        NOT_RUNNING,
        [service("AVP21"), service("AVPSUS", "Stopped", "Manual")],
        "WARNING",
        ["signature_age_unknown"],
        id="one-of-its-services-on-demand",
    ),
    pytest.param(
        {},
        [service("ekrn", "Stopped", "Disabled")],
        "WARNING",
        ["product_stopped"],
        id="second-engine-disabled",
    ),
    pytest.param(
        PASSIVE | {"quick_scan_age_days": 99, "signature_age_days": 99},
        [service("CSFalconService")],
        "PASS",
        [],
        id="ages-of-a-passive-defender",
    ),
]


@pytest.mark.parametrize(("change", "services", "status", "expected"), OTHER_RULES)
def test_products_of_other_vendors(change, services, status, expected):
    check = judge(with_status(**change) | {"products": installed(*services)})

    assert (check.status, codes(check)) == (status, expected)


CENTER_RULES = [
    pytest.param(("ESET Security", OTHER_ON, True), "PASS", [], id="on-and-fresh"),
    pytest.param(
        ("ESET Security", OTHER_OLD, True), "FAIL", ["thirdparty_signatures_old"], id="on-and-old"
    ),
    pytest.param(("ESET Security", OTHER_OFF, True), "FAIL", ["no_active_engine"], id="off"),
    pytest.param(
        ("ESET Security", OTHER_SNOOZED, True), "FAIL", ["no_active_engine"], id="snoozed"
    ),
    pytest.param(("ESET Security", OTHER_ON, False), "FAIL", ["no_active_engine"], id="removed"),
    pytest.param(
        ("Nobody AV", OTHER_ON, True),
        "FAIL",
        ["no_active_engine", "product_not_accepted"],
        id="new",
    ),
]


TWO_ENTRIES = [
    pytest.param((OTHER_ON, OTHER_ON), "PASS", [], id="twice-the-same"),
    pytest.param(
        (OTHER_ON, OTHER_OLD),
        "WARNING",
        ["conflicting_evidence", "signature_age_unknown"],
        id="one-is-out-of-date",
    ),
    pytest.param((OTHER_ON, OTHER_SNOOZED), "WARNING", ["conflicting_evidence"], id="one-is-off"),
    pytest.param((OTHER_OLD, OTHER_OLD), "FAIL", ["thirdparty_signatures_old"], id="both-are-old"),
    pytest.param((OTHER_OFF, OTHER_SNOOZED), "FAIL", ["no_active_engine"], id="both-are-off"),
]


@pytest.mark.parametrize(("states", "status", "expected"), TWO_ENTRIES)
@pytest.mark.parametrize("is_turned", [False, True], ids=["", "turned"])
def test_two_entries_of_one_product_are_judged_in_any_order(states, status, expected, is_turned):
    # An upgrade may leave the entry of the version before it.
    entries = [(f"ESET Security {n}", state, True) for n, state in enumerate(states)]
    probes = with_status(**NOT_RUNNING)
    probes["security_center"] = center(*(reversed(entries) if is_turned else entries))

    check = judge(probes, os=CLIENT)

    assert (check.status, codes(check)) == (status, expected)


def test_a_sensor_that_no_row_tells_of_was_not_read():
    probes = healthy() | {"onboarding": probe({"onboarding_state": 1, "force_passive": None})}
    probes["services"] = probe(list_of({"exists": True, **service("WinDefend")}))

    check = judge(probes)

    assert (check.status, codes(check)) == ("WARNING", ["probe_missing"])


@pytest.mark.parametrize(("entry", "status", "expected"), CENTER_RULES)
def test_security_center_of_a_client(entry, status, expected):
    probes = with_status(**NOT_RUNNING) | {"security_center": center(entry)}

    check = judge(probes, os=CLIENT)

    assert (check.status, codes(check)) == (status, expected)


def test_a_product_that_says_it_is_off_is_off_although_its_service_runs():
    probes = with_status(**NOT_RUNNING) | {"products": installed(service("ekrn"))}
    probes["security_center"] = center(("ESET Security", OTHER_SNOOZED, True))

    assert codes(judge(probes, os=CLIENT)) == ["no_active_engine"]


def test_a_product_that_the_site_does_not_accept_is_no_engine():
    probes = with_status(**NOT_RUNNING) | {"products": installed(service("CSFalconService"))}

    check = judge(probes, POLICY.model_copy(update={"accepted_products": ("ESET",)}))

    assert codes(check) == ["no_active_engine", "product_not_accepted"]


def test_a_removed_defender_passes_beside_another_engine():
    check = judge(removed() | {"products": installed(service("CSFalconService"))})

    assert (check.status, notes(check)) == ("PASS", ["defender_absent", "third_party_active"])


def test_another_engine_leaves_an_unread_defender_a_warning():
    probes = healthy() | {"computer_status": probe(state="timeout", hresult="0x00040004")}
    probes["products"] = installed(service("CSFalconService"))

    assert codes(judge(probes)) == ["probe_timeout"]


@pytest.mark.parametrize(
    ("state", "expected"), [("Running", []), ("Stopped", ["edr_stopped"])], ids=["up", "down"]
)
def test_an_onboarded_host_needs_its_sensor(state, expected):
    probes = with_service("Sense", state)
    probes["onboarding"] = probe({"onboarding_state": 1, "force_passive": None})

    assert codes(judge(probes)) == expected


@pytest.mark.parametrize(
    ("others", "expected"),
    [([service("HuntressAgent")], []), ([], ["edr_stopped"])],
    ids=["beside-another-sensor", "alone"],
)
def test_an_onboarded_host_whose_sensor_was_removed(others, expected):
    probes = healthy() | {"products": installed(*others)}
    probes["onboarding"] = probe({"onboarding_state": 1, "force_passive": None})
    for item in probes["services"]["value"]["items"]:
        if item["name"] == "Sense":
            item |= {"exists": False, "state": None, "start_mode": None, "exit_code": None}

    assert codes(judge(probes)) == expected


def test_a_required_sensor_is_missed():
    required = POLICY.model_copy(update={"edr_required": True})

    assert codes(judge(healthy(), required)) == ["edr_missing"]
    assert (
        codes(judge(healthy() | {"products": installed(service("HuntressAgent"))}, required)) == []
    )


@given(order=st.permutations(["CSFalconService", "ekrn", "HuntressAgent"]))
def test_the_order_of_a_list_changes_nothing(order):
    probes = with_status(**NOT_RUNNING)
    probes["products"] = installed(*(service(name) for name in order))

    check = judge(probes)

    assert codes(check) == ["two_active_engines", "signature_age_unknown"]
