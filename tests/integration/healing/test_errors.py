# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies what heal.yml does about checks that are an ERROR: what a rule names is repaired.

The shipped rule L1-PATCHING-003 names a search for updates that fails. What it did not name, what
the repair does not mend and what nobody has read again counts as mended nowhere.
"""

import pytest

from integration.healing.clinic import Clinic, open_clinic
from integration.runbooks.cases import broken, host
from integration.runbooks.test_patch_002 import (
    BROKEN_DATABASE,
    FILES,
    MEMBER,
    NO_DATA,
    search_error,
)

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("errors")]
UNREAD = broken("cim:root/CIMV2/Security/MicrosoftVolumeEncryption:Win32_EncryptableVolume")


@pytest.fixture(scope="module")
def clinic(engine_settings, tmp_path_factory):
    hosts = {
        "mendable": host(MEMBER, BROKEN_DATABASE),
        "stubborn": host(MEMBER, search_error(NO_DATA)),
        "unnamed": host(MEMBER, UNREAD),
    }
    folder = tmp_path_factory.mktemp("errors") / "clinic"
    files = dict.fromkeys(("mendable", "stubborn"), FILES)
    with open_clinic(engine_settings, folder, hosts, files=files) as opened:
        opened.set_rules(max_retries=0)
        # Each for itself: which of the two is taken first, nobody knows.
        opened.healing = {"blast_radius": {"canary": False}}
        opened.heal()
        opened.heal()
        yield opened


def incidents(clinic: Clinic, name: str) -> list[tuple[object, ...]]:
    return clinic.rows(
        "SELECT check_id, status, last_status, resolution_level, runbook_id"  # noqa: S608 - a name of this file
        f" FROM incidents WHERE host_id = '{name}'"
    )


def attempts(clinic: Clinic, name: str) -> list[tuple[object, ...]]:
    return clinic.rows(
        f"SELECT runbook_id, state, outcome FROM attempts WHERE host_id = '{name}'"  # noqa: S608 - a name of this file
    )


def patching(clinic: Clinic, name: str) -> list[dict]:
    return [b for b in clinic.bundles() if (b["host_id"], b["check"]) == (name, "patching")]


def test_a_search_that_fails_is_mended_and_the_check_that_was_read_again_proves_it(clinic):
    repaired, again = patching(clinic, "mendable")

    assert attempts(clinic, "mendable") == [("RB-WIN-PATCH-002", "succeeded", "success")]
    assert incidents(clinic, "mendable") == [
        ("patching", "RESOLVED", "PASS", 1, "RB-WIN-PATCH-002")
    ]
    assert repaired["pre_state"]["status"] == "ERROR"
    assert (repaired["outcome"], repaired["post_state"]["status"]) == ("success", "PASS")
    assert (again["actions"], again["pre_state"]["status"]) == ([], "PASS")


def test_a_search_that_fails_still_is_no_success_and_becomes_a_persons(clinic):
    repaired, again = patching(clinic, "stubborn")

    assert attempts(clinic, "stubborn") == [("RB-WIN-PATCH-002", "rolled_back", "failure")]
    assert incidents(clinic, "stubborn") == [("patching", "ESCALATED", "ERROR", None, None)]
    assert repaired["outcome"] == "failure"
    assert again["actions"] == ["healer decision: not_all_was_read"]
    assert clinic.rows("SELECT host_id, check_id, code FROM tickets WHERE closed_at IS NULL") == [
        ("stubborn", "patching", "not_all_was_read")
    ]


def test_an_error_that_no_rule_names_is_no_incident(clinic):
    assert clinic.last("unnamed", "encryption")["pre_state"]["status"] == "ERROR"
    assert incidents(clinic, "unnamed") == []


def test_the_evidence_of_it_verifies(clinic):
    assert "verified:" in clinic.verified()
