# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-BACKUP-002: failed writers are registered anew, and the backup is repeated."""

from collections.abc import Callable

import pytest

from integration.runbooks.cases import host, service, sleep_advances
from lab.repairing import Repair
from lab.windows.states import State

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-BACKUP-002")]
RUNBOOK = "RB-WIN-BACKUP-002"
HEALTHY = "healthy-2022-member"
SYSTEM, REGISTRY, TASKS = "System Writer", "Registry Writer", "Task Scheduler Writer"


def quick(state: State) -> None:
    """Let a backup take three minutes, and sleeping move the clock."""
    sleep_advances(state)
    state["backup"].update(duration_minutes=3, next_result=None)


def failed(name: str) -> Callable[[State], None]:
    def edit(state: State) -> None:
        for writer in state["vss_writers"]:
            if writer["name"] == name:
                writer["state"] = 8

    return edit


def stable(state: State) -> None:
    for writer in state["vss_writers"]:
        writer["state"] = 1


def running(state: State) -> None:
    state["backup"]["current"] = {
        "JobType": "Backup",
        "JobState": "Running",
        "HResult": 0,
        "StartTime": "2025-11-04T08:00:00",
    }


def ends_soon(state: State) -> None:
    running(state)
    state["backup"]["current"]["end_at"] = "2025-11-04T09:02:00Z"


def unplugged(state: State) -> None:
    state["backup"]["next_result"] = {"hr": 0x807800C5, "detailed": 0, "message": None}


def job_failed(state: State) -> None:
    """Have the last job fail for a writer, 0x800423F4, as one of a schedule may meanwhile."""
    state["backup"]["summary"]["LastBackupResultDetailedHR"] = 0x800423F4


def vanishes(state: State) -> None:
    state["backup"]["current"] = None


LEANS_ON_SQL = service("VendorBackup", DependsOn=["SQLWriter"])
SQL_OFF = service("SQLWriter", StartMode="Disabled")
SQL_BROKEN = service("SQLWriter", start_error=1053)


def sql_mended(state: State) -> None:
    state["services"]["SQLWriter"]["start_error"] = None


REPAIRS = [
    Repair("repairs", host("backup-U7", quick, LEANS_ON_SQL), RUNBOOK, twice=True),
    Repair("idle", host(HEALTHY, quick, failed(REGISTRY)), RUNBOOK),
    Repair("well again", host("backup-U7", quick, stable), RUNBOOK),
    Repair(
        "fails again",
        host(HEALTHY, quick, failed(SYSTEM)),
        RUNBOOK,
        before={"step:3": failed(SYSTEM)},
    ),
    Repair(
        "no start",
        host("backup-U7", quick, SQL_BROKEN, LEANS_ON_SQL),
        RUNBOOK,
        before={"rollback:1": sql_mended},
    ),
    Repair("job meanwhile", host("backup-U7", quick), RUNBOOK, before={"step:4": ends_soon}),
    Repair("copy fails", host("backup-U7", quick, unplugged), RUNBOOK),
    Repair("vanishes", host("backup-U7", quick), RUNBOOK, before={"step:5": vanishes}),
    Repair(
        "stops later",
        host("backup-U7", quick),
        RUNBOOK,
        before={"validation": service("SQLWriter", State="Stopped", ProcessId=0)},
    ),
    Repair("fails later", host("backup-U7", quick), RUNBOOK, before={"validation": job_failed}),
    Repair("healthy", host(HEALTHY), RUNBOOK),
    Repair("running", host("backup-U7", running), RUNBOOK),
    Repair("by reboot only", host(HEALTHY, failed(TASKS)), RUNBOOK),
    Repair("disabled", host("backup-U7", SQL_OFF), RUNBOOK),
    Repair("missing", host("backup-U7", lambda state: state["services"].pop("SQLWriter")), RUNBOOK),
]


def test_the_writer_is_restarted_and_a_new_copy_proves_it(repaired):
    done = repaired["repairs"]

    assert done.outcome == "success", done.reason
    assert "vss_writer_failed" in done.codes_before - done.codes_after
    # The second is what leans on the writer's service, and stopped with it.
    assert done.calls == ["Stop-Service", "Start-Service", "Start-Service", "Start-WBBackup"]
    assert done.state_after["services"]["SQLWriter"]["State"] == "Running"
    assert done.state_after["services"]["VendorBackup"]["State"] == "Running"


def test_a_service_that_is_idle_is_started_and_no_job_is_made(repaired):
    done = repaired["idle"]

    assert done.outcome == "success", done.reason
    assert "vss_writer_failed" in done.codes_before - done.codes_after
    assert done.calls == ["Start-Service"]


def test_writers_that_are_well_again_need_no_restart_but_a_good_job(repaired):
    done = repaired["well again"]

    assert done.outcome == "success", done.reason
    assert done.calls == ["Start-WBBackup"]


def test_a_writer_that_fails_again_leaves_the_host_as_it_was(repaired):
    done = repaired["fails again"]

    assert (done.outcome, done.reason) == ("failure", "step 3")
    assert [ran.hresult for step, ran in done.steps if step == 3] == ["0x800423F4"]
    # Of the service that was restarted, Windows tells a new process.
    assert done.changed_settings <= {"services/CryptSvc/ProcessId", "services/CryptSvc/ExitCode"}


def test_a_job_that_runs_already_is_waited_for_and_not_doubled(repaired):
    done = repaired["job meanwhile"]

    assert [ran.answer.note for step, ran in done.steps if step == 4] == ["job_running"]
    assert "Start-WBBackup" not in done.calls


@pytest.mark.parametrize(
    ("case", "hresult"), [("copy fails", "0x807800C5"), ("vanishes", "0x80131509")]
)
def test_a_job_without_a_good_result_is_no_success(repaired, case, hresult):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("failure", "step 5")
    assert done.steps[-1][1].hresult == hresult


def test_a_service_that_is_down_in_the_end_is_no_success_and_started_again(repaired):
    done = repaired["stops later"]

    assert (done.outcome, done.reason) == ("failure", "validation service_stopped")
    assert done.state_after["services"]["SQLWriter"]["State"] == "Running"


def test_a_last_job_that_failed_for_a_writer_is_no_success(repaired):
    done = repaired["fails later"]

    assert (done.outcome, done.reason) == ("failure", "validation last_job_failed")


def test_a_service_that_did_not_come_back_is_started_by_the_way_back(repaired):
    done = repaired["no start"]

    assert (done.outcome, done.reason) == ("failure", "step 2")
    assert done.state_after["services"]["SQLWriter"]["State"] == "Running"
    assert done.state_after["services"]["VendorBackup"]["State"] == "Running"


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("healthy", "already_good"),
        ("running", "job_running"),
        ("by reboot only", "writer_not_restartable"),
        ("disabled", "service_disabled"),
        ("missing", "service_missing"),
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
