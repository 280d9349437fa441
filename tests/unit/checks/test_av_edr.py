# SPDX-License-Identifier: GPL-3.0-or-later
"""What protects a Windows host against malware, one line a rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.av_edr import AvEdrPolicy
from unit.checks.av_edr_documents import (
    CLIENT,
    DEFENDER_ON,
    NOT_RUNNING,
    PASSIVE,
    POLICY,
    SETTINGS,
    center,
    codes,
    healthy,
    installed,
    judge,
    removed,
    service,
    with_service,
    with_status,
)
from unit.checks.documents import leaf_paths, probe, without

STOPPED = probe(state="error", hresult="0x800106BA")
DEFENDER_RULES = [
    pytest.param({}, "PASS", [], id="on-and-fresh"),
    pytest.param({"signature_age_days": 1}, "PASS", [], id="definitions-1-day"),
    pytest.param({"signature_age_days": 2}, "WARNING", ["signatures_old"], id="definitions-2-days"),
    pytest.param({"signature_age_days": 3}, "WARNING", ["signatures_old"], id="definitions-3-days"),
    pytest.param({"signature_age_days": 4}, "FAIL", ["signatures_old"], id="definitions-4-days"),
    pytest.param(
        {"signature_age_days": 4294967295}, "FAIL", ["signatures_old"], id="definitions-never"
    ),
    pytest.param(
        {"signature_updated_at": "2025-10-30T09:00:00Z"},
        "FAIL",
        ["signatures_old"],
        id="the-older-of-counter-and-clock",
    ),
    pytest.param(
        {"signature_age_days": None, "signature_updated_at": None},
        "WARNING",
        ["signature_age_unknown"],
        id="definitions-of-unknown-age",
    ),
    pytest.param(
        {"signatures_out_of_date": True}, "WARNING", ["conflicting_evidence"], id="fresh-and-old"
    ),
    pytest.param({"quick_scan_age_days": 7}, "PASS", [], id="scan-7-days"),
    pytest.param({"quick_scan_age_days": 8}, "WARNING", ["quick_scan_old"], id="scan-8-days"),
    pytest.param({"quick_scan_age_days": 14}, "WARNING", ["quick_scan_old"], id="scan-14-days"),
    pytest.param({"quick_scan_age_days": 15}, "FAIL", ["quick_scan_old"], id="scan-15-days"),
    pytest.param(
        {"quick_scan_age_days": 4294967295}, "WARNING", ["quick_scan_old"], id="scan-never"
    ),
    pytest.param(
        {"quick_scan_age_days": 15, "full_scan_age_days": 2}, "PASS", [], id="full-scan-counts"
    ),
    pytest.param({"realtime_enabled": False}, "FAIL", ["realtime_off"], id="realtime-off"),
    pytest.param({"on_access_enabled": False}, "FAIL", ["realtime_off"], id="on-access-off"),
    pytest.param(
        {"realtime_enabled": None}, "ERROR", ["defender_mode_unknown"], id="realtime-unknown"
    ),
    pytest.param(
        {"running_mode": "New Mode"}, "ERROR", ["defender_mode_unknown"], id="mode-unknown"
    ),
    pytest.param({"running_mode": None}, "PASS", [], id="old-platform-has-no-mode"),
    pytest.param({"antivirus_enabled": False}, "FAIL", ["no_active_engine"], id="antivirus-off"),
    pytest.param(NOT_RUNNING, "FAIL", ["no_active_engine"], id="not-running"),
    pytest.param(PASSIVE, "FAIL", ["passive_without_active_engine"], id="passive-alone"),
    pytest.param(
        {"running_mode": "EDR Block Mode"},
        "FAIL",
        ["passive_without_active_engine"],
        id="block-mode-is-no-engine",
    ),
    pytest.param({"behavior_enabled": False}, "WARNING", ["component_off"], id="behavior-off"),
    pytest.param({"ioav_enabled": None}, "WARNING", ["component_off"], id="ioav-unknown"),
    pytest.param({"nis_enabled": False}, "WARNING", ["component_off"], id="network-off"),
    pytest.param({"tamper_protected": None}, "PASS", [], id="no-tamper-protection-to-have"),
    pytest.param({"tamper_protected": False}, "PASS", [], id="no-switch-on-a-plain-server"),
    pytest.param({"engine_version": "1.1.25080.3000"}, "WARNING", ["engine_old"], id="engine-65"),
    pytest.param({"platform_version": "4.18.25060.7"}, "WARNING", ["platform_old"], id="platform"),
    pytest.param({"platform_version": "4.10.14393.0"}, "PASS", [], id="version-without-a-date"),
    pytest.param({"product_status": 524288 | 0x100000}, "WARNING", ["platform_old"], id="outdated"),
    pytest.param({"product_status": 1}, "WARNING", ["conflicting_evidence"], id="says-both"),
    pytest.param({"computer_state": 4}, "FAIL", ["threat_unresolved"], id="manual-steps-pending"),
    pytest.param({"product_status": 0x20000}, "FAIL", ["threat_unresolved"], id="removal-failed"),
    pytest.param({"computer_state": 8}, "WARNING", ["cleanup_pending"], id="offline-scan-pending"),
    pytest.param({"reboot_required": True}, "WARNING", ["cleanup_pending"], id="restart-pending"),
]


@pytest.mark.parametrize(("change", "status", "expected"), DEFENDER_RULES)
def test_defender_alone(change, status, expected):
    check = judge(with_status(**change))

    assert (check.status, codes(check)) == (status, expected)


def test_very_old_definitions_are_more_severe():
    check = judge(with_status(signature_age_days=9))

    assert check.details["findings"][0]["severity"] == "HIGH"


@pytest.mark.parametrize(
    ("host", "onboarded", "expected"),
    [
        ({"os": CLIENT}, None, ["tamper_off"]),
        ({}, 1, ["tamper_off"]),
        ({}, None, []),
    ],
    ids=["client", "onboarded-server", "plain-server"],
)
def test_tamper_protection_is_asked_where_it_can_be_had(host, onboarded, expected):
    probes = with_service("Sense", "Running", with_status(tamper_protected=False))
    probes["onboarding"] = probe({"onboarding_state": onboarded, "force_passive": None})
    probes["security_center"] = center(("Windows Defender", DEFENDER_ON, True))

    assert codes(judge(probes, **host)) == expected


def test_a_removed_defender_fails_alone():
    assert codes(judge(removed())) == ["no_active_engine", "defender_missing"]


def test_a_stopped_service_is_no_engine():
    probes = with_service("WinDefend", "Stopped")
    probes |= {"computer_status": STOPPED, "preference": STOPPED, "detections": STOPPED}

    check = judge(probes)

    assert (check.status, codes(check)) == ("FAIL", ["no_active_engine"])


STARTS = [
    pytest.param("Auto", [], id="by-itself"),
    pytest.param("Disabled", ["product_not_automatic"], id="not-at-the-next-start"),
    pytest.param(None, ["product_not_automatic"], id="not-told"),
]


@pytest.mark.parametrize(("start_mode", "expected"), STARTS)
def test_a_running_defender_starts_by_itself(start_mode, expected):
    probes = healthy()
    probes["services"]["value"]["items"][0] |= {"start_mode": start_mode}

    assert codes(judge(probes)) == expected


def test_a_disabled_defender_beside_another_engine_is_no_weakness():
    probes = with_status(**PASSIVE) | {"products": installed(service("CSFalconService"))}
    probes["services"]["value"]["items"][0] |= {"start_mode": "Disabled"}

    assert codes(judge(probes)) == []


UNREAD = [
    pytest.param({"computer_status": "denied"}, "ERROR", id="status-denied"),
    pytest.param({"computer_status": "timeout"}, "ERROR", id="status-timeout"),
    pytest.param({"computer_status": "absent"}, "ERROR", id="status-absent-and-service-running"),
    pytest.param({"preference": "denied"}, "WARNING", id="preference"),
    pytest.param({"services": "denied"}, "WARNING", id="services"),
    pytest.param({"products": "timeout"}, "WARNING", id="products"),
    pytest.param({"detections": "error"}, "WARNING", id="detections"),
    pytest.param({"threat_events": "absent"}, "WARNING", id="event-log"),
]


@pytest.mark.parametrize(("states", "status"), UNREAD)
def test_an_unread_source_never_passes(states, status):
    probes = healthy() | {name: probe(state=state) for name, state in states.items()}

    assert judge(probes).status == status


def test_no_engine_is_unproven_while_products_are_unread():
    probes = with_status(**NOT_RUNNING) | {"products": probe(state="denied", hresult="0x80041003")}

    check = judge(probes)

    assert (check.status, codes(check)) == ("ERROR", ["probe_denied"])


def test_no_engine_is_unproven_when_the_collector_looked_for_other_names():
    probes = with_status(**NOT_RUNNING) | {"products": installed(patterns=3)}

    assert judge(probes).status == "ERROR"


def test_a_running_service_contradicts_a_removed_namespace():
    probes = healthy() | {"computer_status": probe(state="absent", hresult="0x8004100E")}
    probes["feature"] = probe({"install_state": 3})

    assert judge(probes).status == "ERROR"


@pytest.mark.parametrize(
    ("change", "is_owned"),
    [({"disable_realtime": 1}, True), ({"managed_realtime": 0}, True), ({}, False)],
    ids=["group-policy", "mdm", "by-hand"],
)
def test_a_policy_owns_a_switched_off_protection(change, is_owned):
    probes = with_status(realtime_enabled=False) | {"policy": probe(SETTINGS | change)}

    check = judge(probes)

    assert check.details["findings"][0]["gpo_managed"] is is_owned
    assert check.remediation_available is not is_owned


def test_a_policy_that_asks_to_switch_off_is_told_while_protection_is_on():
    probes = healthy() | {"policy": probe(SETTINGS | {"disable_antispyware": 1})}

    assert codes(judge(probes)) == ["disabled_by_policy"]


def test_definitions_of_the_future_prove_no_age():
    check = judge(with_status(signature_age_days=0, signature_updated_at="2025-11-09T09:00:00Z"))

    assert codes(check) == ["conflicting_evidence"]


def test_a_policy_with_limits_in_the_wrong_order_is_refused():
    with pytest.raises(ValidationError, match="signature_age_warn_days"):
        AvEdrPolicy.model_validate(POLICY.model_dump() | {"signature_age_warn_days": 4})


def test_an_accepted_product_must_be_in_the_table():
    with pytest.raises(ValidationError, match="Nobody AV"):
        AvEdrPolicy.model_validate(POLICY.model_dump() | {"accepted_products": ("Nobody AV",)})


BASES = [
    healthy(),
    with_status(realtime_enabled=False),
    with_status(**NOT_RUNNING) | {"products": installed(service("CSFalconService"))},
    removed(),
]


@given(data=st.data())
def test_removing_any_fact_never_improves_the_verdict(data):
    probes = data.draw(st.sampled_from(BASES))
    path = data.draw(st.sampled_from(leaf_paths(probes)))

    before, after = judge(probes).status, judge(without(probes, path)).status

    assert not (after == "PASS" and before != "PASS")


# A server has no Security Center.
@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=".".join(map(str, path))) for path in leaf_paths(healthy())],
)
def test_what_is_removed_from_a_healthy_host_is_noticed(path):
    assert judge(without(healthy(), path)).status != "PASS" or path[0] == "security_center"
