# SPDX-License-Identifier: GPL-3.0-or-later
"""Which policy each check is judged by when a site or a host overrides the shipped rules."""

import re
import shutil
from hashlib import sha256

import pytest
import yaml

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import PolicyInvalid
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.canonical import (
    canonical_json,
)
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


BASELINE = [
    {
        "guid": "0CCE923F-69AE-11D9-BED3-505054503030",
        "name": "Credential Validation",
        "bits": 3,
        "core": True,
        "dc": True,
        "cis": "17.1.1",
    }
]


def test_a_table_of_the_site_is_named_in_the_evidence_by_its_digest():
    override = Layer("site", {"logging": {"audit_baseline": BASELINE}, "common": COMMON})

    shown = load_policies(RULES, [CheckId.LOGGING], [override])[CheckId.LOGGING].to_dict()

    assert shown["audit_baseline_sha256"] == sha256(canonical_json(BASELINE)).hexdigest()
    assert "audit_baseline" not in shown
    assert "forwarding_agents_sha256" not in shown


@pytest.mark.parametrize("check", CheckId)
def test_tables_that_are_shipped_are_told_by_the_digest_of_all_rules(check):
    shown = load_policies(RULES, [check], [Layer("site", {"common": COMMON})])[check].to_dict()

    assert [key for key in shown if key.endswith("_sha256")] == []


@pytest.mark.parametrize("check", CheckId)
def test_each_table_that_a_site_replaces_is_named(check):
    shipped = load_policies(RULES, [check])[check]
    names = sorted(shipped.tables())
    override = Layer("host", {check.value: {name: getattr(shipped, name) for name in names}})

    shown = load_policies(RULES, [check], [override])[check].to_dict()

    digests = {key: value for key, value in shown.items() if key.endswith("_sha256")}
    assert sorted(digests) == [f"{name}_sha256" for name in names]
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in digests.values())


def test_a_table_has_one_digest_however_its_letters_are_composed():
    def shown(name):
        override = Layer("site", {"encryption": {"products": [{"name": name, "service": "x"}]}})
        return load_policies(RULES, [CheckId.ENCRYPTION], [override])[CheckId.ENCRYPTION].to_dict()

    assert shown("Cafe\u0301") == shown("Caf\u00e9")


def test_a_table_that_cannot_be_signed_is_refused_before_a_host_is_asked():
    override = Layer(
        "variable x", {"patching": {"lcu_releases": {20348: [[2**60, "2025-10-14", "lcu"]]}}}
    )

    with pytest.raises(PolicyInvalid, match="variable x, patching: lcu_releases cannot be signed"):
        load_policies(RULES, [CheckId.PATCHING], [override])
