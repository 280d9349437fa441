# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of PowerShell that no test runs, and what it must list.

The page has a heading for each script and an item for each statement, which is quoted whole.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from lab.coverage import RUNBOOK_SCRIPTS, FileCoverage

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "collections/compliance_agent/plugins"
# What only repairs run.
OF_REPAIRS = re.compile(
    r"_Repair\w+\.psm1|_Runbook(Script|Job)\.psm1|runbook_(step|job)\.ps1|RB-WIN-.*\.ps1"
)
_PAGE = ROOT / "docs/reference/powershell-coverage.md"
_SCRIPT = re.compile(r"^## `(?P<file>[\w./-]+)`$", re.MULTILINE)
_ITEM = re.compile(r"^- `(?P<statement>[^`]+)`: \S", re.MULTILINE)


def script_name(item: FileCoverage) -> str:
    """Return `_Probe.psm1` or `RB-WIN-LOG-001/audit.ps1` for the coverage of that script."""
    if item.name.startswith(RUNBOOK_SCRIPTS):
        return item.name.removeprefix(RUNBOOK_SCRIPTS).replace(".", "/", 1)
    return ".".join(item.name.split(".")[-2:])


def script_path(name: str) -> Path:
    """Return where the script lies that the page calls *name*."""
    if "/" in name:
        return ROOT / "rules/runbooks/scripts" / name
    return PLUGINS / ("modules" if name.endswith(".ps1") else "module_utils") / name


def missed_statements(item: FileCoverage) -> set[str]:
    """Return the first lines of the statements that did not run, as they stand in the script."""
    lines = script_path(script_name(item)).read_text(encoding="utf-8").splitlines()
    return {lines[number - 1].strip() for number in item.missed_lines}


def missed_by_script(files: Iterable[FileCoverage]) -> dict[str, set[str]]:
    """Return what did not run of each script of which something did not."""
    return {script_name(item): missed_statements(item) for item in files if item.missed_lines}


def listed_by_script(*, of_repairs: bool) -> dict[str, set[str]]:
    """Return what the page lists of each script that only repairs run, or of the others."""
    _, *parts = _SCRIPT.split(_PAGE.read_text(encoding="utf-8"))
    return {
        file: {item["statement"] for item in _ITEM.finditer(text)}
        for file, text in zip(parts[::2], parts[1::2], strict=True)
        if (OF_REPAIRS.fullmatch(file) is not None) is of_repairs
    }
