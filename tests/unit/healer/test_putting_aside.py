# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps coming back is a person's: no later run repairs it until an operator says so."""

from datetime import timedelta

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.plan import Planning
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.sightings import (
    Sight,
    Verdict,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId, Outcome
from unit.healer.repairing import mend
from unit.healer.site import HOST, SITE, check_of, host_with, opened
from unit.healing.planner.cases import NOW

LOG, FAULT, RUNBOOK = CheckId.LOGGING, "log_too_small!", "RB-WIN-LOG-002"
# Longer than the soak window, so that none of them is a relapse.
DAY = timedelta(hours=27)
CHRONIC = 5


def planned(healer, now, *, is_dry=False):
    host = host_with(LOG, FAULT, asked_at=now)
    [item] = Planning(healer, host, now, is_dry=is_dry).plan()
    return item


def mended_every_day(healer):
    """Repair what comes back each day as often as is allowed; return when it comes once more."""
    for day in range(CHRONIC):
        now = NOW + day * DAY
        mend(healer, planned(healer, now).proposal, now)
        [claim] = healer.gate.held(SITE)
        healer.gate.release(claim, Outcome.SUCCESS, now)
    return NOW + CHRONIC * DAY


@pytest.fixture
def healer(tmp_path):
    with opened(tmp_path) as healer:
        yield healer


def test_a_chronic_fault_stays_with_a_person_after_its_week_is_over(healer):
    once_more = mended_every_day(healer)

    item = planned(healer, once_more)
    passes = Sight("check-1", once_more + timedelta(hours=1))
    healer.incidents.record([Verdict.of(SITE, HOST, check_of(LOG, "log_was_full."), passes)])
    later = planned(healer, once_more + timedelta(days=30))

    assert (item.verdict, item.code) == ("escalate", "chronic")
    assert (later.verdict, later.code) == ("escalate", "suppressed")


def test_an_operator_lets_it_be_repaired_again(healer):
    once_more = mended_every_day(healer)
    planned(healer, once_more)
    [aside] = healer.suppressions.active(SITE)
    passes = Sight("check-1", once_more + timedelta(hours=1))
    healer.incidents.record([Verdict.of(SITE, HOST, check_of(LOG, "log_was_full."), passes)])

    healer.suppressions.clear(aside.key, RUNBOOK, "anna", once_more + timedelta(hours=2))

    assert planned(healer, once_more + timedelta(hours=3)).code == "allowed"


def test_a_plan_that_is_only_looked_at_puts_nothing_aside(healer):
    once_more = mended_every_day(healer)

    assert planned(healer, once_more, is_dry=True).code == "chronic"
    assert healer.suppressions.active(SITE) == []
