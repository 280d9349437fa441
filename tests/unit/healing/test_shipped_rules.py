# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped rules: nothing wrong with them, every one held to a case, and no surprise."""

import re

import pytest
import yaml

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.lint import (
    Linted,
    lint,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.matching import (
    IncidentFacts,
    RuleMatch,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.rule_cases import (
    run_cases,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.runbooks import (
    Runbook,
    load_runbooks,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.judges import JUDGES
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckId,
    CheckStatus,
    Finding,
    Severity,
)
from unit.healing.rule_folders import RULES, promised_runbooks, write_rules

# What may be repaired without asking anybody.
AUTOMATIC = {
    "RB-WIN-AV-001", "RB-WIN-AV-004", "RB-WIN-BACKUP-003", "RB-WIN-ENC-001", "RB-WIN-ENC-002",
    "RB-WIN-FW-002", "RB-WIN-LOG-001", "RB-WIN-LOG-002", "RB-WIN-LOG-003", "RB-WIN-LOG-005",
    "RB-WIN-PATCH-002", "RB-WIN-PATCH-004",
}  # fmt: skip
# What a person decides, whatever else is wrong with the check.
FOR_A_PERSON = {
    "threat_unresolved", "exclusion_of_everything", "security_log_cleared", "event_log_cleared",
    "log_gap", "no_backup_product", "no_backup_configured", "protection_not_activated",
    "volume_decrypting", "weak_method", "os_unsupported",
}  # fmt: skip


@pytest.fixture(scope="module")
def runbooks() -> dict[str, Runbook]:
    """Return the shipped runbooks; a small one stands for each that is only promised as yet."""
    return promised_runbooks() | load_runbooks(RULES)


@pytest.fixture(scope="module")
def linted(runbooks) -> Linted:
    return lint(RULES, runbooks)


def test_nothing_is_wrong_with_them(linted):
    assert [str(problem) for problem in linted.errors] == []


def test_the_one_warning_is_about_the_contracts_own_sample(linted):
    warned = {problem.subject for problem in linted.problems if problem.is_warning}

    assert warned <= {"L1-BACKUP-001"}


def test_every_case_comes_out_and_every_rule_has_one(linted):
    tested = run_cases(RULES, linted.matcher)

    assert [str(problem) for problem in tested.problems] == []
    assert tested.unmet(rule.id for rule in linted.rules) == []


def test_the_contracts_sample_is_there_to_the_letter():
    rules = yaml.safe_load((RULES / "l1_rules.yaml").read_text())["rules"]
    (sample,) = (rule for rule in rules if rule["id"] == "L1-BACKUP-001")
    added = sample["action"].pop("runbook")

    assert added == "RB-WIN-BACKUP-001"
    assert sample == {
        "id": "L1-BACKUP-001",
        "name": "Backup Failure - Restart Service",
        "pattern": {
            "check_type": "backup",
            "status": "FAIL",
            "message_contains": "service not running",
        },
        "action": {"type": "restart_service", "service": "wbengine"},
        "hipaa_controls": ["164.308(a)(7)(ii)(A)"],
        "max_retries": 2,
        "cooldown_seconds": 300,
    }


def test_what_the_howto_shows_holds_beside_them(runbooks, tmp_path):
    page = (RULES.parent / "docs" / "howto" / "write-a-rule.md").read_text()
    shown = [
        item
        for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
        for item in yaml.safe_load(block)
    ]
    rules = yaml.safe_load((RULES / "l1_rules.yaml").read_text())["rules"]
    cases = yaml.safe_load((RULES / "l1_cases.yml").read_text())["cases"]
    rules += [item for item in shown if "id" in item]
    cases += [item for item in shown if "expect" in item]
    folder = write_rules(tmp_path, yaml.safe_dump({"rules": rules}))
    (folder / "l1_cases.yml").write_text(yaml.safe_dump({"cases": cases}))

    linted = lint(folder, runbooks)
    tested = run_cases(folder, linted.matcher)

    assert [str(problem) for problem in (*linted.errors, *tested.problems)] == []
    assert [item.get("id", "case") for item in shown] == [
        "case",
        "case",
        "L1-ENCRYPTION-010",
        "L1-BACKUP-010",
    ]


def test_rules_run_what_is_automatic_and_nothing_that_disturbs(linted, runbooks):
    used = {rule.action.runbook for rule in linted.rules if not rule.escalates}
    # The contract's sample asks for a backup, which waits for its window.
    automatic = used - {"RB-WIN-BACKUP-001"}

    assert automatic == AUTOMATIC
    assert [name for name in automatic if runbooks[name].needs_person] == []
    assert [name for name in automatic if runbooks[name].requires_reboot] == []


def test_what_a_person_decides_is_decided_before_any_repair(linted):
    for table in linted.matcher.tables.values():
        first_repair = min(
            target.rule.priority for target in table.targets if not target.rule.escalates
        )
        taken = {
            code
            for target in table.targets
            if target.rule.escalates and target.rule.priority < first_repair
            for code in target.codes
        }
        check = table.targets[0].rule.pattern.check_type
        assert FOR_A_PERSON & set(JUDGES[check].catalogue) <= taken


def found(code: str, status: CheckStatus, scope: str = "") -> Finding:
    return Finding(
        code=code,
        status=status,
        severity=Severity.MEDIUM,
        message="a phrase",
        scope=scope,
        observed=None,
        expected=None,
        gpo_managed=False,
    )


def parameters_of(linted: Linted, facts: IncidentFacts) -> dict[str, object]:
    decided = linted.matcher.decide(facts)
    assert isinstance(decided, RuleMatch), decided
    assert decided.action is not None
    return dict(decided.action.parameters)


def test_definitions_are_as_old_as_the_site_says(linted):
    policy = {"signature_age_warn_days": 2, "engine_age_max_days": 90}
    old = found("signatures_old", CheckStatus.FAIL)
    facts = IncidentFacts(CheckId.AV_EDR, CheckStatus.FAIL, (old,), policy=policy)

    assert parameters_of(linted, facts) == {
        "signature_age_max_days": 2,
        "engine_age_max_days": 90,
    }


def test_a_repair_builds_on_what_the_site_attests(linted):
    findings = (
        found("protection_suspended", CheckStatus.FAIL, "C:"),
        found("escrow_attested", CheckStatus.PASS, "C:"),
    )
    facts = IncidentFacts(CheckId.ENCRYPTION, CheckStatus.FAIL, findings)

    assert parameters_of(linted, facts) == {"volumes": ["C:"], "attested": ["C:"]}


def test_every_setting_that_the_policy_has_is_taken_from_it(runbooks):
    named = [
        (runbook.runbook_id, name)
        for runbook in runbooks.values()
        for name, parameter in runbook.parameters.items()
        if "of the policy" in parameter.description and parameter.policy is None
    ]

    assert named == []
