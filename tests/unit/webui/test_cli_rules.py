# SPDX-License-Identifier: GPL-3.0-or-later
"""``flask --app webui rules``: what it says, and how it ends."""

import pytest

from unit.healing.rule_folders import write_folder, write_rules
from webui import create_app
from webui.settings import Settings

RULES = """\
rules:
  - id: L1-BACKUP-001
    name: Backup Failure - Restart Service
    pattern: {check_type: backup, status: FAIL, message_contains: service not running}
    action: {type: restart_service, service: wbengine}
    hipaa_controls: ["164.308(a)(7)(ii)(A)"]
    max_retries: 2
    cooldown_seconds: 300
"""
CASES = """\
cases:
  - name: A service that cannot start
    check_type: backup
    findings: backup_service_disabled
    expect: {rule: L1-BACKUP-001}
"""


@pytest.fixture
def folder(tmp_path):
    folder = write_rules(write_folder(tmp_path / "rules"), RULES)
    (folder / "l1_cases.yml").write_text(CASES)
    return folder


@pytest.fixture
def run(tmp_path, folder):
    """Return a function that runs a command on the folder and returns its result."""
    runner = create_app(Settings(evidence_dir=tmp_path)).test_cli_runner()
    return lambda command: runner.invoke(args=["rules", command, "--rules-dir", str(folder)])


def test_good_rules_end_with_0(run):
    done = run("lint")

    assert (done.exit_code, done.output) == (0, "1 rule: no problem\n")


def test_each_problem_is_a_line_and_the_end_is_1(run, folder):
    write_rules(folder, RULES.replace("wbengine", "Spooler"))

    done = run("lint")

    assert (done.exit_code, done.output.splitlines()) == (
        1,
        [
            (
                f"{folder}/l1_rules.yaml:5: L1-BACKUP-001: action: no runbook of backup fits; got"
                " 'restart_service Spooler'. Name one with runbook."
            ),
            "1 rule: 1 error",
        ],
    )


def test_an_entry_that_is_no_rule_is_counted(run, folder):
    write_rules(folder, RULES + "  - nothing\n")

    assert run("lint").output.splitlines()[-1] == "2 rules: 1 error"


def test_a_warning_is_said_and_is_no_failure(run, folder):
    write_rules(folder, RULES.replace("300", "299"))

    done = run("lint")

    assert done.exit_code == 0
    assert done.output.splitlines()[-1] == "1 rule: 1 warning"
    assert "L1-BACKUP-001: warning: cooldown_seconds: the cooldown of 299 s" in done.output


def test_a_file_that_is_no_yaml_is_one_line(run, folder):
    write_rules(folder, RULES + "  bad")

    done = run("lint")

    assert done.exit_code == 1
    assert done.output.startswith(f"Error: policy_invalid: {folder}/l1_rules.yaml:")
    assert len(done.output.splitlines()) == 1


def test_runbooks_that_contradict_the_checks_are_one_line(run, folder):
    (folder / "runbooks" / "RB-WIN-FW-003.yml").unlink()

    done = run("lint")

    assert (done.exit_code, done.output.split(":")[1]) == (1, " runbook_invalid")


def test_cases_as_expected_end_with_0(run):
    done = run("test")

    assert (done.exit_code, done.output) == (0, "1 case, as expected\n")


def test_a_case_that_comes_out_otherwise_ends_with_1(run, folder):
    (folder / "l1_cases.yml").write_text(CASES.replace("backup_service_disabled", "target_full"))

    done = run("test")

    assert (done.exit_code, done.output.splitlines()) == (
        1,
        [
            (
                f"{folder}/l1_cases.yml:5: A service that cannot start: expect: expected"
                " L1-BACKUP-001, got no rule (no_rule)."
            ),
            "1 case, 1 not as expected",
        ],
    )


def test_a_rule_that_no_case_expects_is_named(run, folder):
    (folder / "l1_cases.yml").write_text(
        CASES.replace("backup_service_disabled", "target_full").replace(
            "{rule: L1-BACKUP-001}", "{reason: no_rule}"
        )
    )

    done = run("test")

    assert (done.exit_code, done.output.splitlines()) == (
        0,
        ["No case expects L1-BACKUP-001.", "1 case, as expected"],
    )


def test_no_case_is_tried_on_rules_that_cannot_be_used(run, folder):
    write_rules(folder, RULES.replace("wbengine", "Spooler"))

    done = run("test")

    assert done.exit_code == 1
    assert done.output.splitlines()[-1] == "The rules cannot be used, so no case was tried."


@pytest.mark.parametrize("command", ["lint", "test"])
def test_a_folder_that_is_not_there_is_wrong_usage(tmp_path, command):
    runner = create_app(Settings(evidence_dir=tmp_path)).test_cli_runner()

    done = runner.invoke(args=["rules", command, "--rules-dir", str(tmp_path / "none")])

    assert done.exit_code == 2
