# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-BACKUP-003: the stopped agent of a backup product is started."""

from pathlib import Path

import pytest
import yaml

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import ParameterInvalid
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.runbooks import (
    load_runbooks,
)
from integration.runbooks.cases import host, service, sleep_advances
from lab.repairing import Repair

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-BACKUP-003")]
RUNBOOK = "RB-WIN-BACKUP-003"
RULES = Path(__file__).parents[3] / "rules"
VEEAM = "VeeamEndpointBackupSvc"
PATH = f"services/{VEEAM}/"
# A client keeps its copies with Veeam, and its log is full of successes.
CLIENT = "healthy-win11-member"
STOPPED = service(VEEAM, State="Stopped", ExitCode=0, ProcessId=0)
DISABLED = service(VEEAM, StartMode="Disabled")
BROKEN = service(VEEAM, start_error=1067)
BY_HAND = service("MMS", StartMode="Manual")
REFUSES = service("MMS", State="Stopped", StartMode="Disabled", ConfigProtected=True)
GONE_AGAIN = service(VEEAM, State="Stopped", ProcessId=0)
REPAIRS = [
    Repair("repairs", host(CLIENT, sleep_advances, STOPPED), RUNBOOK),
    Repair("disabled", host(CLIENT, sleep_advances, STOPPED, DISABLED), RUNBOOK, twice=True),
    Repair("no start", host(CLIENT, sleep_advances, STOPPED, DISABLED, BROKEN), RUNBOOK),
    Repair(
        "dies",
        host(CLIENT, sleep_advances, STOPPED, DISABLED),
        RUNBOOK,
        before={"validation": GONE_AGAIN},
    ),
    Repair(
        "one by hand",
        host(CLIENT, sleep_advances, STOPPED, BROKEN, service("MMS", State="Stopped"), BY_HAND),
        RUNBOOK,
        parameters={"services": ["MMS", VEEAM]},
    ),
    Repair(
        "comes up",
        host(CLIENT, sleep_advances, STOPPED),
        RUNBOOK,
        before={"step:3": service(VEEAM, State="Running")},
    ),
    Repair(
        "dies at once",
        host(CLIENT, sleep_advances, STOPPED),
        RUNBOOK,
        before={"step:4": GONE_AGAIN},
    ),
    Repair(
        "half way",
        host(CLIENT, STOPPED, DISABLED, REFUSES),
        RUNBOOK,
        parameters={"services": [VEEAM, "MMS"]},
    ),
    Repair("running", host(CLIENT), RUNBOOK, parameters={"services": [VEEAM]}),
    Repair(
        "by hand",
        host(CLIENT, STOPPED, service(VEEAM, StartMode="Manual")),
        RUNBOOK,
        parameters={"services": [VEEAM]},
    ),
    Repair("missing", host(CLIENT, STOPPED), RUNBOOK, parameters={"services": [VEEAM, "MMS"]}),
]


def test_a_stopped_agent_is_started_and_the_check_proves_it(repaired):
    done = repaired["repairs"]

    assert done.outcome == "success", done.reason
    assert "backup_agent_stopped" in done.codes_before
    assert "backup_agent_stopped" not in done.codes_after
    assert done.changed_settings == {PATH + "State", PATH + "ProcessId"}


def test_a_disabled_agent_starts_by_itself_from_now_on(repaired):
    done = repaired["disabled"]

    assert done.outcome == "success", done.reason
    assert done.changed_settings == {
        PATH + "State",
        PATH + "ProcessId",
        PATH + "StartMode",
        f"registry/HKLM\\SYSTEM\\CurrentControlSet\\Services\\{VEEAM}/Start",
    }
    assert done.state_after["services"][VEEAM]["StartMode"] == "Auto"


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("half way", "step 2"),
        ("no start", "step 3"),
        ("dies", "validation service_stopped"),
    ],
)
def test_what_did_not_help_is_taken_back(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("failure", reason)
    assert [ran.failure for _step, ran in done.rollback] == [None]
    assert done.changed_settings == set()


@pytest.mark.parametrize(
    ("case", "reason"),
    [("running", "already_good"), ("by hand", "already_good"), ("missing", "service_missing")],
)
def test_it_refuses_and_changes_nothing(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("refused", reason)
    assert (done.calls, done.changed_settings) == ([], set())


def test_an_agent_that_its_schedule_starts_is_left_alone(repaired):
    done = repaired["one by hand"]

    assert (done.outcome, done.reason) == ("failure", "step 3")
    assert done.changed_settings == set()


def test_an_agent_that_came_up_meanwhile_is_left_alone(repaired):
    done = repaired["comes up"]

    assert done.outcome == "success", done.reason
    assert done.steps[2][1].answer.note == "running_already"
    assert done.calls == []


def test_an_agent_that_is_gone_within_a_minute_is_no_success(repaired):
    done = repaired["dies at once"]

    assert (done.outcome, done.reason) == ("failure", "step 4")


def test_a_second_run_has_nothing_to_do(repaired):
    again = repaired["disabled"].again

    assert (again.outcome, again.reason) == ("refused", "already_good")
    assert again.changed_settings == set()


def test_it_knows_every_service_of_the_table_of_products():
    table = yaml.safe_load((RULES / "data" / "backup" / "products.yml").read_text("utf-8"))
    names = {name.replace("*", " 7.9") for product in table for name in product["services"]}

    services = load_runbooks(RULES)[RUNBOOK].parameters["services"]

    assert [name for name in names if not services.check("services", [name])] == []


@pytest.mark.parametrize("name", ["RemoteRegistry", "wbengine", "MMS|WinRM", "obengine; calc"])
def test_it_takes_no_other_service(name):
    services = load_runbooks(RULES)[RUNBOOK].parameters["services"]

    with pytest.raises(ParameterInvalid):
        services.check("services", [name])
