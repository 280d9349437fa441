# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an attempt may go from each of its states, and what the next run does after a crash."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.attempts import (
    AttemptState,
    Resumption,
    StepRecord,
    TransitionRefused,
    act,
    begin,
    judge_outcome,
    move,
    resume,
    resumption,
    saved_by_steps,
    succeed,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.sightings import (
    Sight,
    Verdict,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.steps import Phase
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId, Outcome
from unit.healing.remembered import KEY, NOON, OFF, at, attempt, fails, passes, verdict

S = AttemptState
MAX = 3
# From each state, every state that may follow; the rest is refused.
FOLLOWS = {
    S.PLANNED: {S.CLAIMED, S.REFUSED},
    S.CLAIMED: {S.CHECKED, S.REFUSED, S.FAILED},
    S.CHECKED: {S.ACTING, S.REFUSED},
    S.ACTING: {S.ACTING, S.VALIDATING, S.ROLLING_BACK},
    S.VALIDATING: {S.RECHECKING, S.ROLLING_BACK},
    S.RECHECKING: {S.SUCCEEDED, S.ROLLING_BACK},
    S.ROLLING_BACK: {S.ROLLED_BACK, S.FAILED},
    S.SUCCEEDED: set(),
    S.ROLLED_BACK: set(),
    S.FAILED: set(),
    S.REFUSED: set(),
}


def go(before, to):
    if to is S.ACTING:
        return act(before, before.step_id + 1, at(1))
    if to is S.SUCCEEDED:
        return succeed(before, Outcome.SUCCESS, at(1))
    return move(before, to, at(1), reason="because")


@pytest.mark.parametrize("start", S)
@pytest.mark.parametrize("to", S)
def test_a_state_leads_where_the_table_says_and_nowhere_else(start, to):
    before = attempt(state=start)
    if to in FOLLOWS[start]:
        assert go(before, to).state is to
    else:
        with pytest.raises(TransitionRefused):
            go(before, to)


@pytest.mark.parametrize("start", [S.ACTING, S.VALIDATING, S.RECHECKING])
def test_without_a_way_back_it_fails_and_with_one_it_is_rolled_back_first(start):
    with pytest.raises(TransitionRefused, match="Roll back first"):
        move(attempt(state=start), S.FAILED, at(1), reason="no_way_back")

    ended = move(attempt(state=start, can_roll_back=False), S.FAILED, at(1), reason="no_way_back")
    assert (ended.state, ended.outcome, ended.finished_at) == ("failed", "failure", at(1))


def test_steps_are_done_in_order_and_none_twice():
    first = act(attempt(state=S.CHECKED), 1, at(1))
    second = act(first, 2, at(2))

    assert (second.state, second.step_id, second.moved_at) == ("acting", 2, at(2))
    for wrong in (1, 2, 4):
        with pytest.raises(TransitionRefused, match=f"Step 3 is next, not {wrong}"):
            act(second, wrong, at(3))


@pytest.mark.parametrize("end", [S.REFUSED, S.FAILED])
def test_an_end_that_is_no_success_says_why(end):
    with pytest.raises(TransitionRefused, match="Say why"):
        move(attempt(state=S.CLAIMED), end, at(1))


def test_a_reason_that_was_given_on_the_way_is_kept_to_the_end():
    back = move(attempt(state=S.ACTING, step_id=2), S.ROLLING_BACK, at(1), reason="script_error")

    assert move(back, S.ROLLED_BACK, at(2)).reason == "script_error"


def test_success_is_never_claimed_against_the_check():
    with pytest.raises(TransitionRefused):
        succeed(attempt(state=S.RECHECKING), Outcome.FAILURE, at(1))


def test_what_has_ended_keeps_no_parameters():
    assert attempt().parameters == {"profile": "domain"}
    assert succeed(attempt(state=S.RECHECKING), Outcome.SUCCESS, at(1)).parameters is None
    assert move(attempt(), S.REFUSED, at(1), reason="already_good").parameters is None


@pytest.mark.parametrize(
    ("after", "outcome"),
    [
        pytest.param(passes(5), "success", id="passes"),
        pytest.param(verdict("WARNING", "log_blocked_off"), "partial", id="only-the-rest-is-left"),
        pytest.param(fails(5, "log_blocked_off"), "partial", id="the-rest-fails"),
        pytest.param(fails(5, OFF), "failure", id="still-there"),
        pytest.param(verdict("WARNING", OFF), "failure", id="still-there-as-a-warning"),
        pytest.param(fails(5, "log_blocked_off", "inbound_allowed"), "failure", id="something-new"),
        pytest.param(Verdict.unread(KEY, Sight("r", NOON)), "failure", id="unread"),
        pytest.param(passes(5, is_read=False), "failure", id="pass-not-read-whole"),
    ],
)
def test_the_check_that_is_collected_again_says_what_came_of_it(after, outcome):
    assert judge_outcome(attempt(), after) == outcome


@pytest.mark.parametrize(
    ("after", "outcome"),
    [
        pytest.param(fails(5, "inbound_allowed"), "partial", id="what-was-hidden-shows"),
        pytest.param(passes(5), "success", id="nothing-was-hidden"),
        pytest.param(fails(5, OFF, "inbound_allowed"), "failure", id="still-there"),
        pytest.param(passes(5, is_read=False), "failure", id="not-read-whole"),
    ],
)
def test_what_a_repair_reveals_is_no_harm_that_it_did(after, outcome):
    assert judge_outcome(attempt(), after, reveals_findings=True) == outcome


@pytest.mark.parametrize(
    "stale",
    [
        pytest.param(passes(4), id="from-before-the-recheck"),
        pytest.param(passes(9, key=replace(KEY, host_id="dc02")), id="of-another-host"),
        pytest.param(passes(9, key=replace(KEY, check_type=CheckId.BACKUP)), id="another-check"),
    ],
)
def test_a_pass_that_says_nothing_about_the_repair_is_refused(stale):
    with pytest.raises(TransitionRefused, match="Collect the check of this host again"):
        judge_outcome(attempt(state=S.RECHECKING, moved_at=at(5)), stale)


BELONGS = {
    Phase.PRECONDITION: S.CLAIMED,
    Phase.STEP: S.CHECKED,
    Phase.VALIDATION: S.VALIDATING,
    Phase.ROLLBACK: S.ROLLING_BACK,
}


@pytest.mark.parametrize("phase", Phase)
def test_a_script_runs_only_in_the_state_that_announces_it(phase):
    for state in S:
        may = state is BELONGS[phase] or (phase is Phase.STEP and state is S.ACTING)
        if may:
            assert begin(attempt(state=state), phase, 1, at(1)).moved_at == at(1)
        else:
            with pytest.raises(TransitionRefused):
                begin(attempt(state=state), phase, 1, at(1))


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (S.PLANNED, "nothing"),
        (S.CLAIMED, "nothing"),
        (S.CHECKED, "nothing"),
        (S.ACTING, "validate_and_recheck"),
        (S.VALIDATING, "validate_and_recheck"),
        (S.RECHECKING, "validate_and_recheck"),
        (S.ROLLING_BACK, "roll_back"),
        (S.SUCCEEDED, "nothing"),
        (S.ROLLED_BACK, "nothing"),
        (S.FAILED, "nothing"),
        (S.REFUSED, "nothing"),
    ],
)
def test_what_a_crash_in_each_state_means(state, expected):
    assert resumption(attempt(state=state), MAX) == expected


@pytest.mark.parametrize("state", [S.ACTING, S.VALIDATING, S.RECHECKING, S.ROLLING_BACK])
def test_what_was_cut_off_too_often_is_for_a_person(state):
    tired = attempt(state=state, resumptions=MAX)

    assert resumption(tired, MAX) is Resumption.ESCALATE
    ended = resume(tired, "run-9", MAX, at(9))
    assert (ended.state, ended.reason) == ("failed", "resumed_too_often")


def test_a_run_that_goes_on_validates_what_may_have_been_done():
    mine = resume(attempt(state=S.ACTING, step_id=2), "run-2", MAX, at(9))

    assert (mine.state, mine.step_id, mine.run_id, mine.resumptions) == (
        "validating", 2, "run-2", 1,
    )  # fmt: skip


def test_where_nothing_was_done_it_is_closed_and_does_not_count():
    ended = resume(attempt(state=S.CHECKED), "run-2", MAX, at(9))

    assert (ended.state, ended.reason) == ("refused", "run_ended")
    assert not ended.past.was_tried


def test_what_has_ended_is_left_as_it_is():
    ended = attempt(state=S.SUCCEEDED)

    assert resume(ended, "run-2", MAX, at(9)) is ended


def test_a_rollback_gets_what_each_step_saved_and_nothing_of_one_that_nobody_saw_end():
    steps = [
        StepRecord(Phase.PRECONDITION, 0, NOON, NOON, saved=None),
        StepRecord(Phase.STEP, 1, NOON, NOON, saved={"value": 0, "was_absent": False}),
        StepRecord(Phase.STEP, 2, NOON),
        StepRecord(Phase.ROLLBACK, 1, NOON, NOON, saved={"value": 9}),
    ]

    assert saved_by_steps(steps) == {"1": {"value": 0, "was_absent": False}}


@given(st.lists(st.sampled_from([*S, "crash"]), max_size=25))
def test_no_story_begins_a_step_twice_or_ends_unreasoned(story):
    current, begun, runs = attempt(), [], 1
    for item in story:
        if item == "crash":
            runs += 1
            current = resume(current, f"run-{runs}", MAX, at(runs))
            continue
        try:
            current = go(current, item)
        except TransitionRefused:
            continue
        if item is S.ACTING:
            begun.append(current.step_id)
    assert begun == list(range(1, len(begun) + 1))
    assert current.resumptions <= MAX + 1
    if current.state.is_final:
        assert current.finished_at is not None
        assert (current.outcome is Outcome.FAILURE) == (current.state is not S.SUCCEEDED)
        assert current.reason or current.state is S.SUCCEEDED


def test_after_a_resumption_no_further_step_is_begun():
    mine = resume(attempt(state=S.ACTING, step_id=1), "run-2", MAX, at(9))

    with pytest.raises(TransitionRefused):
        act(replace(mine), 2, at(10))
