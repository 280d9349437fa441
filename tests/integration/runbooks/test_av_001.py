# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-AV-001: Defender fetches definitions where it is the engine and they are old."""

import pytest

from integration.runbooks.cases import broken, host, service, sleep_advances
from lab.repairing import Repair
from lab.windows.states import State

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-AV-001")]
RUNBOOK = "RB-WIN-AV-001"
STATUS = "defender/status/"
# What an update writes; the other names are counters that Defender derives from them.
DEFINITIONS = {
    STATUS + "AntivirusSignatureLastUpdated",
    STATUS + "AntivirusSignatureVersion",
    STATUS + "DefenderSignaturesOutOfDate",
    STATUS + "ProductStatus",
}
OFFLINE = 0x8024402C  # the name of the update source is not resolved
CALL_FAILED = 0x800706BE


def old_engine(state: State) -> None:
    state["defender"]["status"]["AMEngineVersion"] = "1.1.25050.3000"
    state["defender"]["next_engine_version"] = "1.1.25100.9001"


def engine_of_may(state: State) -> None:
    """Leave an engine of 156 days, for which no newer one comes."""
    state["defender"]["status"]["AMEngineVersion"] = "1.1.25050.3000"


def no_source(state: State) -> None:
    state["defender"]["update_error"] = OFFLINE


def passive(state: State) -> None:
    state["defender"]["status"]["AMRunningMode"] = "Passive Mode"


def never_scanned(state: State) -> None:
    for scan in ("QuickScan", "FullScan"):
        state["defender"]["status"].update({f"{scan}StartTime": None, f"{scan}EndTime": None})


def old_again(state: State) -> None:
    state["defender"]["status"]["AntivirusSignatureLastUpdated"] = "2025-10-20T00:00:00Z"


def counter_stands(state: State) -> None:
    old_again(state)
    state["defender"]["status"]["AntivirusSignatureAge"] = 0


def same_again(state: State) -> None:
    defender = state["defender"]
    defender["next_signature_version"] = defender["status"]["AntivirusSignatureVersion"]
    defender["status"]["AMEngineVersion"] = "1.1.1.0"  # names no month


PROVIDER_FAILS = broken("cmdlet:Update-MpSignature", "error", hresult=CALL_FAILED)
REPAIRS = [
    Repair("repairs", host("av_edr-U1"), RUNBOOK, twice=True),
    Repair("engine", host("healthy-2022-member", old_engine), RUNBOOK),
    Repair(
        "a year is young here",
        host("av_edr-U1", engine_of_may),
        RUNBOOK,
        site={"av_edr": {"engine_age_max_days": 365}},
    ),
    Repair("2016", host("healthy-2016-member", old_again), RUNBOOK),
    Repair("new windows", host("av_edr-U1", never_scanned), RUNBOOK),
    Repair("by tool", host("av_edr-U1", sleep_advances, PROVIDER_FAILS), RUNBOOK),
    Repair("counter stands", host("healthy-2022-member", counter_stands), RUNBOOK),
    Repair("same again", host("av_edr-U1", same_again), RUNBOOK),
    Repair("not loaded", host("av_edr-U1", sleep_advances), RUNBOOK, before={"step:3": old_again}),
    Repair("passive later", host("av_edr-U1"), RUNBOOK, before={"validation": passive}),
    Repair("engine later", host("av_edr-U1"), RUNBOOK, before={"validation": old_engine}),
    Repair("no source", host("av_edr-U1", no_source), RUNBOOK),
    Repair("healthy", host("healthy-2022-member"), RUNBOOK),
    Repair("passive", host("av_edr-U1", passive), RUNBOOK),
    Repair("stopped", host("av_edr-U1", service("WinDefend", State="Stopped")), RUNBOOK),
    Repair("removed", host("av_edr-U4"), RUNBOOK),
    Repair("relapses", host("av_edr-U1"), RUNBOOK, before={"validation": old_again}),
    Repair("unread", host("av_edr-U1", broken("cim:root/Microsoft/Windows/Defender")), RUNBOOK),
]


def test_old_definitions_are_replaced_and_the_check_proves_it(repaired):
    done = repaired["repairs"]

    assert done.outcome == "success", done.reason
    assert "signatures_old" in done.codes_before
    assert "signatures_old" not in done.codes_after
    assert done.changed_settings == DEFINITIONS


def test_an_old_engine_comes_with_the_definitions(repaired):
    done = repaired["engine"]

    assert done.outcome == "success", done.reason
    assert "engine_old" in done.codes_before
    assert STATUS + "AMEngineVersion" in done.changed_settings


def test_an_engine_is_as_old_as_the_policy_of_the_site_says(repaired):
    done = repaired["a year is young here"]

    assert done.outcome == "success", done.reason
    assert "engine_old" not in done.codes_after


def test_it_works_on_the_oldest_server(repaired):
    assert repaired["2016"].outcome == "success", repaired["2016"].reason


def test_a_windows_that_was_never_scanned_gets_definitions(repaired):
    done = repaired["new windows"]

    assert done.outcome == "success", done.reason
    assert done.changed_settings == DEFINITIONS


def test_the_tool_steps_in_where_the_provider_fails(repaired):
    done = repaired["by tool"]

    assert done.outcome == "success", done.reason
    assert [ran.failure for step, ran in done.steps if step == 1] == ["script_error"] * 3
    assert {ran.hresult for step, ran in done.steps if step == 1} == {"0x800706BE"}
    assert [ran.answer.note for step, ran in done.steps if step == 2] == ["definitions_fetched"]


def test_without_a_source_it_fails_and_leaves_the_host_as_it_was(repaired):
    done = repaired["no source"]

    assert (done.outcome, done.reason) == ("failure", "step 2")
    assert done.changed_settings == set()
    assert done.rollback == []


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("healthy", "already_good"),
        ("passive", "not_active_engine"),
        ("stopped", "not_active_engine"),
        ("removed", "not_active_engine"),
        ("unread", "unread"),
    ],
)
def test_it_refuses_and_changes_nothing(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("refused", reason)
    assert (done.calls, done.changed_settings) == ([], set())


def test_the_clock_counts_where_the_counter_of_days_stands_still(repaired):
    done = repaired["counter stands"]

    assert done.outcome == "success", done.reason
    assert done.precondition.answer.observed["signature_age_days"] == 15


def test_where_nothing_newer_came_the_step_has_changed_nothing(repaired):
    note = repaired["same again"].steps[0][1].answer

    assert (note.changed, note.note) == (False, "nothing_newer_seen")


def test_definitions_that_are_never_loaded_are_no_success(repaired):
    done = repaired["not loaded"]

    assert (done.outcome, done.reason) == ("failure", "step 3")
    assert done.steps[-1][1].hresult == "0x80131505"


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("relapses", "definitions_are_old"),
        ("passive later", "not_active_engine"),
        ("engine later", "engine_is_old"),
    ],
)
def test_what_is_old_or_off_again_at_the_end_is_no_success(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("failure", f"validation {reason}")


def test_a_second_run_has_nothing_to_do(repaired):
    again = repaired["repairs"].again

    assert (again.outcome, again.reason) == ("refused", "already_good")
    assert again.changed_settings == set()
