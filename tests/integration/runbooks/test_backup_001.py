# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-BACKUP-001: Windows Server Backup works again and has made a copy."""

from collections.abc import Callable

import pytest

from integration.runbooks.cases import broken, host, mended, service, sleep_advances
from lab.repairing import Repair
from lab.windows.states import State

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-BACKUP-001")]
RUNBOOK = "RB-WIN-BACKUP-001"
MODE = {"services/wbengine/StartMode"}
SQL_WRITER = {"id": "{a65faa63-5ea8-4ebc-9dbd-a0c4db26912a}", "name": "SqlServerWriter", "state": 8}


def quick(state: State) -> None:
    """Let a backup take three minutes, and sleeping move the clock."""
    sleep_advances(state)
    state["backup"].update(duration_minutes=3, next_result=None)


def unplugged(state: State) -> None:
    state["backup"]["next_result"] = {"hr": 0x807800C5, "detailed": 0x800701B1, "message": None}


def fails_plainly(state: State) -> None:
    state["backup"]["next_result"] = {"hr": 0x807800C5, "detailed": 0, "message": None}


def vanishes(state: State) -> None:
    state["backup"]["current"] = None


def summary(**values: object) -> Callable[[State], None]:
    """Return an edit of what Windows Server Backup tells of the last jobs."""

    def edit(state: State) -> None:
        state["backup"]["summary"].update(values)

    return edit


def failed_writer(state: State) -> None:
    state["vss_writers"].append(SQL_WRITER)


def running(state: State) -> None:
    state["backup"]["summary"]["LastSuccessfulBackupTime"] = "2025-11-01T01:00:00"
    state["backup"]["current"] = {
        "JobType": "Backup",
        "JobState": "Running",
        "HResult": 0,
        "StartTime": "2025-11-04T08:00:00",
        "end_at": "2025-11-04T09:02:00Z",
    }


def runs_again(state: State) -> None:
    running(state)
    state["backup"]["current"]["end_at"] = "2025-11-04T12:00:00Z"


def no_policy(state: State) -> None:
    state["backup"]["policy"] = None


def ended_badly(state: State) -> None:
    state["services"]["VSS"]["ExitCode"] = 1067


SUMMARY = "cmdlet:Get-WBSummary"
OLD_SUCCESS = summary(LastSuccessfulBackupTime="2025-11-01T01:00:00")
DISABLED_VSS = service("VSS", StartMode="Disabled")


def sets_modes(state: State) -> None:
    """Have somebody decide how the services start while the repair is at work."""
    service("wbengine", StartMode="Auto")(state)
    DISABLED_VSS(state)


REPAIRS = [
    Repair("disabled", host("backup-U6", quick), RUNBOOK, twice=True),
    Repair("hung", host("backup-U5", quick), RUNBOOK),
    Repair("failed", host("backup-U1", quick), RUNBOOK),
    Repair("ended badly", host("healthy-2022-member", quick, ended_badly), RUNBOOK),
    Repair("other product", host("healthy-win11-member", sleep_advances, DISABLED_VSS), RUNBOOK),
    Repair("writer", host("backup-U6", quick, failed_writer), RUNBOOK),
    Repair("unplugged", host("backup-U6", quick, unplugged), RUNBOOK),
    Repair(
        "controller died",
        host("backup-U6", quick, service("wbengine", StartMode="Manual")),
        RUNBOOK,
        before={"step:5": running},
    ),
    Repair("young job", host("backup-U6", quick), RUNBOOK, before={"step:3": running}),
    Repair(
        "hangs on",
        host("backup-U5", quick),
        RUNBOOK,
        before={"step:3": broken("cmdlet:Stop-WBJob", "empty")},
    ),
    Repair(
        "lost sight",
        host("backup-U6", quick),
        RUNBOOK,
        before={"step:6": broken(SUMMARY), "rollback:1": mended(SUMMARY)},
    ),
    Repair("vanishes", host("backup-U6", quick), RUNBOOK, before={"step:6": vanishes}),
    Repair("fails plainly", host("backup-U6", quick, fails_plainly), RUNBOOK),
    Repair(
        "disabled later", host("backup-U1", quick), RUNBOOK, before={"validation": DISABLED_VSS}
    ),
    Repair("job later", host("backup-U1", quick), RUNBOOK, before={"validation": runs_again}),
    Repair(
        "failed later",
        host("backup-U1", quick),
        RUNBOOK,
        before={"validation": summary(LastBackupResultHR=0x807800C5)},
    ),
    Repair("no success", host("backup-U1", quick), RUNBOOK, before={"validation": OLD_SUCCESS}),
    Repair(
        "half way",
        host("backup-U6", quick, DISABLED_VSS),
        RUNBOOK,
        before={"step:2": service("VSS", ConfigProtected=True)},
    ),
    Repair(
        "set by hand",
        host("backup-U6", quick),
        RUNBOOK,
        before={"validation": sets_modes},
    ),
    Repair("healthy", host("healthy-2022-member"), RUNBOOK),
    Repair("running", host("healthy-2022-member", running), RUNBOOK),
    Repair("no policy", host("backup-U2", no_policy), RUNBOOK),
    Repair("no feature", host("backup-U4"), RUNBOOK),
]


def changed_outside_history(done) -> set[str]:
    return {path for path in done.changed_settings if not path.startswith("backup/")}


def test_a_disabled_service_is_enabled_and_a_new_copy_proves_it(repaired):
    done = repaired["disabled"]

    assert done.outcome == "success", done.reason
    assert {"backup_service_disabled", "backup_too_old"} <= done.codes_before
    assert not {"backup_service_disabled", "backup_too_old"} & done.codes_after
    assert changed_outside_history(done) - {"services/wbengine/ProcessId"} == MODE | {
        r"registry/HKLM\SYSTEM\CurrentControlSet\Services\wbengine/Start"
    }
    assert done.state_after["services"]["wbengine"]["StartMode"] == "Manual"
    assert done.state_after["backup"]["summary"]["NumberOfVersions"] == 102


def test_a_job_that_hangs_is_cancelled_before_the_next_one(repaired):
    done = repaired["hung"]

    assert done.outcome == "success", done.reason
    assert "job_hung" in done.codes_before - done.codes_after
    assert done.calls == ["Stop-WBJob", "Start-WBBackup"]


def test_after_a_failed_job_a_good_one_is_made(repaired):
    done = repaired["failed"]

    assert done.outcome == "success", done.reason
    assert "last_job_failed" in done.codes_before - done.codes_after
    assert changed_outside_history(done) == set()


def test_a_service_that_ended_with_an_error_shows_that_it_starts(repaired):
    done = repaired["ended badly"]

    assert done.outcome == "success", done.reason
    assert "backup_service_disabled" in done.codes_before - done.codes_after


def test_the_services_of_another_product_are_mended_without_a_job(repaired):
    done = repaired["other product"]

    assert done.outcome == "success", done.reason
    assert [ran.answer.note for step, ran in done.steps if step > 4] == ["no_policy", "no_job"]


def test_with_a_failed_writer_no_backup_is_started(repaired):
    done = repaired["writer"]

    assert (done.outcome, done.reason) == ("failure", "step 4")
    assert [ran.hresult for step, ran in done.steps if step == 4] == ["0x800423F4"]
    assert done.changed_settings == set()


def test_a_job_that_fails_is_no_success_and_the_start_mode_comes_back(repaired):
    done = repaired["unplugged"]

    assert (done.outcome, done.reason) == ("failure", "step 6")
    assert [ran.hresult for step, ran in done.steps if step == 6] == ["0x800701B1"]
    assert changed_outside_history(done) - {"services/wbengine/ProcessId"} == set()


def test_a_young_job_is_not_cancelled(repaired):
    done = repaired["young job"]

    assert done.outcome == "success", done.reason
    assert [ran.answer.note for step, ran in done.steps if step == 3] == ["job_is_young"]
    assert "Stop-WBJob" not in done.calls


def test_a_job_that_does_not_end_when_it_is_cancelled_is_a_failure(repaired):
    done = repaired["hangs on"]

    assert (done.outcome, done.reason) == ("failure", "step 3")
    assert done.steps[-1][1].hresult == "0x80131505"
    assert "Start-WBBackup" not in done.calls


def test_the_way_back_cancels_the_job_that_the_repair_began(repaired):
    done = repaired["lost sight"]

    assert (done.outcome, done.reason) == ("failure", "step 6")
    assert [ran.answer.note for _step, ran in done.rollback] == [
        "job_cancelled",
        "start_modes_restored",
    ]
    assert done.state_after["services"]["wbengine"]["StartMode"] == "Disabled"


def test_what_failed_half_way_is_taken_back(repaired):
    done = repaired["half way"]

    assert (done.outcome, done.reason) == ("failure", "step 2")
    assert done.changed_settings == {"services/VSS/ConfigProtected"}


def test_the_way_back_leaves_alone_what_somebody_else_has_set(repaired):
    services = repaired["set by hand"].state_after["services"]

    assert repaired["set by hand"].reason == "validation service_disabled"
    assert (services["wbengine"]["StartMode"], services["VSS"]["StartMode"]) == ("Auto", "Disabled")


@pytest.mark.parametrize(
    ("case", "hresult"), [("vanishes", "0x80131509"), ("fails plainly", "0x807800C5")]
)
def test_a_job_without_a_good_result_is_no_success(repaired, case, hresult):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("failure", "step 6")
    assert done.steps[-1][1].hresult == hresult


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("disabled later", "service_disabled"),
        ("job later", "job_running"),
        ("failed later", "job_failed"),
        ("no success", "no_new_success"),
    ],
)
def test_what_is_wrong_again_at_the_end_is_no_success(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("failure", f"validation {reason}")


def test_a_job_that_runs_already_is_waited_for_and_not_cancelled(repaired):
    done = repaired["controller died"]

    assert done.outcome == "success", done.reason
    assert [ran.answer.note for step, ran in done.steps if step == 5] == ["job_running"]
    assert done.calls == []


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("healthy", "already_good"),
        ("running", "job_running"),
        ("no policy", "not_configured"),
        ("no feature", "provider_missing"),
    ],
)
def test_it_refuses_and_changes_nothing(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("refused", reason)
    assert (done.calls, done.changed_settings) == ([], set())


def test_a_second_run_has_nothing_to_do(repaired):
    again = repaired["disabled"].again

    assert (again.outcome, again.reason) == ("refused", "already_good")
    assert again.changed_settings == set()
