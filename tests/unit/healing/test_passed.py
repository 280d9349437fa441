# SPDX-License-Identifier: GPL-3.0-or-later
"""A repair that rests on another check has its proof from this run, and from nobody's word."""

from datetime import timedelta

import pytest
import yaml

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import ParameterInvalid
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.lint import lint
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.matching import (
    IncidentFacts,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.parameters import (
    Parameter,
    PassedSource,
    bind,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.passed import (
    passed_checks,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.decide import (
    Planner,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.plans import (
    Disposition,
    Mode,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.registry import (
    load_registry,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckId,
    ComplianceCheck,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.scrubber import Scrubber
from unit.healing.planner.cases import NOW, check_document, context, findings_of, passed
from unit.healing.rule_folders import RULES, write_rules

ENCRYPTION, BACKUP = CheckId.ENCRYPTION, CheckId.BACKUP
# What a run can have found out about the backup, and whether a disk may be encrypted on that.
PROOFS = [
    pytest.param([passed(BACKUP, "backup_succeeded.")], True, id="passed"),
    pytest.param([passed(BACKUP, "backup_attested.")], True, id="attested"),
    pytest.param([passed(BACKUP, "backup_succeeded.", "2026-03-02T08:00:00Z")], True,
                 id="as-old-as-allowed"),
    pytest.param([passed(BACKUP, "backup_succeeded.", "2026-03-02T07:59:59Z")], False, id="stale"),
    pytest.param([passed(BACKUP, "backup_succeeded.", "2026-03-02T12:15:01Z")], False,
                 id="from-the-future"),
    pytest.param([], False, id="not-made"),
    pytest.param([passed(BACKUP, "backup_too_old~", status="WARNING")], False, id="warned"),
    pytest.param([passed(BACKUP, "backup_too_old!", status="FAIL")], False, id="failed"),
    pytest.param([passed(BACKUP, "probe_denied?", status="ERROR")], False, id="unread"),
    # The site attests that it needs no backup: the check passes, and there is none.
    pytest.param([passed(BACKUP, "exception_in_force.")], False, id="passed-by-exception"),
    pytest.param([passed(CheckId.LOGGING, "log_was_full.")], False, id="another-check-passed"),
]  # fmt: skip


@pytest.fixture(scope="module")
def registry():
    return load_registry(RULES)


@pytest.fixture
def planner(registry):
    return Planner(registry, Scrubber(bytes(32), today=NOW.date()), Mode.PROPOSE)


@pytest.mark.parametrize(("verdicts", "is_proof"), PROOFS)
def test_a_disk_is_encrypted_only_if_the_backup_freshly_passed(verdicts, is_proof, planner):
    question = context(ENCRYPTION, "os_volume_unencrypted!", planner.registry, others=verdicts)

    plan = planner.decide(question, NOW)

    if is_proof:
        assert plan.disposition is Disposition.PROPOSE
        assert plan.decision.runbook_id == "RB-WIN-ENC-003"
        assert plan.decision.parameters["backup_verdict"] == "PASS"
    else:
        assert plan.action is None
        assert plan.decision.escalation_reason == "needs_passed_check"
        assert "backup" in plan.decision.reasoning


def test_an_update_needs_a_backup_too(planner):
    question = context(CheckId.PATCHING, "lcu_too_old!", planner.registry)

    plan = planner.decide(question, NOW)

    assert (plan.action, plan.decision.escalation_reason) == (None, "needs_passed_check")


def test_a_verdict_that_cannot_be_read_proves_nothing(planner):
    odd = passed(BACKUP, "backup_succeeded.") | {"status": "pass"}
    question = context(ENCRYPTION, "os_volume_unencrypted!", planner.registry, others=[odd])

    assert planner.decide(question, NOW).decision.escalation_reason == "needs_passed_check"


def test_of_two_verdicts_the_newest_counts():
    old = passed(BACKUP, "backup_succeeded.", "2026-03-02T11:00:00Z")
    new = passed(BACKUP, "backup_too_old!", "2026-03-02T11:30:00Z", "FAIL")
    checks = [ComplianceCheck.from_dict(item) for item in (new, old)]

    assert passed_checks(checks, NOW) == frozenset()
    assert passed_checks(checks[1:], NOW) == {BACKUP}
    assert passed_checks(checks[1:], NOW + timedelta(hours=4)) == frozenset()


RULE = {
    "id": "L1-ENCRYPTION-050",
    "name": "A disk is encrypted by a rule of the site",
    "pattern": {"check_type": "encryption", "status": "FAIL",
                "finding_codes": "os_volume_unencrypted"},
    "action": {"type": "enable_feature", "runbook": "RB-WIN-ENC-003"},
    "hipaa_controls": ["164.312(a)(2)(iv)"],
    "max_retries": 1, "cooldown_seconds": 86400, "priority": 5,
}  # fmt: skip


def test_a_rule_of_the_site_gets_its_proof_from_the_run(registry, tmp_path):
    rules = write_rules(tmp_path, yaml.safe_dump({"rules": [RULE]}))
    linted = lint(rules, registry.runbooks)
    document = check_document(ENCRYPTION, findings_of(ENCRYPTION, "os_volume_unencrypted!"))
    check = ComplianceCheck.from_dict(document)

    proven = linted.matcher.match(IncidentFacts.of(check, passed=[BACKUP]))
    unproven = linted.matcher.match(IncidentFacts.of(check))

    assert linted.errors == ()
    assert proven.action.parameters["backup_verdict"] == "PASS"
    assert (unproven.action, unproven.escalate) == (None, True)
    assert "backup_verdict" in unproven.refused


def test_no_rule_can_say_that_a_check_has_passed(registry, tmp_path):
    claims = RULE | {"action": {**RULE["action"], "parameters": {"backup_verdict": "PASS"}}}
    rules = write_rules(tmp_path, yaml.safe_dump({"rules": [claims]}))

    [error] = lint(rules, registry.runbooks).errors

    assert "a rule cannot say that a check has passed" in str(error)


def test_a_proof_has_no_default():
    with pytest.raises(ValueError, match="required and has no default"):
        Parameter(type="str", choices=("PASS",), default="PASS", description="proof",
                  source=PassedSource(passed=BACKUP))  # fmt: skip


def test_without_a_proof_there_is_no_value():
    proof = Parameter(type="str", choices=("PASS",), required=True, description="proof",
                      source=PassedSource(passed=BACKUP))  # fmt: skip

    assert bind({"proof": proof}, {}, (), {}, passed={BACKUP}) == {"proof": "PASS"}
    with pytest.raises(ParameterInvalid, match="the parameter proof has no value"):
        bind({"proof": proof}, {}, (), {}, passed={CheckId.LOGGING})
