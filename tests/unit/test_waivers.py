# SPDX-License-Identifier: GPL-3.0-or-later
"""A waiver names an entry of the register and ends by itself; anything else is refused."""

from datetime import UTC, datetime

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import PolicyInvalid
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.waivers import current_waivers

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BACKUP = {"check": "backup", "reference": "EX-2026-004", "expires_on": "2026-03-02"}
REFUSED = [
    pytest.param({"check": "backup"}, r"\[0\]: .* is no mapping|valid list", id="no-list"),
    pytest.param([{**BACKUP, "check": "bakup"}], r"\[0\.check\]", id="unknown-check"),
    pytest.param([{**BACKUP, "reference": "see mail of Tuesday"}], r"\[0\.reference\]", id="prose"),
    pytest.param([{**BACKUP, "reason": "old server"}], r"\[0\.reason\]", id="free-text"),
    pytest.param([{**BACKUP, "expires_on": "never"}], r"\[0\.expires_on\]", id="no-end"),
    pytest.param(
        [{"check": "backup", "reference": "EX-1"}], r"\[0\.expires_on\]", id="end-missing"
    ),
    pytest.param([BACKUP, BACKUP], "waives a check twice", id="doubled"),
]


def test_a_waiver_holds_to_the_end_of_its_last_day():
    assert [waiver.to_dict() for waiver in current_waivers([BACKUP], NOON).values()] == [
        {"check": "backup", "reference": "EX-2026-004", "expires_on": "2026-03-02"}
    ]


def test_an_expired_waiver_counts_for_nothing():
    day_after = datetime(2026, 3, 3, 0, 0, tzinfo=UTC)

    assert current_waivers([BACKUP], day_after) == {}


@pytest.mark.parametrize("given", [None, []], ids=["unset", "empty"])
def test_no_waiver_is_no_waiver(given):
    assert current_waivers(given, NOON) == {}


@pytest.mark.parametrize(("given", "message"), REFUSED)
def test_what_is_no_waiver_is_refused(given, message):
    with pytest.raises(PolicyInvalid, match=message):
        current_waivers(given, NOON)
