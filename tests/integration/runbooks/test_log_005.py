# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-LOG-005: script-block logging is turned on where nobody forbids it."""

import pytest

from integration.runbooks.cases import host, readonly, registry
from lab.repairing import Repair
from lab.windows.states import State
from lab.windows.states.registry import string

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-LOG-005")]
RUNBOOK = "RB-WIN-LOG-005"
KEY = r"SOFTWARE\Policies\Microsoft\Windows\PowerShell\ScriptBlockLogging"
SETTING = f"registry/HKLM\\{KEY}/EnableScriptBlockLogging"
OFF = registry(KEY, EnableScriptBlockLogging=None)
NO = registry(KEY, EnableScriptBlockLogging=0)


def enrolled(state: State) -> None:
    """Have Intune manage the host, which is in no domain."""
    key = r"HKLM\SOFTWARE\Microsoft\Enrollments\6B29FC40-CA47-1067-B31D-00DD010662DA"
    state["registry"][key] = {"ProviderID": string("MS DM Server")}


REPAIRS = [
    Repair("repairs", host("healthy-2022-workgroup", OFF), RUNBOOK, twice=True),
    Repair("workgroup says no", host("healthy-2022-workgroup", NO), RUNBOOK),
    Repair("policy says no", host("healthy-2022-member", NO), RUNBOOK),
    Repair("device management says no", host("healthy-2022-workgroup", NO, enrolled), RUNBOOK),
    Repair("healthy", host("healthy-2022-member"), RUNBOOK),
    Repair(
        "refused write",
        host("healthy-2022-workgroup", NO, readonly(f"HKLM\\{KEY}")),
        RUNBOOK,
    ),
    # Somebody turns it off between the step and the check: the value that was missing is there.
    Repair("does not last", host("healthy-2022-workgroup", OFF), RUNBOOK, before={"recheck": NO}),
]


def test_a_missing_value_is_set_and_the_check_proves_it(repaired):
    done = repaired["repairs"]

    assert done.outcome == "success", done.reason
    assert done.changed_settings == {SETTING}
    assert "script_block_logging_off" not in done.codes_after


def test_a_workgroup_host_owns_its_policy(repaired):
    assert repaired["workgroup says no"].outcome == "success"


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("policy says no", "gpo_managed"),
        ("device management says no", "gpo_managed"),
        ("healthy", "already_good"),
    ],
)
def test_it_refuses_and_changes_nothing(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("refused", reason)
    assert done.changed_settings == set()


def test_a_write_that_is_refused_fails_the_step(repaired):
    done = repaired["refused write"]

    assert (done.outcome, done.reason) == ("failure", "step 1")
    assert [(ran.failure, ran.hresult) for _step, ran in done.steps] == [
        ("script_error", "0x80070005")
    ]
    assert done.changed_settings == set()


def test_what_did_not_help_is_taken_back(repaired):
    done = repaired["does not last"]

    assert done.outcome == "failure"
    assert [ran.failure for _step, ran in done.rollback] == [None]
    assert done.changed_settings == set()


def test_a_second_run_has_nothing_to_do(repaired):
    again = repaired["repairs"].again

    assert (again.outcome, again.reason) == ("refused", "already_good")
    assert again.changed_settings == set()
