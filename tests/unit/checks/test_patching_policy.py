# SPDX-License-Identifier: GPL-3.0-or-later
"""Which thresholds a site may set for the patching check, and what the shipped rules hold."""

from datetime import date
from pathlib import Path

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import PolicyInvalid
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.patching import (
    PatchingPolicy,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.policy import (
    Layer,
    build_policy,
    rule_layers,
)


def rules_with(**override):
    rules = Path(__file__).parents[3] / "rules"
    controls = {"hipaa_controls": ["164.308(a)(1)(ii)(B)"]}
    layers = [*rule_layers(rules, "patching"), Layer("controls", controls)]
    return build_policy(PatchingPolicy, [*layers, Layer("override", override)])


def test_the_shipped_rules_are_valid_and_repeat_no_table():
    policy = rules_with(esu_until="2026-10-13", pending_reboot_first_seen="2025-11-01T09:00:00Z")

    assert policy.lcu_releases[20348][-1].ubr == 4529
    assert policy.os_end_of_support[14393][0].last_day == date(2027, 1, 12)
    assert policy.to_dict()["esu_until"] == "2026-10-13"
    assert "lcu_releases" not in policy.to_dict()
    assert policy.collector_options()["online_search"] == "auto"


WRONG = [
    pytest.param({"lcu_age_warn_days": 51}, id="warning-after-the-fault"),
    pytest.param({"esu_until": "soon"}, id="no-day"),
    pytest.param({"managed_by": "somebody"}, id="unknown-manager"),
    pytest.param({"security_category_ids": []}, id="no-category"),
    pytest.param({"lcu_releases": {20348: []}}, id="empty-row"),
]


@pytest.mark.parametrize("override", WRONG)
def test_a_wrong_policy_is_refused(override):
    with pytest.raises(PolicyInvalid):
        rules_with(**override)
