# SPDX-License-Identifier: GPL-3.0-or-later
"""What waits for a window waits no longer than its incident."""

from datetime import timedelta

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.plan import Planning
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from unit.healer.site import NOTES, SITE, host_with, opened
from unit.healing.planner.cases import NOW

ENCRYPTION, FAULT = CheckId.ENCRYPTION, "os_volume_unencrypted!"
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def healer(tmp_path):
    """Return a healer with an approved repair that is queued for the night."""
    with opened(tmp_path) as healer:
        [asked] = Planning(healer, host_with(ENCRYPTION, FAULT), NOW).plan()
        healer.gate.approve(asked.approval_id, "anna", NOW)
        [item] = Planning(healer, host_with(ENCRYPTION, FAULT), NOW).plan()
        assert item.error_code == "E005"
        assert len(healer.gate.queued(SITE)) == 1
        yield healer


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(NOTES[ENCRYPTION], id="the-check-passes"),
        pytest.param(f"{FAULT} protection_suspended!^", id="a-person-has-it"),
    ],
)
def test_it_is_forgotten_when_nobody_needs_it_any_more(healer, found):
    Planning(healer, host_with(ENCRYPTION, found, asked_at=LATER), LATER).plan()

    assert healer.gate.queued(SITE) == []


def test_a_plan_that_is_only_looked_at_forgets_nothing(healer):
    host = host_with(ENCRYPTION, NOTES[ENCRYPTION], asked_at=LATER)

    Planning(healer, host, LATER, is_dry=True).plan()

    assert len(healer.gate.queued(SITE)) == 1
