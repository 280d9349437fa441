# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gate remembers: who holds which host, what was tried, allowed, queued and stopped."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import RunbookNotFound
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.site import (
    NameInvalid,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.approvals import (
    ApproverRefused,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId, Outcome
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gate_approvals import (
    ApprovalClosed,
    ApprovalUnknown,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gate_claims import (
    Claim,
    ClaimLost,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gate_deaths import (
    RunAlive,
    RunUnknown,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gate_tables import (
    ALL_SITES,
    ApprovalRow,
    RepairClaimRow,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gates import Gate
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.run_identity import (
    RunIdentity,
    identify_run,
    is_alive,
)
from unit.healing.repairs import NIGHT, NOON, policy, request, runbook

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SITE = "clinic-001"
NIGHT_TIME = NOON.replace(day=3, hour=2, minute=15)
ASKS = {"requires_approval": True}
CAREFUL = {"blast_radius": {"canary": True}}
# Where no process of these tests can be looked for.
ELSEWHERE = RunIdentity("run-elsewhere", "controller2", "another boot", 4711, "100")


@pytest.fixture
def gate(database):
    """Return a function that makes a gate: its run, runbook flags and site policy are options."""

    def make(run=None, *, book=None, **site) -> Gate:
        known = runbook(**(book or {}))
        return Gate(
            database, policy(**site), {known.runbook_id: known}, run or identify_run("run-1")
        )

    return make


def code(answer) -> str:
    """Return the code of a decision, ``claimed`` for a claim."""
    return "claimed" if isinstance(answer, Claim) else answer.code.value


def fail(gate, asked, now) -> None:
    """Try *asked* at *now* without success."""
    claim = gate.claim(asked, now)
    assert isinstance(claim, Claim), claim
    gate.release(claim, Outcome.FAILURE, now)


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


# Approvals


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


# Kill switches


@pytest.mark.parametrize(("scope", "stopped"), [(SITE, [SITE]), (ALL_SITES, [SITE, "clinic-002"])])
def test_a_kill_switch_stops_its_site_or_all_of_them(gate, scope, stopped):
    gate().kill(scope, "dave", "a bad patch", NOON)

    answers = {
        site: code(gate().claim(request(site_id=site), NOON)) for site in (SITE, "clinic-002")
    }

    assert [site for site, answer in answers.items() if answer == "kill_switch"] == stopped


def test_a_switch_that_is_turned_on_twice_is_turned_off_once(gate):
    gate().kill(SITE, "dave", "a bad patch", NOON)
    again = gate().kill(SITE, "erin", "me too", NOON + HOUR)

    assert again.since == NOON
    assert gate().unkill(SITE, "dave", NOON + HOUR)
    assert not gate().unkill(SITE, "dave", NOON + HOUR)
    assert gate().kill_switches(SITE) == ()


def test_only_a_person_turns_it_off(gate):
    gate().kill(SITE, "rule:L1-LOGGING-005", "too many failures", NOON)

    with pytest.raises(ApproverRefused):
        gate().unkill(SITE, "planner", NOON)

    assert len(gate().kill_switches(SITE)) == 1


@pytest.mark.parametrize("scope", ["", "clinic 001", "**", "all sites"])
def test_a_switch_for_what_can_be_no_site_would_stop_nothing_and_is_refused(gate, scope):
    with pytest.raises(NameInvalid):
        gate().kill(scope, "dave", "a bad patch", NOON)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        pytest.param(lambda _: None, "allowed", id="not-there"),
        pytest.param(lambda file: file.touch(), "kill_switch", id="empty"),
        pytest.param(lambda file: file.touch(mode=0), "kill_switch", id="unreadable"),
        pytest.param(lambda file: file.mkdir(), "kill_switch", id="a-directory"),
        pytest.param(lambda file: file.symlink_to("nowhere"), "kill_switch", id="a-broken-link"),
        pytest.param(lambda file: file.parent.rmdir(), "kill_switch", id="its-directory-is-gone"),
        pytest.param(
            lambda file: (file.parent.rmdir(), file.parent.touch()),
            "kill_switch",
            id="its-directory-is-a-file",
        ),
    ],
)
def test_the_file_stops_everything_unless_it_is_certainly_not_there(gate, tmp_path, make, expected):
    file = tmp_path / "switches" / "stop"
    file.parent.mkdir()

    make(file)

    assert code(gate(kill_switch_file=str(file)).decide(request(), NOON)) == expected


def test_a_file_whose_directory_may_not_be_entered_counts_as_there(gate, tmp_path, monkeypatch):
    def denied(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("os.lstat", denied)

    decision = gate(kill_switch_file=f"{tmp_path}/stop").claim(request(), NOON)

    assert code(decision) == "kill_switch"
    assert decision.reason == (
        f"The kill switch is on: the file {tmp_path}/stop cannot be looked at (Permission denied)."
    )


# The queue

IN_WINDOW = {"maintenance_window_only": True}


def test_what_waits_is_due_while_its_window_has_room(gate):
    nightly = gate(maintenance_windows=[NIGHT])
    asked = request(does=IN_WINDOW)
    decision = nightly.claim(asked, NOON)
    nightly.queue(asked, decision, NOON)

    assert nightly.due(SITE, NOON) == []
    assert nightly.due(SITE, NIGHT_TIME + 2 * HOUR) == []
    [due] = nightly.due(SITE, NIGHT_TIME)
    assert due.request == replace(asked, runbook_sha256=runbook().sha256)
    assert due.queued_at == NOON
    assert due.opens_at == NOON.replace(day=3, hour=2)


def test_what_is_queued_again_keeps_its_place(gate):
    nightly = gate(maintenance_windows=[NIGHT])
    decision = nightly.decide(request(does=IN_WINDOW), NOON)
    nightly.queue(request(does=IN_WINDOW), decision, NOON)
    nightly.queue(request("fs02", does=IN_WINDOW), decision, NOON + MINUTE)
    nightly.queue(request(does=IN_WINDOW, incident_id="a later one"), decision, NOON + HOUR)

    waiting = nightly.queued(SITE)

    assert [(item.request.host_id, item.request.incident_id) for item in waiting] == [
        ("fs01", "a later one"),
        ("fs02", "incident-of-fs02"),
    ]


def test_what_is_claimed_waits_no_more(gate):
    nightly = gate(maintenance_windows=[NIGHT])
    asked = request(does=IN_WINDOW)
    nightly.queue(asked, nightly.decide(asked, NOON), NOON)

    nightly.claim(asked, NIGHT_TIME)

    assert nightly.queued(SITE) == []


def test_an_incident_that_is_resolved_takes_what_waits_for_it_along(gate):
    nightly = gate(maintenance_windows=[NIGHT])
    asked = request(does=IN_WINDOW)
    nightly.queue(asked, nightly.decide(asked, NOON), NOON)

    assert nightly.forget(SITE, "incident-of-fs02") == 0
    assert nightly.forget(SITE, "incident-of-fs01") == 1
    assert nightly.queued(SITE) == []


def test_only_what_was_to_be_queued_is_queued(gate):
    decision = gate().decide(request(), NOON)

    with pytest.raises(ValueError, match="a decision to allow"):
        gate().queue(request(), decision, NOON)


# Runs that died


def dead_process() -> int:
    """Return the number of a process that lived a moment ago."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait(timeout=60)
    return process.pid


def dead_run() -> RunIdentity:
    here = identify_run("run-dead")
    return RunIdentity("run-dead", here.machine, here.boot, dead_process(), "1")


def test_what_a_dead_run_held_is_taken_over_and_not_set_free(gate):
    claim = gate(dead_run()).claim(request(), NOON)
    alive = gate(identify_run("run-2"))

    before = code(alive.claim(request("fs01", requested_by="user:bob"), NOON + DAY))
    [taken] = alive.recover(SITE, "run-dead")

    assert before == "host_busy"
    assert (taken.number, taken.run_id, taken.incident_id) == (1, "run-2", "incident-of-fs01")
    assert code(alive.claim(request(requested_by="user:bob"), NOON + DAY)) == "host_busy"
    with pytest.raises(ClaimLost):
        gate().release(claim, Outcome.SUCCESS, NOON + DAY)
    alive.release(taken, Outcome.FAILURE, NOON + DAY)
    assert code(alive.claim(request(requested_by="user:bob"), NOON + DAY)) == "claimed"


def test_a_run_that_lives_keeps_its_hosts_however_old_they_are(gate):
    gate(identify_run("run-1")).claim(request(), NOON)

    with pytest.raises(RunAlive, match="the process of the run run-1 lives"):
        gate(identify_run("run-2")).recover(SITE, "run-1")
    with pytest.raises(RunAlive, match="the process of the run run-1 lives"):
        gate(identify_run("run-2")).declare_dead(SITE, "run-1", "dave", NOON)


def test_a_run_that_cannot_be_seen_is_taken_over_only_if_a_person_says_so(gate):
    gate(ELSEWHERE).claim(request(), NOON)
    alive = gate(identify_run("run-2"))

    with pytest.raises(RunAlive, match="process 4711 on controller2"):
        alive.recover(SITE, "run-elsewhere")
    with pytest.raises(ApproverRefused):
        alive.declare_dead(SITE, "run-elsewhere", "planner", NOON)
    with pytest.raises(RunAlive):
        alive.recover(SITE, "run-elsewhere")

    # Whoever says so is another process than the one that takes the host over.
    assert gate(identify_run("a command")).declare_dead(SITE, "run-elsewhere", "dave", NOON) == 1
    assert alive.declare_dead(SITE, "run-elsewhere", "erin", NOON + MINUTE) == 1
    assert len(alive.recover(SITE, "run-elsewhere")) == 1


def test_a_word_about_one_run_is_none_about_another(gate):
    gate(ELSEWHERE).claim(request("fs01"), NOON)
    gate(replace(ELSEWHERE, run_id="run-later")).claim(request("fs02"), NOON)
    alive = gate(identify_run("run-2"))
    alive.declare_dead(SITE, "run-elsewhere", "dave", NOON)

    with pytest.raises(RunAlive, match="run-later"):
        alive.recover(SITE, "run-later")
    with pytest.raises(RunUnknown, match="clinic-001"):
        alive.declare_dead(SITE, "run-nobody", "dave", NOON)
    with pytest.raises(RunUnknown, match="clinic-002"):
        alive.declare_dead("clinic-002", "run-elsewhere", "dave", NOON)


def test_what_is_held_is_listed_with_who_holds_it(gate):
    gate(ELSEWHERE).claim(request("fs01"), NOON)
    alive = gate(identify_run("run-2"))
    alive.claim(request("fs02"), NOON)

    assert [(claim.host_id, run) for claim, run in alive.taken(SITE)] == [
        ("fs01", ELSEWHERE),
        ("fs02", alive.run),
    ]


def test_other_runs_that_hold_hosts_are_named(gate):
    gate(ELSEWHERE).claim(request("pc01"), NOON)
    gate(ELSEWHERE).claim(request("pc02"), NOON)
    mine = gate(identify_run("run-2"))
    mine.claim(request("pc03"), NOON)

    assert mine.other_runs(SITE) == [ELSEWHERE]
    assert mine.recover(SITE, "run-without-hosts") == ()


def test_a_try_that_was_taken_over_counts_as_one(gate):
    gate(dead_run()).claim(request(max_retries=0), NOON)
    alive = gate(identify_run("run-2"))
    [taken] = alive.recover(SITE, "run-dead")
    alive.release(taken, Outcome.FAILURE, NOON)

    assert code(alive.claim(request(max_retries=0), NOON + HOUR)) == "retries_exhausted"


def test_a_canary_whose_run_died_keeps_the_others_waiting(gate):
    gate(dead_run(), **CAREFUL).claim(request("pc01"), NOON)

    assert code(gate(**CAREFUL).claim(request("pc02"), NOON + 2 * DAY)) == "canary_running"


def test_this_process_lives_and_a_reused_number_does_not_count():
    here = identify_run("run-1")
    reused = RunIdentity("run-1", here.machine, here.boot, here.pid, "1")

    assert (is_alive(here), is_alive(reused), is_alive(dead_run())) == (True, False, False)


def test_a_process_that_only_its_parent_still_counts_is_dead():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        run = identify_run("run-1", process.pid)
        assert is_alive(run) is True
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it stays a zombie

        assert is_alive(run) is False


@pytest.mark.parametrize(
    "change", [{"machine": "controller2"}, {"boot": "an earlier one"}, {"boot": ""}]
)
def test_nothing_is_known_of_a_process_of_another_machine_boot_or_system(change):
    here = identify_run("run-1")
    parts = {name: getattr(here, name) for name in RunIdentity.__slots__}

    assert is_alive(RunIdentity(**{**parts, **change})) is None


def test_a_process_that_does_not_live_acts_for_no_run():
    with pytest.raises(ProcessLookupError):
        identify_run("run-1", dead_process())


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
