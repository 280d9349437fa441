# SPDX-License-Identifier: GPL-3.0-or-later
"""The ring of a site's keys holds what was said of them, and cannot be read halfway."""

from datetime import timedelta

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.key_ring import (
    read_key_ring,
    refuse_revoked,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.site import (
    EvidenceDamaged,
)
from unit.evidence.keyed_site import MORNING, KeyedSite, compromised

# A step of a crash, but not waited for: what a disk does after it is not what is tested.
pytestmark = pytest.mark.usefixtures("quick_disk")


@pytest.fixture
def site(tmp_path) -> KeyedSite:
    return KeyedSite(tmp_path)


def test_a_statement_that_cannot_be_read_may_be_a_revocation_and_stops_signing(site):
    (site.directory.keys / "KS-20260401T080000Z-0123456789abcdef.json").write_text("{}\n")

    with pytest.raises(EvidenceDamaged, match="KS-20260401T080000Z"):
        refuse_revoked(site.directory, site.key())


def test_the_ring_holds_what_was_said_in_the_order_of_the_log(site):
    site.run("run-1", bundles=3)
    site.keeper.rotate()
    second = site.key().key_id
    site.run("run-2", bundles=2)
    site.now += timedelta(days=1)
    site.keeper.revoke(compromised(site.first, since=MORNING))
    site.run("run-3", bundles=0)

    ring = read_key_ring(site.directory)

    assert set(ring.public_lines) == {site.first.key_id, second}
    assert [(item.index, item.statement.kind) for item in ring.statements] == [
        (4, "key_rotation"),
        (8, "key_revocation"),
    ]
    assert [(run.run_id, run.first, run.last) for run in ring.runs] == [
        ("run-1", 0, 3),
        ("run-2", 5, 7),
        ("run-3", 9, 9),
    ]
    assert ring.leaves(site.first.key_id) == (0, 4)
    assert ring.leaves(second) == (5, 9)
    assert ring.rotated_to(site.first.key_id) == second
    assert ring.rotated_from(second) == site.first.key_id
    assert (ring.rotated_to(second), ring.rotated_from(site.first.key_id)) == (None, None)


def test_the_ring_knows_which_runs_a_compromise_takes_with_it(site):
    for day in range(3):
        site.now = MORNING + timedelta(days=day)
        site.run(f"run-{day}")
    # A clock that was set back does not give trust back: what counts is the order of the log.
    site.now = MORNING
    site.run("run-3")

    lost = read_key_ring(site.directory).runs_after(site.first.key_id, MORNING + timedelta(days=1))

    assert [run.run_id for run in lost] == ["run-1", "run-2", "run-3"]


def test_a_statement_is_found_in_a_long_log_between_runs(site):
    site.run("run-1", bundles=700)
    site.keeper.rotate()
    site.run("run-2", bundles=300)

    ring = read_key_ring(site.directory)

    assert [item.index for item in ring.statements] == [701]


def test_a_public_half_that_is_not_what_its_name_says_stops_the_reading(site):
    (site.directory.keys / "0123456789abcdef.pub").write_text(site.first.public_line + "\n")

    with pytest.raises(EvidenceDamaged, match="it is the key"):
        read_key_ring(site.directory)
