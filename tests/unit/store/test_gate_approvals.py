# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gate remembers of approvals: each is used once, in time, for what was shown."""

import pytest
from sqlalchemy import func, select

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.approvals import (
    ApproverRefused,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import Outcome
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gate_approvals import (
    ApprovalClosed,
    ApprovalUnknown,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gate_tables import (
    ApprovalRow,
    RepairClaimRow,
)
from unit.healing.repairs import NIGHT, NOON, request
from unit.store.gate_answers import DAY, HOUR, SITE, code, fail

ASKS = {"requires_approval": True}


def test_an_approval_is_used_up_by_one_claim(gate):
    asked = request(does=ASKS, cooldown_seconds=0)
    waiting = gate().request_approval(asked, NOON)
    before = code(gate().claim(asked, NOON))
    gate().approve(waiting.approval_id, "carol", NOON)

    claim = gate().claim(asked, NOON)
    gate().release(claim, Outcome.FAILURE, NOON)

    assert (before, claim.approval_id) == ("approval_pending", waiting.approval_id)
    assert code(gate().claim(asked, NOON)) == "approval_required"
    with pytest.raises(ApprovalClosed, match="got 'used'"):
        gate().approve(waiting.approval_id, "carol", NOON)


def test_who_waits_for_an_answer_is_listed_with_what_is_to_be_done(gate):
    asked = request(does=ASKS | {"parameters": {"drive": "C:"}})
    waiting = gate().request_approval(asked, NOON)

    assert gate().pending(SITE, NOON) == [waiting]
    assert waiting.request.action.parameters == {"drive": "C:"}
    assert gate().pending("clinic-002", NOON) == []
    assert gate().pending(SITE, NOON + DAY) == []


def test_who_asks_twice_gets_the_same_request(gate):
    first = gate().request_approval(request(does=ASKS), NOON)
    second = gate().request_approval(request(does=ASKS), NOON + HOUR)
    third = gate().request_approval(request(does=ASKS, requested_by="user:alice"), NOON + HOUR)

    assert first == second
    assert third.approval_id != first.approval_id


def test_an_approval_is_for_the_runbook_as_it_was_shown(gate):
    changed = {"description": "Does something else now."}
    asked = request(does=ASKS)
    waiting = gate().request_approval(asked, NOON)
    gate().approve(waiting.approval_id, "carol", NOON)

    before = code(gate(book=changed).claim(asked, NOON))
    anew = gate(book=changed).request_approval(asked, NOON)

    assert (before, anew.approval_id != waiting.approval_id) == ("approval_required", True)
    assert gate(book=changed).pending(SITE, NOON) == [anew]
    assert code(gate(book=changed).claim(asked, NOON)) == "approval_pending"
    # What was allowed has ended: to take the change back does not revive it.
    assert code(gate().claim(asked, NOON)) == "approval_required"


def test_who_asks_cannot_approve(gate):
    waiting = gate().request_approval(request(does=ASKS, requested_by="user:alice"), NOON)

    with pytest.raises(ApproverRefused):
        gate().approve(waiting.approval_id, " ALICE ", NOON)

    assert gate().pending(SITE, NOON) == [waiting]


def test_who_approved_for_a_rule_cannot_use_that_with_a_button(gate):
    waiting = gate().request_approval(request(does=ASKS), NOON)
    gate().approve(waiting.approval_id, "alice", NOON)

    assert code(gate().claim(request(does=ASKS, requested_by="user:Alice"), NOON)) == (
        "approval_required"
    )
    assert code(gate().claim(request(does=ASKS, requested_by="user:bob"), NOON)) == "claimed"


def test_a_refusal_is_kept(gate):
    waiting = gate().request_approval(request(does=ASKS), NOON)

    gate().refuse(waiting.approval_id, "carol", NOON)

    assert code(gate().claim(request(does=ASKS), NOON)) == "approval_refused"
    with pytest.raises(ApprovalClosed, match="got 'refused'"):
        gate().approve(waiting.approval_id, "bob", NOON)


def test_nobody_approves_what_nobody_asked_for(gate):
    with pytest.raises(ApprovalUnknown, match="got 'AP-1'"):
        gate().approve("AP-1", "carol", NOON)


def test_an_answer_that_is_late_counts_for_nothing_and_a_false_clock_does_not_help(gate):
    waiting = gate().request_approval(request(does=ASKS), NOON)

    with pytest.raises(ApprovalClosed, match="got 'expired'"):
        gate().approve(waiting.approval_id, "carol", NOON + DAY)
    with pytest.raises(ApprovalClosed, match="got 'expired'"):
        gate().approve(waiting.approval_id, "carol", NOON)


def test_an_approval_that_was_found_too_old_stays_so_when_the_clock_is_set_back(gate):
    waiting = gate().request_approval(request(does=ASKS), NOON)
    gate().approve(waiting.approval_id, "carol", NOON + HOUR)

    late = code(gate().claim(request(does=ASKS), NOON + HOUR + DAY))
    earlier = code(gate().claim(request(does=ASKS), NOON + HOUR))

    assert (late, earlier) == ("approval_required", "approval_required")


def test_a_used_approval_stays_used_when_the_clock_is_set_back(gate):
    asked = request(does=ASKS, cooldown_seconds=0)
    waiting = gate().request_approval(asked, NOON)
    gate().approve(waiting.approval_id, "carol", NOON)
    fail(gate(), asked, NOON)

    assert code(gate().claim(asked, NOON - HOUR)) != "claimed"


def test_an_approval_waits_for_the_next_window_and_no_longer(gate):
    weekly = {**NIGHT, "rrule": "FREQ=WEEKLY;BYDAY=SA;BYHOUR=2;BYMINUTE=0"}
    saturday = gate(maintenance_windows=[weekly])
    asked = request(does=ASKS | {"maintenance_window_only": True})
    waiting = saturday.request_approval(asked, NOON)

    approved = saturday.approve(waiting.approval_id, "carol", NOON)

    night = NOON.replace(day=7, hour=2)
    assert approved.expires_at == night + 2 * HOUR
    assert code(saturday.claim(asked, NOON)) == "window_required"
    assert code(saturday.claim(asked, night)) == "claimed"


def test_a_claim_that_is_refused_uses_up_nothing(gate):
    asked = request(does=ASKS)
    waiting = gate().request_approval(asked, NOON)
    gate().approve(waiting.approval_id, "carol", NOON)
    gate().kill(SITE, "dave", "a bad patch", NOON)

    stopped = code(gate().claim(asked, NOON))
    gate().unkill(SITE, "dave", NOON)

    assert stopped == "kill_switch"
    assert code(gate().claim(asked, NOON)) == "claimed"


def test_the_database_holds_one_claim_for_each_approval_and_host(gate, database):
    asked = request(does=ASKS)
    waiting = gate().request_approval(asked, NOON)
    gate().approve(waiting.approval_id, "carol", NOON)
    gate().claim(asked, NOON)

    with database.reading() as session:
        states = session.execute(
            select(ApprovalRow.state, func.count()).group_by(ApprovalRow.state)
        ).all()
        used = session.scalars(select(RepairClaimRow.approval_id)).all()

    assert ([tuple(row) for row in states], used) == ([("used", 1)], [waiting.approval_id])
