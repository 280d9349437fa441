# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies what heal.yml does where the gate, the way back, or a second try decides."""

import pytest

from integration.healing.clinic import Clinic, open_clinic
from integration.runbooks.cases import broken, host, mended, registry

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("healing")]
LOGGING = (
    r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
    r"\DomainProfile\Logging"
)
NOT_LOGGED = registry(LOGGING, LogDroppedPackets=0)
SET_PROFILE = "cmdlet:Set-NetFirewallProfile"
ALWAYS = {
    "name": "always",
    "rrule": "FREQ=DAILY;BYHOUR=0;BYMINUTE=0",
    "duration_minutes": 2880,  # at any time of day there is room for a long repair
    "time_zone": "UTC",
}
# A window that nobody meets: the third Sunday of February.
RARE = {**ALWAYS, "name": "rare", "rrule": "FREQ=YEARLY;BYMONTH=2;BYDAY=3SU;BYHOUR=1;BYMINUTE=0"}
KEY = f"HKLM\\{LOGGING}"


@pytest.fixture
def clinic(engine_settings, tmp_path):
    hosts = {"fs01": host("healthy-2022-workgroup", NOT_LOGGED, broken(SET_PROFILE, "denied"))}
    with open_clinic(engine_settings, tmp_path / "clinic", hosts) as opened:
        opened.set_rules(max_retries=1)
        yield opened


def test_the_whole_ladder_ends_with_a_person_who_sees_all_attempts(clinic: Clinic):
    clinic.healing = {"l2_mode": "act"}

    clinic.heal()
    first = clinic.last("fs01", "firewall")
    clinic.heal()
    clinic.heal()
    clinic.heal()

    attempts = clinic.rows("SELECT tier, state, outcome, reason FROM attempts ORDER BY created_at")
    assert [row[2] for row in attempts] == ["failure"] * len(attempts)
    assert [row[0] for row in attempts][:2] == [1, 1]
    [ticket] = clinic.rows("SELECT ticket_id, code FROM tickets")
    assert clinic.rows("SELECT ticket_id FROM ticket_attempts") == [ticket[:1]] * len(attempts)
    assert clinic.rows("SELECT status FROM incidents") == [("ESCALATED",)]
    assert first["outcome"] == "failure"
    assert "RB-WIN-FW-002 rollback 1: " in " ".join(first["actions"])
    assert clinic.state("fs01")["registry"][KEY]["LogDroppedPackets"][1] == 0
    assert "verified:" in clinic.verified()


def test_a_host_that_can_be_repaired_again_is(clinic: Clinic):
    clinic.heal()
    clinic.edit("fs01", mended(SET_PROFILE))

    clinic.heal()

    assert clinic.last("fs01", "firewall")["outcome"] == "success"
    assert clinic.rows("SELECT status, resolution_level FROM incidents") == [("RESOLVED", 1)]


def test_the_kill_switch_stops_everything_and_opens_no_ticket(clinic: Clinic):
    switch = clinic.folder / "stop"
    switch.touch()
    clinic.healing = {"kill_switch_file": str(switch)}

    clinic.heal()

    assert clinic.rows("SELECT count(*) FROM attempts") == [(0,)]
    assert clinic.rows("SELECT count(*) FROM tickets") == [(0,)]
    assert clinic.last("fs01", "firewall")["actions"] == ["RB-WIN-FW-002 decision: kill_switch"]


def test_a_cooldown_waits_and_asks_nobody_else(clinic: Clinic):
    clinic.set_rules(cooldown_seconds=3600, max_retries=2)

    clinic.heal()
    clinic.heal()

    assert clinic.rows("SELECT tier FROM attempts") == [(1,)]
    assert clinic.rows("SELECT count(*) FROM tickets") == [(0,)]
    last = clinic.last("fs01", "firewall")
    assert last["actions"] == ["RB-WIN-FW-002 decision: cooldown (E006)"]


def test_what_disturbs_people_is_asked_for_and_done_when_a_person_allows_it(
    engine_settings, tmp_path
):
    hosts = {"pc01": host("firewall-U1")}
    with open_clinic(engine_settings, tmp_path / "clinic", hosts) as clinic:
        clinic.set_rules()
        clinic.healing = {"l2_mode": "propose", "maintenance_windows": [ALWAYS]}
        clinic.variables = {"compliance_controller_address": "10.0.0.5"}

        clinic.heal()

        [waiting] = clinic.rows("SELECT approval_id, runbook_id, state FROM approvals")
        assert waiting[1:] == ("RB-WIN-FW-001", "pending")
        assert clinic.last("pc01", "firewall")["actions"] == [
            "RB-WIN-FW-001 decision: approval_required"
        ]
        answer = clinic.command("healing", "approve", waiting[0])
        assert answer.returncode == 0, answer.stderr

        clinic.heal()

        assert clinic.last("pc01", "firewall")["outcome"] == "success"
        assert clinic.rows("SELECT status, resolution_level FROM incidents") == [("RESOLVED", 2)]


def test_what_belongs_in_a_window_is_queued_until_it_opens(engine_settings, tmp_path):
    hosts = {"pc01": host("firewall-U1")}
    with open_clinic(engine_settings, tmp_path / "clinic", hosts) as clinic:
        clinic.set_rules()
        clinic.healing = {"l2_mode": "propose", "maintenance_windows": [RARE]}
        clinic.variables = {"compliance_controller_address": "10.0.0.5"}
        clinic.heal()
        [(approval_id,)] = clinic.rows("SELECT approval_id FROM approvals")
        assert clinic.command("healing", "approve", approval_id).returncode == 0

        clinic.heal()

        assert clinic.last("pc01", "firewall")["actions"] == [
            "RB-WIN-FW-001 decision: window_required (E005)"
        ]
        assert clinic.rows("SELECT host_id, runbook_id FROM queued_repairs") == [
            ("pc01", "RB-WIN-FW-001")
        ]
        assert clinic.rows("SELECT count(*) FROM attempts") == [(0,)]
        assert clinic.rows("SELECT count(*) FROM tickets") == [(0,)]
