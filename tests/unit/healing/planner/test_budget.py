# SPDX-License-Identifier: GPL-3.0-or-later
"""How often a model is asked: per incident, host, pattern and site, and not while it fails."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import ComplianceError
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.budget import (
    Breaker,
    Limits,
    MemoryBudget,
    Quota,
    after_failure,
    is_open,
    quotas_of,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.case import (
    read_case,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.consult import (  # noqa: E501 - its name
    Consultant,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from unit.healing.planner.cases import NOW, context, incident_of
from unit.healing.planner.fake_model import FakeModel, answering, failing

RIGHT = "RB-WIN-LOG-004"
MANY = 1000
LOGGING = CheckId.LOGGING
# Names that a careless key would mix up, such as a host "a|host|b".
WORDS = st.text(alphabet="ab|: ", min_size=1, max_size=4)


def limits(**change):
    values = {"calls_per_site": MANY, "calls_per_host": MANY, "calls_per_pattern": MANY}
    return Limits(**{**values, **change})


@pytest.fixture
def ask(planner, registry, scrubber):
    """Return a function: the reason of one decision; the budget is kept between calls."""
    budget = MemoryBudget()

    def ask(number, now=NOW, *, model=None, findings="forwarding_broken!", **parts):
        incident = incident_of(
            CheckId.LOGGING,
            incident_id=f"3f0a7c52-6f0e-4a57-9d0b-{number:012d}",
            host_id=parts.get("host", "fs01"),
            site_id=parts.get("site", "clinic-001"),
        )
        consultant = Consultant(
            model or FakeModel(lambda _: answering(RIGHT)),
            scrubber,
            budget,
            parts.get("limits", limits()),
        )
        question = context(CheckId.LOGGING, findings, registry, incident=incident)
        return planner(consultant=consultant).decide(question, now).record.reason_code

    return ask


def test_the_same_incident_is_asked_once(ask):
    assert [ask(1), ask(1), ask(1, NOW + timedelta(days=3))] == [
        "agreed",
        "l2_budget_exhausted",
        "l2_budget_exhausted",
    ]


@pytest.mark.parametrize("kind", ["calls_per_site", "calls_per_host", "calls_per_pattern"])
def test_a_limit_of_two_lets_two_pass_and_begins_anew_the_next_day(kind, ask):
    two = limits(**{kind: 2})

    reasons = [ask(number, limits=two) for number in (1, 2, 3)]
    tomorrow = ask(4, datetime.fromisoformat("2026-03-03T00:00:00Z"), limits=two)

    assert reasons == ["agreed", "agreed", "l2_budget_exhausted"]
    assert tomorrow == "agreed"


def test_a_host_does_not_use_up_what_others_have(ask):
    one = limits(calls_per_host=1)

    assert [ask(1, limits=one), ask(2, limits=one, host="dc01")] == ["agreed", "agreed"]


def test_a_site_does_not_use_up_what_others_have(ask):
    one = limits(calls_per_site=1)

    assert [ask(1, limits=one), ask(2, limits=one, site="clinic-002")] == ["agreed", "agreed"]


@pytest.mark.parametrize("kind", ["calls_per_host", "calls_per_pattern"])
def test_a_host_of_the_same_name_at_another_site_is_another_host(kind, ask):
    one = limits(**{kind: 1})

    reasons = [ask(1, limits=one), ask(2, limits=one, site="clinic-002"), ask(3, limits=one)]

    assert reasons == ["agreed", "agreed", "l2_budget_exhausted"]


@given(sites=st.lists(WORDS, min_size=2, max_size=2, unique=True), hosts=st.tuples(WORDS, WORDS))
def test_no_two_sites_ever_share_a_counter(sites, hosts, registry):
    cases = [
        read_case(
            context(LOGGING, "forwarding_broken!", registry,
                    incident=incident_of(LOGGING, site_id=site, host_id=host)),
            NOW,
        )
        for site, host in zip(sites, hosts, strict=True)
    ]  # fmt: skip

    keys = [
        {(quota.site_id, quota.counter, quota.day) for quota in quotas_of(case, Limits(), NOW)}
        for case in cases
    ]

    assert not keys[0] & keys[1]


def test_another_pattern_has_its_own_limit(ask):
    one = limits(calls_per_pattern=1)

    reasons = [
        ask(1, limits=one),
        ask(2, limits=one, host="dc01"),
        ask(3, limits=one, findings="forwarding_broken! forwarding_cannot_read!"),
    ]

    assert reasons == ["agreed", "l2_budget_exhausted", "agreed"]


def test_a_refused_claim_counts_nothing():
    budget = MemoryBudget()
    free, full = Quota("clinic-001", "free", 1), Quota("clinic-001", "full", 0)

    assert budget.claim([free, full]) == full
    assert budget.claim([free]) is None


def test_failures_open_the_breaker_and_time_closes_it(ask):
    some = limits(failures_to_open=2, open_for=timedelta(minutes=15))
    broken = failing("timeout")

    reasons = [ask(number, model=broken, limits=some) for number in (1, 2, 3)]
    later = ask(4, NOW + timedelta(minutes=15), limits=some)

    assert reasons == ["l2_endpoint_failed", "l2_endpoint_failed", "l2_breaker_open"]
    assert later == "agreed"


def test_answers_that_break_the_rules_open_the_breaker_too(ask):
    some = limits(failures_to_open=1)

    assert ask(1, model=FakeModel(lambda _: "no"), limits=some) == "l2_answer_invalid"
    assert ask(2, limits=some) == "l2_breaker_open"


def test_an_answer_in_between_begins_the_count_anew(ask):
    some = limits(failures_to_open=2)
    broken = failing("timeout")

    for number, model in enumerate([broken, None, broken, None]):
        ask(number, model=model, limits=some)

    assert ask(9, limits=some) == "agreed"


def test_a_trial_that_fails_opens_the_breaker_again():
    some = limits(failures_to_open=2, open_for=timedelta(minutes=15))
    later = NOW + timedelta(minutes=20)

    breaker = after_failure(Breaker(2, NOW), some, later)

    assert is_open(breaker, some, later + timedelta(minutes=14, seconds=59))
    assert not is_open(breaker, some, later + timedelta(minutes=15))


class Unkept(MemoryBudget):
    """A store whose disk is full."""

    def claim(self, quotas):  # noqa: ARG002 - as the Protocol has it
        raise ComplianceError("the counters cannot be kept")


def test_calls_that_nobody_can_count_are_not_made(planner, registry, scrubber):
    model = FakeModel(lambda _: answering(RIGHT))

    plan = planner(consultant=Consultant(model, scrubber, Unkept())).decide(
        context(CheckId.LOGGING, "forwarding_broken!", registry), NOW
    )

    assert model.prompts == []
    assert (plan.action, plan.record.reason_code) == (None, "l2_budget_unknown")
