# SPDX-License-Identifier: GPL-3.0-or-later
"""A verdict says that a repair is there only where the registry has one that mends the finding."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.checks.judgement import (
    SHARED_CODES,
    Judgement,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.registry import (
    load_registry,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.judges import JUDGES
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.rules import default_rules_dir

CODES = [
    pytest.param(check, code, id=f"{check}-{code}")
    for check, judge in JUDGES.items()
    for code in (*judge.catalogue, *SHARED_CODES)
]
FACTS = SimpleNamespace(collected_at=datetime(2026, 3, 2, 12, tzinfo=UTC), probes=dict)
POLICY = SimpleNamespace(hipaa_controls=("164.312(b)",), to_dict=dict)


@pytest.fixture(scope="module")
def mended():
    """Return the codes of each check that a shipped runbook of that check mends."""
    runbooks = load_registry(default_rules_dir()).runbooks.values()
    return {(item.check_type, code) for item in runbooks for code in item.repairs}


def verdict(check, code, note="fail", **seen):
    judgement = Judgement(check, JUDGES[check].catalogue)
    getattr(judgement, note)(code, **seen)
    return judgement.verdict(FACTS, POLICY)


@pytest.mark.parametrize(("check", "code"), CODES)
def test_a_repair_is_promised_where_the_registry_has_one_and_nowhere_else(check, code, mended):
    assert verdict(check, code).remediation_available is ((check, code) in mended)


@pytest.mark.parametrize(("check", "code"), CODES)
def test_nothing_is_promised_that_a_policy_owns_or_that_asks_for_nothing(check, code):
    assert verdict(check, code, gpo_managed=True).remediation_available is False
    assert verdict(check, code, "inform").remediation_available is False


def test_one_repairable_finding_among_others_is_enough():
    judgement = Judgement(CheckId.LOGGING, JUDGES[CheckId.LOGGING].catalogue)
    judgement.fail("log_gap")
    judgement.warn("script_block_logging_off")

    assert judgement.verdict(FACTS, POLICY).remediation_available is True
