# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies heal.yml that is killed, or runs twice at once: nothing twice, nothing lost."""

import pytest

from integration.healing.clinic import Clinic, open_clinic
from integration.runbooks.cases import host, registry

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("healing")]
SCRIPT_BLOCKS = r"SOFTWARE\Policies\Microsoft\Windows\PowerShell\ScriptBlockLogging"
OFF = registry(SCRIPT_BLOCKS, EnableScriptBlockLogging=None)
SETTING = f"HKLM\\{SCRIPT_BLOCKS}"
STATES = ("planned", "claimed", "checked", "acting", "validating", "rechecking")


@pytest.fixture
def clinic(engine_settings, tmp_path):
    hosts = {"pc01": host("healthy-2022-workgroup", OFF)}
    with open_clinic(engine_settings, tmp_path / "clinic", hosts) as opened:
        opened.set_rules()
        yield opened


def writes(clinic: Clinic) -> int:
    """Return how often the value was written on the host."""
    log = clinic.state("pc01")["log"]
    calls = [entry["arguments"] for entry in log if entry["cmdlet"] == "RegistryKey.SetValue"]
    return len([arguments for arguments in calls if str(arguments[0]).endswith(SCRIPT_BLOCKS)])


@pytest.mark.parametrize("state", STATES)
def test_the_next_run_ends_what_a_killed_one_began(clinic: Clinic, state):
    clinic.heal_until(state)

    clinic.heal()
    clinic.heal()

    assert writes(clinic) == 1
    assert clinic.state("pc01")["registry"][SETTING]["EnableScriptBlockLogging"][1] == 1
    assert clinic.rows("SELECT status FROM incidents") == [("RESOLVED",)]
    assert clinic.rows("SELECT count(*) FROM attempts WHERE finished_at IS NULL") == [(0,)]
    assert clinic.rows("SELECT count(*) FROM repair_claims WHERE released_at IS NULL") == [(0,)]
    assert "verified:" in clinic.verified()


def test_of_two_runs_at_once_one_acts(clinic: Clinic):
    runs = [clinic.start(), clinic.start()]
    screens = [run.communicate(timeout=600)[0] for run in runs]

    assert [run.returncode for run in runs] == [0, 0], screens
    assert clinic.rows("SELECT outcome FROM attempts WHERE state = 'succeeded'") == [("success",)]
    assert writes(clinic) == 1
    assert "verified:" in clinic.verified()
