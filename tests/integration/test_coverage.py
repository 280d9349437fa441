# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies how much of the PowerShell runs in these tests, and that the rest has a reason.

The runs are a compact set of their own, so that the figure does not depend on which other tests ran:
every scenario through the module of its check, all of check_all on one host of each kind, and each
source broken.
"""

import dataclasses
import re
from pathlib import Path

import pytest
from integration.chain import COLLECTION, Collection, observe
from integration.scenarios import (
    baseline_site,
    frozen_states,
    is_run_as_system,
    read_scenarios,
)
from integration.test_fault_matrix import broken, cases, collection, seeded

from lab.coverage import FileCoverage, format_coverage, read_coverage
from lab.sources import COLLECTIONS

pytestmark = pytest.mark.engine
PLUGINS = COLLECTIONS / "ansible_collections/hipaa/compliance_agent/plugins"
REASONS = Path(__file__).resolve().parents[2] / "docs/reference/powershell-coverage.md"
# A row of the page: | `_Probe.psm1` | 12, 14-15 | why |
_ROW = re.compile(
    r"^\| `(?P<file>[\w.]+)` \| (?P<lines>[\d, -]+) \| (?P<reason>[^|]+) \|$", re.MULTILINE
)
HOSTS = (
    "healthy-2016-dc",
    "healthy-2016-oldplatform",
    "healthy-2025-member",
    "healthy-core2022-workgroup",
    "healthy-win10-member",
    "healthy-win11-member",
)
FAULTS = ("denied", "garbage")
TOTAL_PERCENT = 95
FILE_PERCENT = 90


def collections():
    states = frozen_states()
    for scenario in read_scenarios():
        plain = scenario.collection(states[scenario.name])
        yield dataclasses.replace(plain, module=f"check_{scenario.check}")
    for name in HOSTS:
        user = "SYSTEM" if is_run_as_system(name) else None
        yield Collection(name, states[name], site=baseline_site(name), become_user=user)
    for case in cases(FAULTS):
        state = broken(seeded(case.baseline, case.check), case.surface, case.fault)
        yield collection(case.name, state, case.check)


@pytest.fixture(scope="module")
def files(once, engine_settings, tmp_path_factory):
    """Return the coverage of each script of the collection."""

    def compute():
        folder = tmp_path_factory.mktemp("coverage")
        settings = dataclasses.replace(engine_settings, coverage=folder / "hits")
        observe(settings, folder / "hosts", collections())
        return [dataclasses.asdict(item) for item in read_coverage(folder / "hits")]

    return [FileCoverage(**item) for item in once("coverage", compute)]


def script_name(item):
    """Return `_Probe.psm1` for the coverage of that script."""
    return ".".join(item.name.split(".")[-2:])


def numbers(text):
    """Return the line numbers that "3, 7-9" means."""
    found = set()
    for part in text.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def test_every_script_of_the_collection_runs(files):
    scripts = {
        path.name
        for folder in ("modules", "module_utils")
        for path in (PLUGINS / folder).glob("*.ps*1")
    }

    assert {script_name(item) for item in files} == scripts
    assert all(item.name.startswith(f"ansible_collections.{COLLECTION}.") for item in files)


def test_nearly_every_statement_runs(files):
    statements = sum(item.statements for item in files)
    hit = sum(item.hit for item in files)

    assert 100 * hit >= TOTAL_PERCENT * statements, format_coverage(files)


def test_no_script_is_left_behind(files):
    behind = [item for item in files if item.percent < FILE_PERCENT]

    assert not behind, format_coverage(behind)


def test_what_does_not_run_is_listed_with_its_reason(files):
    listed = {}
    for row in _ROW.finditer(REASONS.read_text(encoding="utf-8")):
        listed.setdefault(row["file"], set()).update(numbers(row["lines"]))

    missed = {script_name(item): set(item.missed_lines) for item in files if item.missed_lines}

    assert missed == listed, format_coverage(files)
