# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies how a host waits for its turn while others of its site are repaired."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.acting import (
    Acting,
    order_of,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.plan import Planning
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.repair_request import (
    parse_request,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.steps import (
    Phase,
    Precondition,
    Ran,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId, Outcome
from unit.healer.site import SITE, host_with, opened
from unit.healing.planner.cases import NOW

TURN = timedelta(minutes=10)
NOT_MET = Precondition(met=False, reason="no_such_log", observed={})


@dataclass
class Time:
    """A clock that goes on when somebody pauses; *then* happens at the end of a pause."""

    now: datetime = NOW
    then: dict[int, object] = field(default_factory=dict)  # number of the pause -> what happens
    pauses: int = 0

    def __call__(self) -> datetime:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.pauses += 1
        if (happens := self.then.get(self.pauses)) is not None:
            happens()


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def healer(tmp_path):
    with opened(tmp_path) as healer:
        yield healer


def planned(healer, host, time):
    """Return the order of the one repair that is planned for *host*, as tasks carry it."""
    seen = host_with(CheckId.LOGGING, "log_too_small!", host=host)
    [item] = Planning(healer, seen, time.now).plan()
    assert item.may_begin, item.reason
    return order_of(item.proposal)


def claim_of(healer, order):
    host = parse_request(order["request"]).host_id
    return next(item for item in healer.gate.held(SITE) if item.host_id == host)


def test_the_others_follow_when_the_first_one_is_done(healer, time):
    first, other = planned(healer, "fs01", time), planned(healer, "fs02", time)
    acting = Acting(healer, time, time.pause)
    assert acting.take(first, TURN).is_taken
    claim = claim_of(healer, first)
    time.then[3] = lambda: healer.gate.release(claim, Outcome.SUCCESS, time.now)

    begun = acting.take(other, TURN)

    assert (begun.is_taken, time.pauses) == (True, 3)


def test_a_host_that_is_planned_meanwhile_waits_too(healer, time):
    acting = Acting(healer, time, time.pause)
    first = planned(healer, "fs01", time)
    acting.take(first)

    other = planned(healer, "fs02", time)

    assert not acting.take(other).is_taken
    healer.gate.release(claim_of(healer, first), Outcome.SUCCESS, time.now)
    assert acting.take(other).is_taken


@pytest.mark.parametrize("turn", [timedelta(), TURN])
def test_who_has_waited_long_enough_is_left_to_a_later_run(healer, time, turn):
    first, other = planned(healer, "fs01", time), planned(healer, "fs02", time)
    acting = Acting(healer, time, time.pause)
    acting.take(first)

    begun = acting.take(other, turn)

    assert (begun.is_taken, begun.code) == (False, "canary_running")
    assert time.now == NOW + turn
    assert not healer.tickets.waiting(SITE)


def test_who_waits_sees_the_kill_switch(healer, time):
    first, other = planned(healer, "fs01", time), planned(healer, "fs02", time)
    acting = Acting(healer, time, time.pause)
    acting.take(first)
    time.then[1] = lambda: healer.gate.kill(SITE, "anna", "enough", time.now)

    begun = acting.take(other, TURN)

    assert (begun.code, time.pauses) == ("kill_switch", 1)


def test_when_the_first_one_fails_a_person_has_the_others(healer, time):
    first, other = planned(healer, "fs01", time), planned(healer, "fs02", time)
    acting = Acting(healer, time, time.pause)
    acting.take(first)
    claim = claim_of(healer, first)
    time.then[1] = lambda: healer.gate.release(claim, Outcome.FAILURE, time.now)

    begun = acting.take(other, TURN)

    [ticket] = healer.tickets.waiting(SITE)
    assert (begun.code, ticket.ticket.contract.incident.host_id) == ("canary_failed", "fs02")
    assert [entry["code"] for entry in ticket.history] == ["canary_failed"]


def test_a_host_that_was_left_alone_says_nothing_about_the_others(healer, time):
    first, other = planned(healer, "fs01", time), planned(healer, "fs02", time)
    acting = Acting(healer, time, time.pause)
    begun = acting.take(first)
    attempt = acting.before_script(begun.attempt_id, Phase.PRECONDITION, 0)
    ran = Ran(NOT_MET, None, None, None, None, 1)
    assert acting.after_script(attempt, Phase.PRECONDITION, ran) == "no_such_log"
    acting.finish(begun.attempt_id)

    assert acting.take(other).is_taken
    assert claim_of(healer, other).is_canary
