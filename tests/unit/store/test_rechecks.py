# SPDX-License-Identifier: GPL-3.0-or-later
"""After a refresh of group policies a repair is looked at again; what came back is a person's."""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.relapse import (
    Bar,
    Recheck,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.sightings import (
    Sight,
    Verdict,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    IncidentStatus,
    Outcome,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.migrating import (
    open_database,
)
from unit.healing.remembered import KEY, OFF, at, fails, passes, verdict
from unit.store.memory import Memory


@pytest.fixture
def memory(database) -> Memory:
    """Give a memory in which a domain member was repaired at 12:10."""
    made = Memory(database)
    made.opened()
    made.repaired(at(10), passes(10), member=True)
    return made


def due(memory, minutes=135):
    (found,) = memory.rechecks.due("clinic-001", at(minutes))
    return found


def test_it_is_due_125_minutes_after_the_repair_and_survives_a_restart(url, memory):
    assert memory.rechecks.due("clinic-001", at(134.99)) == []
    again = open_database(url)

    assert (due(Memory(again)).due_at, due(memory).attempt_id) == (at(135), "attempt-1")
    assert Memory(again).rechecks.due("clinic-002", at(999)) == []
    again.close()


def test_a_host_outside_a_domain_is_not_looked_at_again(database):
    memory = Memory(database)
    memory.opened()
    memory.repaired(at(10), passes(10), member=False)

    assert memory.rechecks.due("clinic-001", at(999)) == []


def test_what_holds_is_no_question_any_more(memory):
    assert memory.rechecks.settle(due(memory), passes(135), at(135)) is Recheck.HOLDS
    assert memory.rechecks.due("clinic-001", at(999)) == []
    assert memory.incidents.get("incident-1").status is IncidentStatus.RESOLVED


def test_another_fault_is_no_sign_that_a_policy_overrides_the_repair(memory):
    other = verdict("WARNING", "log_blocked_off", minutes=135)

    assert memory.rechecks.settle(due(memory), other, at(135)) is Recheck.HOLDS


@pytest.mark.parametrize(
    "seen",
    [Verdict.unread(KEY, Sight("heal-2", at(135)), "E004"), passes(135, is_read=False)],
    ids=["unreachable", "not-read-whole"],
)
def test_what_could_not_be_read_stays_due(memory, seen):
    assert memory.rechecks.settle(due(memory), seen, at(135)) is Recheck.UNREAD
    assert due(memory, 140).attempt_id == "attempt-1"


def test_what_came_back_is_partial_and_a_persons_and_never_repaired_by_itself_again(memory):
    seen = fails(135, run="heal-2", bundle="EB-20260302-000030")

    assert memory.rechecks.settle(due(memory), seen, at(135)) is Recheck.CAME_BACK

    kept = memory.incidents.get("incident-1")
    assert (kept.status, kept.reason, kept.recurrence_count) == ("ESCALATED", "gpo_overrides", 1)
    assert (kept.resolved_at, kept.evidence_bundle_id) == (None, "EB-20260302-000030")
    (ticket,) = memory.tickets.waiting("clinic-001")
    assert ticket.ticket.code == "gpo_overrides"
    (tried,) = ticket.ticket.contract.attempted_resolutions
    assert (tried["outcome"], tried["relapsed_at"]) == ("partial", "2026-03-02T14:15:00Z")
    (amendment,) = memory.history.amendments_due("clinic-001")
    assert (amendment.bundle_id, amendment.outcome) == ("EB-20260302-001001", Outcome.PARTIAL)
    ((suppressed),) = memory.suppressions.active("clinic-001")
    assert (suppressed.key, suppressed.runbook_id, suppressed.code) == (KEY, "*", "gpo_overrides")
    assert memory.rechecks.due("clinic-001", at(999)) == []


def test_the_run_that_found_it_adds_nothing_when_its_verdicts_are_recorded(memory):
    seen = fails(135, run="heal-2")
    memory.rechecks.settle(due(memory), seen, at(135))

    assert memory.incidents.record([seen]) == []


def test_after_it_passed_again_no_runbook_repairs_it_until_an_operator_says_so(memory):
    memory.rechecks.settle(due(memory), fails(135), at(135))
    memory.incidents.record([passes(200)])
    ((_, opened),) = memory.incidents.record([fails(300)])
    other = {"incident_id": opened.after.incident_id, "runbook_id": "RB-WIN-FW-002"}

    assert memory.planned(at(301), **other) is Bar.SUPPRESSED
    memory.suppressions.clear(KEY, "*", "operator-1", at(302))
    assert memory.planned(at(303), **other).runbook_id == "RB-WIN-FW-002"


def test_a_relapse_that_a_check_saw_first_is_handed_over_when_the_recheck_is_due(memory):
    memory.incidents.record([fails(60)])
    assert memory.attempts.get("attempt-1").amended_outcome is Outcome.FAILURE

    memory.rechecks.settle(due(memory), fails(135), at(135))

    assert memory.attempts.get("attempt-1").amended_outcome is Outcome.PARTIAL
    kept = memory.incidents.get("incident-1")
    assert (kept.status, kept.recurrence_count) == ("ESCALATED", 1)


def test_an_amendment_that_was_issued_is_not_unsaid(memory):
    memory.incidents.record([fails(60)])
    memory.history.amended("attempt-1", "EB-20260302-000020")

    memory.rechecks.settle(due(memory), fails(135), at(135))

    assert memory.attempts.get("attempt-1").amended_outcome is Outcome.FAILURE


def test_a_later_repair_is_looked_at_in_place_of_the_earlier_one(memory):
    early = due(memory)
    memory.incidents.record([fails(60)])
    memory.repaired(at(70), passes(70), member=True)

    assert (due(memory, 195).attempt_id, due(memory, 195).due_at) == ("attempt-2", at(195))
    assert memory.rechecks.settle(early, fails(136), at(136)) is None
    assert memory.tickets.waiting("clinic-001") == []


def test_while_a_repair_is_under_way_the_question_waits(memory):
    memory.incidents.record([fails(60)])
    found = due(memory)
    memory.acting(at(134))

    assert memory.rechecks.settle(found, fails(135), at(135)) is None
    assert due(memory) == found


def test_of_two_runs_that_looked_a_single_one_hands_it_over(memory):
    found = due(memory)

    first = memory.rechecks.settle(found, fails(135, run="heal-2"), at(135))
    second = memory.rechecks.settle(found, fails(136, run="heal-3"), at(136))

    assert (first, second) == (Recheck.CAME_BACK, None)
    assert memory.incidents.get("incident-1").recurrence_count == 1
    assert [item.code for item in memory.incidents.get("incident-1").findings] == [OFF]
