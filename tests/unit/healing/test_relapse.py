# SPDX-License-Identifier: GPL-3.0-or-later
"""When a repair is not tried again, whoever asks; thresholds that nothing can reach are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import PolicyInvalid
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.relapse import (
    Candidate,
    PastRepair,
    Recheck,
    RelapsePolicy,
    Repair,
    Standing,
    find_bar,
    judge_recheck,
    load_relapse_policy,
    repair_of,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckStatus,
    Outcome,
    ResolutionLevel,
)
from unit.healing.remembered import OFF, RELAPSE, RULES, RUNBOOK, at

REPAIR = Repair(RUNBOOK, "a" * 64)
OTHER_PARAMETERS = Repair(RUNBOOK, "b" * 64)
OTHER_RUNBOOK = Repair("RB-WIN-FW-003", "c" * 64)
DAY = 1440


def past(minutes, outcome="failure", *, relapsed=None, repair=REPAIR, incident="incident-1",
         reason="not_mended", tier=1) -> PastRepair:  # fmt: skip
    came_back = None if relapsed is None else at(relapsed)
    return PastRepair(
        incident, repair, ResolutionLevel(tier), Outcome(outcome), reason, at(minutes), came_back
    )


def bar(*history, now=0, repair=REPAIR, standing=None, incident="incident-1"):
    candidate = Candidate(repair, incident, history, standing or Standing())
    found = find_bar(candidate, RELAPSE, at(now))
    return None if found is None else found.value


def test_the_first_failure_of_a_repair_allows_a_second_try():
    assert bar(past(-10)) is None


def test_the_second_identical_repair_that_did_not_help_is_the_last():
    assert bar(past(-20), past(-10)) == "ineffective_twice"


def test_a_repair_that_came_back_did_not_help_either():
    assert bar(past(-20), past(-300, "success", relapsed=-200)) == "ineffective_twice"


def test_other_parameters_make_another_repair():
    assert bar(past(-20, repair=OTHER_PARAMETERS), past(-10)) is None


def test_identical_failures_count_however_old_the_incident_is():
    assert bar(past(-40 * DAY), past(-30 * DAY)) == "ineffective_twice"
    assert bar(past(-40 * DAY), past(-30 * DAY), incident="incident-2") is None
    assert bar(past(-6 * DAY), past(-5 * DAY), incident="incident-2") == "ineffective_twice"


@pytest.mark.parametrize("reason", ["unreachable", "run_ended", "gate_closed"])
def test_what_was_not_tried_is_no_failure_of_the_repair(reason):
    assert bar(*(past(-n, reason=reason) for n in range(1, 9))) is None


def test_three_relapses_of_a_runbook_in_a_day_are_flapping_whatever_its_parameters():
    history = [
        past(-n, "success", relapsed=-n + 60, repair=repair)
        for n, repair in ((900, REPAIR), (600, OTHER_PARAMETERS), (300, OTHER_PARAMETERS))
    ]

    assert bar(*history[:2]) is None
    assert bar(*history) == "flapping"
    assert bar(*history, now=DAY, repair=Repair(RUNBOOK, "d" * 64)) is None


def test_the_window_of_flapping_begins_at_its_first_second():
    history = [past(-DAY - 90, "success", relapsed=n) for n in (-DAY, -90, -60)]

    assert bar(*history) == "flapping"
    assert bar(*history, now=1 / 60) == "ineffective_twice"


def test_five_successes_in_a_week_are_chronic_however_well_each_went():
    history = [past(-n * DAY, "success", incident=f"i{n}") for n in (1, 2, 3, 4)]

    assert bar(*history) is None
    assert bar(*history, past(-5 * DAY, "partial")) == "chronic"
    assert bar(*history, past(-8 * DAY, "success")) is None


def test_three_repairs_that_did_not_help_in_a_day_exhaust_every_runbook():
    history = [
        past(-30),
        past(-20, repair=OTHER_PARAMETERS),
        past(-10, "success", relapsed=-5, repair=OTHER_RUNBOOK),
    ]

    assert bar(*history[:2], repair=Repair("RB-WIN-FW-002", "e" * 64)) is None
    assert bar(*history, repair=Repair("RB-WIN-FW-002", "e" * 64)) == "exhausted"


def test_a_suppression_holds_without_any_history_until_it_is_cleared():
    assert bar(standing=Standing(is_suppressed=True)) == "suppressed"
    assert bar(standing=Standing(cleared_at=at(-1))) is None


def test_what_an_operator_has_cleared_counts_no_more():
    history = (past(-20), past(-10))

    assert bar(*history, standing=Standing(cleared_at=at(-5))) is None
    assert bar(*history, standing=Standing(cleared_at=at(-15))) is None
    assert bar(*history, standing=Standing(cleared_at=at(-25))) == "ineffective_twice"


def test_only_another_repair_may_still_help_after_two_identical_ones():
    barred = find_bar(Candidate(REPAIR, "incident-1", (past(-20), past(-10))), RELAPSE, at(0))

    assert not barred.needs_person
    assert bar(past(-20), past(-10), repair=OTHER_RUNBOOK) is None


def test_equal_parameters_give_equal_repairs_whatever_their_order():
    one = repair_of(RUNBOOK, {"profile": "domain", "days": 3})

    assert one == repair_of(RUNBOOK, {"days": 3, "profile": "domain"})
    assert one != repair_of(RUNBOOK, {"days": 4, "profile": "domain"})
    assert one != repair_of("RB-WIN-FW-002", {"days": 3, "profile": "domain"})


@pytest.mark.parametrize(
    ("status", "found", "expected"),
    [
        ("PASS", (), Recheck.HOLDS),
        ("WARNING", ("log_blocked_off",), Recheck.HOLDS),
        ("FAIL", ("log_blocked_off",), Recheck.HOLDS),
        ("FAIL", (OFF,), Recheck.CAME_BACK),
        ("WARNING", (OFF, "log_blocked_off"), Recheck.CAME_BACK),
        ("ERROR", (OFF,), Recheck.UNREAD),
    ],
)
def test_a_setting_came_back_if_what_was_mended_is_found_again(status, found, expected):
    assert judge_recheck(CheckStatus(status), found, [OFF]) is expected


def policy(**changed) -> RelapsePolicy:
    return RelapsePolicy.model_validate(RELAPSE.model_dump() | changed)


def test_a_threshold_that_nothing_can_reach_is_refused_with_its_arithmetic():
    with pytest.raises(ValidationError) as caught:
        policy(flap_count=5, flap_window_minutes=30, cooldown_minutes=10)

    assert (
        "flap_count 5 can never be reached: flap_window_minutes 30 / cooldown_minutes 10 = 3 "
        "repairs" in str(caught.value)
    )


@pytest.mark.parametrize("name", ["flap", "chronic", "exhausted"])
def test_each_threshold_is_proven(name):
    fits = {f"{name}_count": 4, f"{name}_window_minutes": 40, "cooldown_minutes": 10}

    assert policy(**fits)
    with pytest.raises(ValidationError, match=f"{name}_count 4 can never be reached"):
        policy(**fits | {f"{name}_window_minutes": 39})


@given(st.integers(2, 9), st.integers(1, 500), st.integers(1, 60))
def test_what_is_accepted_is_reached_by_a_repair_each_cooldown(count, window, cooldown):
    spans = {"exhausted_window_minutes": 9000, "chronic_window_minutes": 9000}
    try:
        kept = policy(
            flap_count=count, flap_window_minutes=window, cooldown_minutes=cooldown, **spans
        )
    except ValidationError:
        assert count > window // cooldown
        return
    history = tuple(past(-n * cooldown, "success", relapsed=-n * cooldown) for n in range(count))

    assert find_bar(Candidate(REPAIR, "incident-1", history), kept, at(0)) == "flapping"


def test_the_soak_window_covers_the_recheck_after_a_policy_refresh():
    with pytest.raises(ValidationError, match="a reverted repair would not count"):
        policy(soak_minutes=124)


def test_a_rule_whose_cooldown_outruns_every_threshold_is_refused_by_name():
    RELAPSE.prove_reachable({"L1-BACKUP-001": 300, "L1-PATCH-001": 86400})

    with pytest.raises(PolicyInvalid) as caught:
        RELAPSE.prove_reachable({"L1-PATCH-001": 200_000})

    assert str(caught.value) == (
        "healing_relapse.yml: with the cooldown of L1-PATCH-001 no threshold can be reached; got "
        "'flap_count 3 > 1440 min / 200000 s = 0; chronic_count 5 > 10080 min / 200000 s = 3'. "
        "Shorten cooldown_seconds, or lengthen chronic_window_minutes."
    )


def test_the_shipped_policy_retries_after_5_15_and_45_minutes_and_rechecks_after_125():
    assert RELAPSE.unreachable_backoff_minutes == (5, 15, 45)
    assert RELAPSE.gpo_recheck_minutes == 125


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("flap_count: 3 -> flap_count: 200",
         "healing_relapse.yml: flap_count 200 can never be reached"),
        ("soak_minutes: 1560 -> soak_minutes: lots", "soak_minutes: Input should be a valid int"),
        ("soak_minutes: -> sock_minutes:", "soak_minutes: Field required"),
    ],
)  # fmt: skip
def test_a_policy_that_is_wrong_is_refused_with_file_and_key(tmp_path, change, said):
    old, new = change.split(" -> ")
    text = (RULES / "healing_relapse.yml").read_text()
    (tmp_path / "healing_relapse.yml").write_text(text.replace(f"\n{old}", f"\n{new}"))

    with pytest.raises(PolicyInvalid) as caught:
        load_relapse_policy(tmp_path)

    assert said in str(caught.value)
