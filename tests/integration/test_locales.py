# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies that no verdict depends on the language, calendar or time zone of a host."""

import copy
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from integration.chain import CHECKS, Collection, from_json, observe, to_json
from integration.scenarios import frozen_states, read_scenarios
from lab.payload import Job, JobKind
from lab.windows.states import set_fault, write_state

pytestmark = pytest.mark.engine
# A language, and a time zone on another side of the world. Thai counts years from 543 BC, Turkish
# has letters that change case in its own way, German and French write 1,5 for one and a half.
PLACES = {
    "de-DE": "America/Chicago",
    "fr-FR": "Europe/Paris",
    "ja-JP": "Asia/Tokyo",
    "tr-TR": "Europe/Istanbul",
    "th-TH": "Pacific/Auckland",
}
HERE = "en-US"
BASELINE = "healthy-2022-member"
UNAUDITED = "logging-U1"
SCENARIOS = read_scenarios()
VARIANTS = list(product(SCENARIOS, PLACES))


# Windows Server Backup keeps local time; the year 1 is its word for never.
LOCAL_TIME = re.compile(r"(?!0001)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def at(state, place):
    """Return a state as a host at *place* has it: the same instants on another clock."""
    if place == HERE:
        return state
    backup = moved(state["backup"], ZoneInfo(PLACES[place]))
    return state | {"locale": place, "time_zone": PLACES[place], "backup": backup}


def moved(value, zone):
    """Return *value* with each local time of UTC as the local time of *zone*."""
    if isinstance(value, dict):
        return {key: moved(item, zone) for key, item in value.items()}
    if isinstance(value, list):
        return [moved(item, zone) for item in value]
    if isinstance(value, str) and LOCAL_TIME.fullmatch(value):
        local = datetime.fromisoformat(value).replace(tzinfo=UTC).astimezone(zone)
        return local.strftime("%Y-%m-%dT%H:%M:%S")
    return value


def read_by_auditpol(state):
    """Return a state whose audit policy only auditpol gives, which is translated."""
    copied = copy.deepcopy(state)
    set_fault(copied, "api:advapi32.dll", "denied")
    return copied


@pytest.fixture(scope="module")
def verdicts(once, engine_settings, tmp_path_factory):
    """Return the verdicts by name of the scenario or check, "@" and its place."""

    def compute():
        states = frozen_states()
        collections = [
            scenario.collection(at(states[scenario.name], place), f"@{place}")
            for scenario, place in [*((item, HERE) for item in SCENARIOS), *VARIANTS]
        ]
        collections += [
            Collection(f"{BASELINE}@{place}", at(states[BASELINE], place))
            for place in (HERE, *PLACES)
        ]
        collections += [
            replace(item, name=f"{item.name}-auditpol", state=read_by_auditpol(item.state))
            for item in collections
            if item.name.partition("@")[0] in {BASELINE, UNAUDITED}
        ]
        folder = tmp_path_factory.mktemp("locales")
        return to_json(observe(engine_settings, folder, collections))

    return from_json(once("locales", compute))


def test_each_of_52_scenarios_is_seen_in_each_of_five_places():
    assert len({(scenario.name, place) for scenario, place in VARIANTS}) == 260


@pytest.mark.parametrize(
    ("scenario", "place"), [pytest.param(s, p, id=f"{s.name}@{p}") for s, p in VARIANTS]
)
def test_a_scenario_is_judged_the_same_everywhere(scenario, place, verdicts):
    here = verdicts[f"{scenario.name}@{HERE}"][scenario.check]
    there = verdicts[f"{scenario.name}@{place}"][scenario.check]

    assert there.status == here.status == scenario.status
    assert there.essence == here.essence
    assert there.probes == here.probes


@pytest.mark.parametrize(("check", "place"), list(product(CHECKS, PLACES)))
def test_a_healthy_host_passes_everywhere(check, place, verdicts):
    verdict = verdicts[f"{BASELINE}@{place}"][check]

    assert (verdict.status, verdict.concerns) == ("PASS", set())


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", [BASELINE, UNAUDITED])
def test_the_second_source_of_the_audit_policy_is_judged_the_same_everywhere(name, place, verdicts):
    here = verdicts[f"{name}@{HERE}"]["logging"]
    there = verdicts[f"{name}@{place}-auditpol"]["logging"]

    assert there.probes["audit_policy_backup"] == "ok"
    assert there.essence == here.essence


def test_the_thai_calendar_is_really_in_force(start_engine, tmp_path):
    state = at(frozen_states()[BASELINE], "th-TH")
    write_state(state, tmp_path / "host.json")
    text = "@{ year = (Get-Date).ToString('yyyy'); hour = (Get-Date).Hour } | ConvertTo-Json"

    completed = start_engine(workers=1).job(
        Job(JobKind.SCRIPT, "clock", text=text, script="clock.ps1"), tmp_path / "host.json"
    )

    # 2025-11-04T09:00Z is 22:00 in Auckland, in the year 2568 of the Buddhist era.
    assert json.loads(completed.stdout) == {"year": "2568", "hour": 22}
