# SPDX-License-Identifier: GPL-3.0-or-later
"""What proves that the system state of a domain controller is saved."""

import pytest

from unit.checks.backup_documents import PLAN, codes, healthy, judge, veeam
from unit.checks.documents import probe

CONTROLLER = {"product_type": 2}


def test_a_directory_that_was_never_saved_contradicts_the_plan():
    probes = healthy() | {"directory": probe({"last_backup_at": None})}

    assert codes(judge(probes, os=CONTROLLER)) == ["system_state_unverified"]


def test_a_directory_that_is_saved_only_in_the_future_proves_nothing():
    future = probe({"last_backup_at": "2026-11-04T09:00:00Z"})
    probes = veeam((4, "2025-11-04T02:00:00Z")) | {"directory": future}

    check = judge(probes, os=CONTROLLER)

    assert (check.status, codes(check)) == ("ERROR", ["conflicting_evidence"])


def test_a_domain_controller_needs_its_system_state():
    probes = healthy() | {"wsb_policy": probe(PLAN | {"has_system_state": False})}

    assert codes(judge(probes, os=CONTROLLER)) == ["system_state_missing"]
    assert codes(judge(probes)) == []


@pytest.mark.parametrize(
    ("saved_at", "expected"),
    [("2025-11-02T09:00:00Z", []), ("2025-11-02T08:59:59Z", ["system_state_too_old"])],
    ids=["48-hours", "48-hours-and-a-second"],
)
def test_the_directory_knows_when_it_was_saved(saved_at, expected):
    probes = veeam((4, "2025-11-04T02:00:00Z")) | {"directory": probe({"last_backup_at": saved_at})}

    assert codes(judge(probes, os=CONTROLLER)) == expected


@pytest.mark.parametrize(
    "directory",
    [probe(state="absent"), probe({"last_backup_at": None})],
    ids=["not-asked", "never-saved"],
)
def test_a_domain_controller_whose_state_nothing_shows_does_not_pass(directory):
    probes = veeam((4, "2025-11-04T02:00:00Z")) | {"directory": directory}

    assert codes(judge(probes, os=CONTROLLER)) == ["system_state_unverified"]
