# SPDX-License-Identifier: GPL-3.0-or-later
"""A pair has one open ticket; it is changed, closed and re-opened, and keeps what was tried."""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.ladder import (
    next_level,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.relapse import (
    Bar,
    Candidate,
    find_bar,
    repair_of,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.sightings import (
    IncidentKey,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckId,
    IncidentStatus,
    ResolutionLevel,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.healing_rows import (
    RecordUnknown,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.ticketing import (
    AttemptActive,
)
from unit.healing.remembered import KEY, OFF, RELAPSE, RUNBOOK, at, fails, finding, passes
from unit.store.memory import Memory

DAY = 1440


@pytest.fixture
def memory(database) -> Memory:
    return Memory(database)


def events(stored) -> list[tuple[str, str]]:
    return [(item["event"], item["code"]) for item in stored.history]


def told(memory) -> list[tuple[str, int]]:
    """Return the tickets and revisions that the channels are to be told of."""
    return [
        (item.message["ticket_id"], item.message["revision"])
        for item in memory.outbox.waiting()
        if item.topic == "ticket"
    ]


def test_escalating_puts_the_incident_aside_writes_a_ticket_and_tells_the_channels(memory):
    memory.opened()

    stored = memory.tickets.escalate("incident-1", "no_repair", at(1))

    assert memory.incidents.get("incident-1").status is IncidentStatus.ESCALATED
    assert stored.ticket.contract.incident.status is IncidentStatus.ESCALATED
    assert memory.tickets.get("ticket-1") == stored
    assert memory.incidents.to_heal("clinic-001") == []
    assert told(memory) == [("ticket-1", 1)]


def test_the_same_again_changes_nothing_and_tells_nobody(memory):
    memory.opened()
    first = memory.tickets.escalate("incident-1", "no_repair", at(1))

    assert memory.tickets.escalate("incident-1", "no_repair", at(2)) == first
    assert told(memory) == [("ticket-1", 1)]


def test_an_open_ticket_is_changed_and_not_doubled(memory):
    memory.opened()
    memory.tickets.escalate("incident-1", "no_repair", at(1))
    memory.incidents.record([fails(5, OFF, "inbound_allowed")])

    changed = memory.tickets.escalate("incident-1", "rule_escalates", at(6))

    assert [item.ticket.contract.ticket_id for item in memory.tickets.waiting("clinic-001")] == [
        "ticket-1"
    ]
    assert (changed.revision, changed.updated_at) == (2, at(6))
    assert events(changed) == [("opened", "no_repair"), ("changed", "rule_escalates")]


def test_pairs_have_tickets_of_their_own(memory):
    other = IncidentKey("clinic-001", "dc01", CheckId.BACKUP)
    memory.incidents.record([fails(0), fails(0, "no_backup_product", key=other)])
    for incident in memory.incidents.to_heal("clinic-001"):
        memory.tickets.escalate(incident.incident_id, "no_repair", at(1))

    assert len(memory.tickets.waiting("clinic-001")) == 2
    assert memory.tickets.waiting("clinic-002") == []


def test_a_check_that_passes_closes_its_ticket(memory):
    memory.opened()
    memory.tickets.escalate("incident-1", "no_repair", at(1))
    memory.incidents.record([passes(9)])

    closed = memory.tickets.get("ticket-1")

    assert (closed.closed_at, closed.closed_by) == (at(9), "check_passes")
    assert told(memory) == [("ticket-1", 1), ("ticket-1", 2)]


@pytest.mark.parametrize("later", ["security_log_cleared", "forwarding_broken"])
def test_what_is_no_longer_reported_is_closed_by_a_person_only_where_it_proves_nothing(
    memory, later
):
    memory.opened("security_log_cleared")
    memory.tickets.escalate("incident-1", "rule_escalates", at(1))
    memory.incidents.record([fails(5, later)])
    memory.tickets.escalate("incident-1", "no_repair", at(6))

    memory.incidents.record([passes(9)])

    (still,) = memory.tickets.waiting("clinic-001")
    assert events(still)[-1] == ("passes", "check_passes")
    assert memory.incidents.get("incident-1").status is IncidentStatus.RESOLVED
    closed = memory.tickets.close("ticket-1", "operator-1", at(20))
    assert (closed.closed_by, memory.tickets.waiting("clinic-001")) == ("operator-1", [])


def test_a_ticket_that_a_person_closes_leaves_the_incident_to_its_check(memory):
    memory.opened()
    memory.tickets.escalate("incident-1", "no_repair", at(1))

    memory.tickets.close("ticket-1", "operator-1", at(2))
    again = memory.tickets.close("ticket-1", "operator-2", at(3))

    assert (again.closed_by, again.closed_at) == ("operator-1", at(2))
    assert memory.incidents.get("incident-1").status is IncidentStatus.ESCALATED


def escalated_and_closed(memory) -> None:
    memory.opened()
    memory.failed(at(1))
    memory.tickets.escalate("incident-1", "repair_failed", at(2))
    memory.incidents.record([passes(9)])


def test_within_thirty_days_it_is_reopened_with_its_history_and_all_attempts(memory):
    escalated_and_closed(memory)
    ((_, opened),) = memory.incidents.record([fails(9 + 29 * DAY)])
    memory.failed(at(10 + 29 * DAY), incident_id=opened.after.incident_id)

    again = memory.tickets.escalate(opened.after.incident_id, "repair_failed", at(9 + 30 * DAY))

    assert (again.ticket.contract.ticket_id, again.closed_at) == ("ticket-1", None)
    assert [event for event, _ in events(again)] == ["opened", "closed", "reopened"]
    tried = again.ticket.contract.attempted_resolutions
    assert [item["attempt_id"] for item in tried] == ["attempt-1", "attempt-2"]
    assert again.ticket.contract.incident.incident_id == opened.after.incident_id


def test_later_it_is_a_new_ticket_that_names_the_one_before(memory):
    escalated_and_closed(memory)
    ((_, opened),) = memory.incidents.record([fails(9 + 29 * DAY)])

    new = memory.tickets.escalate(
        opened.after.incident_id, "repair_failed", at(9 + 30 * DAY + 1 / 60)
    )

    assert (new.ticket.contract.ticket_id, new.previous_ticket_id) == ("ticket-2", "ticket-1")
    assert [event for event, _ in events(new)] == ["opened"]
    assert new.ticket.contract.attempted_resolutions == ()


def test_while_a_repair_is_under_way_nobody_is_asked(memory):
    memory.opened()
    memory.acting(at(1))

    with pytest.raises(AttemptActive):
        memory.tickets.escalate("incident-1", "no_repair", at(2))


def test_a_ticket_that_is_not_there_is_named(memory):
    with pytest.raises(RecordUnknown, match="no such ticket; got 'ticket-9'"):
        memory.tickets.get("ticket-9")


def test_findings_and_ownership_are_those_of_the_incident(memory):
    memory.incidents.record([fails(0, finding(OFF, scope="domain", gpo_managed=True))])

    stored = memory.tickets.escalate("incident-1", "gpo_managed", at(1))

    assert [item.scope for item in stored.ticket.owned_by_policy] == ["domain"]
    assert memory.tickets.get("ticket-1").ticket.findings == stored.ticket.findings


def test_what_a_runbook_forbids_is_said_of_its_check(database):
    forbids = {CheckId.FIREWALL: {RUNBOOK: (OFF,)}, CheckId.BACKUP: {"RB-WIN-BACKUP-001": (OFF,)}}
    memory = Memory(database, escalate_when=forbids)
    memory.opened()

    stored = memory.tickets.escalate("incident-1", "no_repair", at(1))

    assert [item for item in stored.ticket.contract.suggested_actions if "Do not" in item] == [
        f"Do not run {RUNBOOK} before a person has judged {OFF}."
    ]


def test_a_flag_and_the_planners_words_outlive_a_change(memory):
    memory.opened()
    memory.tickets.escalate("incident-1", "planner_escalated", at(1), "an unspeakable text")

    changed = memory.tickets.escalate("incident-1", "no_repair", at(2))

    assert changed.ticket.is_flagged
    assert changed.ticket.contract.l2_reasoning == "<UNSCRUBBABLE>"


def level(memory, *, spent: bool) -> ResolutionLevel:
    history = memory.attempts.history(KEY)
    standing = memory.attempts.standing(KEY, RUNBOOK)
    rule = repair_of(RUNBOOK, {"profile": "domain"})
    bar = find_bar(Candidate(rule, "incident-1", history, standing), RELAPSE, at(60))
    return next_level("incident-1", history, rule_bar=bar, rule_is_spent=spent, planner_acts=True)


def test_the_whole_ladder_two_tries_of_the_rule_one_of_the_planner_then_a_person(memory):
    """The planner may choose another repair than the one that did not help; a person gets all."""
    memory.opened(OFF, "log_blocked_off")
    assert level(memory, spent=False) is ResolutionLevel.L1
    memory.failed(at(1), "script_error")
    assert level(memory, spent=False) is ResolutionLevel.L1
    memory.failed(at(12), "not_mended")
    assert level(memory, spent=True) is ResolutionLevel.L2

    planner = {"tier": ResolutionLevel.L2, "requested_by": "planner", "run_id": "heal-3"}
    memory.history.decided("incident-1", RUNBOOK, {"mode": "act"}, at(20))
    assert memory.planned(at(20), **planner) is Bar.INEFFECTIVE
    other = {**planner, "runbook_id": "RB-WIN-FW-003", "parameters": {}}
    memory.history.decided("incident-1", "RB-WIN-FW-003", {"mode": "act"}, at(21))
    memory.failed(at(21), "not_mended", **other)
    assert level(memory, spent=True) is ResolutionLevel.L3

    stored = memory.tickets.escalate("incident-1", "exhausted", at(30), "Jane Roe would wait.")

    assert [
        (item["tier"], item["runbook_id"], item["outcome"], item["reason"])
        for item in stored.ticket.contract.attempted_resolutions
    ] == [
        (1, "RB-WIN-FW-001", "failure", "script_error"),
        (1, "RB-WIN-FW-001", "failure", "not_mended"),
        (2, "RB-WIN-FW-003", "failure", "not_mended"),
    ]
    assert stored.ticket.contract.l2_reasoning == "<NAME:0123abcd> would wait."
    assert memory.incidents.get("incident-1").status is IncidentStatus.ESCALATED
