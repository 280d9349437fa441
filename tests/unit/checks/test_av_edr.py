# SPDX-License-Identifier: GPL-3.0-or-later
"""What protects a Windows host against malware, one line a rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.checks.av_edr import (
    judge_av_edr,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.av_edr import (
    AvEdrPolicy,
    Product,
    parse_facts,
)
from unit.checks.documents import NOW, document, leaf_paths, list_of, probe, without

PRODUCTS = (
    Product(
        name="CrowdStrike Falcon",
        kind="both",
        services=("CSFalconService",),
        display_names=("crowdstrike",),
        has_signatures=False,
    ),
    Product(
        name="ESET", kind="engine", services=("ekrn",), display_names=("eset",), has_signatures=True
    ),
    Product(
        name="Huntress",
        kind="sensor",
        services=("HuntressAgent",),
        display_names=(),
        has_signatures=False,
    ),
    Product(
        name="Kaspersky",
        kind="engine",
        services=("AVP*",),
        display_names=("kaspersky",),
        has_signatures=True,
    ),
)
POLICY = AvEdrPolicy(
    hipaa_controls=("164.308(a)(5)(ii)(B)",),
    clock_skew_warn_seconds=300,
    clock_skew_error_seconds=86400,
    signature_age_warn_days=1,
    signature_age_fail_days=3,
    quick_scan_age_warn_days=7,
    quick_scan_age_fail_days=14,
    components_required=("behavior", "ioav", "script", "network"),
    tamper_protection_required_on="manageable",
    edr_required=False,
    accepted_products=None,
    engine_age_max_days=60,
    platform_age_max_days=120,
    event_lookback_days=30,
    forbidden_exclusion_paths=("%TEMP%", r"\Users\*", r"\Windows\Temp"),
    forbidden_exclusion_processes=("powershell.exe",),
    forbidden_exclusion_extensions=("exe",),
    products=PRODUCTS,
)
STATUS = {
    "running_mode": "Normal",
    "service_enabled": True,
    "antivirus_enabled": True,
    "realtime_enabled": True,
    "on_access_enabled": True,
    "behavior_enabled": True,
    "ioav_enabled": True,
    "nis_enabled": True,
    "signature_age_days": 0,
    "signature_updated_at": "2025-11-04T00:00:00Z",
    "signature_version": "1.441.102.0",
    "signatures_out_of_date": False,
    "quick_scan_age_days": 1,
    "full_scan_age_days": 4294967295,
    "engine_version": "1.1.25090.3000",
    "platform_version": "4.18.25090.3009",
    "tamper_protected": True,
    "computer_state": 0,
    "product_status": 524288,
    "reboot_required": False,
}
PREFERENCE = {
    "realtime_disabled": False,
    "behavior_disabled": False,
    "ioav_disabled": False,
    "script_disabled": False,
    "cloud_reporting": 2,
    "are_exclusions_hidden": False,
    "exclusion_total": 0,
    "exclusions": list_of(),
}
SETTINGS = dict.fromkeys(
    (
        "disable_antispyware",
        "disable_realtime",
        "disable_behavior",
        "disable_ioav",
        "disable_script",
        "managed_realtime",
        "managed_behavior",
        "managed_ioav",
        "managed_script",
    )
)
CLIENT = {"product_type": 1, "build": 26100, "installation_type": "Client"}
STOPPED = probe(state="error", hresult="0x800106BA")
# productState: on and fresh, on and old, off, snoozed.
DEFENDER_ON, OTHER_ON, OTHER_OLD, OTHER_OFF, OTHER_SNOOZED = 397568, 266240, 266256, 262144, 270336
NOT_RUNNING = {
    "running_mode": "Not running",
    "service_enabled": False,
    "antivirus_enabled": False,
    "realtime_enabled": False,
}
PASSIVE = {"running_mode": "Passive Mode", "realtime_enabled": False}


def service(name, state="Running", start_mode="Auto"):
    return {"name": name, "state": state, "start_mode": start_mode, "exit_code": 0}


def installed(*services, patterns=4):
    return probe({"patterns": patterns, "services": list_of(*services)})


def center(*products):
    return probe(
        list_of(
            *(
                {"name": name, "product_state": state, "has_program": has_program}
                for name, state, has_program in products
            )
        )
    )


def healthy():
    return {
        "computer_status": probe(dict(STATUS)),
        "preference": probe(dict(PREFERENCE)),
        "services": probe(
            list_of(
                {"exists": True, **service("WinDefend")},
                {"exists": True, **service("WdNisSvc", start_mode="Manual")},
                {"exists": True, **service("Sense", "Stopped", "Manual")},
            )
        ),
        "filter_driver": probe({"exists": True, "state": "Running"}),
        "onboarding": probe({"onboarding_state": None, "force_passive": None}),
        "policy": probe(dict(SETTINGS)),
        "security_center": probe(state="absent", hresult="0x8004100E"),
        "products": installed(),
        "feature": probe({"install_state": 1}),
        "detections": probe({"total": 0, "detections": list_of()}),
        "threat_events": probe(list_of()),
        "protection_events": probe(list_of()),
    }


def with_status(probes=None, **change):
    probes = probes or healthy()
    probes["computer_status"]["value"] |= change
    return probes


def with_service(name, state, probes=None):
    probes = probes or healthy()
    for item in probes["services"]["value"]["items"]:
        if item["name"] == name:
            item |= {"state": state}
    return probes


def removed():
    """Return a server whose Defender feature was uninstalled."""
    gone = probe(state="absent", hresult="0x8004100E")
    probes = healthy() | dict.fromkeys(("computer_status", "preference", "detections"), gone)
    no_log = probe(state="absent", hresult="0x80073A9F")
    probes |= {"threat_events": no_log, "protection_events": no_log}
    probes["feature"] = probe({"install_state": 3})
    probes["filter_driver"] = probe({"exists": False, "state": None})
    for item in probes["services"]["value"]["items"]:
        item |= {"exists": False, "state": None, "start_mode": None, "exit_code": None}
    return probes


def judge(probes, policy=POLICY, **host):
    return judge_av_edr(parse_facts(document("av_edr", probes, **host)), policy, NOW)


def codes(check):
    return [item["code"] for item in check.details["findings"] if item["status"] != "PASS"]


def notes(check):
    return [item["code"] for item in check.details["findings"] if item["status"] == "PASS"]


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


def test_a_removed_defender_fails_alone():
    assert codes(judge(removed())) == ["no_active_engine", "defender_missing"]


def test_a_stopped_service_is_no_engine():
    probes = with_service("WinDefend", "Stopped")
    probes |= {"computer_status": STOPPED, "preference": STOPPED, "detections": STOPPED}

    check = judge(probes)

    assert (check.status, codes(check)) == ("FAIL", ["no_active_engine"])


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


def test_another_engine_leaves_an_unread_defender_a_warning():
    probes = healthy() | {"computer_status": probe(state="timeout", hresult="0x00040004")}
    probes["products"] = installed(service("CSFalconService"))

    assert codes(judge(probes)) == ["probe_timeout"]


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


EXCLUSIONS = [
    pytest.param("path", "C:\\", "FAIL", id="drive"),
    pytest.param("path", "d:", "FAIL", id="drive-without-a-slash"),
    pytest.param("path", "C:\\*", "FAIL", id="all-of-a-drive"),
    pytest.param("path", "*", "FAIL", id="everything"),
    pytest.param("path", "\\\\?\\C:\\", "FAIL", id="device-path"),
    pytest.param("path", "%SystemDrive%\\", "FAIL", id="system-drive"),
    pytest.param("path", "%TEMP%", "WARNING", id="temp"),
    pytest.param("path", "C:/Windows/Temp/*", "WARNING", id="windows-temp"),
    pytest.param("path", "C:\\Users\\*", "WARNING", id="a-profile"),
    pytest.param("path", "C:\\Users\\*\\EHR\\cache", "PASS", id="below-a-profile"),
    pytest.param("path", "D:\\EHR\\Data", "PASS", id="an-application"),
    pytest.param("path", "*.log", "PASS", id="a-pattern"),
    pytest.param("path", "*.exe", "WARNING", id="every-program-in-every-folder"),
    pytest.param("path", "C:\\*.exe", "WARNING", id="every-program-of-a-drive"),
    pytest.param("path", "*.ex?", "WARNING", id="wildcards-for-every-program"),
    pytest.param("path", "D:\\EHR\\*.exe", "PASS", id="programs-of-an-application"),
    pytest.param("path", "ehr*.exe", "PASS", id="programs-of-a-name"),
    pytest.param("path", "%HOMEDRIVE%\\", "FAIL", id="home-drive"),
    pytest.param("path", "%windir%\\Temp", "WARNING", id="windows-temp-by-a-variable"),
    pytest.param("path", "%SystemRoot%\\T*\\", "WARNING", id="wildcards-behind-a-variable"),
    pytest.param("path", "C:\\Users\\*\\AppData\\Local\\Temp", "WARNING", id="temp-without-it"),
    pytest.param("path", "%LocalAppData%\\Temp\\*", "WARNING", id="temp-by-another"),
    pytest.param("path", "%ProgramFiles%\\EHR", "PASS", id="an-application-by-a-variable"),
    pytest.param("process", "powershell.exe", "WARNING", id="shell"),
    pytest.param("process", "C:\\Tools\\PowerShell.exe", "WARNING", id="shell-by-path"),
    pytest.param("process", "ehr.exe", "PASS", id="application"),
    pytest.param("extension", ".EXE", "WARNING", id="programs"),
    pytest.param("extension", "*", "FAIL", id="every-extension"),
    pytest.param("extension", "dcm", "PASS", id="images"),
    pytest.param("address", "0.0.0.0/0", "FAIL", id="every-address"),
    pytest.param("path", "C:\\Win*\\T*", "WARNING", id="wildcards-that-cover-windows"),
    pytest.param("path", "C:\\*\\Temp", "WARNING", id="wildcards-that-cover-windows-temp"),
    pytest.param("path", "C:\\*.mdf", "PASS", id="a-kind-of-file"),
    pytest.param("process", "*.exe", "WARNING", id="every-program"),
    pytest.param("process", "power*", "WARNING", id="wildcards-that-cover-a-shell"),
    pytest.param("process", "ehr*.exe", "PASS", id="programs-of-one-kind"),
    pytest.param("extension", "ex?", "WARNING", id="wildcards-that-cover-programs"),
    pytest.param("extension", "???", "FAIL", id="every-short-extension"),
]


def test_definitions_of_the_future_prove_no_age():
    check = judge(with_status(signature_age_days=0, signature_updated_at="2025-11-09T09:00:00Z"))

    assert codes(check) == ["conflicting_evidence"]


@pytest.mark.parametrize(("kind", "value", "status"), EXCLUSIONS)
def test_exclusions_that_take_the_protection_away(kind, value, status):
    one = {"exclusion_total": 1, "exclusions": list_of({"kind": kind, "value": value})}

    assert judge(healthy() | {"preference": probe(PREFERENCE | one)}).status == status


@pytest.mark.parametrize(
    "change",
    [{"are_exclusions_hidden": True}, {"exclusion_total": 41}],
    ids=["hidden", "more-than-collected"],
)
def test_exclusions_that_were_not_read_are_told(change):
    probes = healthy() | {"preference": probe(PREFERENCE | change)}

    assert codes(judge(probes)) == ["exclusions_unread"]


DETECTIONS = [
    pytest.param({"is_action_successful": True, "status_id": 3}, "PASS", id="quarantined"),
    pytest.param({"is_action_successful": False, "status_id": 102}, "FAIL", id="failed"),
    pytest.param({"is_action_successful": None, "status_id": None}, "FAIL", id="unknown"),
    pytest.param({"is_action_successful": False, "status_id": 4}, "PASS", id="removed-later"),
    pytest.param({"is_action_successful": True, "status_id": 5}, "WARNING", id="allowed"),
    pytest.param({"is_action_successful": True, "status_id": 103}, "FAIL", id="removal-failed"),
    pytest.param({"is_action_successful": True, "status_id": 105}, "FAIL", id="given-up"),
]


@pytest.mark.parametrize(("change", "status"), DETECTIONS)
def test_what_was_found_must_be_gone(change, status):
    item = {"threat_id": 2147519003, "changed_at": "2025-11-04T02:00:00Z", **change}
    probes = healthy() | {"detections": probe({"total": 1, "detections": list_of(item)})}

    check = judge(probes)

    assert check.status == status
    assert check.remediation_available is False


def event(number, at, detection_id="{1}"):
    return {"id": number, "at": at, "detection_id": detection_id}


EVENTS = [
    pytest.param([event(1116, "2025-11-03T09:00:00Z")], [], id="found"),
    pytest.param([event(1118, "2025-11-03T09:00:00Z")], ["threat_action_failed"], id="failed"),
    pytest.param(
        [event(1118, "2025-11-03T09:00:00Z"), event(1117, "2025-11-03T09:05:00Z")],
        [],
        id="failed-then-done",
    ),
    pytest.param(
        [event(1117, "2025-11-03T09:00:00Z"), event(1119, "2025-11-03T09:05:00Z")],
        ["threat_action_failed"],
        id="done-then-failed",
    ),
    pytest.param(
        [event(1118, "2025-11-03T09:00:00Z"), event(1117, "2025-11-03T09:05:00Z", "{2}")],
        ["threat_action_failed"],
        id="another-one-done",
    ),
    pytest.param([event(1118, "2025-10-05T08:59:59Z")], [], id="31-days-ago"),
    pytest.param([event(1118, "2025-10-05T09:00:00Z")], ["threat_action_failed"], id="30-days-ago"),
]


@pytest.mark.parametrize(("events", "expected"), EVENTS)
def test_events_of_failed_actions(events, expected):
    assert codes(judge(healthy() | {"threat_events": probe(list_of(*events))})) == expected


def test_switched_off_protection_and_blocked_changes_are_noted():
    events = probe(
        list_of(
            *(
                {"id": number, "times": 2, "newest_at": "2025-11-03T09:00:00Z"}
                for number in (2001, 5001, 5013)
            )
        )
    )

    check = judge(healthy() | {"protection_events": events})

    assert check.status == "PASS"
    assert {"protection_was_off", "tampering_blocked", "signature_update_failed"} <= set(
        notes(check)
    )


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


@given(order=st.permutations(["CSFalconService", "ekrn", "HuntressAgent"]))
def test_the_order_of_a_list_changes_nothing(order):
    probes = with_status(**NOT_RUNNING)
    probes["products"] = installed(*(service(name) for name in order))

    check = judge(probes)

    assert codes(check) == ["two_active_engines", "signature_age_unknown"]
