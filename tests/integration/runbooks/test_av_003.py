# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-AV-003: Defender is the engine of a server again where no other one is."""

import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.runbooks import (
    load_runbooks,
)
from integration.runbooks.cases import broken, host, instances, registry, service, sleep_advances
from lab.repairing import Repair
from lab.windows.states import State

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-AV-003")]
RUNBOOK = "RB-WIN-AV-003"
RULES = Path(__file__).parents[3] / "rules"
WORKGROUP, MEMBER = "healthy-2022-workgroup", "healthy-2022-member"
KEY = r"SOFTWARE\Policies\Microsoft\Windows Advanced Threat Protection"
FORCED = registry(KEY, ForceDefenderPassiveMode=1)
POLICY = registry(r"SOFTWARE\Policies\Microsoft\Windows Defender", DisableAntiSpyware=1)
PENDING = registry(
    r"SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending"
)
EXPLORER = instances("Win32_Process", {"Handle": "7", "Name": "explorer.exe", "SessionId": 2})


def removed(state: State) -> None:
    state["features"]["Windows-Defender"]["InstallState"] = 2
    for name in ("WinDefend", "WdNisSvc", "WdFilter"):
        del state["services"][name]


def passive(state: State) -> None:
    state["defender"]["status"]["AMRunningMode"] = "Passive Mode"


def old(state: State) -> None:
    """Have definitions of two weeks ago."""
    state["defender"]["status"]["AntivirusSignatureLastUpdated"] = "2025-10-20T00:00:00Z"


STOPPED_ENGINE = service("CSFalconService", State="Stopped", StartMode="Disabled")
NO_SOURCE = broken("cmdlet:Install-WindowsFeature", "error", hresult=0x800F081F)
REPAIRS = [
    Repair("missing", host(MEMBER, sleep_advances, removed), RUNBOOK, twice=True),
    Repair("passive", host(WORKGROUP, sleep_advances, passive, FORCED, old), RUNBOOK),
    Repair(
        "stays pending",
        host(WORKGROUP, sleep_advances, passive, FORCED),
        RUNBOOK,
        before={"validation": PENDING},
    ),
    Repair(
        "stays",
        host(WORKGROUP, sleep_advances, passive, FORCED),
        RUNBOOK,
        before={"step:3": passive},
    ),
    Repair("no source", host(MEMBER, removed, NO_SOURCE), RUNBOOK),
    Repair("healthy", host(MEMBER), RUNBOOK),
    Repair("client", host("healthy-win11-member", passive), RUNBOOK),
    Repair("off", host("av_edr-U3"), RUNBOOK),
    Repair("partner", host(MEMBER, removed, service("CSFalconService")), RUNBOOK),
    Repair("stopped partner", host(MEMBER, removed, STOPPED_ENGINE), RUNBOOK),
    Repair("unforced", host(WORKGROUP, passive), RUNBOOK),
    Repair("forced by policy", host(MEMBER, passive, FORCED), RUNBOOK),
    Repair("policy", host(MEMBER, removed, POLICY), RUNBOOK),
    Repair("pending", host(MEMBER, removed, PENDING), RUNBOOK),
    Repair("user", host(MEMBER, removed, EXPLORER), RUNBOOK),
]


def test_a_missing_defender_is_installed_and_the_check_proves_it(repaired):
    done = repaired["missing"]

    assert done.outcome == "success", done.reason
    assert "defender_missing" in done.codes_before - done.codes_after
    assert done.calls == ["Install-WindowsFeature", "shutdown"]
    assert done.state_after["features"]["Windows-Defender"]["InstallState"] == 1


def test_what_keeps_it_passive_is_taken_away(repaired):
    done = repaired["passive"]

    assert done.outcome == "success", done.reason
    assert "passive_without_active_engine" in done.codes_before - done.codes_after
    assert f"registry/HKLM\\{KEY}/ForceDefenderPassiveMode" in done.changed_settings
    assert "Install-WindowsFeature" not in done.calls


def test_an_engine_that_is_back_fetches_its_definitions(repaired):
    done = repaired["passive"]

    assert done.calls.index("shutdown") < done.calls.index("Update-MpSignature")
    assert done.validation.answer.observed["defender"]["signature_age_days"] == 0


def test_a_restart_that_still_waits_is_no_success(repaired):
    done = repaired["stays pending"]

    assert (done.outcome, done.reason) == ("failure", "validation still_pending")


def test_a_defender_that_stays_passive_is_no_success(repaired):
    done = repaired["stays"]

    assert (done.outcome, done.reason) == ("failure", "step 3")


def test_without_a_source_of_the_feature_nothing_changes_and_nothing_restarts(repaired):
    done = repaired["no source"]

    assert (done.outcome, done.reason) == ("failure", "step 2")
    assert (done.calls, done.changed_settings) == ([], set())


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("healthy", "already_good"),
        ("client", "unsupported_os"),
        ("off", "not_passive"),
        ("partner", "other_engine"),
        ("stopped partner", "other_engine"),
        ("unforced", "cause_unknown"),
        ("forced by policy", "gpo_managed"),
        ("policy", "gpo_managed"),
        ("pending", "pending_reboot"),
        ("user", "user_logged_on"),
    ],
)
def test_it_refuses_and_changes_nothing(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("refused", reason)
    assert (done.calls, done.changed_settings) == ([], set())


def test_a_second_run_has_nothing_to_do(repaired):
    again = repaired["missing"].again

    assert (again.outcome, again.reason) == ("refused", "already_good")
    assert again.changed_settings == set()


def test_it_looks_for_every_engine_of_the_table_of_products():
    table = yaml.safe_load((RULES / "data" / "av_edr" / "products.yml").read_text("utf-8"))
    engines = {name for item in table if item["kind"] != "sensor" for name in item["services"]}
    script = load_runbooks(RULES)[RUNBOOK].scripts["preconditions.ps1"]
    listed = re.search(r"\$engines = @\((.*?)\n\)", script, re.DOTALL)
    assert listed is not None

    named = re.findall(r"'([^']+)'", listed.group(1))

    assert set(named) == engines
    assert len(named) == len(engines)
