# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies heal.yml: what is repaired, what waits, what a person gets, and the proof of it."""

import pytest

from integration.healing.clinic import Clinic, open_clinic
from integration.runbooks.cases import broken, host, registry

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("healing")]
SCRIPT_BLOCKS = r"SOFTWARE\Policies\Microsoft\Windows\PowerShell\ScriptBlockLogging"
OFF = registry(SCRIPT_BLOCKS, EnableScriptBlockLogging=None)
FORBIDDEN = registry(SCRIPT_BLOCKS, EnableScriptBlockLogging=0)
SETTING = f"HKLM\\{SCRIPT_BLOCKS}"
REFUSES = broken("cmdlet:Set-NetFirewallProfile")


@pytest.fixture(scope="module")
def clinic(engine_settings, tmp_path_factory):
    hosts = {
        "healthy": host("healthy-2022-member"),
        "mendable": host("healthy-2022-workgroup", OFF),
        "owned": host("healthy-2022-member", FORBIDDEN),
    }
    folder = tmp_path_factory.mktemp("healing") / "clinic"
    with open_clinic(engine_settings, folder, hosts) as opened:
        opened.set_rules()
        opened.heal()
        yield opened


def test_what_a_rule_allows_is_repaired_and_the_check_proves_it(clinic: Clinic):
    bundle = clinic.last("mendable", "logging")

    assert bundle["outcome"] == "success"
    assert bundle["post_state"]["status"] == "PASS"
    assert "RB-WIN-LOG-005 step 1: value_set, changed" in bundle["actions"]
    assert clinic.state("mendable")["registry"][SETTING]["EnableScriptBlockLogging"][1] == 1


def test_an_incident_that_was_repaired_names_who_did_it_and_what_proves_it(clinic: Clinic):
    [row] = clinic.rows(
        "SELECT status, resolution_level, runbook_id, evidence_bundle_id FROM incidents"
        " WHERE host_id = 'mendable'"
    )

    proof = clinic.last("mendable", "logging")["bundle_id"]
    assert row == ("RESOLVED", 1, "RB-WIN-LOG-005", proof)


def test_what_a_policy_owns_goes_to_a_person_and_stays_as_it_is(clinic: Clinic):
    [ticket] = clinic.rows("SELECT host_id, check_id, code FROM tickets")

    assert ticket == ("owned", "logging", "gpo_managed")
    assert clinic.last("owned", "logging")["actions"] == ["healer decision: gpo_managed"]
    assert clinic.state("owned")["registry"][SETTING]["EnableScriptBlockLogging"][1] == 0


def test_a_healthy_host_is_left_alone(clinic: Clinic):
    assert all(b["actions"] == [] for b in clinic.bundles() if b["host_id"] == "healthy")
    assert clinic.rows("SELECT * FROM incidents WHERE host_id = 'healthy'") == []


def test_the_evidence_of_repairs_verifies(clinic: Clinic):
    assert "verified:" in clinic.verified()


def test_a_second_run_repairs_nothing_and_opens_nothing(clinic: Clinic):
    before = clinic.rows("SELECT * FROM attempts"), clinic.rows("SELECT incident_id FROM incidents")

    clinic.heal()

    after = clinic.rows("SELECT * FROM attempts"), clinic.rows("SELECT incident_id FROM incidents")
    assert after == before
    assert clinic.rows("SELECT count(*) FROM tickets") == [(1,)]


def test_check_mode_says_what_it_would_do_and_keeps_nothing(engine_settings, tmp_path):
    hosts = {"mendable": host("healthy-2022-workgroup", OFF)}
    with open_clinic(engine_settings, tmp_path / "clinic", hosts) as clinic:
        before = clinic.state("mendable")

        screen = clinic.heal("--check")

        assert "RB-WIN-LOG-005" in screen
        assert "may run" in screen
        after = clinic.state("mendable")
        assert (after["registry"], after["log"]) == (before["registry"], before["log"])
        assert clinic.rows("SELECT * FROM incidents") == []
        assert clinic.last("mendable", "logging")["actions"] == []
