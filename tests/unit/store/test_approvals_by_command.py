# SPDX-License-Identifier: GPL-3.0-or-later
"""A command that approves reads no inventory: the site's own policy says how long that holds."""

from datetime import timedelta

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gate_claims import Claim
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gates import Gate
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.run_identity import (
    identify_run,
)
from unit.healing.repairs import NIGHT, NOON, policy, request, runbook

ASKS = {"requires_approval": True}
WEEKLY = {**NIGHT, "rrule": "FREQ=WEEKLY;BYDAY=SA;BYHOUR=2;BYMINUTE=0"}
SATURDAY_NIGHT = NOON.replace(day=7, hour=2)


@pytest.fixture
def gate(database):
    known = runbook()

    def make(**site) -> Gate:
        books = {known.runbook_id: known}
        return Gate(database, policy(**site), books, identify_run("run-1"))

    return make


def approved_by_command(gate, site: Gate, asked) -> None:
    """Approve at noon what *site* asks for, without knowing anything of the site."""
    waiting = site.request_approval(asked, NOON)
    gate().approve(waiting.approval_id, "carol", NOON)


def code(answer) -> str:
    return "claimed" if isinstance(answer, Claim) else answer.code.value


def test_it_waits_for_the_next_window_of_the_site(gate):
    site = gate(maintenance_windows=[WEEKLY])
    asked = request(does=ASKS | {"maintenance_window_only": True})
    approved_by_command(gate, site, asked)

    assert code(site.claim(asked, NOON + timedelta(days=2))) == "window_required"
    assert code(site.claim(asked, SATURDAY_NIGHT)) == "claimed"


def test_it_waits_for_no_window_after_that(gate):
    site = gate(maintenance_windows=[WEEKLY])
    asked = request(does=ASKS | {"maintenance_window_only": True})
    approved_by_command(gate, site, asked)

    a_week_later = SATURDAY_NIGHT + timedelta(days=7)

    assert code(site.claim(asked, a_week_later)) == "approval_required"
    assert code(site.claim(asked, SATURDAY_NIGHT)) == "approval_required"


def test_it_holds_as_many_hours_as_the_site_says(gate):
    site = gate(approvals={"expires_hours": 2})
    asked = request(does=ASKS)
    approved_by_command(gate, site, asked)

    assert code(site.decide(asked, NOON + timedelta(hours=1, minutes=59))) == "allowed"
    assert code(site.claim(asked, NOON + timedelta(hours=2))) == "approval_required"
