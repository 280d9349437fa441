# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ticket of a lost host says of the repair that was under way there."""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.attempts import (
    AttemptState,
    StepRecord,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.runbooks import (
    load_runbooks,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.steps import Phase
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.tickets import (
    Case,
    Tried,
    build_ticket,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    IncidentStatus,
    Outcome,
)
from unit.healing.remembered import RULES, TICKETS, PlainScrubber, at, attempt, incident

RUNBOOKS = load_runbooks(RULES)
LOST = incident(status=IncidentStatus.ESCALATED, reason="lost_in_repair")
ARMED = StepRecord(Phase.STEP, 1, at(1), at(2), changed=True, note="revert_armed")
LET_IN = StepRecord(Phase.STEP, 2, at(2), at(3), changed=False, note="already_there")
BEGUN = StepRecord(Phase.STEP, 3, at(3))
NEVER_ARMED = "Nothing on the host takes it back by itself."


def said(*steps, state=AttemptState.ACTING, runbooks=RUNBOOKS, **parts) -> list[str]:
    """Return what a ticket suggests about one attempt that has not ended."""
    tried = (Tried(attempt(state=state, **parts), steps),)
    case = Case(LOST, "lost_in_repair", tried, runbooks=runbooks)
    return list(build_ticket("ticket-1", case, TICKETS, PlainScrubber()).contract.suggested_actions)


def test_it_names_the_repair_its_last_step_what_it_changed_and_the_way_back_of_the_host():
    assert said(ARMED, LET_IN, BEGUN, step_id=3) == [
        TICKETS.reasons["lost_in_repair"],
        (
            "RB-WIN-FW-001 (Turn on firewall profiles without losing the host) has been under way "
            "since 2026-03-02T12:00:00Z, and nobody saw it end."
        ),
        (
            "Its last script was step 3 (Turn on the profiles and let them block by default), "
            "begun 2026-03-02T12:03:00Z and not seen to end."
        ),
        (
            "These have changed the host, or may have: step 1 (Arm the way back, which puts the "
            "profiles back to what they are now), step 3 (Turn on the profiles and let them block "
            "by default)."
        ),
        "A task on the host that takes it back by itself was armed and not disarmed.",
    ]


def test_a_repair_that_had_not_begun_changed_nothing():
    looked = StepRecord(Phase.PRECONDITION, 0, at(1), at(2), note="met")

    assert said(looked, state=AttemptState.CHECKED)[2:] == [
        "Its last script was precondition, begun 2026-03-02T12:01:00Z and seen to end.",
        "No step of it had begun, so it has changed nothing.",
    ]


def test_a_repair_without_any_script_says_so():
    assert said(state=AttemptState.CLAIMED)[2:] == [
        "No step of it had begun, so it has changed nothing.",
    ]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([StepRecord(Phase.STEP, 1, at(1))],
                     "A task on the host that takes it back by itself may be armed.", id="arming"),
        pytest.param([ARMED, LET_IN, StepRecord(Phase.STEP, 4, at(4), at(5), changed=True,
                                                note="revert_disarmed")],
                     "The task on the host that takes it back by itself was disarmed.",
                     id="disarmed"),
        pytest.param([ARMED, StepRecord(Phase.ROLLBACK, 1, at(4))],
                     "A task on the host that takes it back by itself was armed and not disarmed.",
                     id="going-back"),
    ],
)  # fmt: skip
def test_it_says_whether_the_host_takes_the_repair_back_by_itself(steps, expected):
    assert said(*steps)[-1] == expected


def test_a_runbook_without_such_a_task_says_that_there_is_none():
    begun = StepRecord(Phase.STEP, 1, at(1))

    assert said(begun, runbook_id="RB-WIN-LOG-002")[-1] == NEVER_ARMED


def test_a_step_that_failed_is_told_with_its_number():
    failed = StepRecord(Phase.STEP, 1, at(1), at(2), failure="script_timeout", hresult="0x80070005")

    assert said(failed, runbook_id="RB-WIN-LOG-002")[2].endswith(
        "begun 2026-03-02T12:01:00Z and failed: script_timeout 0x80070005."
    )


def test_a_runbook_that_is_not_there_any_more_is_named_all_the_same():
    told = said(BEGUN, runbooks={})

    assert told[1].startswith("RB-WIN-FW-001 has been under way")
    assert told[3] == "These have changed the host, or may have: step 3."
    assert told[4] == "Whether the host takes it back by itself is not known."


def test_a_repair_that_has_ended_is_not_under_way():
    ended = {"state": AttemptState.ROLLED_BACK, "outcome": Outcome.FAILURE, "finished_at": at(9)}

    assert said(BEGUN, **ended) == [TICKETS.reasons["lost_in_repair"]]
