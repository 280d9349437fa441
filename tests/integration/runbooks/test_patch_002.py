# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-PATCH-002: the client of Windows Update searches again."""

from collections.abc import Callable
from typing import Any

import pytest

from integration.runbooks.cases import host, service
from lab.repairing import Repair
from lab.windows.states import State

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-PATCH-002")]
RUNBOOK = "RB-WIN-PATCH-002"
MEMBER = "healthy-2022-member"
DATABASE = r"C:\Windows\SoftwareDistribution\DataStore\DataStore.edb"
FILES = {DATABASE: "broken"}
NO_DATA = -0x7FDB7FF9  # 0x80248007: the database of the agent lacks what it should hold
NO_NAME = -0x7FDBBFD4  # 0x8024402C: the name of the update source is not resolved


def search_error(number: int, **options: Any) -> Callable[[State], None]:
    def edit(state: State) -> None:
        state["com"]["wua"]["search"]["error"] = {"type": "com", "hresult": number, **options}

    return edit


def source_is_back(state: State) -> None:
    state["com"]["wua"]["search"].pop("error")


def noted_nothing(state: State) -> None:
    """Have automatic updates note no search of their own."""
    state["com"]["wua"]["AutoUpdate"]["LastSearchSuccessDate"] = "2025-10-20T04:11:00Z"


def bits_needs_a_second_try(state: State) -> None:
    """Have BITS start only when an earlier try has stopped it."""
    bits = state["services"]["BITS"]
    bits["start_error"] = 1053 if bits["State"] == "Running" else None


RUN = (service("wuauserv", State="Running"), service("BITS", State="Running"))
OLD_ASIDE = DATABASE.replace("Distribution\\", "Distribution.hipaa-unused-20250101000000\\")
BROKEN_DATABASE = search_error(NO_DATA, in_datastore=True)
REPAIRS = [
    Repair("database", host(MEMBER, BROKEN_DATABASE), RUNBOOK, files=FILES, twice=True),
    Repair(
        "source is back",
        host("patching-U4", service("wuauserv", State="Running")),
        RUNBOOK,
        files=FILES,
        before={"step:3": source_is_back},
    ),
    Repair("no network", host("patching-U4"), RUNBOOK, files=FILES),
    Repair("stays broken", host(MEMBER, search_error(NO_DATA)), RUNBOOK, files=FILES),
    Repair(
        "were running",
        host(MEMBER, search_error(NO_DATA), *RUN, service("VendorAgent", DependsOn=["BITS"])),
        RUNBOOK,
        files=FILES,
    ),
    Repair("run again", host(MEMBER, BROKEN_DATABASE, *RUN), RUNBOOK, files=FILES),
    Repair(
        "second try",
        host("patching-U4", *RUN),
        RUNBOOK,
        files=FILES,
        before={"step:2": bits_needs_a_second_try, "step:3": source_is_back},
    ),
    Repair(
        "put back a year ago",
        host(MEMBER, BROKEN_DATABASE),
        RUNBOOK,
        files={**FILES, OLD_ASIDE: "unused"},
    ),
    Repair("2025", host("healthy-2025-member", BROKEN_DATABASE), RUNBOOK, files=FILES),
    Repair(
        "not by itself",
        host("patching-U4"),
        RUNBOOK,
        before={"step:3": source_is_back, "validation": noted_nothing},
    ),
    Repair("healthy", host(MEMBER), RUNBOOK),
    Repair("disabled", host("patching-U6"), RUNBOOK),
    Repair("missing", host(MEMBER, lambda state: state["services"].pop("BITS")), RUNBOOK),
    Repair("pending", host("patching-U3"), RUNBOOK),
]


def aside(done) -> list[str]:
    windows = done.drive / "Windows"
    return sorted(
        path.name.split("-")[0] + ("-unused" if "unused" in path.name else "")
        for path in windows.glob("SoftwareDistribution*")
    )


def test_a_broken_database_is_set_aside_and_the_check_proves_it(repaired):
    done = repaired["database"]

    assert done.outcome == "success", done.reason
    assert "search_failed" in done.codes_before - done.codes_after
    assert done.changed_settings <= {"com/wua/AutoUpdate/LastSearchSuccessDate"}
    assert "SoftwareDistribution.hipaa" in aside(done)


def test_where_a_restart_helps_the_database_stays(repaired):
    done = repaired["source is back"]

    assert done.outcome == "success", done.reason
    assert "scan_too_old" in done.codes_before - done.codes_after
    assert [ran.answer.note for step, ran in done.steps if step > 3] == ["not_needed", "not_needed"]
    assert aside(done) == ["SoftwareDistribution"]


def test_no_database_is_set_aside_for_an_error_of_the_network(repaired):
    done = repaired["no network"]

    assert (done.outcome, done.reason) == ("failure", "step 4")
    assert [ran.hresult for step, ran in done.steps if step == 4] == ["0x8024402C"]
    assert done.changed_settings == set()
    assert aside(done) == ["SoftwareDistribution"]


def test_a_database_that_was_not_to_blame_is_put_back(repaired):
    done = repaired["stays broken"]

    assert (done.outcome, done.reason) == ("failure", "step 5")
    assert [ran.answer.note for _step, ran in done.rollback] == ["put_back"]
    assert done.changed_settings == set()
    assert (done.drive / "Windows/SoftwareDistribution/DataStore/DataStore.edb").read_text() == (
        "broken"
    )


@pytest.mark.parametrize("case", ["were running", "run again", "second try"])
def test_services_that_ran_run_again_however_it_ends(repaired, case):
    done = repaired[case]

    states = {name: done.state_after["services"][name]["State"] for name in ("wuauserv", "BITS")}
    assert states == {"wuauserv": "Running", "BITS": "Running"}


def test_what_leans_on_them_runs_again(repaired):
    services = repaired["were running"].state_after["services"]

    assert services["VendorAgent"]["State"] == "Running"


def test_what_an_old_repair_put_back_does_not_forbid_a_new_one(repaired):
    done = repaired["put back a year ago"]

    assert done.outcome == "success", done.reason
    assert [ran.answer.note for step, ran in done.steps if step == 4] == ["set_aside"]


def test_a_search_of_ours_is_no_success_where_automatic_updates_search_no_more(repaired):
    done = repaired["not by itself"]

    assert (done.outcome, done.reason) == ("failure", "validation search_is_old")
    assert done.validation.answer.observed["search"]["succeeded"] is True


def test_after_a_crash_of_the_controller_one_more_search_decides(repaired):
    assert repaired["database"].aside.validation.answer.reason == "search_fails"


def test_it_searches_as_the_system_where_a_session_from_afar_may_not(repaired):
    assert repaired["2025"].outcome == "success", repaired["2025"].reason


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("healthy", "already_good"),
        ("disabled", "service_disabled"),
        ("missing", "service_missing"),
        ("pending", "pending_reboot"),
    ],
)
def test_it_refuses_and_changes_nothing(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("refused", reason)
    assert (done.calls, done.changed_settings) == ([], set())


def test_a_second_run_has_nothing_to_do(repaired):
    again = repaired["database"].again

    assert (again.outcome, again.reason) == ("refused", "already_good")
    assert again.changed_settings == set()
