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
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.instants import to_text
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
    # What a host says of the time is no matter: its clock may be years off, and the site know it.
    pytest.param([passed(BACKUP, "backup_succeeded.", "2025-11-04T09:00:00Z")], True,
                 id="by-a-clock-that-is-behind"),
    pytest.param([passed(BACKUP, "backup_succeeded.", "2027-01-01T00:00:00Z")], True,
                 id="by-a-clock-that-is-ahead"),
    # How far off a clock may be is for the policy of the check, which does not let it pass then.
    pytest.param([passed(BACKUP, "clock_skew~ backup_succeeded.", status="WARNING")], False,
                 id="by-a-clock-beyond-the-policy"),
    pytest.param([], False, id="not-made"),
    pytest.param([passed(BACKUP, "backup_too_old~", status="WARNING")], False, id="warned"),
    pytest.param([passed(BACKUP, "backup_too_old!", status="FAIL")], False, id="failed"),
    pytest.param([passed(BACKUP, "probe_denied?", status="ERROR")], False, id="unread"),
    # The site attests that it needs no backup: the check passes, and there is none.
    pytest.param([passed(BACKUP, "exception_in_force.")], False, id="passed-by-exception"),
    pytest.param([passed(CheckId.LOGGING, "log_was_full.")], False, id="another-check-passed"),
]  # fmt: skip
# How long before it is needed the controller asked the host, and whether that is fresh.
AGES = [
    pytest.param(timedelta(0), True, id="now"),
    pytest.param(timedelta(hours=4), True, id="as-old-as-allowed"),
    pytest.param(timedelta(hours=4, seconds=1), False, id="stale"),
    pytest.param(timedelta(seconds=-1), False, id="by-a-controller-whose-clock-was-set-back"),
]


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


@pytest.mark.parametrize(("age", "is_fresh"), AGES)
def test_the_controller_says_how_old_a_verdict_is(age, is_fresh):
    check = ComplianceCheck.from_dict(passed(BACKUP, "backup_succeeded."))

    assert passed_checks([check], NOW - age, NOW) == ({BACKUP} if is_fresh else frozenset())


@pytest.mark.parametrize(("age", "is_fresh"), AGES)
def test_the_planner_rests_on_nothing_that_is_stale(age, is_fresh, planner):
    proof = passed(BACKUP, "backup_succeeded.")
    asked_at = to_text(NOW - age)
    question = context(
        ENCRYPTION, "os_volume_unencrypted!", planner.registry, others=[proof], checked_at=asked_at
    )

    reason = planner.decide(question, NOW).decision.escalation_reason

    assert reason == (None if is_fresh else "needs_passed_check")


def test_the_planner_rests_on_nothing_whose_age_nobody_tells(planner):
    proof = passed(BACKUP, "backup_succeeded.")
    question = context(
        ENCRYPTION, "os_volume_unencrypted!", planner.registry, others=[proof], checked_at=None
    )

    assert planner.decide(question, NOW).decision.escalation_reason == "needs_passed_check"


def test_of_two_verdicts_the_worse_counts():
    good = passed(BACKUP, "backup_succeeded.", "2026-03-02T11:30:00Z")
    bad = passed(BACKUP, "backup_too_old!", "2026-03-02T11:00:00Z", "FAIL")
    checks = [ComplianceCheck.from_dict(item) for item in (bad, good)]

    assert passed_checks(checks, NOW, NOW) == frozenset()


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
