# SPDX-License-Identifier: GPL-3.0-or-later
"""When a host is taken for a repair that rests on another check, that check is asked about again.

Other repairs of the same run may have taken hours since the plan was made.
"""

from datetime import timedelta

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.acting import (
    Acting,
    order_of,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.plan import Planning
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckId,
    IncidentStatus,
)
from unit.healer.site import SITE, host_with, opened
from unit.healing.planner.cases import NOW

# A window of the site is open then.
EVENING = NOW.replace(hour=20)
PROOF = "os_volume_unencrypted!"


def planned(healer, asked_at):
    """Return what may begin on a host that was asked at *asked_at*, with what people have said."""
    host = host_with(CheckId.ENCRYPTION, PROOF, asked_at=asked_at)
    [asked] = Planning(healer, host, EVENING).plan()
    assert asked.code == "approval_required", asked.reason
    healer.gate.approve(asked.approval_id, "anna", EVENING)
    [item] = Planning(healer, host, EVENING).plan()
    assert item.may_begin, item.reason
    return order_of(item.proposal)


def test_a_proof_that_is_fresh_lets_the_host_be_taken(tmp_path):
    with opened(tmp_path) as healer:
        order = planned(healer, EVENING - timedelta(hours=3))

        begun = Acting(healer, lambda: EVENING + timedelta(hours=1)).take(order)

    assert (begun.is_taken, begun.code) == (True, "allowed")


@pytest.mark.parametrize(
    "later",
    [
        pytest.param(timedelta(hours=1, seconds=1), id="hours-went-by"),
        pytest.param(timedelta(hours=-4), id="the-clock-was-set-back"),
    ],
)
def test_a_proof_that_has_grown_old_meanwhile_makes_the_repair_wait(later, tmp_path):
    with opened(tmp_path) as healer:
        order = planned(healer, EVENING - timedelta(hours=3))

        begun = Acting(healer, lambda: EVENING + later).take(order)

        [incident] = healer.incidents.to_heal(SITE)
        assert (begun.is_taken, begun.code) == (False, "proof_too_old")
        assert "backup" in begun.reason
        assert incident.status is IncidentStatus.OPEN
        assert healer.gate.held(SITE) == ()


def test_what_a_person_allowed_still_holds_for_the_next_run(tmp_path):
    with opened(tmp_path) as healer:
        order = planned(healer, EVENING - timedelta(hours=3))
        Acting(healer, lambda: EVENING + timedelta(hours=2)).take(order)

        later = EVENING + timedelta(hours=2)
        host = host_with(CheckId.ENCRYPTION, PROOF, asked_at=later)
        [again] = Planning(healer, host, later).plan()

        assert again.may_begin, again.reason


def test_a_repair_that_rests_on_nothing_else_has_no_such_limit(tmp_path):
    with opened(tmp_path) as healer:
        host = host_with(CheckId.LOGGING, "script_block_logging_off!", asked_at=NOW)
        [item] = Planning(healer, host, NOW).plan()

        begun = Acting(healer, lambda: NOW + timedelta(hours=9)).take(order_of(item.proposal))

    assert (begun.is_taken, begun.code) == (True, "allowed")
