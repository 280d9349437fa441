# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gate remembers: who holds which host, what was tried, and whose turn it is."""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import RunbookNotFound
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId, Outcome
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gate_claims import (
    ClaimLost,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.run_identity import (
    identify_run,
)
from unit.healing.repairs import NOON, request
from unit.store.gate_answers import CAREFUL, DAY, HOUR, MINUTE, SITE, code, fail

# One at a time


def test_a_host_is_held_until_it_is_released(gate):
    one, other = gate(identify_run("run-1")), gate(identify_run("run-2"))
    other_check = request(check_type=CheckId.LOGGING, requested_by="user:alice")

    claim = one.claim(request(), NOON)

    assert (claim.host_id, claim.claim_id, claim.run_id) == ("fs01", "clinic-001/1", "run-1")
    assert code(other.claim(other_check, NOON)) == "host_busy"
    assert code(other.claim(request("fs02"), NOON)) == "claimed"
    one.release(claim, Outcome.SUCCESS, NOON + MINUTE)
    assert code(other.claim(other_check, NOON + MINUTE)) == "claimed"


def test_the_same_host_name_at_another_site_is_another_host(gate):
    gate().claim(request(), NOON)

    assert code(gate().claim(request(site_id="clinic-002"), NOON)) == "claimed"


def test_deciding_takes_nothing(gate):
    assert code(gate().decide(request(), NOON)) == "allowed"
    assert code(gate().decide(request(), NOON)) == "allowed"
    gate().claim(request(), NOON)
    assert code(gate().decide(request(), NOON)) == "host_busy"


def test_no_more_hosts_of_a_site_are_held_than_its_policy_says(gate):
    answers = [code(gate().claim(request(f"pc{place:02}"), NOON)) for place in range(5)]

    assert answers == ["claimed", "claimed", "claimed", "site_busy", "site_busy"]


def test_a_claim_is_released_once(gate):
    claim = gate().claim(request(), NOON)
    gate().release(claim, Outcome.SUCCESS, NOON)

    with pytest.raises(ClaimLost, match="clinic-001/1"):
        gate().release(claim, Outcome.FAILURE, NOON)


def test_a_claim_can_be_found_by_its_number_while_it_is_held(gate):
    claim = gate().claim(request(), NOON)

    assert gate().find_claim(SITE, 1) == claim
    gate().release(claim, Outcome.SUCCESS, NOON)
    with pytest.raises(ClaimLost):
        gate().find_claim(SITE, 1)


def test_the_flags_of_the_runbook_hold_whatever_the_request_says(gate):
    strict = gate(book={"is_disruptive": True, "requires_approval": True})

    assert code(strict.decide(request(), NOON)) == "approval_required"
    assert code(strict.claim(request(), NOON)) == "approval_required"


def test_a_runbook_that_does_not_exist_is_e003(gate):
    asked = request(does={"runbook_id": "RB-WIN-LOG-999"})

    for call in (gate().decide, gate().claim, gate().request_approval):
        with pytest.raises(RunbookNotFound, match="RB-WIN-LOG-999"):
            call(asked, NOON)


# Tries and cooldown


def test_the_cooldown_counts_from_the_end_of_a_try(gate):
    claim = gate().claim(request(), NOON)
    gate().release(claim, Outcome.SUCCESS, NOON + HOUR)

    decision = gate().claim(request(), NOON + HOUR)

    assert (code(decision), decision.until) == ("cooldown", NOON + HOUR + 5 * MINUTE)
    assert code(gate().claim(request(), NOON + HOUR + 5 * MINUTE)) == "claimed"


def test_a_clock_that_is_set_back_does_not_shorten_a_cooldown(gate):
    claim = gate().claim(request(), NOON)
    gate().release(claim, Outcome.SUCCESS, NOON - DAY)

    decision = gate().claim(request(), NOON - DAY + 10 * MINUTE)

    assert (code(decision), decision.until) == ("cooldown", NOON + 5 * MINUTE)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"requested_by": "rule:L1-LOGGING-001"}, id="another-rule"),
        pytest.param({"host_id": "fs02"}, id="another-host"),
        pytest.param({"site_id": "clinic-002"}, id="another-site"),
    ],
)
def test_tries_count_by_rule_site_host_and_check(gate, other):
    fail(gate(), request(max_retries=0), NOON)

    assert code(gate().decide(request(max_retries=0), NOON + HOUR)) == "retries_exhausted"
    assert code(gate().decide(request(**{"max_retries": 0, **other}), NOON)) == "allowed"


def test_the_first_try_and_two_retries_may_fail_then_a_person_looks(gate):
    for number in range(3):
        fail(gate(), request(), NOON + number * HOUR)

    assert code(gate().claim(request(), NOON + 3 * HOUR)) == "retries_exhausted"


def test_a_failed_try_of_the_same_incident_counts_however_long_ago(gate):
    for number in range(3):
        fail(gate(), request(), NOON + number * 7 * DAY)

    assert code(gate().claim(request(), NOON + 60 * DAY)) == "retries_exhausted"


def test_failed_tries_of_an_earlier_incident_are_forgotten_after_the_span(gate):
    for number in range(3):
        fail(gate(), request(), NOON + number * HOUR)
    later = request(incident_id="a later one")

    assert code(gate().decide(later, NOON + 24 * HOUR - MINUTE)) == "retries_exhausted"
    assert code(gate().decide(later, NOON + 24 * HOUR)) == "allowed"


@pytest.mark.parametrize("outcome", [Outcome.SUCCESS, Outcome.PARTIAL])
def test_a_try_that_worked_begins_the_count_anew(gate, outcome):
    fail(gate(), request(max_retries=1), NOON)
    claim = gate().claim(request(max_retries=1), NOON + HOUR)
    gate().release(claim, outcome, NOON + HOUR)

    fail(gate(), request(max_retries=1), NOON + 2 * HOUR)

    assert code(gate().decide(request(max_retries=1), NOON + 3 * HOUR)) == "allowed"


# Canaries and turns


def test_one_host_goes_first_and_the_others_follow(gate):
    careful = gate(**CAREFUL)
    first = careful.claim(request("pc01"), NOON)

    waiting = code(careful.claim(request("pc02"), NOON))
    careful.release(first, Outcome.SUCCESS, NOON + MINUTE)
    followers = [careful.claim(request(f"pc0{place}"), NOON + MINUTE) for place in (2, 3)]

    assert (first.is_canary, waiting) == (True, "canary_running")
    assert [(code(item), item.is_canary) for item in followers] == [("claimed", False)] * 2


def test_the_others_are_left_alone_when_the_first_one_failed(gate):
    careful = gate(**CAREFUL)
    fail(careful, request("pc01"), NOON)

    others = code(careful.claim(request("pc02"), NOON + MINUTE))
    again = careful.claim(request("pc01"), NOON + HOUR)
    careful.release(again, Outcome.SUCCESS, NOON + HOUR)

    assert (others, again.is_canary) == ("canary_failed", True)
    assert code(careful.claim(request("pc02"), NOON + HOUR)) == "claimed"


def test_the_word_of_a_canary_ends_with_its_span(gate):
    careful = gate(**CAREFUL)
    fail(careful, request("pc01"), NOON)

    assert code(careful.decide(request("pc02"), NOON + DAY - MINUTE)) == "canary_failed"
    claim = careful.claim(request("pc02"), NOON + DAY)
    assert claim.is_canary


def test_a_canary_speaks_for_its_runbook_at_its_site(gate):
    careful = gate(**CAREFUL)
    fail(careful, request("pc01"), NOON)

    assert code(careful.claim(request("pc02", site_id="clinic-002"), NOON)) == "claimed"


def test_domain_controllers_take_turns(gate):
    turns = gate(book={"serialize": "domain_controllers"})
    is_dc = {"is_domain_controller": True}

    first = turns.claim(request("dc01", host=is_dc), NOON)

    assert code(turns.claim(request("dc02", host=is_dc), NOON)) == "serialized"
    assert code(turns.claim(request("fs01"), NOON)) == "claimed"
    turns.release(first, Outcome.SUCCESS, NOON)
    assert code(turns.claim(request("dc02", host=is_dc), NOON)) == "claimed"
