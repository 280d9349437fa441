# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that is lost in the middle of a repair: a person is told, the site goes on without it.

When it answers again the repair goes on, and the incident and its one ticket tell the same story.
"""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.attempts import (
    AttemptState,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.sightings import (
    IncidentKey,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckId,
    IncidentStatus,
    Outcome,
    ResolutionLevel,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gate_claims import (
    Claim,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gates import Gate
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.run_identity import (
    identify_run,
)
from unit.healing.remembered import at, fails, passes, silent
from unit.healing.repairs import LOGGING, policy, request, runbook
from unit.store.memory import Memory

SITE, FAULT = "clinic-001", "script_block_logging_off"
KEY = IncidentKey(SITE, "dc01", CheckId.LOGGING)
DC = {"is_domain_controller": True}
# The host is lost at noon, and asked for again after 5, 15 and 45 minutes.
GIVEN_UP = 65


class Site:
    """A clinic in which the run heal-1 was repairing dc01 when that was lost at noon."""

    def __init__(self, database, **site) -> None:
        known = runbook()
        books = {known.runbook_id: known}
        self.gate = Gate(database, policy(**site), books, identify_run("heal-1"))
        self.memory = Memory(database, runbooks=books)
        self.incident_id = self.memory.opened(FAULT, key=KEY)
        asked = request(
            "dc01", incident_id=self.incident_id, serialize="domain_controllers", host=DC
        )
        self.claim = self.gate.claim(asked, at(0))
        plan = {"runbook_id": LOGGING, "claims": frozenset({FAULT})}
        self.attempt = self.memory.acting(at(0), **plan)

    @property
    def incident(self):
        return self.memory.incidents.get(self.incident_id)

    def asked_at(self, *minutes: float) -> None:
        """Let the host stay silent when it is asked."""
        for each in minutes:
            self.memory.incidents.record([silent(each, key=KEY)])

    def give_up(self) -> None:
        self.asked_at(0.1, 6, 22, 68)

    def answer_to(self, asked, minutes: float) -> str:
        """Return what the gate says to another repair: a code, or ``claimed``."""
        answer = self.gate.claim(asked, at(minutes))
        return "claimed" if isinstance(answer, Claim) else answer.code.value

    def taken_up(self, minutes: float):
        [left] = self.memory.attempts.unfinished(SITE)
        return self.memory.attempts.take_over(left, "heal-9", at(minutes))

    def tickets(self) -> list[tuple[str, str | None]]:
        """Return the ids of the open tickets, and why."""
        return [
            (item.ticket.contract.ticket_id, item.ticket.code)
            for item in self.memory.tickets.waiting(SITE)
        ]


@pytest.fixture
def site(database):
    return lambda **policies: Site(database, **policies)


def test_after_the_same_tries_as_any_other_host_a_person_is_told(site):
    lost = site()

    lost.asked_at(0.1, 6, 22)
    before = (lost.incident.status, lost.tickets())
    lost.asked_at(68)

    assert before == (IncidentStatus.IN_PROGRESS, [])
    assert (lost.incident.status, lost.incident.reason) == ("ESCALATED", "lost_in_repair")
    assert lost.tickets() == [("ticket-1", "lost_in_repair")]


def test_the_ticket_says_what_was_under_way(site):
    lost = site()
    lost.give_up()

    [ticket] = lost.memory.tickets.waiting(SITE)

    assert ticket.ticket.contract.urgency.value == "immediate"
    assert ticket.ticket.contract.attempted_resolutions[0]["state"] == "acting"
    assert ticket.ticket.contract.suggested_actions[1:] == (
        (
            "RB-WIN-LOG-005 (Mend something) has been under way since 2026-03-02T12:00:00Z, and "
            "nobody saw it end."
        ),
        "Its last script was step 1 (Mends it.), begun 2026-03-02T12:00:00Z and seen to end.",
        "These have changed the host, or may have: step 1 (Mends it.).",
        "Nothing on the host takes it back by itself.",
    )


def test_it_keeps_no_place_of_the_site_any_more(site):
    lost = site(blast_radius={"hosts_at_once": 1})
    other = request("fs02")

    before = lost.answer_to(other, GIVEN_UP)
    lost.give_up()

    assert (before, lost.answer_to(other, 70)) == ("site_busy", "claimed")


def test_other_domain_controllers_have_their_turn(site):
    lost = site()
    other = request("dc02", serialize="domain_controllers", host=DC)

    before = lost.answer_to(other, GIVEN_UP)
    lost.give_up()

    assert (before, lost.answer_to(other, 70)) == ("serialized", "claimed")


def test_a_canary_that_is_lost_has_failed_for_its_time(site):
    lost = site(blast_radius={"canary": True, "canary_span_hours": 2})
    other = request("fs02")

    before = lost.answer_to(other, GIVEN_UP)
    lost.give_up()

    assert before == "canary_running"
    assert lost.answer_to(other, 68 + 119) == "canary_failed"
    assert lost.answer_to(other, 68 + 120) == "claimed"


@pytest.mark.parametrize("ended", [None, AttemptState.ROLLED_BACK], ids=["no-attempt", "ended"])
def test_a_host_whose_run_died_around_the_repair_keeps_no_place_either(database, ended):
    known = runbook()
    gate = Gate(
        database,
        policy(blast_radius={"hosts_at_once": 1}),
        {known.runbook_id: known},
        identify_run("heal-1"),
    )
    memory = Memory(database)
    incident_id = memory.opened(FAULT, key=KEY)
    gate.claim(request("dc01", incident_id=incident_id), at(0))
    if ended is not None:
        memory.failed(at(0), runbook_id=LOGGING, claims=frozenset({FAULT}))

    for minutes in (0.1, 6, 22, 68):
        memory.incidents.record([silent(minutes, key=KEY)])

    assert memory.incidents.get(incident_id).reason == "unreachable"
    assert isinstance(gate.claim(request("fs02"), at(70)), Claim)


def test_a_repair_that_was_proven_before_its_run_died_keeps_no_place_either(site):
    lost = site(blast_radius={"hosts_at_once": 1})
    proven = lost.attempt
    for state in (AttemptState.VALIDATING, AttemptState.RECHECKING):
        proven = lost.memory.attempts.advance(proven, state, at(0))
    lost.memory.attempts.succeed(proven, passes(0.1, key=KEY), at(0.1), is_domain_member=False)

    lost.asked_at(1, 7, 23, 69)

    assert lost.tickets() == [("ticket-1", "unreachable")]
    assert lost.answer_to(request("fs02"), 70) == "claimed"


def test_nobody_else_repairs_the_host_itself(site):
    lost = site()
    lost.give_up()

    asked = request("dc01", requested_by="user:bob", serialize="domain_controllers", host=DC)
    assert lost.answer_to(asked, 70) == "host_busy"


def test_what_comes_back_and_is_proven_is_the_repairs_merit(site):
    lost = site(blast_radius={"hosts_at_once": 1})
    lost.give_up()

    mine = lost.taken_up(200)
    in_progress = (lost.incident.status, lost.incident.reason, lost.tickets())
    is_busy = lost.answer_to(request("fs02"), 200)
    lost.memory.incidents.record([passes(200, key=KEY)])
    noted = lost.incident.status
    mine = lost.memory.attempts.advance(mine, AttemptState.RECHECKING, at(201))
    lost.memory.attempts.succeed(mine, passes(202, key=KEY), at(202), is_domain_member=False)
    lost.gate.release(lost.claim, Outcome.SUCCESS, at(202))

    assert in_progress == (IncidentStatus.IN_PROGRESS, None, [])
    assert is_busy == "site_busy"
    assert noted is IncidentStatus.IN_PROGRESS
    assert (lost.incident.status, lost.incident.resolution_level) == (
        IncidentStatus.RESOLVED,
        ResolutionLevel.L1,
    )
    [history] = [lost.memory.tickets.get("ticket-1").history]
    assert [(item["event"], item["code"]) for item in history] == [
        ("opened", "lost_in_repair"),
        ("closed", "host_answers"),
    ]


def test_what_comes_back_and_does_not_hold_is_taken_back_and_open_again(site):
    lost = site()
    lost.give_up()

    mine = lost.taken_up(200)
    lost.memory.incidents.record([fails(200, FAULT, key=KEY)])
    mine = lost.memory.attempts.advance(mine, AttemptState.ROLLING_BACK, at(201), "not_mended")
    lost.memory.attempts.advance(mine, AttemptState.ROLLED_BACK, at(202))

    assert (lost.incident.status, lost.incident.reason) == (IncidentStatus.OPEN, None)


def test_what_is_lost_again_has_the_same_ticket_again(site):
    lost = site()
    lost.give_up()
    lost.taken_up(200)

    lost.asked_at(201, 207, 223, 269)

    assert lost.incident.reason == "lost_in_repair"
    assert lost.tickets() == [("ticket-1", "lost_in_repair")]


def test_what_was_resumed_too_often_is_open_for_a_person(site):
    lost = site()
    lost.give_up()
    for number in range(9):
        lost.taken_up(200 + number)
        if not lost.memory.attempts.unfinished(SITE):
            break

    assert lost.memory.attempts.get("attempt-1").reason == "resumed_too_often"
    assert (lost.incident.status, lost.incident.reason) == (IncidentStatus.OPEN, None)


def test_a_run_that_ends_its_repair_itself_after_all_gives_the_incident_back(site):
    lost = site()
    lost.give_up()

    back = lost.memory.attempts.advance(lost.attempt, AttemptState.ROLLING_BACK, at(70), "timeout")
    lost.memory.attempts.advance(back, AttemptState.ROLLED_BACK, at(71))

    assert (lost.incident.status, lost.tickets()) == (IncidentStatus.OPEN, [])


def test_a_host_that_waits_for_its_repair_to_be_taken_up_is_in_progress(site):
    lost = site()
    lost.give_up()

    # The run that holds it lives elsewhere, so this one only looks.
    lost.memory.incidents.record([passes(200, key=KEY)])

    assert (lost.incident.status, lost.incident.reason) == (IncidentStatus.IN_PROGRESS, None)
    assert lost.tickets() == []
