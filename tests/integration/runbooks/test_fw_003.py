# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-FW-003: the firewall services run, and a host that is lost comes back."""

from collections.abc import Callable
from typing import Any

import pytest

from integration.runbooks.cases import broken, host, registry, revert_task, service
from integration.runbooks.hosts_alone import after
from lab.repairing import Repair
from lab.windows.states import State

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-FW-003")]
RUNBOOK = "RB-WIN-FW-003"
MEMBER = "healthy-2022-member"
POLICY = r"SOFTWARE\Policies\Microsoft\WindowsFirewall"
PROFILES = ("DomainProfile", "StandardProfile", "PublicProfile")
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
    for name in PROFILES:
        registry(rf"{LOCAL}\{name}", EnableFirewall=0)(state)


def connected(address: str, port: int = 5985) -> Callable[[State], None]:
    """Return an edit after which a connection to *port* comes from *address*."""
    row = {"LocalPort": port, "RemoteAddress": address, "RemotePort": 50123, "State": 5}

    def edit(state: State) -> None:
        rows = state["network"]["tcp"]
        rows.append(rows[0] | {"InstanceID": f"E{len(rows)}"} | row)

    return edit


def went_back(name: str, *edits: Callable[[State], None], **options: Any) -> Repair:
    """Return a repair whose host goes back by itself before its controller has come again."""
    before = {"step:3": gone_back, **options.pop("before", {})}
    start = host(MEMBER, STOPPED, *edits)
    return Repair(name, start, RUNBOOK, options.pop("who", CONTROLLER), before=before, **options)


def profiles(state: State) -> list[int | None]:
    keys = [state["registry"][rf"HKLM\{LOCAL}\{name}"] for name in PROFILES]
    return [key["EnableFirewall"][1] if "EnableFirewall" in key else None for key in keys]


def somebody_turns_them_off(state: State) -> None:
    gone_back(state)
    service("BFE", State="Stopped", ProcessId=0)(state)  # so that the repair is taken back


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
        "policy keeps on",
        host(MEMBER, STOPPED, registry(rf"{POLICY}\StandardProfile", EnableFirewall=1)),
        RUNBOOK,
        CONTROLLER,
    ),
    Repair(
        "policy says off",
        host(MEMBER, STOPPED, registry(rf"{POLICY}\StandardProfile", EnableFirewall=0)),
        RUNBOOK,
        CONTROLLER,
    ),
    went_back("host has gone back", connected("10.0.0.5"), keeps=("rollback:2",)),
    went_back(
        "one was off",
        registry(rf"{LOCAL}\PublicProfile", EnableFirewall=0),
        registry(rf"{LOCAL}\StandardProfile", EnableFirewall=None),
        connected("::ffff:10.0.0.5"),
        who={"controller": "10.0.0.0/29"} | PORT,
    ),
    went_back("nobody comes from there", connected("10.0.0.9"), connected("10.0.0.5", 445)),
    went_back("the firewall cuts it off", connected("10.0.0.5"), before={"rollback:2": gone_back}),
    Repair(
        "somebody turns them off",
        host(MEMBER, STOPPED, connected("10.0.0.5")),
        RUNBOOK,
        CONTROLLER,
        before={"validation": somebody_turns_them_off},
    ),
    Repair("stops at once", host(MEMBER, STOPPED), RUNBOOK, CONTROLLER, before={"step:3": STOPPED}),
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


def test_a_policy_that_turns_a_profile_off_is_no_reason_not_to_start(repaired):
    done = repaired["policy says off"]

    # The service runs; what the policy does is another finding, which this repair does not touch.
    assert done.outcome == "partial"
    assert "firewall_service_down" not in done.codes_after


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
        ("policy keeps on", "gpo_keeps_on"),
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
    assert [ran.failure for _step, ran in done.rollback] == [None, None]
    assert done.changed_settings == set()


def test_a_service_that_runs_is_never_stopped(repaired):
    done = repaired["no rule"]

    assert (done.outcome, done.reason) == ("failure", "step 2")
    assert done.rollback[0][1].answer.note == "service_kept"
    assert done.state_after["services"]["MpsSvc"]["State"] == "Running"
    assert done.state_after["tasks"] == done.state_before["tasks"]


@pytest.mark.parametrize("case", ["host has gone back", "one was off"])
def test_profiles_that_the_host_turned_off_by_itself_are_as_before(repaired, case):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("failure", "step 3")
    assert [ran.failure for _step, ran in done.rollback] == [None, None]
    assert done.rollback[0][1].answer.note == "profiles_restored"
    assert profiles(done.state_after) == profiles(done.state_before)
    # Windows lets nobody stop the service, and its controller has to stay let in.
    assert done.changed_settings == repaired["stopped"].changed_settings


def test_they_are_turned_on_while_the_way_back_is_armed(repaired):
    meanwhile = repaired["host has gone back"].kept["rollback:2"]

    assert profiles(meanwhile) == [1, 1, 1]
    assert ALONE in meanwhile["tasks"]


def test_they_stay_off_where_the_controller_comes_from_another_address(repaired):
    done = repaired["nobody comes from there"]

    assert profiles(done.state_after) == [0, 0, 0]
    assert [bool(ran.failure) for _step, ran in done.rollback] == [True] * 4
    assert "active_profile_disabled" in done.codes_after
    assert ALONE not in done.state_after["tasks"]


def test_a_way_back_that_cuts_the_controller_off_once_more_has_failed(repaired):
    done = repaired["the firewall cuts it off"]

    assert [bool(ran.failure) for _step, ran in done.rollback] == [False, True, True]
    assert profiles(done.state_after) == [0, 0, 0]
    assert done.state_after["network"]["winrm_reachable"] is True


def test_what_somebody_turns_off_after_the_repair_is_theirs(repaired):
    done = repaired["somebody turns them off"]

    assert done.outcome == "failure"
    assert done.rollback[0][1].answer.note == "service_kept"
    assert profiles(done.state_after) == [0, 0, 0]


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


def test_the_way_back_is_disarmed_only_where_the_services_run(repaired):
    done = repaired["stops at once"]

    assert (done.outcome, done.reason) == ("failure", "step 3")
    assert [ran.failure for _step, ran in done.rollback] == [None, None]
    assert done.state_after["tasks"] == done.state_before["tasks"]


def test_a_second_run_has_nothing_to_do(repaired):
    again = repaired["stopped"].again

    assert (again.outcome, again.reason) == ("refused", "already_good")
    assert again.changed_settings == set()
