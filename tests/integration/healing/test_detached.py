# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies steps that run detached: the connection, and the controller, may go away meanwhile."""

import pytest
import yaml

from integration.healing.clinic import Clinic, open_clinic
from integration.healing.test_killed import OFF, SCRIPT_BLOCKS, SETTING, writes
from integration.runbooks.cases import host

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("detached")]
RUNBOOK = "RB-WIN-LOG-005"


@pytest.fixture
def clinic(engine_settings, tmp_path):
    hosts = {"pc01": host("healthy-2022-workgroup", OFF)}
    with open_clinic(engine_settings, tmp_path / "clinic", hosts) as opened:
        opened.set_rules()
        opened.variables = {"healer_poll_seconds": 1}
        yield opened


def detach(clinic: Clinic, script: str = "") -> None:
    """Let the step of the runbook run detached, after *script*."""
    file = clinic.rules / "runbooks" / f"{RUNBOOK}.yml"
    runbook = yaml.safe_load(file.read_text())
    runbook["steps"][0]["async"] = True
    file.write_text(yaml.safe_dump(runbook))
    step = clinic.rules / "runbooks/scripts" / RUNBOOK / runbook["steps"][0]["script"]
    text = step.read_text()
    step.write_text(text.replace("Set-StrictMode -Version 3.0\n", "Set-StrictMode -Version 3.0\n" + script))


def test_a_detached_step_repairs_as_any_other(clinic: Clinic):
    detach(clinic)

    screen = clinic.heal()

    assert writes(clinic) == 1, screen
    assert clinic.rows("SELECT state, outcome FROM attempts") == [("succeeded", "success")]
    assert clinic.state("pc01")["cim"]["root/cimv2"]["Win32_Process"] == []
