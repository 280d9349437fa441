# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies how much of the PowerShell of repairs runs in the tests of the runbooks.

It is counted in the repairs that these tests make anyway: whoever comes first runs those of a test
file, for the others as well.
"""

import importlib
from pathlib import Path

import pytest

from integration.coverage_page import (
    OF_REPAIRS,
    PLUGINS,
    ROOT,
    listed_by_script,
    missed_by_script,
    script_name,
)
from lab.coverage import OUR_SCRIPTS, RUNBOOK_SCRIPTS, FileCoverage, format_coverage, read_coverage

pytestmark = pytest.mark.engine
TESTS = sorted(file.stem for file in Path(__file__).parent.glob("test_*_0*.py"))
PERCENT = 95


@pytest.fixture(scope="module")
def files(run_repairs, run_scripts, run_jobs, repairs_folder) -> list[FileCoverage]:
    """Return the coverage of each script that repairs run on."""
    run_scripts(importlib.import_module("integration.runbooks.test_scripts").SCRIPTS)
    run_jobs(importlib.import_module("integration.runbooks.test_jobs").CASES)
    for name in TESTS:
        run_repairs(name, importlib.import_module(f"integration.runbooks.{name}").REPAIRS)
    read = read_coverage(repairs_folder / "hits", OUR_SCRIPTS, RUNBOOK_SCRIPTS)
    return [item for item in read if OF_REPAIRS.fullmatch(script_name(item))]


def test_every_script_of_repairs_runs(files):
    scripts = {
        path.name
        for path in (*PLUGINS.glob("modules/*.ps1"), *PLUGINS.glob("module_utils/*.psm1"))
        if OF_REPAIRS.fullmatch(path.name)
    } | {
        f"{path.parent.name}/{path.name}"
        for path in (ROOT / "rules/runbooks/scripts").glob("*/*.ps1")
    }

    assert {script_name(item) for item in files} == scripts


def test_nearly_every_statement_runs(files):
    statements = sum(item.statements for item in files)
    hit = sum(item.hit for item in files)

    assert 100 * hit >= PERCENT * statements, format_coverage(files)


def test_what_does_not_run_is_listed_with_its_reason(files):
    assert missed_by_script(files) == listed_by_script(of_repairs=True), format_coverage(files)
