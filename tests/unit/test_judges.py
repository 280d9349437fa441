# SPDX-License-Identifier: GPL-3.0-or-later
"""Which policy each check is judged by when a site or a host overrides the shipped rules."""

import shutil

import pytest
import yaml

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import PolicyInvalid
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.judges import (
    JUDGES,
    load_policies,
    shipped_layers,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.policy import (
    Layer,
    build_policy,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.rules import default_rules_dir

RULES = default_rules_dir()
COMMON = {"clock_skew_warn_seconds": 7}


@pytest.fixture
def rules(tmp_path):
    """Return a folder rules/ of the test's own."""
    return shutil.copytree(RULES, tmp_path / "rules")


def change(rules, check, **keys):
    file = rules / "policy" / f"{check}.yml"
    document = yaml.safe_load(file.read_text("utf-8")) | keys
    file.write_text(yaml.safe_dump(document), "utf-8")


@pytest.mark.parametrize("check", CheckId)
def test_an_override_gives_what_merging_every_file_anew_would_give(check):
    merged = build_policy(JUDGES[check].policy, [*shipped_layers(RULES)[check], Layer("x", COMMON)])

    policy = load_policies(RULES, [check], [Layer("site", {"common": COMMON})])[check]

    assert policy.clock_skew_warn_seconds == 7
    assert policy == merged
    assert policy.to_dict() == merged.to_dict()
    assert policy.collector_options() == merged.collector_options()


def test_a_key_of_the_check_is_stronger_than_the_common_one():
    override = Layer("site", {"common": COMMON, "firewall": {"clock_skew_warn_seconds": 9}})

    policies = load_policies(RULES, [CheckId.FIREWALL, CheckId.LOGGING], [override])

    assert policies[CheckId.FIREWALL].clock_skew_warn_seconds == 9
    assert policies[CheckId.LOGGING].clock_skew_warn_seconds == 7


def test_an_override_may_mend_rules_that_are_not_valid_by_themselves(rules):
    change(rules, "firewall", log_max_kb=0)
    with pytest.raises(PolicyInvalid, match="log_max_kb"):
        load_policies(rules, [CheckId.FIREWALL])

    override = Layer("site", {"firewall": {"log_max_kb": 16384}})
    policy = load_policies(rules, [CheckId.FIREWALL], [override])[CheckId.FIREWALL]

    assert policy.log_max_kb == 16384


def test_an_override_of_another_key_does_not_hide_rules_that_are_not_valid(rules):
    change(rules, "firewall", log_max_kb=0)

    with pytest.raises(PolicyInvalid, match=r"firewall\.yml: log_max_kb: .*; got 0"):
        load_policies(rules, [CheckId.FIREWALL], [Layer("site", {"common": COMMON})])


def test_keys_that_contradict_the_shipped_ones_name_both_places():
    override = Layer("variable compliance_policy", {"backup": {"max_age_warn_hours": 9999}})

    with pytest.raises(PolicyInvalid) as caught:
        load_policies(RULES, [CheckId.BACKUP], [override])

    assert "backup.yml and variable compliance_policy, backup: " in str(caught.value)
