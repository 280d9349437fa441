# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-PATCH-001: offered security updates are installed with one restart."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.runbooks import (
    load_runbooks,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.steps import StepAnswer
from integration.runbooks.cases import (
    broken,
    host,
    instances,
    pin_at_start,
    registry,
    service,
    sleep_advances,
)
from lab.repairing import Repair, Repaired
from lab.windows.states import State

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-PATCH-001")]
RUNBOOK = "RB-WIN-PATCH-001"
BACKED_UP = {"backup_verdict": "PASS"}
RULES = Path(__file__).parents[3] / "rules"
OVERDUE, FAILING = "patching-U1", "patching-U7"
FIRST, OTHER = "5f0f9d3e-0000-4000-8000-000000000001", "5f0f9d3e-0000-4000-8000-0000000000bb"
EXPLORER = instances("Win32_Process", {"Handle": "7", "Name": "explorer.exe", "SessionId": 2})
STOPPED = service("LanmanServer", State="Stopped")
REFUSED = 0x80070005
TIMED_OUT = 0x80072EE2  # the source of updates does not answer
CBS = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing"
WAITS = registry(
    r"SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired"
)
PENDING = registry(CBS + r"\RebootPending")
STACK = "5f0f9d3e-0000-4000-8000-0000000000cc"
DEFINITION = {
    "UpdateID": "5f0f9d3e-0000-4000-8000-0000000000aa",
    "Title": "Security Intelligence Update (KB2267602)",
    "KB": ["2267602"],
    "MsrcSeverity": "Important",
    "CategoryIDs": ["e0789628-ce08-4437-be74-2495b842f43b"],
}
OPTIONAL = {
    "UpdateID": "5f0f9d3e-0000-4000-8000-0000000000dd",
    "Title": "Cumulative Update Preview",
    "BrowseOnly": True,
}
UNRATED = {
    "UpdateID": "5f0f9d3e-0000-4000-8000-0000000000ee",
    "Title": "Feature Pack",
    "MsrcSeverity": "",
    "CategoryIDs": ["b54e7d24-7add-428f-8b75-90a396fa584f"],
}
SOURCE_MISSING = -0x7FF0F7E1  # 0x800F081F: files of the component store are missing


def updates(state: State) -> list[State]:
    found: list[State] = state["com"]["wua"]["search"]["Updates"]
    return found


def with_others(state: State) -> None:
    """Offer definitions, an optional and an unrated update as well."""
    offered = {key: value for key, value in updates(state)[0].items() if key != "lcu"}
    updates(state).extend((offered | DEFINITION, offered | OPTIONAL, offered | UNRATED))


def store_is_broken(state: State) -> None:
    for record in state["eventlogs"]["System"]["records"]:
        if record["Id"] == 20:
            record["Data"][0] = SOURCE_MISSING


def second(**values: Any) -> Callable[[State], None]:
    """Return an edit that offers one more update, with these keys."""

    def edit(state: State) -> None:
        other = updates(state)[0] | {"UpdateID": OTHER} | values
        updates(state).append({key: value for key, value in other.items() if key != "lcu"})

    return edit


def first(**values: Any) -> Callable[[State], None]:
    """Return an edit of the update that is offered."""
    return lambda state: updates(state)[0].update(values)


def servicing_stack(state: State) -> None:
    """Offer a servicing stack with an open licence, and the other update only after it."""
    stack = updates(state)[0] | {"UpdateID": STACK, "RebootBehavior": 0, "EulaAccepted": False}
    updates(state)[0]["requires"] = STACK
    updates(state).append({key: value for key, value in stack.items() if key != "lcu"})


def without_restart(state: State) -> None:
    """Offer the update of a program, which needs no restart, to a host that is up to date."""
    offered = updates(host(OVERDUE))[0]
    update = {key: value for key, value in offered.items() if key != "lcu"}
    state["com"]["wua"]["search"]["Updates"] = [update | {"RebootBehavior": 0}]


def clock_was_set(state: State) -> None:
    """Have the start look older than it is, as when the clock is set back after it."""
    state["reboot"]["last_boot_utc"] = "2025-10-19T03:00:00Z"


def full_disk(state: State) -> None:
    state["volumes"][0]["FreeSpace"] = 3 * 2**30


REPAIRS = [
    Repair(
        "repairs",
        host(OVERDUE, sleep_advances, with_others),
        RUNBOOK,
        BACKED_UP,
        twice=True,
    ),
    Repair("failing", host(FAILING, sleep_advances, store_is_broken), RUNBOOK, BACKED_UP),
    Repair(
        "store cannot be mended",
        host(FAILING, store_is_broken, broken("native:dism.exe", "error", exit_code=14)),
        RUNBOOK,
        BACKED_UP,
    ),
    Repair(
        "fails", host(OVERDUE, sleep_advances, first(install_error=REFUSED)), RUNBOOK, BACKED_UP
    ),
    Repair(
        "second fails",
        host(OVERDUE, sleep_advances, second(install_error=REFUSED)),
        RUNBOOK,
        BACKED_UP,
    ),
    Repair(
        "no restart needed",
        host("healthy-2022-member", sleep_advances, without_restart),
        RUNBOOK,
        BACKED_UP,
    ),
    Repair("stack first", host(OVERDUE, sleep_advances, servicing_stack), RUNBOOK, BACKED_UP),
    Repair("no download", host(OVERDUE, first(download_error=TIMED_OUT)), RUNBOOK, BACKED_UP),
    Repair(
        "second is not downloaded",
        host(OVERDUE, sleep_advances, second(download_error=TIMED_OUT)),
        RUNBOOK,
        BACKED_UP,
    ),
    Repair(
        "restart came first",
        host(OVERDUE, sleep_advances),
        RUNBOOK,
        BACKED_UP,
        before={"step:4": WAITS},
    ),
    Repair("withdrawn", host(OVERDUE), RUNBOOK, BACKED_UP, before={"step:4": first(IsHidden=True)}),
    Repair(
        "stays pending",
        host(OVERDUE, sleep_advances),
        RUNBOOK,
        BACKED_UP,
        before={"validation": PENDING},
    ),
    Repair(
        "clock was set",
        host(OVERDUE, sleep_advances),
        RUNBOOK,
        BACKED_UP,
        before={"validation": clock_was_set},
    ),
    Repair(
        "service", host(OVERDUE, sleep_advances), RUNBOOK, BACKED_UP, before={"validation": STOPPED}
    ),
    Repair("late user", host(OVERDUE), RUNBOOK, BACKED_UP, before={"step:4": EXPLORER}),
    Repair("nothing offered", host("patching-U2"), RUNBOOK, BACKED_UP),
    Repair("pending", host("patching-U3"), RUNBOOK, BACKED_UP),
    Repair("disabled", host(OVERDUE, service("BITS", StartMode="Disabled")), RUNBOOK, BACKED_UP),
    Repair("full", host(OVERDUE, full_disk), RUNBOOK, BACKED_UP),
    Repair("user", host(OVERDUE, EXPLORER), RUNBOOK, BACKED_UP),
    Repair("pin", host(OVERDUE, pin_at_start), RUNBOOK, BACKED_UP),
]


def answer_of(done: Repaired, step_id: int) -> StepAnswer:
    """Return the last answer of that step."""
    answer = [ran.answer for step, ran in done.steps if step == step_id][-1]
    assert isinstance(answer, StepAnswer)
    return answer


def test_overdue_updates_are_installed_with_one_restart_and_the_check_proves_it(repaired):
    done = repaired["repairs"]

    assert done.outcome == "success", done.reason
    assert "critical_update_overdue" in done.codes_before - done.codes_after
    assert done.calls.count("shutdown") == 1
    assert done.state_after["os"]["ubr"] == 4294
    assert "dism" not in done.calls


@pytest.mark.parametrize("other", [DEFINITION, OPTIONAL, UNRATED], ids=lambda item: item["Title"])
def test_definitions_and_what_is_no_security_update_are_left_alone(repaired, other):
    after = {item["UpdateID"]: item for item in updates(repaired["repairs"].state_after)}

    left = after[other["UpdateID"]]
    assert left["IsDownloaded"] is False
    assert left.get("IsInstalled", False) is False


def test_a_broken_component_store_is_mended_before_the_next_try(repaired):
    done = repaired["failing"]

    assert done.outcome == "success", done.reason
    assert "install_failing" in done.codes_before - done.codes_after
    assert done.calls.index("dism") < done.calls.index("IUpdateInstaller.Install")


def test_where_nothing_could_be_installed_nothing_restarts(repaired):
    done = repaired["fails"]

    assert (done.outcome, done.reason) == ("failure", "step 4")
    assert [ran.hresult for step, ran in done.steps if step == 4] == ["0x80070005"]
    assert "shutdown" not in done.calls
    # The download stays for the next try.
    assert done.changed_settings == {"com/wua/search/Updates"}


@pytest.mark.parametrize(
    ("case", "code"), [("second fails", "0x80070005"), ("second is not downloaded", "0x80240034")]
)
def test_one_failed_update_is_no_success_and_the_others_are_finished(repaired, case, code):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("failure", "validation updates_missing")
    answer = answer_of(done, 4)
    assert answer.note == "some_failed"
    assert answer.saved["installed"] == [FIRST]
    assert answer.saved["failed"] == [{"update_id": OTHER, "hresult": code}]
    assert done.validation.answer.observed["missing"] == [OTHER]
    assert done.state_after["os"]["ubr"] == 4294
    assert done.calls.count("shutdown") == 1


def test_an_update_that_needs_no_restart_is_finished_by_one_as_well(repaired):
    done = repaired["no restart needed"]

    assert done.outcome == "success", done.reason
    assert "critical_update_overdue" in done.codes_before - done.codes_after
    assert answer_of(done, 4).saved["reboot"] == []
    assert done.calls.count("shutdown") == 1
    assert [item["IsInstalled"] for item in updates(done.state_after)] == [True]


def test_what_a_servicing_stack_offers_is_installed_with_the_same_restart(repaired):
    done = repaired["stack first"]

    assert done.outcome == "success", done.reason
    # Which it may not before its licence is accepted.
    assert done.calls[0] == "IUpdate.AcceptEula"
    assert answer_of(done, 4).saved["installed"] == [STACK, FIRST]
    assert done.calls.count("shutdown") == 1
    assert done.state_after["os"]["ubr"] == 4294


def test_a_failed_download_tells_why_and_nothing_is_installed(repaired):
    done = repaired["no download"]

    assert (done.outcome, done.reason) == ("failure", "step 3")
    # The agent says of the whole only that all failed, 0x80240022.
    assert [ran.hresult for step, ran in done.steps if step == 3] == ["0x80072EE2"] * 2
    assert set(done.calls) == {"IUpdateDownloader.Download"}
    assert done.changed_settings == set()


def test_a_store_that_cannot_be_mended_ends_it_before_anything_is_fetched(repaired):
    done = repaired["store cannot be mended"]

    assert (done.outcome, done.reason) == ("failure", "step 2")
    assert [ran.hresult for step, ran in done.steps if step == 2] == ["0x0000000E"]
    assert not {"IUpdateDownloader.Download", "IUpdateInstaller.Install"} & set(done.calls)
    assert done.changed_settings == set()


def test_where_a_restart_has_to_come_first_nothing_is_said_to_be_installed(repaired):
    done = repaired["restart came first"]

    assert (done.outcome, done.reason) == ("failure", "validation updates_missing")
    answer = answer_of(done, 4)
    assert (answer.note, answer.saved["installed"]) == ("restart_awaited", [])
    assert "IUpdateInstaller.Install" not in done.calls
    assert done.calls.count("shutdown") == 1


def test_what_is_offered_no_more_is_not_installed_and_nothing_restarts(repaired):
    done = repaired["withdrawn"]

    assert (done.outcome, done.reason) == ("failure", "step 4")
    assert not {"shutdown", "IUpdateInstaller.Install"} & set(done.calls)


@pytest.mark.parametrize(
    ("case", "reason"), [("stays pending", "still_pending"), ("clock was set", "no_restart")]
)
def test_without_a_proven_restart_that_finished_them_it_is_no_success(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("failure", f"validation {reason}")
    assert done.calls.count("shutdown") == 1


def test_a_service_that_does_not_come_back_is_no_success(repaired):
    done = repaired["service"]

    assert (done.outcome, done.reason) == ("failure", "validation service_stopped")


def test_a_user_who_came_meanwhile_is_not_thrown_out(repaired):
    done = repaired["late user"]

    assert (done.outcome, done.reason) == ("failure", "step 4")
    assert not {"shutdown", "IUpdateInstaller.Install"} & set(done.calls)


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("nothing offered", "nothing_offered"),
        ("pending", "pending_reboot"),
        ("disabled", "service_disabled"),
        ("full", "low_disk_space"),
        ("user", "user_logged_on"),
        ("pin", "pin_at_start"),
    ],
)
def test_it_refuses_and_changes_nothing(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("refused", reason)
    assert (done.calls, done.changed_settings) == ([], set())


def test_a_second_run_has_nothing_to_do(repaired):
    again = repaired["repairs"].again

    assert (again.outcome, again.reason) == ("refused", "nothing_offered")
    assert again.changed_settings == set()


def test_it_installs_the_categories_that_the_check_judges():
    policy = yaml.safe_load((RULES / "policy" / "patching.yml").read_text("utf-8"))

    parameters = load_runbooks(RULES)[RUNBOOK].parameters

    assert parameters["category_ids"].default == policy["security_category_ids"]
    assert set(parameters["except_category_ids"].default) <= set(policy["definition_category_ids"])
