# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found on a host, what became of it, and which events only leave a note."""

import pytest

from unit.checks.av_edr_documents import codes, healthy, judge, notes
from unit.checks.documents import list_of, probe

DETECTIONS = [
    pytest.param({"is_action_successful": True, "status_id": 3}, "PASS", id="quarantined"),
    pytest.param({"is_action_successful": False, "status_id": 102}, "FAIL", id="failed"),
    pytest.param({"is_action_successful": None, "status_id": None}, "FAIL", id="unknown"),
    pytest.param({"is_action_successful": False, "status_id": 4}, "PASS", id="removed-later"),
    pytest.param({"is_action_successful": True, "status_id": 5}, "WARNING", id="allowed"),
    pytest.param({"is_action_successful": True, "status_id": 103}, "FAIL", id="removal-failed"),
    pytest.param({"is_action_successful": True, "status_id": 105}, "FAIL", id="given-up"),
]


@pytest.mark.parametrize(("change", "status"), DETECTIONS)
def test_what_was_found_must_be_gone(change, status):
    item = {"threat_id": 2147519003, "changed_at": "2025-11-04T02:00:00Z", **change}
    probes = healthy() | {"detections": probe({"total": 1, "detections": list_of(item)})}

    check = judge(probes)

    assert check.status == status
    assert check.remediation_available is False


def event(number, at, detection_id="{1}"):
    return {"id": number, "at": at, "detection_id": detection_id}


EVENTS = [
    pytest.param([event(1116, "2025-11-03T09:00:00Z")], [], id="found"),
    pytest.param([event(1118, "2025-11-03T09:00:00Z")], ["threat_action_failed"], id="failed"),
    pytest.param(
        [event(1118, "2025-11-03T09:00:00Z"), event(1117, "2025-11-03T09:05:00Z")],
        [],
        id="failed-then-done",
    ),
    pytest.param(
        [event(1117, "2025-11-03T09:00:00Z"), event(1119, "2025-11-03T09:05:00Z")],
        ["threat_action_failed"],
        id="done-then-failed",
    ),
    pytest.param(
        [event(1118, "2025-11-03T09:00:00Z"), event(1117, "2025-11-03T09:05:00Z", "{2}")],
        ["threat_action_failed"],
        id="another-one-done",
    ),
    pytest.param([event(1118, "2025-10-05T08:59:59Z")], [], id="31-days-ago"),
    pytest.param([event(1118, "2025-10-05T09:00:00Z")], ["threat_action_failed"], id="30-days-ago"),
]


@pytest.mark.parametrize(("events", "expected"), EVENTS)
def test_events_of_failed_actions(events, expected):
    assert codes(judge(healthy() | {"threat_events": probe(list_of(*events))})) == expected


def test_switched_off_protection_and_blocked_changes_are_noted():
    events = probe(
        list_of(
            *(
                {"id": number, "times": 2, "newest_at": "2025-11-03T09:00:00Z"}
                for number in (2001, 5001, 5013)
            )
        )
    )

    check = judge(healthy() | {"protection_events": events})

    assert check.status == "PASS"
    assert {"protection_was_off", "tampering_blocked", "signature_update_failed"} <= set(
        notes(check)
    )
