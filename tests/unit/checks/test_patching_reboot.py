# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a reboot for updates may wait, and what shows it. Now is 2025-11-04, a Tuesday."""

from datetime import UTC, datetime

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.checks.patching import (
    judge_patching,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.patching import (
    PatchingFacts,
)
from unit.checks.documents import document, list_of, probe
from unit.checks.patching_documents import (
    PENDING,
    POLICY,
    SIGNS,
    found,
    healthy,
    judge,
    package,
    packages,
    scanned,
    site,
)

REBOOTS = [
    pytest.param("2025-11-03T09:00:00Z", [], id="24-hours"),
    pytest.param("2025-11-03T08:59:00Z", [("WARNING", "reboot_pending")], id="25-hours"),
    pytest.param("2025-11-01T09:00:00Z", [("WARNING", "reboot_pending")], id="72-hours"),
    pytest.param("2025-11-01T08:59:00Z", [("FAIL", "reboot_pending")], id="73-hours"),
    pytest.param(None, [("WARNING", "reboot_pending")], id="age-unknown"),
]


@pytest.mark.parametrize(("first_seen", "expected"), REBOOTS)
def test_a_pending_reboot_has_its_time(first_seen, expected):
    seen = datetime.fromisoformat(first_seen) if first_seen else None

    check = judge(healthy() | {"reboot": PENDING}, site(pending_reboot_first_seen=seen))

    assert found(check) == expected


@pytest.mark.parametrize(
    "sign",
    [
        "servicing_in_progress",
        "packages_pending",
        "update_required",
        "computer_rename",
        "domain_join",
    ],
)
def test_each_sign_of_a_reboot_counts(sign):
    check = judge(healthy() | {"reboot": probe(SIGNS | {sign: True})})

    assert found(check) == [("WARNING", "reboot_pending")]


def test_the_agent_knows_of_a_reboot_when_it_may_tell():
    check = judge(healthy() | {"agent_reboot": probe({"required": True})})

    assert found(check) == [("WARNING", "reboot_pending")]


RECORDS = [
    pytest.param("2025-10-31T09:00:00Z", "FAIL", id="overdue"),
    pytest.param("2025-11-04T08:00:00Z", "WARNING", id="young-but-not-stated"),
    pytest.param("2025-10-19T09:00:00Z", "WARNING", id="before-the-last-boot"),
]


@pytest.mark.parametrize(("at", "status"), RECORDS)
def test_the_newest_record_can_only_prove_a_reboot_overdue(at, status):
    probes = healthy() | {"reboot": PENDING, "servicing_events": probe(list_of({"at": at}))}

    assert judge(probes).status == status


def test_an_update_that_waits_for_a_reboot_counts_as_level_but_not_as_met():
    waiting = package(4294, state=96, installed_at=None)
    running = package(4171, installed_at="2025-09-15T03:00:00Z")
    probes = healthy() | {"packages": packages(waiting, running), "reboot": PENDING}
    seen = site(pending_reboot_first_seen=datetime(2025, 11, 4, tzinfo=UTC))

    assert found(judge(probes, os={"ubr": 4171})) == [("WARNING", "reboot_pending")]
    assert found(judge(probes, seen, os={"ubr": 4171})) == [("WARNING", "reboot_pending")]


def test_a_reboot_is_overdue_when_the_running_level_is():
    waiting = package(4294, state=96, installed_at=None)
    running = package(4052, installed_at="2025-09-13T03:00:00Z")
    probes = healthy() | {"packages": packages(waiting, running)}

    assert found(judge(probes, os={"ubr": 4052})) == [("FAIL", "reboot_pending")]


def test_a_hotpatched_host_may_wait_for_its_next_baseline():
    # The baseline under a hotpatch is three months old on purpose; the hotpatch itself is young.
    waiting = package(4171, state=96, installed_at=None)
    baseline = package(4052, installed_at="2025-07-10T03:00:00Z")
    probes = healthy() | {
        "packages": packages(waiting, baseline),
        "agent_dates": scanned("2025-09-16T00:00:00Z"),
    }
    facts = PatchingFacts.parse(document("patching", probes, os={"ubr": 4163}))

    check = judge_patching(facts, POLICY, datetime(2025, 9, 16, 9, tzinfo=UTC))

    assert found(check) == [("WARNING", "reboot_pending")]


@pytest.mark.parametrize("installed_at", ["2025-11-01T03:00:00Z", None], ids=["late", "no-date"])
def test_an_update_that_waits_does_not_make_an_old_running_level_young(installed_at):
    # Released 84 days ago, whenever it was installed.
    waiting = package(4294, state=96, installed_at=None)
    running = package(4052, installed_at=installed_at)
    probes = healthy() | {"packages": packages(waiting, running)}

    assert found(judge(probes, os={"ubr": 4052})) == [("FAIL", "reboot_pending")]


def test_a_reboot_first_seen_in_the_future_has_no_age():
    seen = site(pending_reboot_first_seen=datetime(2026, 11, 4, tzinfo=UTC))

    assert found(judge(healthy() | {"reboot": PENDING}, seen)) == [
        ("WARNING", "conflicting_evidence"),
        ("WARNING", "reboot_pending"),
    ]
