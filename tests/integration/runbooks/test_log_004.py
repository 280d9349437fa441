# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-LOG-004: events are read and reach their collector again."""

from copy import deepcopy

import pytest

from integration.runbooks.cases import broken, host, service, sleep_advances
from integration.runbooks.hosts_alone import after
from lab.repairing import Repair
from lab.windows.states import State

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-LOG-004")]
RUNBOOK = "RB-WIN-LOG-004"
LOG = "Microsoft-Windows-Forwarding/Operational"
MANAGER = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\EventForwarding\SubscriptionManager"
READERS = "S-1-5-32-573"
# A service that was restarted is another process.
PROCESS = {"services/WinRM/ProcessId"}
TASKS = {"\\HipaaRevert-RB-WIN-LOG-004", "\\HipaaRestart-RB-WIN-LOG-004"}


def out_of_reach(state: State) -> None:
    """Let forwarding have failed for another cause than the collector's own address."""
    for record in state["eventlogs"][LOG]["records"]:
        if record["Id"] == 105:
            record["Data"]["ErrorCode"] = 2150858770


def still_out_of_reach(state: State) -> None:
    state["network"]["collector_reachable"] = False


def reader(state: State) -> None:
    state["local_groups"][READERS]["members"] = [
        {"name": "NT AUTHORITY\\NETWORK SERVICE", "sid": "S-1-5-20"}
    ]


def not_forwarding(state: State) -> None:
    state["registry"].pop(MANAGER, None)


def connected(state: State) -> None:
    records = state["eventlogs"][LOG]["records"]
    records[:] = [record for record in records if record["Id"] != 105]


BROKEN = host("logging-U7", out_of_reach, sleep_advances)
REPAIRS = [
    Repair("broken", BROKEN, RUNBOOK, twice=True),
    Repair("cannot read", host("logging-U7", connected, sleep_advances), RUNBOOK),
    Repair(
        "broken for a reader", host("logging-U7", out_of_reach, reader, sleep_advances), RUNBOOK
    ),
    Repair("healthy", host("logging-U7", connected, reader), RUNBOOK),
    Repair("forwards nothing", host("healthy-2022-member"), RUNBOOK),
    Repair("collector's fault", host("logging-U7"), RUNBOOK),
    Repair(
        "no log service",
        host("logging-U7", out_of_reach, service("EventLog", State="Stopped")),
        RUNBOOK,
    ),
    Repair(
        "no scheduler",
        host("logging-U7", out_of_reach, service("Schedule", State="Stopped")),
        RUNBOOK,
    ),
    Repair(
        "collector is away",
        host("logging-U7", out_of_reach, still_out_of_reach, sleep_advances),
        RUNBOOK,
    ),
    Repair(
        "no restart",
        BROKEN,
        RUNBOOK,
        before={"step:3": broken("cmdlet:Register-ScheduledTask")},
    ),
    Repair("watched", BROKEN, RUNBOOK, keeps=("step:3",)),
]


@pytest.mark.parametrize("case", ["broken", "broken for a reader"])
def test_the_collector_is_connected_and_the_check_proves_it(repaired, case):
    done = repaired[case]

    assert done.outcome == "success", done.reason
    assert "forwarding_broken" in done.codes_before
    assert not done.codes_after & {"forwarding_broken", "forwarding_cannot_read"}
    assert done.state_after["services"]["WinRM"]["State"] == "Running"


def test_network_service_may_read_the_security_log(repaired):
    done = repaired["cannot read"]

    assert done.outcome == "success", done.reason
    assert "forwarding_cannot_read" in done.codes_before
    assert "forwarding_cannot_read" not in done.codes_after


def test_a_reader_is_added_once_and_no_task_is_left(repaired):
    readers = f"local_groups/{READERS}/members"

    assert repaired["broken"].changed_settings == {readers} | PROCESS
    assert repaired["broken for a reader"].changed_settings == PROCESS


def test_winrm_is_restarted_by_a_task_and_never_by_the_session(repaired):
    steps = [step for step, _ran in repaired["broken"].steps]

    assert steps == [1, 2, 3, 4, 5]
    calls = repaired["broken"].calls
    restart = calls.index("Restart-Service")
    assert calls[:restart].count("Register-ScheduledTask") == 2


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("healthy", "already_good"),
        ("forwards nothing", "not_forwarding"),
        ("collector's fault", "collector_fault"),
        ("no log service", "service_down"),
        ("no scheduler", "scheduler_down"),
    ],
)
def test_it_refuses_and_changes_nothing(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("refused", reason)
    assert done.changed_settings == set()
    assert done.calls == []


@pytest.mark.parametrize(
    ("case", "reason"), [("collector is away", "step 4"), ("no restart", "step 3")]
)
def test_what_did_not_help_is_taken_back(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("failure", reason)
    assert [ran.failure for _step, ran in done.rollback] == [None]
    assert done.changed_settings <= PROCESS


def test_a_winrm_that_does_not_come_back_is_started_by_the_host(repaired, tmp_path, pwsh):
    stuck = deepcopy(repaired["watched"].kept["step:3"])
    stuck["services"]["WinRM"]["State"] = "Stopped"

    back = after(stuck, 6, tmp_path, str(pwsh))

    assert back["services"]["WinRM"]["State"] == "Running"
    assert back["network"]["winrm_reachable"] is True
    assert not TASKS & set(back["tasks"])


def test_a_second_run_has_nothing_to_do(repaired):
    again = repaired["broken"].again

    assert (again.outcome, again.reason) == ("refused", "already_good")
    assert again.changed_settings == set()
