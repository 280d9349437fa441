# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies what later runs of heal.yml say of earlier ones, and of hosts that stay away."""

import pytest

from integration.healing.clinic import Clinic, open_clinic
from integration.runbooks.cases import broken, host, mended, registry
from lab.windows.states import State

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("healing")]
SCRIPT_BLOCKS = r"SOFTWARE\Policies\Microsoft\Windows\PowerShell\ScriptBlockLogging"
OFF = registry(SCRIPT_BLOCKS, EnableScriptBlockLogging=None)
FORBIDDEN = registry(SCRIPT_BLOCKS, EnableScriptBlockLogging=0)
SETTING = f"HKLM\\{SCRIPT_BLOCKS}"
PROFILES = r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
NOT_LOGGED = registry(rf"{PROFILES}\DomainProfile\Logging", LogDroppedPackets=0)
PUBLIC_OFF = registry(rf"{PROFILES}\PublicProfile", EnableFirewall=0)
SET_PROFILE = "cmdlet:Set-NetFirewallProfile"
ALWAYS = {
    "name": "always",
    "rrule": "FREQ=DAILY;BYHOUR=0;BYMINUTE=0",
    "duration_minutes": 2880,  # at any time of day there is room for a long repair
    "time_zone": "UTC",
}


def forbidding_policy(state: State) -> None:
    """Let a group policy forbid, from its next refresh on, what the repair has set."""
    state["gpo"].setdefault("registry", {})[SETTING] = {
        "EnableScriptBlockLogging": ["REG_DWORD", 0]
    }
    state["gpo"]["last_refresh"] = state["clock"]["utc"]


def value(clinic: Clinic) -> int:
    number: int = clinic.state("pc01")["registry"][SETTING]["EnableScriptBlockLogging"][1]
    return number


@pytest.fixture
def opened(engine_settings, tmp_path):
    """Return a function that opens a clinic with one host, pc01."""

    def open_with(state: State, **variables: object):
        folder = tmp_path / "clinic"
        return open_clinic(
            engine_settings, folder, {"pc01": state}, variables={"pc01": dict(variables)}
        )

    return open_with


def test_what_a_policy_puts_back_is_partial_and_a_persons(opened):
    with opened(host("healthy-2022-member", OFF)) as clinic:
        clinic.set_rules()
        clinic.heal()
        claimed = clinic.last("pc01", "logging")
        clinic.edit("pc01", forbidding_policy)
        clinic.pass_time(126, "pc01")

        clinic.heal()
        clinic.heal()

        assert (claimed["outcome"], value(clinic)) == ("success", 0)
        assert clinic.rows("SELECT code FROM tickets") == [("gpo_overrides",)]
        assert clinic.rows("SELECT status FROM incidents") == [("ESCALATED",)]
        assert clinic.rows("SELECT outcome, amended_outcome FROM attempts") == [
            ("success", "partial")
        ]
        said = ["RB-WIN-LOG-005 partial: gpo_overrides"]
        [amendment] = [b for b in clinic.bundles() if b["actions"] == said]
        assert amendment["outcome"] == "partial"
        assert amendment["post_state"]["healing"][0]["replaces_bundle_id"] == claimed["bundle_id"]
        assert "verified:" in clinic.verified()


def test_before_the_refresh_is_due_nobody_asks_whether_it_has_held(opened):
    with opened(host("healthy-2022-member", OFF)) as clinic:
        clinic.set_rules()
        clinic.heal()
        clinic.pass_time(124, "pc01")

        clinic.heal()

        assert clinic.rows("SELECT count(*) FROM rechecks") == [(1,)]
        assert clinic.rows("SELECT status FROM incidents") == [("RESOLVED",)]


def test_a_fault_that_comes_back_takes_the_success_back_and_is_repaired_again(opened):
    with opened(host("healthy-2022-workgroup", OFF)) as clinic:
        clinic.set_rules()
        clinic.heal()
        claimed = clinic.last("pc01", "logging")
        clinic.edit("pc01", FORBIDDEN)

        clinic.heal()

        assert clinic.rows("SELECT outcome, amended_outcome FROM attempts ORDER BY created_at") == [
            ("success", "failure"),
            ("success", None),
        ]
        [amendment] = [b for b in clinic.bundles() if "relapsed" in " ".join(b["actions"])]
        assert amendment["post_state"]["healing"][0]["replaces_bundle_id"] == claimed["bundle_id"]
        assert (clinic.last("pc01", "logging")["outcome"], value(clinic)) == ("success", 1)
        assert clinic.rows("SELECT recurrence_count FROM incidents") == [(1,)]
        assert "verified:" in clinic.verified()


def test_a_host_that_does_not_answer_is_tried_four_times_and_then_a_persons(opened):
    # Nobody listens there.
    with opened(host("healthy-2022-workgroup"), ansible_port=1) as clinic:
        clinic.set_rules()
        clinic.heal()
        clinic.heal()  # within the first wait: no try
        assert set(clinic.rows("SELECT retry_tries FROM healing_pairs")) == {(1,)}

        for minutes in (6, 16):
            clinic.pass_time(minutes)
            clinic.heal()
        assert clinic.rows("SELECT count(*) FROM tickets") == [(0,)]
        clinic.pass_time(46)
        clinic.heal()

        assert set(clinic.rows("SELECT code FROM tickets")) == {("unreachable",)}
        assert clinic.rows("SELECT count(*) FROM attempts") == [(0,)]
        assert "verified:" in clinic.verified()


def test_in_shadow_a_choice_is_kept_and_nothing_is_done(opened):
    with opened(host("av_edr-U3")) as clinic:
        clinic.set_rules()
        before = clinic.state("pc01")

        clinic.heal()

        assert clinic.rows("SELECT count(*) FROM attempts") == [(0,)]
        assert clinic.rows("SELECT count(*) FROM approvals") == [(0,)]
        [(runbook_id,)] = clinic.rows("SELECT runbook_id FROM decisions")
        assert runbook_id == "RB-WIN-AV-002"
        assert clinic.rows("SELECT code FROM tickets") != []
        assert clinic.state("pc01")["services"] == before["services"]
        assert "verified:" in clinic.verified()


def test_with_the_planner_off_nothing_is_chosen_and_a_person_is_told(opened):
    with opened(host("av_edr-U3")) as clinic:
        clinic.set_rules()
        clinic.healing = {"l2_mode": "off"}
        before = clinic.state("pc01")

        clinic.heal()

        assert clinic.rows("SELECT count(*) FROM attempts") == [(0,)]
        assert clinic.rows("SELECT count(*) FROM approvals") == [(0,)]
        assert clinic.rows("SELECT runbook_id FROM decisions") == [(None,)]
        assert clinic.rows("SELECT check_id, code FROM tickets") == [("av_edr", "l2_off")]
        assert clinic.state("pc01")["services"] == before["services"]
        assert "verified:" in clinic.verified()


def test_in_act_a_choice_that_disturbs_nobody_is_carried_out(opened):
    with opened(host("av_edr-U3")) as clinic:
        clinic.set_rules()
        clinic.healing = {"l2_mode": "act"}

        clinic.heal()

        assert clinic.last("pc01", "av_edr")["outcome"] == "success"
        assert clinic.rows("SELECT tier, runbook_id, outcome FROM attempts") == [
            (2, "RB-WIN-AV-002", "success")
        ]
        assert clinic.rows("SELECT status, resolution_level FROM incidents") == [("RESOLVED", 2)]


def test_the_rule_fails_twice_the_planner_once_and_a_person_sees_all_three(opened):
    state = host("healthy-2022-workgroup", NOT_LOGGED, PUBLIC_OFF, broken(SET_PROFILE))
    with opened(state) as clinic:
        clinic.set_rules(max_retries=1)
        clinic.healing = {"l2_mode": "act", "maintenance_windows": [ALWAYS]}
        clinic.variables = {"compliance_controller_address": "10.0.0.5"}
        clinic.heal()
        clinic.heal()
        clinic.heal()
        assert clinic.approve_all() == ["RB-WIN-FW-001"]
        clinic.heal()
        clinic.heal()

        attempts = clinic.rows("SELECT tier, runbook_id, outcome FROM attempts ORDER BY created_at")
        assert attempts == [
            (1, "RB-WIN-FW-002", "failure"),
            (1, "RB-WIN-FW-002", "failure"),
            (2, "RB-WIN-FW-001", "failure"),
        ]
        assert clinic.rows("SELECT status, resolution_level FROM incidents") == [
            ("ESCALATED", None)
        ]
        [ticket] = clinic.rows("SELECT ticket_id FROM tickets")
        assert clinic.rows("SELECT ticket_id FROM ticket_attempts") == [ticket] * 3
        told = [b["actions"][-1] for b in clinic.bundles() if b["check"] == "firewall"]
        assert [line.split(":")[0] for line in told] == [
            "RB-WIN-FW-002 failure",
            "RB-WIN-FW-002 failure",
            "RB-WIN-FW-001 decision",
            "RB-WIN-FW-001 failure",
            "healer decision",
        ]
        assert "verified: 30 bundles of 1 host in 5 runs" in clinic.verified()

        clinic.edit("pc01", mended(SET_PROFILE))
        clinic.heal()

        # A person has it: nothing is repaired behind their back.
        assert clinic.rows("SELECT count(*) FROM attempts") == [(3,)]
