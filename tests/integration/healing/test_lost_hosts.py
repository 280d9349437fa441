# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies hosts that leave the network during a repair: they come back, or a person is told."""

import fcntl
import json
import socket
import time

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from integration.healing.clinic import Clinic, open_clinic
from integration.runbooks.cases import host, service, sleep_advances
from integration.runbooks.test_fw_001 import DOMAIN, DOMAIN_OFF, MEMBER, no_winrm_rule, rule_names
from integration.runbooks.test_patch_003 import PENDING, SEEN
from lab.windows.states import State

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("lost hosts")]
ALWAYS = {
    "name": "always",
    "rrule": "FREQ=DAILY;BYHOUR=0;BYMINUTE=0",
    "duration_minutes": 2880,  # at any time of day there is room for a long repair
    "time_zone": "UTC",
}
ALLOWED = {"l2_mode": "propose", "maintenance_windows": [ALWAYS]}
BACK_SECONDS = 60
REVERT = "\\HipaaRevert-RB-WIN-FW-001"


def never_returns(state: State) -> None:
    state["reboot"]["down_minutes"] = 10**6


def comes_back(clinic: Clinic, name: str) -> None:
    """Let a host that restarts for ever be up, and wait until it listens."""
    with (clinic.folder / f"{name}.json.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        clinic.edit(name, lambda state: state["reboot"].update(up_at=state["reboot"]["down_since"]))
    deadline = time.monotonic() + BACK_SECONDS
    while not listens(clinic, name):
        assert time.monotonic() < deadline, f"{name} does not come back"


def listens(clinic: Clinic, name: str) -> bool:
    known = json.loads((clinic.folder / "hosts.yml").read_text(encoding="utf-8"))
    address = known["windows"]["hosts"][name]["ansible_host"]
    try:
        socket.create_connection((address, 5985), timeout=1).close()
    except OSError:
        return False
    return True


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


def test_a_host_that_stays_away_is_a_persons_and_its_repair_goes_on_when_it_is_back(
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

        assert dict(clinic.rows("SELECT check_id, code FROM tickets")) == {
            check: "lost_in_repair" if check == "patching" else "unreachable" for check in CheckId
        }
        [(said,)] = clinic.rows(
            "SELECT suggested_actions FROM tickets"
            " WHERE check_id = 'patching' AND closed_at IS NULL"
        )
        assert "RB-WIN-PATCH-003 (Restart to finish updates) has been under way" in said
        assert "Nothing on the host takes it back by itself." in said
        assert clinic.rows("SELECT status, reason FROM incidents WHERE check_id = 'patching'") == [
            ("ESCALATED", "lost_in_repair")
        ]
        assert ("success",) not in clinic.rows("SELECT outcome FROM attempts")

        comes_back(clinic, "pc01")
        clinic.heal()

        assert clinic.rows("SELECT runbook_id, state, outcome, resumptions FROM attempts") == [
            ("RB-WIN-PATCH-003", "succeeded", "success", 1)
        ]
        assert clinic.rows(
            "SELECT status, resolution_level, runbook_id FROM incidents WHERE check_id = 'patching'"
        ) == [("RESOLVED", 2, "RB-WIN-PATCH-003")]
        assert clinic.rows("SELECT check_id FROM tickets WHERE closed_at IS NULL") == []
        assert clinic.rows("SELECT count(*) FROM tickets") == [(len(CheckId),)]
        assert clinic.rows("SELECT count(*) FROM repair_claims WHERE released_at IS NULL") == [(0,)]
        assert clinic.last("pc01", "patching")["outcome"] == "success"
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
