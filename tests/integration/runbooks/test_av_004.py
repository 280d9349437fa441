# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-AV-004: stopped protection is started, and nothing else ever is."""

from pathlib import Path

import pytest
import yaml

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import ParameterInvalid
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.runbooks import (
    load_runbooks,
)
from integration.runbooks.cases import host, service, sleep_advances
from lab.repairing import Repair
from lab.windows.states import State

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-AV-004")]
RUNBOOK = "RB-WIN-AV-004"
RULES = Path(__file__).parents[3] / "rules"
FALCON = "CSFalconService"
STARTED = {f"services/{FALCON}/State", f"services/{FALCON}/ProcessId"}
DIES = service(FALCON, State="Stopped", ExitCode=1067, ProcessId=0)


def without_falcon(state: State) -> None:
    del state["services"][FALCON]


def sense_crashed(state: State) -> None:
    state["services"]["Sense"].update(State="Stopped", StartMode="Auto")


REPAIRS = [
    Repair("repairs", host("av_edr-U5", sleep_advances), RUNBOOK, twice=True),
    Repair("sense", host("healthy-2022-member", sleep_advances, sense_crashed), RUNBOOK),
    Repair(
        "one of two",
        host(
            "av_edr-U5",
            sleep_advances,
            without_falcon,
            service("SentinelAgent"),
            service("SentinelStaticEngine", State="Stopped", ProcessId=0),
        ),
        RUNBOOK,
    ),
    Repair(
        "no start", host("av_edr-U5", sleep_advances, service(FALCON, start_error=1053)), RUNBOOK
    ),
    Repair(
        "starts by itself",
        host("av_edr-U5", sleep_advances),
        RUNBOOK,
        before={"step:1": service(FALCON, State="Running")},
    ),
    Repair("dies later", host("av_edr-U5", sleep_advances), RUNBOOK, before={"validation": DIES}),
    Repair("dies", host("av_edr-U5", sleep_advances), RUNBOOK, before={"step:2": DIES}),
    Repair(
        "running",
        host("av_edr-U5", service(FALCON, State="Running")),
        RUNBOOK,
        parameters={"services": [FALCON]},
    ),
    Repair("disabled", host("av_edr-U5", service(FALCON, StartMode="Disabled")), RUNBOOK),
    Repair("manual", host("av_edr-U5", service(FALCON, StartMode="Manual")), RUNBOOK),
    Repair("missing", host("av_edr-U5"), RUNBOOK, parameters={"services": ["HuntressAgent"]}),
]


def test_a_stopped_sensor_is_started_and_the_check_proves_it(repaired):
    done = repaired["repairs"]

    assert done.outcome == "success", done.reason
    assert "edr_stopped" in done.codes_before
    assert "edr_stopped" not in done.codes_after
    assert done.changed_settings - {f"services/{FALCON}/ExitCode"} == STARTED


def test_the_sensor_of_defender_is_started(repaired):
    done = repaired["sense"]

    assert done.outcome == "success", done.reason
    assert done.calls == ["Start-Service"]


def test_only_the_service_that_is_down_is_touched(repaired):
    done = repaired["one of two"]

    assert done.outcome == "success", done.reason
    assert {path.split("/")[1] for path in done.changed_settings} == {"SentinelStaticEngine"}


def test_a_service_that_does_not_start_is_tried_three_times_and_left_alone(repaired):
    done = repaired["no start"]

    assert (done.outcome, done.reason) == ("failure", "step 1")
    assert [(ran.failure, ran.hresult) for _step, ran in done.steps] == [
        ("script_error", "0x8007041D")
    ]
    assert done.changed_settings == set()


def test_a_sensor_that_came_up_meanwhile_is_left_alone(repaired):
    done = repaired["starts by itself"]

    assert done.outcome == "success", done.reason
    assert done.steps[0][1].answer.note == "running_already"
    assert done.calls == []


def test_a_sensor_that_is_gone_in_the_end_is_no_success(repaired):
    done = repaired["dies later"]

    assert (done.outcome, done.reason) == ("failure", "validation service_stopped")


def test_a_sensor_that_is_gone_within_a_minute_is_no_success(repaired):
    done = repaired["dies"]

    assert (done.outcome, done.reason) == ("failure", "step 2")
    assert "Stop-Service" not in done.calls


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("running", "already_good"),
        ("disabled", "service_disabled"),
        ("manual", "not_automatic"),
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


def test_it_knows_every_service_of_the_table_of_products():
    table = yaml.safe_load((RULES / "data" / "av_edr" / "products.yml").read_text("utf-8"))
    names = {name.replace("*", "21.3") for product in table for name in product["services"]}

    services = load_runbooks(RULES)[RUNBOOK].parameters["services"]

    assert [name for name in names if not services.check("services", [name])] == []


@pytest.mark.parametrize("name", ["RemoteRegistry", "AVP 21", "Sense|WinRM", "sense; calc"])
def test_it_takes_no_other_service(name):
    services = load_runbooks(RULES)[RUNBOOK].parameters["services"]

    with pytest.raises(ParameterInvalid):
        services.check("services", [name])
