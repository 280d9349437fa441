# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that are kept: the newest one of an incident counts, another release's is asked anew."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gate_tables import (
    ApprovalRow,
    QueuedRepairRow,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gates import Gate
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.run_identity import (
    identify_run,
)
from unit.healing.repairs import NIGHT, NOON, policy, request, runbook

SITE = "clinic-001"
MINUTE = timedelta(minutes=1)
ASKS = {"requires_approval": True}


def waits(*updates: str):
    return {"maintenance_window_only": True, "parameters": {"updates": list(updates)}}


@pytest.fixture
def gate(database) -> Gate:
    known = runbook()
    site = policy(maintenance_windows=[NIGHT])
    return Gate(database, site, {known.runbook_id: known}, identify_run("run-1"))


def queue(gate, asked, now) -> None:
    gate.queue(asked, gate.decide(asked, now), now)


def of_another_release(gate, table) -> None:
    """Let the kept request of *table* have a flag that this release does not know."""
    with gate.database.writing() as session:
        row = session.scalars(select(table)).one()
        row.request = {**row.request, "flag_of_another_release": True}


def test_what_is_wanted_now_takes_the_place_of_what_was_wanted_before(gate):
    queue(gate, request(does=waits("KB1")), NOON)
    queue(gate, request("fs02", does=waits("KB1")), NOON + MINUTE)

    queue(gate, request(does=waits("KB1", "KB2")), NOON + 2 * MINUTE)

    waiting = [(item.request.host_id, item.request.action.parameters) for item in gate.queued(SITE)]
    assert waiting == [("fs01", {"updates": ["KB1", "KB2"]}), ("fs02", {"updates": ["KB1"]})]


def test_what_somebody_else_wants_for_the_incident_waits_beside_it(gate):
    queue(gate, request(does=waits("KB1")), NOON)

    queue(gate, request(does=waits("KB2"), requested_by="user:alice"), NOON + MINUTE)

    assert len(gate.queued(SITE)) == 2


def test_a_queued_repair_of_another_release_is_queued_anew(gate):
    queue(gate, request(does=waits("KB1")), NOON)
    of_another_release(gate, QueuedRepairRow)
    before = gate.queued(SITE)

    queue(gate, request(does=waits("KB1")), NOON + MINUTE)

    assert before == []
    assert [item.queued_at for item in gate.queued(SITE)] == [NOON]


@pytest.mark.parametrize("is_approved", [False, True], ids=["pending", "approved"])
def test_an_approval_of_another_release_is_asked_for_anew(gate, is_approved):
    asked = request(does=ASKS)
    old = gate.request_approval(asked, NOON)
    if is_approved:
        gate.approve(old.approval_id, "carol", NOON)
    of_another_release(gate, ApprovalRow)

    decision = gate.decide(asked, NOON + MINUTE)
    listed = gate.pending(SITE, NOON + MINUTE)
    new = gate.request_approval(asked, NOON + MINUTE)

    assert (decision.code, listed) == ("approval_required", [])
    assert new.approval_id != old.approval_id
    assert gate.pending(SITE, NOON + MINUTE) == [new]
