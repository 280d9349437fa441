# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-FW-003: the firewall services run, and a host that is lost comes back."""

import pytest

from integration.runbooks.cases import broken, host, registry, revert_task, service
from integration.runbooks.hosts_alone import after
from lab.repairing import Repair
from lab.windows.states import State

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-FW-003")]
RUNBOOK = "RB-WIN-FW-003"
MEMBER = "healthy-2022-member"
POLICY = r"SOFTWARE\Policies\Microsoft\WindowsFirewall"
LOCAL = r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
PORT = {"management_port": 5985}
CONTROLLER, WRONG = {"controller": "10.0.0.5"} | PORT, {"controller": "10.9.9.9"} | PORT
STOPPED = service("MpsSvc", State="Stopped", ProcessId=0)
BFE_STOPPED = service("BFE", State="Stopped", ProcessId=0)
# As on Windows Server 2016: who is an administrator may configure the service.
DISABLED = service(
    "MpsSvc", State="Stopped", StartMode="Disabled", Protected=False, ConfigProtected=False
)
DISABLED_KEY = registry(r"SYSTEM\CurrentControlSet\Services\MpsSvc", Start=4)
CANNOT_START = service("MpsSvc", start_error=5)
ALONE = "\\HipaaRevert-RB-WIN-FW-003"


def no_winrm_rule(state: State) -> None:
    rules = state["firewall"]["rules"]["PersistentStore"]
    rules[:] = [item for item in rules if not item["Name"].startswith("WINRM")]


def gone_back(state: State) -> None:
    """Do what the task of the way back does: turn the profiles off, and delete itself."""
    state["tasks"].pop(ALONE, None)  # this step is tried twice
    for name in ("DomainProfile", "StandardProfile", "PublicProfile"):
        registry(rf"{LOCAL}\{name}", EnableFirewall=0)(state)


REPAIRS = [
    Repair("stopped", host(MEMBER, STOPPED), RUNBOOK, CONTROLLER, twice=True),
    Repair("both stopped", host("healthy-win11-member", STOPPED, BFE_STOPPED), RUNBOOK, CONTROLLER),
    Repair("disabled", host("healthy-2016-member", DISABLED, DISABLED_KEY), RUNBOOK, CONTROLLER),
    Repair("no winrm rule", host(MEMBER, STOPPED, no_winrm_rule), RUNBOOK, CONTROLLER),
    Repair(
        "profile is off",
        host(MEMBER, STOPPED, registry(rf"{LOCAL}\DomainProfile\Logging", LogDroppedPackets=0)),
        RUNBOOK,
        CONTROLLER,
    ),
    Repair("lost", host(MEMBER, STOPPED, no_winrm_rule), RUNBOOK, WRONG, keeps=("step:3",)),
    Repair("healthy", host(MEMBER), RUNBOOK, CONTROLLER),
    Repair(
        "missing", host(MEMBER, lambda state: state["services"].pop("MpsSvc")), RUNBOOK, CONTROLLER
    ),
    Repair(
        "no scheduler",
        host(MEMBER, STOPPED, service("Schedule", State="Stopped")),
        RUNBOOK,
        CONTROLLER,
    ),
    Repair(
        "no local rules",
        host(MEMBER, STOPPED, registry(rf"{POLICY}\PublicProfile", AllowLocalPolicyMerge=0)),
        RUNBOOK,
        CONTROLLER,
    ),
    Repair("windows refuses", host("firewall-U4"), RUNBOOK, CONTROLLER),
    Repair("cannot start", host(MEMBER, DISABLED, DISABLED_KEY, CANNOT_START), RUNBOOK, CONTROLLER),
    Repair(
        "cannot arm",
        host(MEMBER, STOPPED),
        RUNBOOK,
        CONTROLLER,
        before={"step:1": broken("cmdlet:Register-ScheduledTask")},
    ),
    Repair(
        "no rule",
        host(MEMBER, STOPPED),
        RUNBOOK,
        CONTROLLER,
        before={"step:2": broken("cmdlet:New-NetFirewallRule")},
    ),
    Repair(
        "way back is lost",
        host(MEMBER, STOPPED),
        RUNBOOK,
        CONTROLLER,
        before={"step:2": lambda state: state["tasks"].pop(ALONE)},
    ),
    Repair(
        "host has gone back",
        host(MEMBER, STOPPED),
        RUNBOOK,
        CONTROLLER,
        before={"step:3": gone_back},
    ),
    Repair(
        "stops again", host(MEMBER, STOPPED), RUNBOOK, CONTROLLER, before={"validation": STOPPED}
    ),
    Repair(
        "way back is armed",
        host(MEMBER, STOPPED),
        RUNBOOK,
        CONTROLLER,
        before={"validation": revert_task(RUNBOOK)},
    ),
]


@pytest.mark.parametrize("case", ["stopped", "both stopped", "disabled", "no winrm rule"])
def test_the_services_run_and_the_check_proves_it(repaired, case):
    done = repaired[case]

    assert done.outcome == "success", done.reason
    assert "firewall_service_down" in done.codes_before
    assert "firewall_service_down" not in done.codes_after
    assert done.state_after["network"]["winrm_reachable"] is True
    assert done.state_after["tasks"] == done.state_before["tasks"]


def test_nothing_but_the_service_and_the_rule_for_the_controller_changes(repaired):
    assert repaired["stopped"].changed_settings == {
        "services/MpsSvc/State",
        "services/MpsSvc/ProcessId",
        "firewall/rules/PersistentStore",
    }


def test_what_the_stopped_service_hid_is_no_failure_of_the_repair(repaired):
    done = repaired["profile is off"]

    assert done.outcome == "success", done.reason
    assert "log_blocked_off" in done.codes_after - done.codes_before


def test_a_host_that_is_lost_comes_back_within_the_time(repaired, tmp_path, pwsh):
    lost = repaired["lost"].kept["step:3"]
    assert lost["network"]["winrm_reachable"] is False

    waiting = after(lost, 9, tmp_path, str(pwsh))
    back = after(lost, 11, tmp_path, str(pwsh))

    assert waiting["network"]["winrm_reachable"] is False
    assert back["network"]["winrm_reachable"] is True
    assert ALONE not in back["tasks"]


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("healthy", "already_good"),
        ("missing", "service_missing"),
        ("no scheduler", "scheduler_down"),
        ("no local rules", "local_rules_ignored"),
    ],
)
def test_it_refuses_and_changes_nothing(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("refused", reason)
    assert done.changed_settings == set()
    assert done.calls == []


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("windows refuses", "step 2"),
        ("cannot start", "step 2"),
        ("cannot arm", "step 1"),
        ("way back is lost", "step 2"),
    ],
)
def test_what_fails_leaves_the_host_as_it_was(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("failure", reason)
    assert [ran.failure for _step, ran in done.rollback] == [None]
    assert done.changed_settings == set()


def test_a_service_that_runs_is_never_stopped(repaired):
    done = repaired["no rule"]

    assert (done.outcome, done.reason) == ("failure", "step 2")
    assert done.rollback[0][1].answer.note == "service_kept"
    assert done.state_after["services"]["MpsSvc"]["State"] == "Running"
    assert done.state_after["tasks"] == done.state_before["tasks"]


def test_a_host_that_has_gone_back_is_no_success(repaired):
    done = repaired["host has gone back"]

    assert (done.outcome, done.reason) == ("failure", "step 3")


@pytest.mark.parametrize(
    ("case", "reason", "note"),
    [
        ("stops again", "service_does_not_run", "services_restored"),
        ("way back is armed", "revert_is_armed", "service_kept"),
    ],
)
def test_what_would_undo_it_is_no_success_and_no_way_back_stays_armed(repaired, case, reason, note):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("failure", f"validation {reason}")
    assert done.rollback[0][1].answer.note == note
    assert done.state_after["tasks"] == done.state_before["tasks"]


def test_a_second_run_has_nothing_to_do(repaired):
    again = repaired["stopped"].again

    assert (again.outcome, again.reason) == ("refused", "already_good")
    assert again.changed_settings == set()
