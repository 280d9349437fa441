# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gate refuses the planner for good is a person's: there is nobody else to ask."""

from datetime import timedelta

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.plan import Planning
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.sightings import (
    Sight,
    Verdict,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId, Outcome
from unit.healer.repairing import undo
from unit.healer.site import HOST, NOTES, SITE, check_of, host_with, opened
from unit.healing.planner.cases import NOW

LOG = CheckId.LOGGING
# Failed tries for an earlier incident count so long, which is longer than an incident comes back.
LONG = {"retries": {"span_hours": 720}, "blast_radius": {"canary": False}}


def planned(healer, now):
    host = host_with(LOG, "forwarding_broken!", asked_at=now)
    return Planning(healer, host, now).plan()


def test_a_try_of_the_planner_for_an_earlier_incident_leaves_the_next_one_to_a_person(tmp_path):
    with opened(tmp_path, mode="act", healing=LONG) as healer:
        [item] = planned(healer, NOW)
        undo(healer, item.proposal, NOW)
        [claim] = healer.gate.held(SITE)
        healer.gate.release(claim, Outcome.FAILURE, NOW)
        passed = Sight("check-1", NOW + timedelta(hours=4))
        healer.incidents.record([Verdict.of(SITE, HOST, check_of(LOG, NOTES[LOG]), passed)])

        [next_one] = planned(healer, NOW + timedelta(days=3))
        tickets = healer.tickets.waiting(SITE)

    assert (next_one.verdict, next_one.code) == ("escalate", "retries_exhausted")
    assert [ticket.ticket.code for ticket in tickets] == ["retries_exhausted"]
