# SPDX-License-Identifier: GPL-3.0-or-later
"""``flask --app webui rules``: say whether what an operator wrote is what the healer will do.

Exit codes are those of every command: 0 nothing is wrong (a warning is no fault), 1 something is.
"""

from collections.abc import Iterable
from pathlib import Path

import click

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.verify import counted
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.lint import (
    Linted,
    lint,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.registry import (
    load_registry,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.rule_cases import (
    run_cases,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.rule_faults import (
    Problem,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.rules import default_rules_dir
from webui.cli.group import ComplianceGroup

rules_dir_option = click.option(
    "--rules-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="The folder rules/; by default that of this checkout.",
)


@click.group("rules", cls=ComplianceGroup)
def rules() -> None:
    """Check the L1 rules before a run does."""


@rules.command("lint")
@rules_dir_option
@click.pass_context
def lint_command(context: click.Context, rules_dir: Path | None) -> None:
    """Say everything that is wrong with l1_rules.yaml, one line a problem."""
    linted = _linted(rules_dir or default_rules_dir())
    _show(linted.problems)
    warnings = len(linted.problems) - len(linted.errors)
    told = [counted(len(linted.errors), "error")] * bool(linted.errors)
    told += [counted(warnings, "warning")] * bool(warnings)
    click.echo(f"{counted(linted.count, 'rule')}: {', '.join(told) or 'no problem'}")
    if linted.errors:
        context.exit(1)


@rules.command("test")
@rules_dir_option
@click.pass_context
def test_command(context: click.Context, rules_dir: Path | None) -> None:
    """Try the cases of l1_cases.yml: each is an incident and the rule that it asks for."""
    folder = rules_dir or default_rules_dir()
    linted = _linted(folder)
    if linted.errors:
        _show(linted.errors)
        click.echo("The rules cannot be used, so no case was tried.")
        context.exit(1)
    tested = run_cases(folder, linted.matcher)
    _show(tested.problems)
    enabled = [rule.id for rule in linted.rules if rule.enabled]
    if untested := tested.unmet(enabled):
        click.echo(f"No case expects {', '.join(untested)}.")
    failed = f", {len(tested.problems)} not as expected" if tested.problems else ", as expected"
    click.echo(f"{counted(tested.count, 'case')}{failed}")
    if tested.problems:
        context.exit(1)


def _linted(folder: Path) -> Linted:
    return lint(folder, load_registry(folder).runbooks)


def _show(problems: Iterable[Problem]) -> None:
    for problem in problems:
        click.echo(str(problem))
