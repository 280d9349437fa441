# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies how one run repairs several hosts: one goes first, the others wait for it."""

import json

import pytest

from integration.healing.clinic import Clinic, open_clinic
from integration.healing.test_gates import KEY, NOT_LOGGED, SET_PROFILE
from integration.runbooks.cases import broken, host

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("healing")]
HOSTS = ("fs01", "fs02", "fs03", "fs04")
RUNBOOK = "RB-WIN-FW-002"
# A host that waits asks for its turn every five seconds: a repair has to last longer to be met.
UNHURRIED = broken(SET_PROFILE, "slow", seconds=12)


def open_fleet(settings, folder, *more):
    hosts = {name: host("healthy-2022-workgroup", NOT_LOGGED, *more) for name in HOSTS}
    return open_clinic(settings, folder / "clinic", hosts)


def spans(clinic: Clinic) -> dict[str, tuple[str, str, int]]:
    """Return when each host was taken and released, and whether it went first."""
    sql = "SELECT host_id, claimed_at, released_at, is_canary FROM repair_claims"
    return {row[0]: row[1:] for row in clinic.rows(sql)}


def test_one_run_repairs_them_all_after_the_one_that_went_first(engine_settings, tmp_path):
    with open_fleet(engine_settings, tmp_path, UNHURRIED) as clinic:
        clinic.set_rules()
        clinic.healing = {"blast_radius": {"hosts_at_once": 2}}

        screen = clinic.heal()

        assert clinic.rows("SELECT DISTINCT state, outcome FROM attempts") == [
            ("succeeded", "success")
        ], screen
        taken = spans(clinic)
        assert sorted(taken) == sorted(HOSTS)
        [first] = [name for name, span in taken.items() if span[2]]
        others = [span for name, span in taken.items() if name != first]
        assert all(span[0] >= taken[first][1] for span in others)
        # Two of the three at once, and never all.
        at_once = [sum(other[0] <= span[0] < other[1] for other in others) for span in others]
        assert max(at_once) == 2, taken
        assert all(clinic.state(name)["registry"][KEY]["LogDroppedPackets"][1] for name in HOSTS)
        assert "verified:" in clinic.verified()


def test_where_the_first_one_fails_the_others_are_left_to_a_person(engine_settings, tmp_path):
    with open_fleet(engine_settings, tmp_path, broken(SET_PROFILE, "denied")) as clinic:
        clinic.set_rules()

        clinic.heal()

        assert clinic.rows("SELECT runbook_id, outcome FROM attempts") == [(RUNBOOK, "failure")]
        taken = spans(clinic)
        left = sorted(set(HOSTS) - set(taken))
        assert len(left) == len(HOSTS) - 1
        told = "SELECT host_id, code FROM tickets ORDER BY host_id"
        assert clinic.rows(told) == [(name, "canary_failed") for name in left]
        for name in left:
            [attempt] = clinic.last(name, "firewall")["post_state"]["healing"]
            assert attempt["reason"] == "canary_failed", json.dumps(attempt)
        assert "verified:" in clinic.verified()
