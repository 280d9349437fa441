# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-LOG-003: the event log service runs, starts by itself, and is never stopped."""

import pytest

from integration.runbooks.cases import host, service
from lab.repairing import Repair
from lab.windows.states import State

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-LOG-003")]
RUNBOOK = "RB-WIN-LOG-003"
MEMBER = "healthy-2022-member"
STATE, MODE = "services/EventLog/State", "services/EventLog/StartMode"
START = r"registry/HKLM\SYSTEM\CurrentControlSet\Services\EventLog/Start"
STOPPED = service("EventLog", State="Stopped", StartMode="Disabled", ProcessId=0)
CANNOT_START = service("EventLog", start_error=1067)


def old_records(state: State) -> None:
    """Let nothing be recorded since yesterday, although the service runs."""
    for log in ("System", "Security"):
        kept = state["eventlogs"][log]
        kept["synthetic"][0]["to"] = "2025-11-03T09:00:00Z"
        kept["records"] = [item for item in kept["records"] if item["Id"] != 6005]


def silent_since_its_start(state: State) -> None:
    """Let the newest record be of ten minutes before the repair."""
    old_records(state)
    for log in ("System", "Security"):
        state["eventlogs"][log]["synthetic"][0]["to"] = "2025-11-04T08:50:00Z"


REPAIRS = [
    Repair("down", host("logging-U3"), RUNBOOK, twice=True),
    Repair("manual", host("healthy-2016-dc", service("EventLog", StartMode="Manual")), RUNBOOK),
    Repair(
        "with a dependent",
        host(MEMBER, STOPPED, service("Wecsvc", State="Stopped", StartMode="Auto")),
        RUNBOOK,
    ),
    Repair(
        "dependent fails",
        host(
            MEMBER, STOPPED, service("Wecsvc", State="Stopped", StartMode="Auto", start_error=1067)
        ),
        RUNBOOK,
    ),
    Repair("healthy", host(MEMBER), RUNBOOK),
    Repair("pending", host(MEMBER, service("EventLog", State="Start Pending")), RUNBOOK),
    Repair("missing", host(MEMBER, lambda state: state["services"].pop("EventLog")), RUNBOOK),
    Repair("cannot start", host("logging-U3", CANNOT_START), RUNBOOK),
    Repair(
        "stops again",
        host("logging-U3"),
        RUNBOOK,
        before={"validation": service("EventLog", State="Stopped", ProcessId=0)},
    ),
    Repair("records nothing", host(MEMBER, STOPPED), RUNBOOK, before={"validation": old_records}),
    Repair(
        "silent",
        host(MEMBER, STOPPED),
        RUNBOOK,
        before={"validation": silent_since_its_start},
    ),
]


def test_the_service_runs_and_starts_by_itself(repaired):
    done = repaired["down"]

    assert done.outcome == "success", done.reason
    assert "eventlog_service_down" in done.codes_before
    assert not done.codes_after & {"eventlog_service_down", "eventlog_start_mode"}
    assert done.changed_settings >= {STATE, MODE}
    assert done.state_after["services"]["EventLog"]["State"] == "Running"


def test_a_service_that_would_not_start_by_itself_is_not_restarted(repaired):
    done = repaired["manual"]

    assert done.outcome == "success", done.reason
    assert done.calls == ["Set-Service"]
    assert "eventlog_start_mode" not in done.codes_after


def test_what_stopped_with_it_is_started(repaired):
    done = repaired["with a dependent"]

    assert done.outcome == "success", done.reason
    assert done.state_after["services"]["Wecsvc"]["State"] == "Running"


def test_a_dependent_that_fails_is_told_and_undoes_nothing(repaired):
    done = repaired["dependent fails"]

    assert done.outcome == "success", done.reason
    assert done.steps[-1][1].answer.note == "dependents_failed"
    assert done.steps[-1][1].answer.saved["failed"] == ["Wecsvc"]


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("healthy", "already_good"),
        ("pending", "service_pending"),
        ("missing", "service_missing"),
    ],
)
def test_it_refuses_and_changes_nothing(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("refused", reason)
    assert done.changed_settings == set()
    assert done.calls == []


@pytest.mark.parametrize("case", ["cannot start", "stops again"])
def test_a_service_that_does_not_stay_up_gets_its_start_mode_back(repaired, case):
    done = repaired[case]

    assert done.outcome == "failure"
    assert [ran.answer.note for _step, ran in done.rollback] == ["start_mode_restored"]
    assert done.changed_settings == set()


@pytest.mark.parametrize("case", ["records nothing", "silent"])
def test_a_service_that_runs_is_never_stopped(repaired, case):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("failure", "validation no_new_record")
    assert [ran.answer.note for _step, ran in done.rollback] == ["service_kept"]
    assert done.state_after["services"]["EventLog"]["State"] == "Running"
    assert "Stop-Service" not in done.calls


def test_a_second_run_has_nothing_to_do(repaired):
    again = repaired["down"].again

    assert (again.outcome, again.reason) == ("refused", "already_good")
    assert again.changed_settings == set()
