# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a file of rules is said with file, line, rule, value, and what to do."""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import (
    PolicyInvalid,
    RulesInvalid,
    RunbookInvalid,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.lint import (
    lint,
    load_matcher,
)
from unit.healing.rule_folders import promised_runbooks, runbook, write_folder, write_rules

RUNBOOKS = promised_runbooks()
GOOD = """\
  - id: L1-FIREWALL-001
    name: Blocked packets are not logged
    pattern: {check_type: firewall, status: WARNING, finding_codes: log_blocked_off}
    action: {type: fix_config, runbook: RB-WIN-FW-002}
    hipaa_controls: ["164.312(e)(1)"]
    max_retries: 2
    cooldown_seconds: 3600
"""
SERVICE = """\
  - id: L1-BACKUP-001
    name: Backup Failure - Restart Service
    pattern:
      check_type: backup
      status: FAIL
      message_contains: service not running
    action:
      type: restart_service
      service: wbengine
    hipaa_controls: ["164.308(a)(7)(ii)(A)"]
    max_retries: 2
    cooldown_seconds: 300
"""
ESCALATE = """\
  - id: L1-FIREWALL-002
    name: Somebody else's
    pattern: {check_type: firewall, status: FAIL}
    action: {type: escalate}
    hipaa_controls: ["164.312(e)(1)"]
"""


@pytest.fixture
def problems(tmp_path):
    """Return a function that lints a text and returns the problems without the path."""

    def run(text: str, runbooks=RUNBOOKS) -> list[str]:
        folder = write_rules(tmp_path, text)
        return [
            str(problem).removeprefix(f"{folder}/") for problem in lint(folder, runbooks).problems
        ]

    return run


def test_good_rules_have_no_problem(problems):
    assert problems("rules:\n" + GOOD + SERVICE + ESCALATE) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param(
            "finding_codes: log_blocked_off",
            "finding_code: log_blocked_off",
            "l1_rules.yaml:4: L1-FIREWALL-001: pattern: no such key; got 'finding_code'. Did you"
            " mean finding_codes? Allowed: check_type, status, message_contains, finding_codes,"
            " not_finding_codes, severity, finding_status, gpo_managed, host_groups, os.",
            id="unknown-key",
        ),
        pytest.param(
            "check_type: firewall, ",
            "",
            "l1_rules.yaml:4: L1-FIREWALL-001: pattern.check_type: is missing. Write it.",
            id="no-check",
        ),
        pytest.param(
            "status: WARNING",
            "status: PASS",
            "l1_rules.yaml:4: L1-FIREWALL-001: pattern.status: PASS asks for nothing; allowed:"
            " FAIL, WARNING, ERROR; got 'PASS'.",
            id="pass",
        ),
        pytest.param(
            "status: WARNING",
            "status: Failed",
            "l1_rules.yaml:4: L1-FIREWALL-001: pattern.status: Input should be 'PASS', 'WARNING',"
            " 'ERROR' or 'FAIL'; got 'Failed'.",
            id="unknown-status",
        ),
        pytest.param(
            "finding_codes: log_blocked_off",
            "finding_codes: [log_blocked]",
            "l1_rules.yaml:4: L1-FIREWALL-001: pattern.finding_codes: firewall never reports this"
            " code; got 'log_blocked'. Did you mean log_blocked_off?"
            " docs/reference/finding-codes.md lists them.",
            id="unknown-code",
        ),
        pytest.param(
            "finding_codes: log_blocked_off",
            "finding_codes: log_disabled",
            "l1_rules.yaml:4: L1-FIREWALL-001: pattern.finding_codes: firewall never reports this"
            " code; got 'log_disabled'. It is a code of logging. docs/reference/finding-codes.md"
            " lists them.",
            id="code-of-another-check",
        ),
        pytest.param(
            "finding_codes: log_blocked_off",
            "finding_codes: [log_blocked_off, inbound_allowed]",
            "l1_rules.yaml:4: L1-FIREWALL-001: pattern.finding_codes: RB-WIN-FW-002 does not repair"
            " this; got ['inbound_allowed']. It repairs log_blocked_off, log_too_small.",
            id="code-that-the-runbook-does-not-repair",
        ),
        pytest.param(
            "finding_codes: log_blocked_off",
            "message_contains: 'WARNING: '",
            "l1_rules.yaml:4: L1-FIREWALL-001: pattern.message_contains: no message has this part;"
            " got 'WARNING:'. docs/reference/finding-codes.md lists the messages; status and scopes"
            " are none.",
            id="message-that-nobody-says",
        ),
        pytest.param(
            "finding_codes: log_blocked_off",
            "message_contains: inbound connections",
            "l1_rules.yaml:4: L1-FIREWALL-001: pattern: no finding can have these codes and this"
            " message. Compare its keys with what the runbook repairs.",
            id="message-that-the-runbook-does-not-mend",
        ),
        pytest.param(
            "status: WARNING",
            "status: WARNING, finding_status: FAIL",
            "l1_rules.yaml:4: L1-FIREWALL-001: pattern: no incident can match: a FAIL outweighs an"
            " ERROR, and that a WARNING. Compare its keys with each other.",
            id="statuses-that-cannot-be",
        ),
        pytest.param(
            "status: WARNING",
            "status: WARNING, not_finding_codes: log_blocked_off",
            "l1_rules.yaml:4: L1-FIREWALL-001: pattern: no incident can match: not_finding_codes"
            " leave none of its findings. Compare its keys with each other.",
            id="codes-that-exclude-themselves",
        ),
        pytest.param(
            "status: WARNING",
            "status: WARNING, gpo_managed: true",
            "l1_rules.yaml:2: L1-FIREWALL-001: pattern.gpo_managed: a policy would undo the repair;"
            " only escalate may match it.",
            id="repair-of-what-a-policy-owns",
        ),
        pytest.param(
            "RB-WIN-FW-002",
            "RB-WIN-FX-002",
            "l1_rules.yaml:5: L1-FIREWALL-001: action.runbook: there is no such runbook; got"
            " 'RB-WIN-FX-002'. Did you mean RB-WIN-FW-002? Of firewall: RB-WIN-FW-001,"
            " RB-WIN-FW-002, RB-WIN-FW-003.",
            id="unknown-runbook",
        ),
        pytest.param(
            "RB-WIN-FW-002",
            "RB-WIN-LOG-002",
            "l1_rules.yaml:5: L1-FIREWALL-001: action.runbook: the runbook is not one of firewall;"
            " got 'RB-WIN-LOG-002'. It repairs logging.",
            id="runbook-of-another-check",
        ),
        pytest.param(
            "type: fix_config",
            "type: enable_feature",
            "l1_rules.yaml:5: L1-FIREWALL-001: action.type: the runbook does something else; got"
            " 'enable_feature'. Write fix_config, which is what RB-WIN-FW-002 does.",
            id="another-type-than-the-runbook",
        ),
        pytest.param(
            "type: fix_config",
            "type: reboot",
            "l1_rules.yaml:5: L1-FIREWALL-001: action.type: Input should be 'restart_service',"
            " 'apply_patch', 'enable_feature', 'fix_config', 'run_script' or 'escalate'; got"
            " 'reboot'.",
            id="a-seventh-type",
        ),
        pytest.param(
            "{type: fix_config, runbook: RB-WIN-FW-002}",
            "{type: run_script, script: Remove-Item}",
            "l1_rules.yaml:5: L1-FIREWALL-001: action: no such key; got 'script'. Allowed: type,"
            " runbook, service, parameters.",
            id="a-script-in-the-rule",
        ),
        pytest.param(
            "{type: fix_config, runbook: RB-WIN-FW-002}",
            "{type: run_script}",
            "l1_rules.yaml:5: L1-FIREWALL-001: action: run_script runs a registered script only:"
            " name its runbook.",
            id="a-script-without-a-runbook",
        ),
        pytest.param(
            "{type: fix_config, runbook: RB-WIN-FW-002}",
            "{type: apply_patch}",
            "l1_rules.yaml:5: L1-FIREWALL-001: action: no runbook of firewall fits; got"
            " 'apply_patch'. Name one with runbook.",
            id="a-bare-action-without-a-runbook",
        ),
        pytest.param(
            "runbook: RB-WIN-FW-002}",
            "runbook: RB-WIN-FW-002, parameters: {size: 1}}",
            "l1_rules.yaml:5: L1-FIREWALL-001: action.parameters.size: RB-WIN-FW-002 takes no such"
            " parameter; got 'size'. Allowed: none.",
            id="unknown-parameter",
        ),
        pytest.param(
            '["164.312(e)(1)"]',
            '["164.312(b)"]',
            "l1_rules.yaml:6: L1-FIREWALL-001: hipaa_controls: not the controls of firewall; got"
            " ['164.312(b)']. Allowed: 164.312(e)(1), 164.312(a)(1), 164.308(a)(1)(ii)(B)"
            " (rules/controls.yml).",
            id="controls-of-another-check",
        ),
        pytest.param(
            "max_retries: 2\n    cooldown_seconds: 3600",
            "max_retries: 8\n    cooldown_seconds: 86400",
            "l1_rules.yaml:8: L1-FIREWALL-001: cooldown_seconds: 8 tries 86400 s apart take"
            " 691200 s, and after 604800 s (7 days) an incident is a person's; got 86400. Write"
            " at most 75600, or fewer max_retries.",
            id="retries-beyond-a-week",
        ),
        pytest.param(
            "cooldown_seconds: 3600",
            "cooldown_seconds: 604801",
            "l1_rules.yaml:8: L1-FIREWALL-001: cooldown_seconds: Input should be less than or"
            " equal to 604800; got 604801.",
            id="cooldown-beyond-a-week",
        ),
        pytest.param(
            "\n    cooldown_seconds: 3600",
            "",
            "l1_rules.yaml:2: L1-FIREWALL-001: cooldown_seconds: a repair needs a pause before it"
            " may come again.",
            id="no-cooldown",
        ),
        pytest.param(
            "cooldown_seconds: 3600",
            "cooldown_seconds: 299",
            "l1_rules.yaml:8: L1-FIREWALL-001: warning: cooldown_seconds: the cooldown of 299 s"
            " is over before RB-WIN-FW-002, which takes about 300 s, has ended; got 299. Write at"
            " least 300 if there shall be a pause between two tries.",
            id="cooldown-shorter-than-the-repair",
        ),
        pytest.param(
            "status: WARNING",
            "status: []",
            "l1_rules.yaml:4: L1-FIREWALL-001: pattern.status: an empty list matches nothing;"
            " name one, or leave the key out; got [].",
            id="empty-list",
        ),
        pytest.param(
            "max_retries: 2",
            'max_retries: "2"',
            "l1_rules.yaml:7: L1-FIREWALL-001: max_retries: Input should be a valid integer; got"
            " '2'.",
            id="text-for-a-number",
        ),
        pytest.param(
            "id: L1-FIREWALL-001",
            "id: FW-1",
            "l1_rules.yaml:2: FW-1: id: String should match pattern"
            " '^L1-[A-Z0-9]+(-[A-Z0-9]+)*-[0-9]{3}$'; got 'FW-1'.",
            id="no-id-of-a-rule",
        ),
    ],
)
def test_each_mistake_is_told_where_it_is(problems, old, new, told):
    assert old in GOOD

    found = problems("rules:\n" + GOOD.replace(old, new))

    assert found == [told]


def test_an_empty_pattern_matches_nothing_and_never_everything(problems):
    empty = GOOD.replace(
        "check_type: firewall, status: WARNING, finding_codes: log_blocked_off", ""
    )

    assert problems("rules:\n" + empty) == [
        "l1_rules.yaml:4: L1-FIREWALL-001: pattern.check_type: is missing. Write it.",
        "l1_rules.yaml:4: L1-FIREWALL-001: pattern.status: is missing. Write it.",
    ]


def test_an_escalation_has_no_runbook_and_no_retries(problems):
    runbook_given = ESCALATE.replace("type: escalate", "type: escalate, runbook: RB-WIN-FW-002")
    retried = ESCALATE + "    max_retries: 2\n"

    assert problems("rules:\n" + runbook_given) == [
        (
            "l1_rules.yaml:5: L1-FIREWALL-002: action: escalate goes to a person: it has no"
            " runbook, service or parameters."
        )
    ]
    assert problems("rules:\n" + retried) == [
        (
            "l1_rules.yaml:2: L1-FIREWALL-002: escalate happens once: leave out max_retries and"
            " cooldown_seconds."
        )
    ]


def test_a_shadowed_rule_names_who_takes_its_incidents(problems):
    narrow = """\
  - id: L1-FIREWALL-003
    name: Too late
    pattern: {check_type: firewall, status: FAIL, finding_codes: inbound_allowed}
    action: {type: escalate}
    hipaa_controls: ["164.312(e)(1)"]
    priority: 200
"""

    assert problems("rules:\n" + narrow + ESCALATE) == [
        (
            "l1_rules.yaml:4: L1-FIREWALL-003: pattern: shadowed: L1-FIREWALL-002 (priority 100)"
            " take all that it matches. Give it a lower priority than theirs, narrow them, or"
            " delete it."
        )
    ]


def test_a_conflict_names_both_rules_and_an_incident(problems):
    repair = GOOD.replace("status: WARNING", "status: [FAIL, WARNING]")

    assert problems("rules:\n" + repair + ESCALATE) == [
        (
            "l1_rules.yaml:9: L1-FIREWALL-002: priority: L1-FIREWALL-001 (line 2) has the same,"
            " wants something else, and both match a FAIL with log_blocked_off and"
            " active_profile_disabled; got 100. Give one of them a lower number: it wins."
        )
    ]
    assert problems("rules:\n" + repair + ESCALATE + "    priority: 5\n") == []


def test_a_disabled_rule_is_in_nobodys_way_and_is_looked_at_all_the_same(problems):
    repair = GOOD.replace("status: WARNING", "status: [FAIL, WARNING]") + "    enabled: false\n"

    assert problems("rules:\n" + repair + ESCALATE) == []
    assert problems("rules:\n" + repair.replace("FW-002", "FW-999"))[0].startswith(
        "l1_rules.yaml:5: L1-FIREWALL-001: action.runbook: there is no such runbook"
    )


def test_an_id_belongs_to_one_rule(problems):
    assert problems("rules:\n" + GOOD + GOOD) == [
        (
            "l1_rules.yaml:9: L1-FIREWALL-001: id: line 2 has this id already; got"
            " 'L1-FIREWALL-001'. Take another."
        )
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(
            "rule: []",
            "l1_rules.yaml:1: file: rules: is missing. Write `rules:` and a list",
            id="no-rules",
        ),
        pytest.param(
            "rules: []\nrule: []",
            "l1_rules.yaml:2: file: no such key; got 'rule'. Did you",
            id="more",
        ),
        pytest.param(
            "rules:\n  - one\n", "l1_rules.yaml:2: rule 1: is no mapping; got 'one'.", id="text"
        ),
        pytest.param("", "l1_rules.yaml:1: file: rules: is missing.", id="empty-file"),
    ],
)
def test_a_file_without_rules_is_told(problems, text, told):
    assert problems(text)[0].startswith(told)


def test_every_problem_is_told_in_the_order_of_the_lines(problems):
    found = problems(
        "rules:\n" + GOOD.replace("FW-002", "FW-999") + SERVICE.replace("FAIL", "PASS")
    )

    assert [line.split(":")[1] for line in found] == ["5", "13"]


def test_a_key_that_occurs_twice_is_refused(tmp_path):
    folder = write_rules(tmp_path, "rules:\n" + GOOD + "    name: Again\n")

    with pytest.raises(PolicyInvalid, match=r"l1_rules.yaml:9 is not YAML: the key 'name' occurs"):
        lint(folder, RUNBOOKS)


def test_a_missing_file_is_an_error(tmp_path):
    folder = write_rules(tmp_path, "")
    (folder / "l1_rules.yaml").unlink()

    with pytest.raises(PolicyInvalid, match="cannot be read"):
        lint(folder, RUNBOOKS)


def test_a_bare_restart_finds_the_one_runbook_that_names_the_service(tmp_path):
    linted = lint(write_rules(tmp_path, "rules:\n" + SERVICE), RUNBOOKS)

    (target,) = linted.matcher.tables["backup"].targets
    assert (linted.problems, target.runbook.runbook_id) == ((), "RB-WIN-BACKUP-001")


def test_a_bare_restart_finds_the_one_runbook_that_takes_the_service(tmp_path):
    takes = {"service": {"type": "str", "choices": ("wbengine", "VSS"), "description": "Which"}}
    books = {
        "RB-WIN-BACKUP-001": runbook(
            "RB-WIN-BACKUP-001", "backup", ["backup_service_disabled"], parameters=takes
        ),
        "RB-WIN-BACKUP-003": RUNBOOKS["RB-WIN-BACKUP-003"],
    }

    linted = lint(write_rules(tmp_path, "rules:\n" + SERVICE), books)

    (target,) = linted.matcher.tables["backup"].targets
    assert target.values == {"service": "wbengine"}


def test_a_bare_restart_that_several_runbooks_fit_is_refused(problems):
    other = runbook("RB-WIN-BACKUP-003", "backup", ["backup_service_disabled"])
    said = {name: text + "$name = 'WBENGINE'\n" for name, text in other.scripts.items()}
    books = {**RUNBOOKS, "RB-WIN-BACKUP-003": other.model_copy(update={"scripts": said})}

    assert problems("rules:\n" + SERVICE, books) == [
        (
            "l1_rules.yaml:8: L1-BACKUP-001: action: several runbooks fit; got 'restart_service"
            " wbengine'. Name one with runbook: RB-WIN-BACKUP-001, RB-WIN-BACKUP-003."
        )
    ]


def test_a_service_that_the_named_runbook_does_not_know_is_refused(problems):
    text = SERVICE.replace(
        "service: wbengine", "service: Spooler\n      runbook: RB-WIN-BACKUP-001"
    )

    assert problems("rules:\n" + text) == [
        (
            "l1_rules.yaml:10: L1-BACKUP-001: action.service: RB-WIN-BACKUP-001 has nothing to do"
            " with it; got 'Spooler'. Name the service that it restarts, or leave the key out."
        )
    ]


def test_a_service_is_given_once(problems):
    text = SERVICE.replace(
        "service: wbengine", "service: wbengine\n      parameters: {service: VSS}"
    )

    assert problems("rules:\n" + text) == [
        "l1_rules.yaml:8: L1-BACKUP-001: action: parameters: service is given twice."
    ]


def test_parameters_are_those_that_the_runbook_declares(problems):
    sizes = {
        "kilobytes": {
            "type": "int",
            "min": 1024,
            "max": 32767,
            "required": True,
            "description": "Size of the log",
        }
    }
    books = {
        "RB-WIN-FW-002": runbook("RB-WIN-FW-002", "firewall", ["log_blocked_off"], parameters=sizes)
    }
    given = "rules:\n" + GOOD.replace("FW-002}", "FW-002, parameters: {kilobytes: 4}}")

    assert problems("rules:\n" + GOOD, books) == [
        (
            "l1_rules.yaml:5: L1-FIREWALL-001: action.parameters: RB-WIN-FW-002 needs the parameter"
            " kilobytes. Give it: Size of the log"
        )
    ]
    assert problems(given, books) == [
        (
            "l1_rules.yaml:5: L1-FIREWALL-001: action.parameters.kilobytes: the parameter"
            " kilobytes is refused; got 4. Allowed: a number from 1024 to 32767."
        )
    ]
    assert problems(given.replace("4}}", "4096}}"), books) == []


def test_tries_that_take_longer_than_a_week_are_impossible_whatever_the_cooldown(problems):
    slow = runbook("RB-WIN-FW-002", "firewall", ["log_blocked_off"], estimated_duration="20h")
    text = "rules:\n" + GOOD.replace("max_retries: 2", "max_retries: 9")

    assert problems(text, {"RB-WIN-FW-002": slow})[0] == (
        "l1_rules.yaml:8: L1-FIREWALL-001: cooldown_seconds: 9 tries 72000 s apart take 648000 s,"
        " and after 604800 s (7 days) an incident is a person's; got 3600. Allow fewer max_retries."
    )


SIX = """\
  - id: L1-{kind}-001
    name: One of six
    pattern: {{check_type: {check}, status: FAIL}}
    action: {{type: {type}, runbook: {runbook}}}
    hipaa_controls: ["{control}"]
    max_retries: 1
    cooldown_seconds: 3600
"""


def test_each_of_the_six_action_types_works(tmp_path):
    rows = [
        ("A", "backup", "restart_service", "RB-WIN-BACKUP-001", "164.308(a)(7)(ii)(A)"),
        ("B", "patching", "apply_patch", "RB-WIN-PATCH-001", "164.308(a)(8)"),
        ("C", "av_edr", "enable_feature", "RB-WIN-AV-002", "164.308(a)(6)(ii)"),
        ("D", "logging", "fix_config", "RB-WIN-LOG-001", "164.312(b)"),
        ("E", "encryption", "run_script", "RB-WIN-ENC-002", "164.310(d)(1)"),
    ]
    keys = ("kind", "check", "type", "runbook", "control")
    rules = [SIX.format(**dict(zip(keys, row, strict=True))) for row in rows]

    linted = lint(write_rules(tmp_path, "rules:\n" + "".join(rules) + ESCALATE), RUNBOOKS)

    assert linted.problems == ()
    assert [rule.action.type for rule in linted.rules] == [
        "restart_service",
        "apply_patch",
        "enable_feature",
        "fix_config",
        "run_script",
        "escalate",
    ]


def test_a_run_starts_with_good_rules_only(tmp_path):
    folder = write_folder(tmp_path / "rules")
    write_rules(folder, "rules:\n" + SERVICE)

    assert len(load_matcher(folder).tables["backup"].targets) == 1

    write_rules(folder, "rules:\n" + 7 * GOOD.replace("FW-002", "FW-999"))
    with pytest.raises(RulesInvalid, match="and 2 more") as refused:
        load_matcher(folder)
    assert "l1_rules.yaml:5: L1-FIREWALL-001: action.runbook: there is no" in str(refused.value)
    assert refused.value.code == "rules_invalid"


def test_rules_rest_on_runbooks_that_keep_what_the_checks_promise(tmp_path):
    folder = write_folder(tmp_path / "rules", FW_002={"repairs": ["log_too_small"]})
    write_rules(folder, "rules: []\n")

    with pytest.raises(RunbookInvalid, match="RB-WIN-FW-002 for log_blocked_off"):
        load_matcher(folder)


def test_a_warning_keeps_no_run_from_starting(tmp_path):
    folder = write_folder(tmp_path / "rules", BACKUP_001={"estimated_duration": "90m"})
    write_rules(folder, "rules:\n" + SERVICE)

    assert load_matcher(folder).tables["backup"].targets
