# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies hosts that leave the network during a repair: they come back, or a person is told."""

import pytest

from integration.healing.clinic import Clinic, open_clinic
from integration.runbooks.cases import host, service, sleep_advances
from integration.runbooks.test_fw_001 import DOMAIN, DOMAIN_OFF, MEMBER, no_winrm_rule, rule_names
from integration.runbooks.test_patch_003 import PENDING, SEEN
from lab.windows.states import State

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("lost hosts")]
ALWAYS = {
    "name": "always",
    "rrule": "FREQ=DAILY;BYHOUR=0;BYMINUTE=0",
    "duration_minutes": 1440,
    "time_zone": "UTC",
}
ALLOWED = {"l2_mode": "propose", "maintenance_windows": [ALWAYS]}
REVERT = "\\HipaaRevert-RB-WIN-FW-001"


def never_returns(state: State) -> None:
    state["reboot"]["down_minutes"] = 10**6


def heal_with_approval(clinic: Clinic) -> list[str]:
    """Run heal.yml, approve what it asks for, and run it again."""
    clinic.heal()
    approved = clinic.approve_all()
    clinic.heal()
    return approved


def test_a_host_whose_firewall_shuts_the_controller_out_comes_back_and_the_bundle_says_so(
    engine_settings, tmp_path
):
    hosts = {"pc01": host(MEMBER, DOMAIN_OFF, no_winrm_rule)}
    with open_clinic(engine_settings, tmp_path / "clinic", hosts) as clinic:
        clinic.set_rules()
        clinic.healing = ALLOWED
        # Somebody wrote down another address than the one that the controller has.
        clinic.variables = {
            "compliance_controller_address": "10.9.9.9",
            "healer_revert_seconds": 300,
        }

        assert heal_with_approval(clinic) == ["RB-WIN-FW-001"]

        state, bundle = clinic.state("pc01"), clinic.last("pc01", "firewall")
        assert state["network"]["winrm_reachable"] is True
        assert state["registry"][f"HKLM\\{DOMAIN}"]["EnableFirewall"] == ["REG_DWORD", 0]
        assert "HIPAA-Mgmt-In" not in rule_names(state)
        assert REVERT not in state["tasks"]
        ran = [entry for entry in state["log"] if entry["cmdlet"] == "TaskScheduler.Run"]
        assert [(entry["arguments"]["task"], entry["arguments"]["result"]) for entry in ran] == [
            (REVERT, 0)
        ]
        assert clinic.rows("SELECT state, outcome FROM attempts") == [("rolled_back", "failure")]
        assert bundle["outcome"] == "failure"
        assert "RB-WIN-FW-001 rollback 1: " in " ".join(bundle["actions"])
        assert bundle["post_state"]["status"] == "FAIL"
        assert clinic.rows("SELECT count(*) FROM repair_claims WHERE released_at IS NULL") == [(0,)]
        assert "verified:" in clinic.verified()


def test_a_host_that_restarts_is_proven_when_its_late_services_run(
    engine_settings, windows_collection, tmp_path
):
    late = service("LateAgent", DelayedAutoStart=True)
    hosts = {"pc01": host(PENDING, sleep_advances, late)}
    variables = {"pc01": {"compliance_policy_host": SEEN}}
    with open_clinic(engine_settings, tmp_path / "clinic", hosts, variables=variables) as clinic:
        clinic.set_rules()
        clinic.collections, clinic.healing = windows_collection, ALLOWED
        clinic.variables = {"healer_settle_seconds": 2}
        booted = clinic.state("pc01")["reboot"]["last_boot_utc"]

        assert heal_with_approval(clinic) == ["RB-WIN-PATCH-003"]

        state = clinic.state("pc01")
        assert clinic.last("pc01", "patching")["outcome"] == "success"
        assert state["reboot"]["boots"] == 1
        assert state["reboot"]["last_boot_utc"] > booted
        assert not [key for key in state["registry"] if "RebootPending" in key]
        stopped = {
            name
            for name, item in state["services"].items()
            if item["StartMode"] == "Auto" and item["State"] != "Running"
        }
        assert stopped == set()
        assert "verified:" in clinic.verified()


def test_a_host_that_does_not_come_back_is_no_success_and_a_person_is_told(
    engine_settings, windows_collection, tmp_path
):
    hosts = {"pc01": host(PENDING, sleep_advances, never_returns)}
    variables = {"pc01": {"compliance_policy_host": SEEN}}
    with open_clinic(engine_settings, tmp_path / "clinic", hosts, variables=variables) as clinic:
        clinic.set_rules()
        clinic.collections, clinic.healing = windows_collection, ALLOWED
        clinic.variables = {"healer_reboot_seconds": 6}

        assert heal_with_approval(clinic) == ["RB-WIN-PATCH-003"]

        bundle = clinic.last("pc01", "patching")
        assert bundle["outcome"] == "failure"
        assert bundle["actions"][-1] == "RB-WIN-PATCH-003 failure: host_lost"
        assert clinic.rows("SELECT status FROM incidents") == [("IN_PROGRESS",)]
        assert set(clinic.rows("SELECT retry_tries FROM healing_pairs")) == {(1,)}
        for minutes in (6, 16, 46):
            clinic.pass_time(minutes)
            clinic.heal()

        assert set(clinic.rows("SELECT code FROM tickets")) == {("unreachable",)}
        assert ("success",) not in clinic.rows("SELECT outcome FROM attempts")
        assert "verified:" in clinic.verified()


def test_without_the_collection_that_restarts_hosts_such_a_repair_does_not_begin(
    engine_settings, tmp_path
):
    hosts = {"pc01": host(PENDING, sleep_advances)}
    variables = {"pc01": {"compliance_policy_host": SEEN}}
    with open_clinic(engine_settings, tmp_path / "clinic", hosts, variables=variables) as clinic:
        clinic.set_rules()
        clinic.healing = ALLOWED

        heal_with_approval(clinic)

        assert clinic.rows("SELECT count(*) FROM attempts") == [(0,)]
        assert clinic.rows("SELECT state FROM approvals") == [("approved",)]
        assert clinic.last("pc01", "patching")["actions"] == [
            "RB-WIN-PATCH-003 decision: restart_unavailable"
        ]
        assert clinic.state("pc01")["reboot"].get("boots", 0) == 0
