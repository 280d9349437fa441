# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-PATCH-001: offered security updates are installed with one restart."""

from pathlib import Path

import pytest
import yaml

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.runbooks import (
    load_runbooks,
)
from integration.runbooks.cases import host, instances, pin_at_start, service, sleep_advances
from lab.repairing import Repair
from lab.windows.states import State

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-PATCH-001")]
RUNBOOK = "RB-WIN-PATCH-001"
BACKED_UP = {"backup_verdict": "PASS"}
RULES = Path(__file__).parents[3] / "rules"
OVERDUE, FAILING = "patching-U1", "patching-U7"
EXPLORER = instances("Win32_Process", {"Handle": "7", "Name": "explorer.exe", "SessionId": 2})
STOPPED = service("LanmanServer", State="Stopped")
REFUSED = 0x80070005
DEFINITION = {
    "UpdateID": "5f0f9d3e-0000-4000-8000-0000000000aa",
    "Title": "Security Intelligence Update (KB2267602)",
    "KB": ["2267602"],
    "MsrcSeverity": "Important",
    "CategoryIDs": ["e0789628-ce08-4437-be74-2495b842f43b"],
}
SOURCE_MISSING = -0x7FF0F7E1  # 0x800F081F: files of the component store are missing


def updates(state: State) -> list[State]:
    found: list[State] = state["com"]["wua"]["search"]["Updates"]
    return found


def with_definition(state: State) -> None:
    found = updates(state)
    found.append({key: value for key, value in (found[0] | DEFINITION).items() if key != "lcu"})


def store_is_broken(state: State) -> None:
    for record in state["eventlogs"]["System"]["records"]:
        if record["Id"] == 20:
            record["Data"][0] = SOURCE_MISSING


def second_fails(state: State) -> None:
    other = updates(state)[0] | {
        "UpdateID": "5f0f9d3e-0000-4000-8000-0000000000bb",
        "install_error": REFUSED,
    }
    updates(state).append({key: value for key, value in other.items() if key != "lcu"})


def fails(state: State) -> None:
    updates(state)[0]["install_error"] = REFUSED


def full_disk(state: State) -> None:
    state["volumes"][0]["FreeSpace"] = 3 * 2**30


REPAIRS = [
    Repair(
        "repairs",
        host(OVERDUE, sleep_advances, with_definition),
        RUNBOOK,
        BACKED_UP,
        twice=True,
    ),
    Repair("failing", host(FAILING, sleep_advances, store_is_broken), RUNBOOK, BACKED_UP),
    Repair("fails", host(OVERDUE, sleep_advances, fails), RUNBOOK, BACKED_UP),
    Repair("second fails", host(OVERDUE, sleep_advances, second_fails), RUNBOOK, BACKED_UP),
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


def test_overdue_updates_are_installed_with_one_restart_and_the_check_proves_it(repaired):
    done = repaired["repairs"]

    assert done.outcome == "success", done.reason
    assert "critical_update_overdue" in done.codes_before - done.codes_after
    assert done.calls.count("shutdown") == 1
    assert done.state_after["os"]["ubr"] == 4294
    assert "dism" not in done.calls


def test_definitions_are_left_to_defender(repaired):
    after = {item["UpdateID"]: item for item in updates(repaired["repairs"].state_after)}

    assert not after[DEFINITION["UpdateID"]].get("IsInstalled")


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


def test_one_failed_update_is_no_success_and_the_others_are_finished(repaired):
    done = repaired["second fails"]

    assert (done.outcome, done.reason) == ("failure", "validation updates_missing")
    assert done.state_after["os"]["ubr"] == 4294


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
