# SPDX-License-Identifier: GPL-3.0-or-later
"""What opens, changes and resolves an incident, and what says nothing about it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.incident import (
    IncidentRecord,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.incidents import (
    Event,
    EventKind,
    FollowPolicy,
    Known,
    Relapse,
    Retry,
    follow,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.sightings import (
    SeenFinding,
    Sight,
    Verdict,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckStatus,
    IncidentStatus,
    ResolutionLevel,
    Severity,
)
from unit.healing.remembered import (
    KEY,
    OFF,
    POLICY,
    RELAPSE,
    RUNBOOK,
    at,
    fails,
    finding,
    incident,
    passes,
    resolved,
    silent,
    verdict,
)

NEW = "incident-new"
SOAK = RELAPSE.soak_minutes


def kinds(seen, known=None, policy=POLICY) -> list[str]:
    return [event.kind.value for event in follow(seen, known or Known(), policy, NEW)]


def only(seen, known=None, policy=POLICY) -> Event:
    (event,) = follow(seen, known or Known(), policy, NEW)
    return event


def test_a_fail_opens_an_incident():
    event = only(fails(3, bundle="EB-20260302-000001"))

    assert event == Event(
        EventKind.OPENED,
        IncidentRecord(
            NEW,
            KEY,
            Severity.HIGH,
            IncidentStatus.OPEN,
            at(3),
            CheckStatus.FAIL,
            evidence_bundle_id="EB-20260302-000001",
            findings=(finding(OFF),),
        ),
    )


def test_its_severity_is_that_of_the_worst_fault_that_is_proven():
    seen = verdict(
        "FAIL",
        finding("rule_open", "FAIL", "MEDIUM"),
        finding("unread", "WARNING", "CRITICAL"),
        finding("mere_information", "PASS", "INFO"),
    )

    assert only(seen).after.severity is Severity.MEDIUM


@pytest.mark.parametrize("status", ["OPEN", "IN_PROGRESS", "ESCALATED"])
def test_a_second_fail_updates_the_incident_that_is_there(status):
    known = Known(incident(status=IncidentStatus(status)))

    event = only(fails(5, "inbound_allowed"), known)

    assert (event.kind, event.after.incident_id) == ("updated", "incident-1")
    assert event.after.status == status
    assert [item.code for item in event.after.findings] == ["inbound_allowed"]


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(None, id="nothing-known"),
        pytest.param(incident(), id="open"),
        pytest.param(incident(status=IncidentStatus.ESCALATED), id="escalated"),
        pytest.param(resolved(), id="resolved"),
    ],
)
def test_what_could_not_be_read_neither_opens_nor_resolves(known):
    assert kinds(Verdict.unread(KEY, Sight("run-2", at(20))), Known(known)) == []


def test_a_waived_check_says_nothing_about_its_incident():
    waived = Verdict.unread(KEY, Sight("run-2", at(20)), status=CheckStatus.WARNING)

    assert kinds(waived, Known(incident())) == []


def test_a_pass_resolves_and_credits_nobody_with_what_passed_by_itself():
    event = only(passes(20, bundle="EB-20260302-000002"), Known(incident()))

    assert event.kind is EventKind.RESOLVED
    assert event.after.status is IncidentStatus.RESOLVED
    assert event.after.resolved_at == at(20)
    assert event.after.resolution_level is None
    assert event.after.evidence_bundle_id == "EB-20260302-000002"


def test_a_pass_after_a_person_was_asked_is_that_persons():
    known = Known(incident(status=IncidentStatus.ESCALATED, reason="no_repair"))

    assert only(passes(20), known).after.resolution_level is ResolutionLevel.L3


def test_a_pass_of_a_check_that_was_not_read_whole_never_resolves():
    seen = passes(20, is_read=False)

    assert kinds(seen, Known(incident())) == []


def test_a_pass_while_a_repair_is_under_way_is_noted_only():
    event = only(passes(20), Known(incident(status=IncidentStatus.IN_PROGRESS)))

    assert (event.kind, event.after.status) == ("noted", "IN_PROGRESS")


def test_a_pass_without_an_incident_is_nothing():
    assert kinds(passes()) == []
    assert kinds(passes(20), Known(resolved())) == []


def test_a_warning_after_a_fail_resolves_nothing_and_is_noted():
    event = only(verdict("WARNING", "log_blocked_off", minutes=20), Known(incident()))

    assert event.kind is EventKind.NOTED
    assert event.after.status is IncidentStatus.OPEN
    assert event.after.last_status is CheckStatus.WARNING


def test_a_warning_opens_an_incident_only_where_policy_names_its_code():
    seen = verdict("WARNING", "log_blocked_off")
    named = FollowPolicy(RELAPSE, frozenset({"log_blocked_off"}))

    assert kinds(seen) == []
    assert kinds(seen, policy=named) == ["opened"]
    assert kinds(verdict("WARNING", "other"), policy=named) == []


SEARCH = "search_failed"
ASKED = FollowPolicy(RELAPSE, error_opens=frozenset({(SEARCH, CheckStatus.ERROR)}))


def unread(minutes: float = 20, *codes: str | SeenFinding, **parts) -> Verdict:
    """Return a check that was not read whole, with what it says of that."""
    found = codes or (SEARCH,)
    return verdict("ERROR", *found, minutes=minutes, is_read=False, **parts)


def test_an_error_opens_an_incident_only_where_a_rule_names_its_code():
    event = only(unread(), policy=ASKED)

    assert (event.kind, event.after.status) == ("opened", IncidentStatus.OPEN)
    assert (event.after.last_status, event.after.severity) == (CheckStatus.ERROR, Severity.HIGH)
    assert [item.code for item in event.after.findings] == [SEARCH]
    assert kinds(unread()) == []
    assert kinds(unread(20, "probe_denied"), policy=ASKED) == []


def test_a_code_that_is_no_error_itself_does_not_make_an_incident_of_one():
    seen = unread(20, "probe_denied", finding(SEARCH, "WARNING"))

    assert kinds(seen, policy=ASKED) == []


def test_what_is_asked_for_beside_something_else_unread_opens_one():
    event = only(unread(20, "probe_denied", SEARCH), policy=ASKED)

    assert [item.code for item in event.after.findings] == ["probe_denied", SEARCH]


def test_an_error_disproves_nothing_that_was_known():
    known = Known(incident(findings=(finding(OFF, severity="CRITICAL"), finding(SEARCH, "ERROR"))))

    event = only(unread(), known, ASKED)

    assert (event.kind, event.after.last_status) == ("updated", CheckStatus.ERROR)
    assert [item.code for item in event.after.findings] == [SEARCH, OFF]
    assert event.after.severity is Severity.CRITICAL


@pytest.mark.parametrize("status", ["OPEN", "IN_PROGRESS", "ESCALATED"])
def test_an_error_leaves_an_incident_with_who_has_it(status):
    known = Known(incident(status=IncidentStatus(status), reason="no_repair"))

    assert only(unread(), known, ASKED).after.status == status


def test_an_error_that_nobody_asks_for_changes_no_incident():
    assert kinds(unread(20, "probe_denied"), Known(incident()), ASKED) == []


OPENED_BY_ERROR = incident(last_status=CheckStatus.ERROR, findings=(finding(SEARCH, "ERROR"),))


def test_what_an_error_opened_is_resolved_by_a_pass_and_by_nothing_less():
    warned = verdict("WARNING", "log_blocked_off", minutes=20)

    assert kinds(passes(20), Known(OPENED_BY_ERROR), ASKED) == ["resolved"]
    assert kinds(warned, Known(OPENED_BY_ERROR), ASKED) == ["noted"]
    assert kinds(unread(20, "probe_denied"), Known(OPENED_BY_ERROR), ASKED) == []


def test_an_error_that_a_repair_had_mended_and_comes_back_is_a_relapse():
    known = Known(resolved(10), mended=frozenset({SEARCH}))

    event = only(unread(60), known, ASKED)

    assert (event.kind, event.relapse.attempt_id) == ("relapsed", "attempt-1")


def test_a_host_that_answers_with_an_error_that_is_asked_for_is_not_lost_any_more():
    events = follow(unread(90), Known(GONE, retry=Retry(1, at(5))), ASKED, NEW)

    assert [event.kind.value for event in events] == ["answered", "updated"]
    assert events[1].after.status is IncidentStatus.OPEN


def test_what_a_repair_resolved_and_fails_again_is_the_same_incident_and_names_its_bundle():
    known = Known(resolved(10), mended=frozenset({OFF}))

    event = only(fails(60, bundle="EB-20260302-000009"), known)

    assert event.kind is EventKind.RELAPSED
    assert event.relapse == Relapse(
        "incident-1", "attempt-1", RUNBOOK, "EB-20260302-000007", at(10), at(60)
    )
    assert event.after.incident_id == "incident-1"
    assert event.after.status is IncidentStatus.OPEN
    assert event.after.recurrence_count == 1
    assert event.after.created_at == at(0)
    assert (event.after.resolved_at, event.after.resolution_level) == (None, None)
    assert (event.after.runbook_id, event.after.resolved_attempt_id) == (None, None)
    assert event.after.evidence_bundle_id == "EB-20260302-000009"


def test_another_fault_within_the_soak_window_says_nothing_against_the_repair():
    known = Known(resolved(10), mended=frozenset({OFF}))

    event = only(fails(60, "inbound_allowed"), known)

    assert (event.kind, event.relapse) == ("recurred", None)
    assert event.after.recurrence_count == 1


def test_what_passed_by_itself_and_fails_again_recurs_and_amends_nothing():
    known = Known(resolved(10, resolved_attempt_id=None))

    event = only(fails(60), known)

    assert (event.kind, event.relapse) == ("recurred", None)


@pytest.mark.parametrize(
    ("minutes", "kind"),
    [(10 + SOAK, "relapsed"), (10 + SOAK + 1 / 60, "opened")],
)
def test_the_soak_window_ends_at_its_last_second(minutes, kind):
    known = Known(resolved(10), mended=frozenset({OFF}))

    assert kinds(fails(minutes), known) == [kind]


def test_after_the_soak_window_it_is_a_new_incident():
    event = only(fails(11 + SOAK), Known(resolved(10), mended=frozenset({OFF})))

    assert (event.after.incident_id, event.after.recurrence_count) == (NEW, 0)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param(fails(4, run="run-5"), [], id="older"),
        pytest.param(fails(5, run="run-5"), [], id="same-run-again"),
        pytest.param(passes(5, run="run-6"), [], id="pass-in-the-same-second"),
        pytest.param(fails(5, run="run-6"), ["updated"], id="fail-in-the-same-second"),
        pytest.param(passes(6, run="run-6"), ["resolved"], id="newer"),
    ],
)
def test_what_is_no_newer_than_what_is_known_changes_nothing(seen, expected):
    known = Known(incident(), last_sight=Sight("run-5", at(5)))

    assert kinds(seen, known) == expected


def test_an_unreachable_host_is_tried_after_5_15_and_45_minutes_and_then_escalated():
    known, story = Known(), []
    for minutes in (0, 5, 20, 65):
        events = follow(silent(minutes), known, POLICY, NEW)
        story.append([(event.kind.value, event.retry) for event in events])
        known = Known(retry=events[0].retry)

    assert story == [
        [("retry", Retry(1, at(5)))],
        [("retry", Retry(2, at(20)))],
        [("retry", Retry(3, at(65)))],
        [("answered", None), ("escalated", None)],
    ]


def test_the_incident_of_an_unreachable_host_is_a_persons_from_the_start():
    event = follow(silent(65), Known(retry=Retry(3, at(65))), POLICY, NEW)[-1]

    assert event.reason == "unreachable"
    assert event.after.status is IncidentStatus.ESCALATED
    assert event.after.last_status is CheckStatus.ERROR
    assert event.after.severity is Severity.MEDIUM


def test_an_open_incident_of_an_unreachable_host_is_escalated_itself():
    event = follow(silent(65), Known(incident(), retry=Retry(3, at(65))), POLICY, NEW)[-1]

    assert (event.after.incident_id, event.after.reason) == ("incident-1", "unreachable")
    assert event.after.findings == (finding(OFF),)


def test_three_runs_in_a_minute_are_not_three_tries():
    assert kinds(silent(4), Known(retry=Retry(1, at(5)))) == []


def test_who_has_a_ticket_needs_no_further_tries():
    assert kinds(silent(20), Known(incident(status=IncidentStatus.ESCALATED))) == []


REPAIRING = incident(status=IncidentStatus.IN_PROGRESS)
LOST = incident(status=IncidentStatus.ESCALATED, reason="lost_in_repair")


def test_a_host_that_is_lost_in_a_repair_is_tried_as_often_as_any_other():
    known = Known(REPAIRING, retry=Retry(2, at(20)), is_repairing=True)

    assert only(silent(20), known).retry == Retry(3, at(65))


def test_a_host_that_is_lost_in_a_repair_and_stays_away_is_a_persons():
    known = Known(REPAIRING, retry=Retry(3, at(65)), is_repairing=True)

    answered, escalated = follow(silent(65), known, POLICY, NEW)

    assert (answered.kind, escalated.kind) == ("answered", "escalated")
    assert escalated.reason == "lost_in_repair"
    assert escalated.after.status is IncidentStatus.ESCALATED
    assert (escalated.after.incident_id, escalated.after.reason) == ("incident-1", "lost_in_repair")


@pytest.mark.parametrize("seen", [fails(90), passes(90), verdict("WARNING", OFF, minutes=90)])
def test_a_host_that_comes_back_goes_on_with_its_repair_and_resolves_nothing(seen):
    event = only(seen, Known(LOST, is_repairing=True))

    assert (event.after.status, event.after.reason) == (IncidentStatus.IN_PROGRESS, None)


def test_a_host_that_comes_back_after_its_repair_was_ended_is_open_again():
    event = only(fails(90), Known(LOST))

    assert (event.after.status, event.after.reason) == (IncidentStatus.OPEN, None)


def test_who_has_the_ticket_of_a_lost_repair_needs_no_further_tries():
    assert kinds(silent(200), Known(LOST, is_repairing=True)) == []


def test_a_host_that_answers_ends_the_tries():
    assert kinds(passes(7), Known(retry=Retry(1, at(5)))) == ["answered"]
    assert kinds(fails(7), Known(retry=Retry(1, at(5)))) == ["answered", "opened"]


GONE = incident(status=IncidentStatus.ESCALATED, reason="unreachable")
NEVER_READ = incident(
    status=IncidentStatus.ESCALATED,
    reason="unreachable",
    last_status=CheckStatus.ERROR,
    findings=(),
)


def test_a_host_that_answers_again_needs_no_person_for_that():
    failing = only(fails(90), Known(GONE))

    assert (failing.kind, failing.after.status) == ("updated", "OPEN")
    assert failing.after.reason is None


def test_a_pass_of_a_host_that_answers_again_is_nobodys_merit():
    assert only(passes(90), Known(GONE)).after.resolution_level is None


def test_a_warning_resolves_what_was_open_only_because_the_host_did_not_answer():
    seen = verdict("WARNING", "log_blocked_off", minutes=90)

    assert kinds(seen, Known(NEVER_READ)) == ["resolved"]
    assert kinds(seen, Known(GONE)) == ["noted"]


STATUSES = st.sampled_from(["PASS", "WARNING", "ERROR", "ASKED", "FAIL", "E004"])


@given(st.lists(st.tuples(STATUSES, st.integers(1, 3000)), max_size=30))
def test_whatever_is_seen_one_incident_is_open_at_most_and_only_a_pass_resolves(story):
    known, minutes, open_ids = Known(), 0, set()
    for number, (status, later) in enumerate(story):
        minutes += later
        match status:
            case "E004":
                seen = silent(minutes)
            case "ERROR":
                seen = Verdict.unread(KEY, Sight(f"run-{minutes}", at(minutes)))
            case "ASKED":
                seen = unread(minutes)
            case _:
                seen = verdict(status, OFF, minutes=minutes)
        was_read = known.newest is None or bool(known.newest.findings)
        for event in follow(seen, known, ASKED, f"incident-{number}"):
            retry = event.retry if event.kind is EventKind.RETRY else None
            known = Known(event.after or known.newest, frozenset(), seen.sight, retry)
            if event.after is None:
                continue
            if event.after.is_open:
                open_ids.add(event.after.incident_id)
            else:
                open_ids.discard(event.after.incident_id)
                assert status == "PASS" or (status == "WARNING" and not was_read)
        assert len(open_ids) <= 1


@given(st.integers(0, 10_000))
def test_a_verdict_given_twice_is_nothing_the_second_time(minutes):
    seen = fails(minutes)
    first = only(seen)

    assert kinds(seen, Known(first.after, last_sight=seen.sight)) == []


def test_the_contracts_form_has_the_contracts_fields_only():
    assert resolved(10).contract().to_dict() == {
        "incident_id": "incident-1",
        "site_id": "clinic-001",
        "host_id": "dc01",
        "check_type": "firewall",
        "severity": "HIGH",
        "status": "RESOLVED",
        "created_at": "2026-03-02T12:00:00Z",
        "resolved_at": "2026-03-02T12:10:00Z",
        "resolution_level": 1,
        "runbook_id": "RB-WIN-FW-001",
        "evidence_bundle_id": "EB-20260302-000007",
    }


def test_the_soak_window_is_longer_than_the_refresh_of_group_policies():
    assert POLICY.relapse.soak > timedelta(minutes=125)
