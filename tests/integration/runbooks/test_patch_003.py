# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-PATCH-003: a host that waits for it is restarted where that disturbs nobody."""

import pytest

from integration.runbooks.cases import (
    host,
    instances,
    pin_at_start,
    registry,
    service,
    sleep_advances,
)
from lab.repairing import Repair
from lab.windows.states import State

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-PATCH-003")]
RUNBOOK = "RB-WIN-PATCH-003"
CBS = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing"
PENDING = "patching-U3"
SEEN = {"patching": {"pending_reboot_first_seen": "2025-10-23T09:00:00Z"}}
STAYS = registry(CBS + r"\RebootPending")
DEFENDER_LOST = service("WinDefend", State="Stopped")
EXPLORER = instances("Win32_Process", {"Handle": "7", "Name": "explorer.exe", "SessionId": 2})
WORKER = instances("Win32_Process", {"Handle": "8", "Name": "vmwp.exe", "SessionId": 0})
BATTERY = instances("Win32_Battery", {"DeviceID": "1", "BatteryStatus": 1})

LOW = instances("Win32_Battery", {"DeviceID": "1", "BatteryStatus": 4})


def backup_runs(state: State) -> None:
    state["services"]["wbengine"]["State"] = "Running"
    state["backup"]["current"] = {
        "JobType": "Backup",
        "JobState": "Running",
        "HResult": 0,
        "StartTime": "2025-11-04T08:00:00",
    }


def clock_was_set(state: State) -> None:
    """Have the start look older than it is, as when the clock is set back after it."""
    state["reboot"]["last_boot_utc"] = "2025-10-01T03:00:00Z"


REPAIRS = [
    Repair("repairs", host(PENDING, sleep_advances), RUNBOOK, site=SEEN, twice=True),
    Repair("stays", host(PENDING, sleep_advances), RUNBOOK, before={"validation": STAYS}),
    Repair("service", host(PENDING, sleep_advances), RUNBOOK, before={"step:2": DEFENDER_LOST}),
    Repair("clock", host(PENDING, sleep_advances), RUNBOOK, before={"validation": clock_was_set}),
    Repair(
        "stops later", host(PENDING, sleep_advances), RUNBOOK, before={"validation": DEFENDER_LOST}
    ),
    Repair("late user", host(PENDING), RUNBOOK, before={"step:1": EXPLORER}),
    Repair("healthy", host("healthy-2022-member"), RUNBOOK),
    Repair("cluster", host(PENDING, service("ClusSvc")), RUNBOOK),
    Repair("machines", host(PENDING, WORKER), RUNBOOK),
    Repair("user", host(PENDING, EXPLORER), RUNBOOK),
    Repair("backup", host(PENDING, backup_runs), RUNBOOK),
    Repair("battery", host(PENDING, BATTERY), RUNBOOK),
    Repair("low battery", host(PENDING, LOW), RUNBOOK),
    Repair("pin", host(PENDING, pin_at_start), RUNBOOK),
]


def test_a_restart_finishes_the_updates_and_the_check_proves_it(repaired):
    done = repaired["repairs"]

    assert done.outcome == "success", done.reason
    assert "reboot_pending" in done.codes_before - done.codes_after
    assert done.calls == ["shutdown"]
    assert done.state_after["os"]["ubr"] == 4294


@pytest.mark.parametrize(
    ("case", "reason"),
    [("stays", "still_pending"), ("clock", "no_restart"), ("stops later", "service_stopped")],
)
def test_without_a_proven_restart_that_left_all_well_it_is_no_success(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("failure", f"validation {reason}")
    assert done.calls == ["shutdown"]


def test_a_service_that_does_not_come_back_is_no_success(repaired):
    done = repaired["service"]

    assert (done.outcome, done.reason) == ("failure", "step 2")
    assert [ran.hresult for step, ran in done.steps if step == 2] == ["0x80131505"]


def test_a_user_who_came_meanwhile_is_not_thrown_out(repaired):
    done = repaired["late user"]

    assert (done.outcome, done.reason) == ("failure", "step 1")
    assert done.calls == []
    assert {path.split("/")[0] for path in done.changed_settings} == {"cim"}  # the user


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("healthy", "already_good"),
        ("cluster", "cluster_node"),
        ("machines", "runs_virtual_machines"),
        ("user", "user_logged_on"),
        ("backup", "backup_running"),
        ("battery", "on_battery"),
        ("low battery", "on_battery"),
        ("pin", "pin_at_start"),
    ],
)
def test_it_refuses_and_changes_nothing(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("refused", reason)
    assert (done.calls, done.changed_settings) == ([], set())


def test_a_second_run_has_nothing_to_do(repaired):
    again = repaired["repairs"].again

    assert (again.outcome, again.reason) == ("refused", "already_good")
    assert again.changed_settings == set()
