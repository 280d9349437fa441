# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-AV-002: Defender protects again where nobody else does and nobody forbids it."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.runbooks import (
    load_runbooks,
)
from integration.runbooks.cases import host, registry, service, sleep_advances
from lab.repairing import Repair
from lab.windows.states import State

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-AV-002")]
RUNBOOK = "RB-WIN-AV-002"
RULES = Path(__file__).parents[3] / "rules"
WORKGROUP, MEMBER = "healthy-2022-workgroup", "healthy-2022-member"
POLICY = r"SOFTWARE\Policies\Microsoft\Windows Defender\Real-Time Protection"
POLICY_OFF = registry(POLICY, DisableRealtimeMonitoring=1)


def preference(**values: bool) -> Callable[[State], None]:
    """Return an edit of preferences, on a host whose tamper protection does not keep them on."""

    def edit(state: State) -> None:
        state["defender"]["status"]["IsTamperProtected"] = False
        state["defender"]["preference"].update(values)

    return edit


def status(**values: object) -> Callable[[State], None]:
    def edit(state: State) -> None:
        state["defender"]["status"].update(values)

    return edit


OFF = preference(DisableRealtimeMonitoring=True)
PARTS = preference(
    DisableBehaviorMonitoring=True,
    DisableIOAVProtection=True,
    DisableScriptScanning=True,
)


def needs_a_second_try(state: State) -> None:
    """Have the network service start only when Defender runs since an earlier try."""
    services = state["services"]
    is_running = services["WinDefend"]["State"] == "Running"
    services["WdNisSvc"]["start_error"] = None if is_running else 1053


NEW_WINDOWS = status(
    QuickScanStartTime=None, QuickScanEndTime=None, FullScanStartTime=None, FullScanEndTime=None
)
NETWORK_OFF = service("WdNisSvc", State="Stopped")
NEVER_SCANNED = status(
    QuickScanStartTime="2025-10-01T00:00:00Z", QuickScanEndTime="2025-10-01T01:00:00Z"
)
OLD_DEFINITIONS = status(AntivirusSignatureLastUpdated="2025-10-20T00:00:00Z")
REPAIRS = [
    Repair("stopped", host("av_edr-U3", sleep_advances), RUNBOOK),
    Repair("off", host(MEMBER, sleep_advances, OFF), RUNBOOK, twice=True),
    Repair("parts", host(MEMBER, sleep_advances, PARTS, NETWORK_OFF), RUNBOOK),
    Repair("scan", host(MEMBER, sleep_advances, NEVER_SCANNED), RUNBOOK),
    Repair("new windows", host(MEMBER, sleep_advances, OFF, NEW_WINDOWS), RUNBOOK),
    Repair(
        "second try",
        host("av_edr-U3", sleep_advances, NETWORK_OFF),
        RUNBOOK,
        before={"step:2": needs_a_second_try},
    ),
    Repair("workgroup", host(WORKGROUP, sleep_advances, OFF, POLICY_OFF), RUNBOOK),
    Repair("old definitions", host(MEMBER, sleep_advances, OFF, OLD_DEFINITIONS), RUNBOOK),
    Repair(
        "off in the end", host(MEMBER, sleep_advances, OFF), RUNBOOK, before={"validation": OFF}
    ),
    Repair("taken back", host(MEMBER, sleep_advances, OFF), RUNBOOK, before={"step:4": OFF}),
    Repair("no start", host("av_edr-U3", service("WinDefend", start_error=1053)), RUNBOOK),
    Repair("healthy", host(MEMBER), RUNBOOK),
    Repair("policy", host("av_edr-U2"), RUNBOOK),
    Repair("passive", host("av_edr-U6"), RUNBOOK),
    Repair("removed", host("av_edr-U5"), RUNBOOK),
    Repair("partner", host("av_edr-U9", status(AMRunningMode="Normal"), OFF), RUNBOOK),
    Repair("registered", host("av_edr-U7"), RUNBOOK),
    Repair("disabled", host("av_edr-U3", service("WinDefend", StartMode="Disabled")), RUNBOOK),
]


def test_a_stopped_defender_is_started_and_the_check_proves_it(repaired):
    done = repaired["stopped"]

    assert done.outcome == "success", done.reason
    assert "no_active_engine" in done.codes_before - done.codes_after
    assert "Start-Service" in done.calls


def test_a_windows_that_was_never_scanned_is_protected_and_scanned(repaired):
    done = repaired["new windows"]

    assert done.outcome == "success", done.reason
    assert done.calls == ["Set-MpPreference", "Start-MpScan"]


def test_a_scan_follows_where_the_services_needed_a_second_try(repaired):
    done = repaired["second try"]

    assert done.outcome == "success", done.reason
    assert [ran.failure for step, ran in done.steps if step == 2] == ["script_error", None]
    assert "Start-MpScan" in done.calls


def test_real_time_protection_is_switched_on_and_a_scan_follows(repaired):
    done = repaired["off"]

    assert done.outcome == "success", done.reason
    assert "realtime_off" in done.codes_before - done.codes_after
    assert done.calls == ["Set-MpPreference", "Start-MpScan"]
    assert "defender/preference/DisableRealtimeMonitoring" in done.changed_settings


def test_only_the_parts_that_are_off_are_switched(repaired):
    done = repaired["parts"]

    assert done.outcome == "success", done.reason
    assert "component_off" in done.codes_before - done.codes_after
    assert done.calls == ["Start-Service", *["Set-MpPreference"] * 3]
    switched = {path for path in done.changed_settings if path.startswith("defender/")}
    assert switched == {
        "defender/preference/DisableBehaviorMonitoring",
        "defender/preference/DisableIOAVProtection",
        "defender/preference/DisableScriptScanning",
    }


def test_an_old_scan_is_followed_by_a_new_one(repaired):
    done = repaired["scan"]

    assert done.outcome == "success", done.reason
    assert "quick_scan_old" in done.codes_before - done.codes_after
    assert done.calls == ["Start-MpScan"]


def test_local_policy_belongs_to_a_workgroup_host(repaired):
    done = repaired["workgroup"]

    assert done.outcome == "success", done.reason
    assert rf"registry/HKLM\{POLICY}/DisableRealtimeMonitoring" in done.changed_settings


def test_protection_that_is_taken_back_is_no_success(repaired):
    done = repaired["taken back"]

    assert (done.outcome, done.reason) == ("failure", "step 4")
    assert "Start-MpScan" not in done.calls


def test_old_definitions_are_replaced_before_the_scan(repaired):
    done = repaired["old definitions"]

    assert done.outcome == "success", done.reason
    assert done.calls == ["Set-MpPreference", "Update-MpSignature", "Start-MpScan"]


def test_protection_that_is_off_in_the_end_is_no_success(repaired):
    done = repaired["off in the end"]

    assert (done.outcome, done.reason) == ("failure", "validation realtime_is_missing")


def test_a_defender_that_does_not_start_is_left_as_it_was(repaired):
    done = repaired["no start"]

    assert (done.outcome, done.reason) == ("failure", "step 2")
    assert done.changed_settings == set()


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("healthy", "already_good"),
        ("policy", "gpo_managed"),
        ("passive", "passive"),
        ("removed", "feature_missing"),
        ("partner", "other_engine"),
        ("registered", "other_engine"),
        ("disabled", "service_disabled"),
    ],
)
def test_it_refuses_and_changes_nothing(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("refused", reason)
    assert (done.calls, done.changed_settings) == ([], set())


def test_a_second_run_has_nothing_to_do(repaired):
    again = repaired["off"].again

    assert (again.outcome, again.reason) == ("refused", "already_good")
    assert again.changed_settings == set()


def test_nothing_is_ever_switched_off(repaired):
    off = [
        (name, path)
        for name, done in repaired.items()
        if "taken back" not in name
        for path in done.changed_settings
        if path.startswith("defender/preference/Disable")
        and done.state_after["defender"]["preference"][path.rsplit("/", 1)[1]] is not False
    ]

    assert off == []


def test_it_looks_for_every_engine_of_the_table_of_products():
    table = yaml.safe_load((RULES / "data" / "av_edr" / "products.yml").read_text("utf-8"))
    engines = [item for item in table if item["kind"] != "sensor"]

    known = load_runbooks(RULES)[RUNBOOK].parameters["engine_services"].default

    assert {name for item in engines for name in item["services"]} == set(known)
