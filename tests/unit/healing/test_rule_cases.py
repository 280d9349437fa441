# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases hold rules to what their author meant: what differs is told with its line."""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import PolicyInvalid
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.lint import lint
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.rule_cases import (
    run_cases,
)
from unit.healing.rule_folders import promised_runbooks, runbook, write_rules

RULES = """\
rules:
  - id: L1-FIREWALL-001
    name: Blocked packets are not logged
    pattern: {check_type: firewall, status: [FAIL, WARNING], finding_codes: log_blocked_off}
    action: {type: fix_config, runbook: RB-WIN-FW-002}
    hipaa_controls: ["164.312(e)(1)"]
    max_retries: 2
    cooldown_seconds: 3600
    priority: 50
  - id: L1-FIREWALL-002
    name: An open firewall in the lab
    pattern: {check_type: firewall, status: FAIL, finding_codes: inbound_allowed, host_groups: lab}
    action: {type: escalate}
    hipaa_controls: ["164.312(e)(1)"]
    priority: 10
"""
PROFILES = {
    "profiles": {
        "type": "list",
        "elements": "str",
        "choices": ("domain", "public"),
        "description": "Profiles",
        "source": {"finding": "log_blocked_off", "take": "scope"},
    }
}
BOOKS = promised_runbooks() | {
    "RB-WIN-FW-002": runbook("RB-WIN-FW-002", "firewall", ["log_blocked_off"], parameters=PROFILES)
}


@pytest.fixture
def run(tmp_path):
    """Return a function that tries cases and returns the problems without the path."""
    folder = write_rules(tmp_path, RULES)

    def try_cases(text: str) -> list[str]:
        (folder / "l1_cases.yml").write_text(text)
        tested = run_cases(folder, lint(folder, BOOKS).matcher)
        return [str(problem).removeprefix(f"{folder}/") for problem in tested.problems]

    return try_cases


def case(findings: str, expect: str, more: str = "") -> str:
    return (
        f"cases:\n  - name: One\n    check_type: firewall\n{more}"
        f"    findings: {findings}\n    expect: {expect}\n"
    )


@pytest.mark.parametrize(
    ("findings", "expect"),
    [
        pytest.param("inbound_allowed", "{reason: no_rule}", id="a-code-alone"),
        pytest.param(
            "[{code: log_blocked_off, status: WARNING, scope: public}]",
            "{rule: L1-FIREWALL-001, runbook: RB-WIN-FW-002, parameters: {profiles: [public]}}",
            id="parameters",
        ),
        pytest.param(
            "{code: log_blocked_off, gpo_managed: true}", "{reason: gpo_managed}", id="a-reason"
        ),
        pytest.param("{code: log_allowed_off, status: PASS}", "{reason: no_rule}", id="no-fault"),
    ],
)
def test_what_is_as_expected_is_not_told(run, findings, expect):
    assert run(case(findings, expect)) == []


def test_the_host_is_part_of_a_case(run):
    more = "    host_groups: lab\n    os: server\n"

    assert run(case("inbound_allowed", "{rule: L1-FIREWALL-002}", more)) == []


@pytest.mark.parametrize(
    ("findings", "expect", "told"),
    [
        pytest.param(
            "inbound_allowed",
            "{rule: L1-FIREWALL-002}",
            "5: One: expect: expected L1-FIREWALL-002, got no rule (no_rule).",
            id="none",
        ),
        pytest.param(
            "{code: log_blocked_off, gpo_managed: true}",
            "{reason: no_rule}",
            "5: One: expect: expected no rule (no_rule), got no rule (gpo_managed).",
            id="another-reason",
        ),
        pytest.param(
            "log_blocked_off",
            "{reason: no_rule}",
            "5: One: expect: expected no rule (no_rule), got L1-FIREWALL-001 on log_blocked_off.",
            id="one-too-many",
        ),
        pytest.param(
            "{code: log_blocked_off, scope: public}",
            "{rule: L1-FIREWALL-001, runbook: RB-WIN-FW-001}",
            "5: One: expect: expected RB-WIN-FW-001, got RB-WIN-FW-002.",
            id="another-runbook",
        ),
        pytest.param(
            "{code: log_blocked_off, scope: domain}",
            "{rule: L1-FIREWALL-001, parameters: {profiles: [public]}}",
            "5: One: expect: expected the parameters {'profiles': ['public']}, got {'profiles':"
            " ['domain']}.",
            id="another-parameter",
        ),
        pytest.param(
            "{code: log_blocked_off, scope: everywhere}",
            "{rule: L1-FIREWALL-001}",
            "5: One: expect: L1-FIREWALL-001 cannot act: the parameter profiles[0] is refused.",
            id="a-refused-parameter",
        ),
        pytest.param(
            "[log_blocked_off, log_blocked]",
            "{rule: L1-FIREWALL-001}",
            "4: One: findings.1: firewall never reports this code; got 'log_blocked'. Did you mean"
            " log_blocked_off? docs/reference/finding-codes.md lists them.",
            id="unknown-code",
        ),
        pytest.param(
            "log_blocked_off",
            "{}",
            "5: One: expect: give the rule that wins, or the reason for which none does.",
            id="no-expectation",
        ),
        pytest.param(
            "log_blocked_off",
            "{reason: cooldown}",
            "5: One: expect.reason: Input should be 'no_rule', 'gpo_managed' or 'runbook_forbids';"
            " got 'cooldown'.",
            id="unknown-reason",
        ),
        pytest.param(
            "{code: log_blocked_off, level: high}",
            "{rule: L1-FIREWALL-001}",
            "4: One: findings: no such key; got 'level'. Allowed: code, status, severity,"
            " gpo_managed, scope, observed, expected.",
            id="unknown-key",
        ),
    ],
)
def test_what_differs_is_told_with_its_line(run, findings, expect, told):
    assert run(case(findings, expect)) == [f"l1_cases.yml:{told}"]


def test_rules_without_a_case_are_known(tmp_path):
    folder = write_rules(tmp_path, RULES)
    (folder / "l1_cases.yml").write_text(case("log_blocked_off", "{rule: L1-FIREWALL-001}"))
    linted = lint(folder, BOOKS)

    tested = run_cases(folder, linted.matcher)

    assert tested.unmet(rule.id for rule in linted.rules) == ["L1-FIREWALL-002"]


@pytest.mark.parametrize("text", ["", "cases: []", "case: [one]"])
def test_a_file_without_cases_is_no_success(run, text):
    assert run(text) == [
        "l1_cases.yml:1: file: cases: is missing. Write `cases:` and a list below it."
    ]


def test_a_missing_file_is_an_error(tmp_path):
    folder = write_rules(tmp_path, RULES)

    with pytest.raises(PolicyInvalid, match="cannot be read"):
        run_cases(folder, lint(folder, BOOKS).matcher)
