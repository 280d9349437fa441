# SPDX-License-Identifier: GPL-3.0-or-later
"""A coverage statement accounts for every host of the inventory and every one of the six checks."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.coverage import (
    describe_scope,
    names_digest,
    parse_statement,
    seconds_set_back,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOSTS = ["dc01", "fs01", "kiosk01"]
NOTHING_LEFT_OUT = {"hosts": [], "checks": [], "pairs": []}


def statement(**changes):
    """Return the statement of a run that checked the firewall of one host of two."""
    scope = describe_scope(["dc01", "fs01"], [("dc01", CheckId.FIREWALL)])
    return {
        "schema_version": 1,
        "kind": "coverage",
        "statement_id": "CS-run-1",
        "site_id": "clinic-001",
        "run_id": "run-1",
        "status": "complete",
        "started_at": "2026-03-02T11:59:00Z",
        "sealed_at": "2026-03-02T12:00:00Z",
        "clock_set_back_seconds": 0,
        **scope,
        "obtained": 1,
        "missing": [],
        "bundles": {"count": 1, "first": "EB-20260302-000001", "last": "EB-20260302-000001"},
        "log": {"first_index": 0, "root_before": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},
        "journal": {"lines": 4, "sha256": "0" * 64, "lost_bytes": 0, "damaged_at_line": None},
        "scrubbing": {
            "ruleset_version": "1",
            "ruleset_sha256": "0" * 64,
            "counts": {},
            "flagged": [],
        },
        "provenance": {},
        "key_id": "0123456789abcdef",
        **changes,
    }


def test_a_scope_names_what_was_left_out():
    scope = describe_scope(HOSTS, [("dc01", CheckId.FIREWALL), ("fs01", CheckId.FIREWALL)])

    assert scope["expected"] == 18
    assert (scope["scope"]["inventory_hosts"], scope["scope"]["hosts"]) == (3, 2)
    assert scope["not_scheduled"] == {
        "hosts": ["kiosk01"],
        "checks": ["patching", "av_edr", "backup", "logging", "encryption"],
        "pairs": [],
    }


def test_plays_of_different_scope_leave_pairs_out():
    due = [("dc01", CheckId.FIREWALL), ("fs01", CheckId.BACKUP)]

    assert describe_scope(["dc01", "fs01"], due)["not_scheduled"]["pairs"] == [
        {"host_id": "dc01", "check": "backup"},
        {"host_id": "fs01", "check": "firewall"},
    ]


@given(due=st.sets(st.tuples(st.sampled_from(HOSTS), st.sampled_from(list(CheckId))), min_size=1))
def test_every_pair_is_due_or_not_scheduled(due):
    scope = describe_scope(HOSTS, sorted(due))
    bundles = {"count": len(due), "first": None, "last": None}

    parsed = parse_statement(statement(**scope, obtained=len(due), bundles=bundles))

    assert parsed.not_scheduled.count(parsed.scope) == 18 - len(due)


def test_names_are_hashed_in_order_whatever_order_they_come_in():
    # printf '["dc01","fs01"]' | sha256sum
    assert names_digest(["fs01", "dc01"]) == (
        "d091e9c34a26ff7b194c0f29b69f60a214afadb3f381179cb370ee1661445751"
    )


LIES = [
    pytest.param({"obtained": 2}, id="more-obtained-than-bundles"),
    pytest.param({"obtained": 0}, id="a-verdict-less"),
    pytest.param({"expected": 6}, id="a-host-less-expected"),
    pytest.param({"bundles": {"count": 0, "first": None, "last": None}}, id="a-bundle-less"),
    pytest.param({"not_scheduled": NOTHING_LEFT_OUT}, id="nothing-left-out"),
    pytest.param({"status": "aborted"}, id="unknown-status"),
    pytest.param({"extra": 1}, id="unknown-field"),
    pytest.param({"clock_set_back_seconds": 0.5}, id="float"),
]


@pytest.mark.parametrize("lie", LIES)
def test_a_statement_that_does_not_add_up_does_not_exist(lie):
    parse_statement(statement())

    with pytest.raises(ValidationError):
        parse_statement(statement(**lie))


@pytest.mark.parametrize(
    ("before", "seconds"),
    [
        (None, 0),
        (datetime(2026, 3, 2, 11, 0, tzinfo=UTC), 0),
        (datetime(2026, 3, 2, 12, 0, 5, tzinfo=UTC), 5),
        (datetime(2026, 3, 3, 12, 0, tzinfo=UTC), 86_400),
    ],
    ids=["first", "onwards", "five-seconds", "a-day"],
)
def test_a_clock_that_was_set_back_is_told(before, seconds):
    assert seconds_set_back(NOON, before) == seconds
