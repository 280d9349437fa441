# SPDX-License-Identifier: GPL-3.0-or-later
"""What waits for a maintenance window, and when it is due."""

from dataclasses import replace

import pytest

from unit.healing.repairs import NIGHT, NOON, request, runbook
from unit.store.gate_answers import HOUR, MINUTE, SITE

NIGHT_TIME = NOON.replace(day=3, hour=2, minute=15)
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
