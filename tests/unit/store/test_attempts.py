# SPDX-License-Identifier: GPL-3.0-or-later
"""An attempt is kept before the deed; one goes on with it; what did not help is not repeated."""

import threading

import pytest
from sqlalchemy import select

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.attempts import (
    Attempt,
    AttemptState,
    TransitionRefused,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.relapse import Bar
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.sightings import (
    Sight,
    Verdict,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.steps import Phase
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    IncidentStatus,
    Outcome,
    ResolutionLevel,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.attempt_plans import (
    DecisionMissing,
    IncidentTaken,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.attempts import (
    AttemptMoved,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.healing_rows import (
    RecordUnknown,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.healing_tables import (
    AttemptRow,
    AttemptStep,
    Decision,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.migrating import (
    open_database,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.ticketing import (
    AttemptActive,
)
from unit.healing.remembered import KEY, OFF, RELAPSE, RUNBOOK, at, broke, fails, passes, ran
from unit.store.memory import Memory

S = AttemptState
DAY = 1440


@pytest.fixture
def memory(database) -> Memory:
    return Memory(database)


def status(memory) -> str:
    return memory.incidents.get("incident-1").status.value


def test_a_claim_takes_the_incident_and_an_end_without_success_gives_it_back(memory):
    memory.opened()
    planned = memory.planned(at(1))
    assert status(memory) == "OPEN"

    claimed = memory.attempts.advance(planned, S.CLAIMED, at(2))
    assert status(memory) == "IN_PROGRESS"
    memory.attempts.advance(claimed, S.REFUSED, at(3), "already_good")

    assert status(memory) == "OPEN"
    kept = memory.attempts.get("attempt-1")
    assert (kept.state, kept.reason, kept.outcome) == ("refused", "already_good", "failure")


def test_an_attempt_is_kept_as_it_was_planned(memory):
    memory.opened(OFF, "log_blocked_off")
    planned = memory.planned(at(1))

    assert memory.attempts.get("attempt-1") == planned
    assert planned.before == {OFF, "log_blocked_off"}
    assert planned.parameters == {"profile": "domain"}
    assert memory.attempts.unfinished("clinic-001") == [planned]
    assert memory.attempts.unfinished("clinic-002") == []


def test_a_step_is_kept_before_it_is_done_and_what_it_saved_after(memory):
    memory.opened()
    made = memory.planned(at(1))
    for state in (S.CLAIMED, S.CHECKED):
        made = memory.attempts.advance(made, state, at(1))

    made = memory.attempts.begin(made, Phase.STEP, at(2), 1)
    (begun,) = memory.attempts.steps("attempt-1")
    assert (begun.started_at, begun.finished_at, begun.saved) == (at(2), None, None)
    assert (memory.attempts.get("attempt-1").state, made.step_id) == ("acting", 1)

    memory.attempts.finish(made, ran(note="turned_on", saved={"value": 0}), at(3))
    (done,) = memory.attempts.steps("attempt-1")
    assert (done.finished_at, done.changed, done.note, done.saved) == (
        at(3), True, "turned_on", {"value": 0},
    )  # fmt: skip


def test_a_step_that_was_begun_is_never_begun_again(memory):
    memory.opened()
    made = memory.acting(at(1))

    with pytest.raises(TransitionRefused, match="Step 2 is next, not 1"):
        memory.attempts.begin(made, Phase.STEP, at(2), 1)


def test_what_a_rollback_needed_is_forgotten_when_it_has_ended(memory):
    memory.opened()
    memory.failed(at(1))
    memory.repaired(at(20), passes(20))

    with memory.database.reading() as session:
        assert session.scalars(select(AttemptStep.saved)).all() == [None, None]
        assert session.scalars(select(AttemptRow.parameters)).all() == [None, None]


def test_what_a_step_failed_with_is_kept_as_words_and_numbers(memory):
    memory.opened()
    made = memory.acting(at(1))
    made = memory.attempts.begin(made, Phase.STEP, at(2), 2)

    memory.attempts.finish(made, broke(), at(3))

    failed = memory.attempts.steps("attempt-1")[1]
    assert (failed.failure, failed.hresult, failed.changed) == ("script_error", "0x80070005", None)


def test_success_is_what_the_check_says_when_it_is_collected_again(memory):
    memory.opened()
    made = memory.rechecking(at(1))

    for after in (fails(2), Verdict.unread(KEY, Sight("run-2", at(2)))):
        assert memory.attempts.succeed(made, after, at(2), is_domain_member=False) is None
    assert (status(memory), memory.attempts.get("attempt-1").state) == ("IN_PROGRESS", "rechecking")

    done = memory.attempts.succeed(made, passes(3), at(3), is_domain_member=False)
    assert (done.state, done.outcome, status(memory)) == ("succeeded", "success", "RESOLVED")


def test_a_partial_success_leaves_the_incident_open_for_the_rest(memory):
    memory.opened(OFF, "log_blocked_off")
    done = memory.repaired(at(1), fails(1, "log_blocked_off"))

    assert (done.outcome, status(memory)) == (Outcome.PARTIAL, "OPEN")
    assert [item.code for item in memory.incidents.get("incident-1").findings] == [
        "log_blocked_off"
    ]


def test_the_verdict_from_before_the_repair_does_not_reopen_what_it_mended(memory):
    memory.opened(run="heal-1")
    memory.repaired(at(10), passes(10, run="heal-1"))

    assert memory.incidents.record([fails(0, run="heal-1")]) == []
    assert memory.incidents.record([fails(9, run="check-2")]) == []
    assert status(memory) == "RESOLVED"


def test_completion_is_told_once_when_its_evidence_is_sealed(memory):
    memory.opened()
    memory.failed(at(1))
    assert len(memory.outbox.waiting()) == 1

    for _ in range(2):
        memory.history.sealed("attempt-1", "EB-20260302-000001", at(2))

    assert [item.message for item in memory.outbox.waiting()][1:] == [
        {
            "event_type": "healing.completed",
            "timestamp": "2026-03-02T12:02:00Z",
            "payload": {
                "incident_id": "incident-1",
                "resolution_level": 1,
                "runbook_id": "RB-WIN-FW-001",
                "outcome": "failure",
                "evidence_bundle_id": "EB-20260302-000001",
            },
        }
    ]


def test_what_has_not_ended_has_no_bundle(memory):
    memory.opened()
    memory.acting(at(1))

    with pytest.raises(RecordUnknown, match="attempt that has ended"):
        memory.history.sealed("attempt-1", "EB-20260302-000001", at(2))


def test_an_incident_has_one_attempt_at_a_time_whoever_asks(memory):
    memory.opened()
    memory.planned(at(1))

    with pytest.raises(AttemptActive, match="RB-WIN-FW-001 has not ended on dc01"):
        memory.planned(at(2), tier=ResolutionLevel.L3, requested_by="user:operator-1")


def test_what_a_person_has_is_repaired_by_nobody_but_a_person(memory):
    memory.opened()
    memory.tickets.escalate("incident-1", "no_repair", at(1))

    with pytest.raises(IncidentTaken):
        memory.planned(at(2))
    asked = memory.planned(at(2), tier=ResolutionLevel.L3, requested_by="user:operator-1")

    assert isinstance(asked, Attempt)


def test_what_is_resolved_needs_no_repair(memory):
    memory.opened()
    memory.incidents.record([passes(1)])

    with pytest.raises(IncidentTaken, match="got 'RESOLVED'"):
        memory.planned(at(2))


def test_the_planner_repairs_nothing_without_a_decision_that_is_kept(memory):
    memory.opened()
    plan = {"tier": ResolutionLevel.L2, "requested_by": "planner"}
    with pytest.raises(DecisionMissing):
        memory.planned(at(1), **plan)
    memory.history.decided("incident-1", "RB-WIN-FW-003", {"mode": "act"}, at(1))
    with pytest.raises(DecisionMissing):
        memory.planned(at(1), **plan)

    memory.history.decided("incident-1", RUNBOOK, {"mode": "act", "confidence": 910}, at(1))

    assert memory.planned(at(1), **plan).tier is ResolutionLevel.L2
    with memory.database.reading() as session:
        rows = session.scalars(select(Decision).where(Decision.runbook_id == RUNBOOK)).all()
        assert [row.record for row in rows] == [{"mode": "act", "confidence": 910}]
        # printf '%s' '{"confidence":910,"mode":"act"}' | sha256sum
        assert rows[0].record_sha256 == SHA256_OF_RECORD


SHA256_OF_RECORD = "f47ae939b2ecb1faed4d60da0b011a46ff46bbdae706b34e30d250276b5b9e71"


def test_the_second_identical_repair_that_did_not_help_bars_the_third_for_every_tier(memory):
    memory.opened()
    memory.failed(at(1))
    memory.failed(at(2))
    memory.history.decided("incident-1", RUNBOOK, {"mode": "act"}, at(3))

    for tier in ResolutionLevel:
        assert memory.planned(at(3), tier=tier) is Bar.INEFFECTIVE
    other = memory.planned(at(3), parameters={"profile": "public"})
    assert isinstance(other, Attempt)


def test_flapping_is_suppressed_until_an_operator_clears_it_also_after_a_restart(url, memory):
    memory.opened()
    for number in range(3):
        minutes = number * 100
        other = {"parameters": {"profile": f"p{number}"}}
        memory.repaired(at(minutes + 10), passes(minutes + 10), **other)
        memory.incidents.record([fails(minutes + 60)])

    assert memory.planned(at(300), parameters={"profile": "new"}) is Bar.FLAPPING
    again = open_database(url)
    restarted = Memory(again, start=100)
    late = at(300 + 30 * DAY)
    assert restarted.planned(late, parameters={"profile": "new"}) is Bar.SUPPRESSED
    ((suppressed),) = restarted.suppressions.active("clinic-001")
    assert (suppressed.key, suppressed.runbook_id, suppressed.code) == (KEY, RUNBOOK, "flapping")

    restarted.suppressions.clear(KEY, RUNBOOK, "operator-1", at(301))
    assert isinstance(restarted.planned(at(302), parameters={"profile": "new"}), Attempt)
    assert restarted.suppressions.active("clinic-001") == []
    again.close()


def test_what_is_cleared_can_be_suppressed_again_and_only_what_is_in_force_can_be_cleared(memory):
    memory.opened()
    for number in range(5):
        memory.repaired(at(number * DAY + 10), passes(number * DAY + 10))
        memory.incidents.record([fails(number * DAY + 60)])
        if number == 1:
            assert memory.planned(at(number * DAY + 61)) is Bar.INEFFECTIVE
            break

    with pytest.raises(RecordUnknown, match="dc01 firewall RB-WIN-FW-001"):
        memory.suppressions.clear(KEY, RUNBOOK, "operator-1", at(1))


def test_of_two_that_claim_one_attempt_a_single_one_does(url, memory):
    memory.opened()
    planned = memory.planned(at(1))
    start, won, lost = threading.Barrier(4), [], []

    def claim() -> None:
        mine = open_database(url)
        try:
            start.wait(timeout=30)
            won.append(Memory(mine).attempts.advance(planned, S.CLAIMED, at(2)))
        except AttemptMoved as error:
            lost.append(error.code)
        finally:
            mine.close()

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert (len(won), lost) == (1, ["attempt_moved"] * 3)


def test_of_two_runs_that_take_over_a_single_one_does_and_the_dead_one_is_locked_out(memory):
    memory.opened()
    left = memory.acting(at(1))

    mine = memory.attempts.take_over(left, "heal-2", at(9))
    assert (mine.state, mine.run_id) == ("validating", "heal-2")

    with pytest.raises(AttemptMoved):
        memory.attempts.take_over(left, "heal-3", at(9))
    # It was not dead after all: it must not do its next step.
    with pytest.raises(AttemptMoved, match="leave the host alone"):
        memory.attempts.begin(left, Phase.STEP, at(10), 2)


def test_what_was_cut_off_before_anything_was_done_is_closed_and_may_be_tried_again(memory):
    memory.opened()
    left = memory.attempts.advance(memory.planned(at(1)), S.CLAIMED, at(1))

    ended = memory.attempts.take_over(left, "heal-2", at(9))

    assert (ended.state, ended.reason, status(memory)) == ("refused", "run_ended", "OPEN")
    assert isinstance(memory.planned(at(10)), Attempt)


def test_what_is_cut_off_again_and_again_ends_and_is_for_a_person(memory):
    memory.opened()
    left = memory.acting(at(1))
    for number in range(RELAPSE.resumptions_max):
        left = memory.attempts.take_over(left, f"heal-{number + 2}", at(number + 2))
        assert left.state is S.VALIDATING

    ended = memory.attempts.take_over(left, "heal-9", at(9))

    assert (ended.state, ended.reason) == ("failed", "resumed_too_often")
    assert status(memory) == IncidentStatus.OPEN


def test_the_history_of_a_pair_is_every_attempt_that_ended(memory):
    memory.opened()
    memory.failed(at(1))
    memory.repaired(at(2), passes(2))
    memory.incidents.record([fails(9)])

    first, second = memory.attempts.history(KEY)

    assert (first.outcome, first.reason, first.relapsed_at) == ("failure", "not_mended", None)
    assert (second.outcome, second.relapsed_at) == ("success", at(9))
    assert first.did_not_help
    assert second.did_not_help
