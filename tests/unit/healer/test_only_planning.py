# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies the plan of ``--check``: what the next run would do, and nothing is spent on it."""

from datetime import timedelta

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.plan import (
    Planning,
    amendment_line,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.sightings import (
    Sight,
    Verdict,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId, Outcome
from unit.healer.repairing import mend
from unit.healer.site import HOST, SITE, host_with, opened
from unit.healer.test_asking_a_model import Closing
from unit.healing.planner.cases import NOW
from unit.healing.planner.fake_model import answering

LOG = CheckId.LOGGING
BROKEN, SMALL = "forwarding_broken!", "log_too_small!"
HOUR = timedelta(hours=1)


@pytest.fixture
def model():
    return Closing(lambda _prompt: answering("RB-WIN-LOG-004"))


def seen_at(healer, line, now):
    """Keep what a check found, as a run does that cannot repair it yet."""
    host = host_with(LOG, line, asked_at=now)
    sight = Sight(f"check-{now:%H%M}", now)
    healer.incidents.record(Verdict.of(SITE, HOST, item, sight) for item in host.checks)


def told(healer, line, now, *, is_dry):
    """Return what is said of each incident: what, by whose rule, and why."""
    host = host_with(LOG, line, asked_at=now)
    plan = Planning(healer, host, now, is_dry=is_dry).plan()
    return [(item.to_dict()["runbook_id"], item.proposal.rule_id, item.code) for item in plan]


def test_it_does_not_use_up_the_one_question_about_an_incident(model, tmp_path):
    with opened(tmp_path, model=model) as healer:
        seen_at(healer, BROKEN, NOW)

        foreseen = told(healer, BROKEN, NOW + HOUR, is_dry=True)
        asked_for_it = len(model.prompts)
        done = told(healer, BROKEN, NOW + 2 * HOUR, is_dry=False)

    assert asked_for_it == 0
    assert foreseen == done == [("RB-WIN-LOG-004", None, "approval_required")]


def test_it_knows_what_the_model_has_said_before(tmp_path):
    model = Closing(lambda _prompt: answering("RB-WIN-LOG-004"))
    with opened(tmp_path, model=model) as healer:
        told(healer, BROKEN, NOW, is_dry=False)

        host = host_with(LOG, BROKEN, asked_at=NOW + HOUR)
        [item] = Planning(healer, host, NOW + HOUR, is_dry=True).plan()

    assert [vote.method for vote in item.proposal.decision.votes] == ["codes", "symptoms", "model"]
    assert len(model.prompts) == 1


def escalated(healer):
    seen_at(healer, SMALL, NOW)
    [incident] = healer.incidents.to_heal(SITE)
    healer.tickets.escalate(incident.incident_id, "exhausted", NOW)


def mended(healer):
    [item] = Planning(healer, host_with(LOG, SMALL), NOW).plan()
    mend(healer, item.proposal, NOW)
    [claim] = healer.gate.held(SITE)
    healer.gate.release(claim, Outcome.SUCCESS, NOW)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param(lambda _healer: None, ["allowed"], id="new"),
        pytest.param(escalated, [], id="a-person-has-it"),
        pytest.param(mended, ["cooldown"], id="it-came-back"),
    ],
)
def test_it_says_what_the_next_run_would(before, expected, tmp_path):
    with opened(tmp_path) as healer:
        before(healer)
        now = NOW + timedelta(minutes=30)

        foreseen = told(healer, SMALL, now, is_dry=True)
        again = told(healer, SMALL, now, is_dry=True)
        done = told(healer, SMALL, now, is_dry=False)

    assert [code for _runbook, _rule, code in foreseen] == expected
    assert foreseen == again == done


BUNDLE = "EB-20260302-000007"


@pytest.fixture
def put_back(tmp_path):
    """Give a healer that has repaired SMALL on a member of a domain, and when policies are anew."""
    with opened(tmp_path) as healer:
        [item] = Planning(healer, host_with(LOG, SMALL), NOW).plan()
        attempt_id = mend(healer, item.proposal, NOW, is_domain_member=True)
        [claim] = healer.gate.held(SITE)
        healer.gate.release(claim, Outcome.SUCCESS, NOW)
        healer.history.sealed(attempt_id, BUNDLE, NOW)
        yield healer, NOW + timedelta(minutes=healer.relapse.gpo_recheck_minutes + 1)


def test_it_foresees_that_what_a_policy_has_put_back_is_a_persons(put_back):
    healer, now = put_back

    early = told(healer, SMALL, now - timedelta(minutes=2), is_dry=True)
    foreseen = told(healer, SMALL, now, is_dry=True)
    again = told(healer, SMALL, now, is_dry=True)
    done = told(healer, SMALL, now, is_dry=False)
    [ticket] = healer.tickets.waiting(SITE)

    assert early != foreseen
    assert foreseen == again == [(None, None, "gpo_overrides")]
    # The run itself hands it over before it plans.
    assert (done, ticket.ticket.code) == ([], "gpo_overrides")


def test_what_holds_after_the_policies_is_not_foreseen_as_a_persons(put_back):
    healer, now = put_back

    assert told(healer, BROKEN, now, is_dry=True) == told(healer, BROKEN, now, is_dry=False)
    assert healer.tickets.waiting(SITE) == []


def test_a_run_says_which_bundle_it_amends(put_back):
    healer, now = put_back
    planning = Planning(healer, host_with(LOG, SMALL, asked_at=now), now)
    planning.plan()

    [line] = [amendment_line(*each) for each in planning.amendments()]

    said = f"RB-WIN-LOG-002 did not last [gpo_overrides] {BUNDLE} is amended: partial"
    assert line == f"logging: {said}"
