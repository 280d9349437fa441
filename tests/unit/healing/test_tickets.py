# SPDX-License-Identifier: GPL-3.0-or-later
"""What a ticket tells a person, and what it never tells anybody."""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import PolicyInvalid
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.attempts import (
    AttemptState,
    StepRecord,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner import reasons
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.steps import Phase
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.ticket_policy import (
    load_ticket_policy,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.tickets import (
    Case,
    Tried,
    build_ticket,
    ticket_text,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.judges import JUDGES
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    IncidentStatus,
    Outcome,
    ResolutionLevel,
    Severity,
)
from unit.healing.remembered import (
    NOON,
    OFF,
    RULES,
    TICKETS,
    PlainScrubber,
    at,
    attempt,
    finding,
    incident,
)

ESCALATED = incident(
    status=IncidentStatus.ESCALATED,
    evidence_bundle_id="EB-20260302-000001",
    findings=(
        finding(OFF, scope="domain", gpo_managed=True),
        finding("log_blocked_off", "WARNING", "LOW"),
    ),
)
FAILED = attempt(
    state=AttemptState.ROLLED_BACK,
    outcome=Outcome.FAILURE,
    reason="script_error",
    finished_at=at(2),
    evidence_bundle_id="EB-20260302-000002",
)
RELAPSED = attempt(
    attempt_id="attempt-2",
    tier=ResolutionLevel.L2,
    requested_by="planner",
    runbook_id="RB-WIN-FW-003",
    state=AttemptState.SUCCEEDED,
    outcome=Outcome.SUCCESS,
    amended_outcome=Outcome.FAILURE,
    created_at=at(10),
    finished_at=at(12),
    relapsed_at=at(60),
)
STEPS = (
    StepRecord(Phase.PRECONDITION, 0, NOON, NOON, note="met"),
    StepRecord(Phase.STEP, 1, NOON, NOON, changed=True, note="done"),
    StepRecord(Phase.STEP, 2, NOON, NOON, failure="script_error", hresult="0x80070005"),
    StepRecord(Phase.ROLLBACK, 1, NOON, NOON, changed=True, note="restored"),
)
TRIED = (Tried(FAILED, STEPS), Tried(RELAPSED))


def make(code="repair_failed", **parts):
    case = Case(**{"incident": ESCALATED, "code": code, "tried": TRIED} | parts)
    return build_ticket("ticket-1", case, TICKETS, PlainScrubber())


def test_every_attempt_is_listed_with_what_failed_and_why():
    assert make().contract.attempted_resolutions == (
        {
            "attempt_id": "attempt-1", "tier": 1, "requested_by": "rule:L1-FIREWALL-001",
            "runbook_id": "RB-WIN-FW-001", "state": "rolled_back", "outcome": "failure",
            "reason": "script_error", "started_at": "2026-03-02T12:00:00Z",
            "finished_at": "2026-03-02T12:02:00Z", "relapsed_at": None, "failed_step": 2,
            "failed_phase": "step", "failure": "script_error", "hresult": "0x80070005",
            "evidence_bundle_id": "EB-20260302-000002",
        },
        {
            "attempt_id": "attempt-2", "tier": 2, "requested_by": "planner",
            "runbook_id": "RB-WIN-FW-003", "state": "succeeded", "outcome": "failure",
            "reason": None, "started_at": "2026-03-02T12:10:00Z",
            "finished_at": "2026-03-02T12:12:00Z", "relapsed_at": "2026-03-02T13:00:00Z",
            "failed_step": None, "failed_phase": None, "failure": None, "hresult": None,
            "evidence_bundle_id": None,
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    ("severity", "code", "urgency", "channels"),
    [
        ("CRITICAL", "no_repair", "immediate", ("pagerduty", "slack", "email")),
        ("HIGH", "no_repair", "next_business_day", ("slack", "email")),
        ("MEDIUM", "no_repair", "scheduled", ("email",)),
        ("LOW", "no_repair", "scheduled", ("email",)),
        ("LOW", "rollback_failed", "immediate", ("pagerduty", "slack", "email")),
        ("LOW", "gpo_overrides", "next_business_day", ("slack", "email")),
        ("CRITICAL", "gpo_overrides", "immediate", ("pagerduty", "slack", "email")),
    ],
)
def test_how_soon_and_who_is_told(severity, code, urgency, channels):
    ticket = make(code, incident=incident(severity=Severity(severity))).contract

    assert (ticket.urgency, ticket.channels) == (urgency, channels)


def test_what_a_policy_owns_is_named_with_where_to_change_it():
    ticket = make()

    assert [item.code for item in ticket.owned_by_policy] == [OFF]
    assert (
        "A group policy owns the setting. Change it there; a local change would not last. "
        "It concerns: active_profile_disabled (domain)." in ticket.contract.suggested_actions
    )


def test_what_tamper_protection_owns_is_known_from_what_the_runbook_found():
    defended = attempt(
        state=AttemptState.REFUSED, outcome=Outcome.FAILURE, reason="tamper_protected",
        finished_at=at(1),
    )  # fmt: skip
    ticket = make(incident=incident(), tried=(Tried(defended),))

    assert ticket.tamper_protected
    assert (
        "Tamper protection owns the setting. Change it in the console of the protection product."
        in ticket.contract.suggested_actions
    )
    assert not make().tamper_protected


def test_a_runbook_that_a_finding_forbids_is_named():
    ticket = make(escalate_when={"RB-WIN-FW-001": ("log_blocked_off", "other")})

    assert (
        "Do not run RB-WIN-FW-001 before a person has judged log_blocked_off."
        in ticket.contract.suggested_actions
    )


def test_findings_have_their_own_suggestions_and_none_is_said_twice():
    seen = incident(findings=(finding("dump_missing", scope="a"), finding("dump_too_old")))

    assert make("no_repair", incident=seen, tried=()).contract.suggested_actions == (
        "No known runbook mends this. The findings are named above.",
        "Look at the job that writes the dump file.",
    )


def test_the_subject_tells_neither_host_site_nor_fault():
    assert make().subject == "Compliance ticket ticket-1: next_business_day"


def test_the_planners_reasoning_is_scrubbed_and_cut():
    ticket = make(l2_reasoning="Jane Roe said so. " + "x" * 2000)

    assert ticket.contract.l2_reasoning.startswith("<NAME:0123abcd> said so.")
    assert len(ticket.contract.l2_reasoning) == 1000
    assert not ticket.is_flagged


def test_what_could_not_be_scrubbed_is_gone_and_flagged():
    ticket = make(l2_reasoning="an unspeakable text")

    assert (ticket.contract.l2_reasoning, ticket.is_flagged) == ("<UNSCRUBBABLE>", True)


def test_a_person_reads_all_of_it():
    ticket = make(l2_reasoning="Jane Roe said so.")

    assert ticket_text(ticket, {OFF: "the firewall is off on an active network"}) == (
        "HIGH firewall on dc01\n"
        "Site clinic-001, incident incident-1, reason repair_failed\n"
        "Since 2026-03-02T12:00:00Z; needed: next_business_day\n"
        "Evidence: EB-20260302-000001\n"
        "\n"
        "Found:\n"
        "- FAIL active_profile_disabled (domain): the firewall is off on an active network\n"
        "- WARNING log_blocked_off\n"
        "\n"
        "Owned by a group policy or MDM; a local change does not last:\n"
        "- active_profile_disabled (domain)\n"
        "\n"
        "Tried:\n"
        "- L1 RB-WIN-FW-001, failure, step 2: script_error script_error 0x80070005\n"
        "- L2 RB-WIN-FW-003, failure, came back 2026-03-02T13:00:00Z\n"
        "\n"
        "The planner said: <NAME:0123abcd> said so.\n"
        "\n"
        "Suggested:\n"
        "- The repair did not help and was rolled back. The steps that failed are named above.\n"
        "- A group policy owns the setting. Change it there; a local change would not last. "
        "It concerns: active_profile_disabled (domain).\n"
    )


def test_the_codes_of_the_shipped_tables_are_codes_of_the_checks():
    known = {code for judge in JUDGES.values() for code in judge.catalogue}

    assert set(TICKETS.findings) - known == set()
    assert set(TICKETS.closed_by_person_only) - known == set()


def test_what_is_grave_and_has_no_runbook_has_a_suggestion():
    grave = {
        code
        for judge in JUDGES.values()
        for code, entry in judge.catalogue.items()
        if entry.runbook is None and entry.severity in {Severity.CRITICAL, Severity.HIGH}
    }

    assert grave - set(TICKETS.findings) == set()


def test_whatever_the_planner_ends_with_has_a_suggestion():
    codes = {reason.value for reason in reasons.Reason} - {"agreed"}

    assert codes - set(TICKETS.reasons) == set()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  LOW: scheduled\n", "", "urgency lacks LOW"),
        ("  LOW: scheduled\n", "  LOW: someday\n", "urgency.LOW: Input should be 'immediate'"),
        (
            "  scheduled: [email]\n",
            "  scheduled: []\n",
            "channels has nobody to tell for scheduled",
        ),
        ("[email]", "[fax]", "channels.scheduled.0: Input should be 'slack'"),
        ("  gpo_managed: A", "  gpo_man: A", "reasons lacks gpo_managed"),
        ("reopen_days: 30", "reopen_days: 0", "reopen_days: Input should be greater than 0"),
        ("  flapping: next", "  flopping: next", "urgency_at_least names flopping"),
    ],
)
def test_a_table_that_is_wrong_is_refused_with_file_and_key(tmp_path, old, new, said):
    text = (RULES / "healing_tickets.yml").read_text()
    assert old in text
    (tmp_path / "healing_tickets.yml").write_text(text.replace(old, new, 1))

    with pytest.raises(PolicyInvalid) as caught:
        load_ticket_policy(tmp_path)

    assert f"healing_tickets.yml: {said}" in str(caught.value)
