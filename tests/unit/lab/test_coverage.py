# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies statement coverage of PowerShell: it counts, and it changes nothing."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lab import fixtures
from lab.coverage import RUNBOOK_SCRIPTS, FileCoverage, format_coverage, read_coverage
from lab.payload import Job, JobKind
from lab.sources import read_module

pwsh = fixtures.pwsh
start_engine = fixtures.start_engine

COLLECTIONS = Path(__file__).parent / "data" / "collections"
SCRIPT = "ansible_collections.lab.fixture.plugins.modules.shapes.ps1"

# One of each shape that the counter must not disturb. Line 1 is [CmdletBinding()].
SHAPES = """\
[CmdletBinding()]
param ([string]$Name = $(if ($true) { 'default' } else { 'never' }))
function Get-Part {
    param ([Parameter(ValueFromPipeline)]$Item, [ValidateScript({ $_ -gt 0 })][int]$Factor = 2)
    begin { $sum = 0 }
    process {
        $sum += $Item * $Factor
    }
    end { $sum }
}
data Words { 'one', 'two' }
$table = @{
    plain = 1
    computed = if ($Name) { 'named' } else { 'unnamed' }
    list = @(1; 2; 3)
}
$kinds = foreach ($word in $Words) {
    switch ($word) {
        'one' { 'first' }
        { $_ -eq 'two' } { 'second' }
        default { 'unknown' }
    }
}
$caught = try {
    throw 'broken'
} catch [InvalidOperationException] {
    'wrong'
} catch {
    "line $($_.InvocationInfo.ScriptLineNumber)"
} finally {
    $isDone = $true
}
$ok = (Get-Item -LiteralPath /nowhere -ErrorAction Ignore); $result = $?
:outer foreach ($i in 1..3) { foreach ($j in 1..3) { if ($j -eq 2) { continue outer } } }
"$Name|$(1, 2, 3 | Get-Part)|$($table.computed)|$($table.list.Count)|$($kinds -join ',')"
"$caught|$isDone|$result|$i$j|$(1..4 | Where-Object { $_ % 2 } | ForEach-Object { $_ * 10 })"
"""
RUNBOOK_SCRIPT = """\
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)
if ($Parameter.Count -gt 0) { $Saved.more = $true }
[ordered]@{ changed = $false }
"""
EXPECTED = ["default|12|named|3|first,second", "line 25|True|False|32|10 30"]


def shapes(text=SHAPES):
    return Job(JobKind.SCRIPT, "shapes", text=text, script=SCRIPT)


def test_counting_changes_no_result(start_engine, tmp_path):
    plain = start_engine(workers=1).job(shapes())
    counted = start_engine(workers=1, coverage=tmp_path).job(shapes())

    assert plain.stdout.decode().split("\r\n")[:-1] == EXPECTED
    assert counted == plain


def test_what_did_not_run_is_listed_by_line(start_engine, tmp_path):
    start_engine(workers=1, coverage=tmp_path).job(shapes())

    (report,) = read_coverage(tmp_path, "ansible_collections.lab.")

    assert report.name == SCRIPT
    # The other default, a check of a parameter nobody gave, the other name, the default of the
    # switch, the wrong catch.
    assert report.missed_lines == (2, 4, 14, 21, 27)
    assert report.statements - report.hit == 5


def test_errors_keep_their_line_numbers(start_engine, tmp_path):
    job = read_module("lab.fixture.act", COLLECTIONS).job({"act": "throw"})

    failure = json.loads(start_engine(workers=1, coverage=tmp_path).job(job).stdout)

    assert "act.ps1: line 17" in failure["exception"]


def test_a_script_that_does_not_parse_is_reported_by_the_engine(start_engine, tmp_path):
    completed = start_engine(workers=1, coverage=tmp_path).job(shapes("if ("))

    assert completed.exit_code == 1
    assert b"Failed to parse script" in completed.stderr


def test_hits_add_up_over_tasks_and_reach_module_utils(start_engine, tmp_path):
    engine = start_engine(workers=1, coverage=tmp_path)
    source = read_module("lab.fixture.act", COLLECTIONS)

    engine.job(source.job({"act": "read"}))
    (_, before) = read_coverage(tmp_path, "ansible_collections.lab.")[::-1]
    engine.job(source.job({"act": "soil"}))
    engine.job(source.job({"act": "fail"}))

    util, module = read_coverage(tmp_path, "ansible_collections.lab.")
    assert util.name.endswith("module_utils._Act.psm1")
    # The function that Set-Soil defines is never called.
    assert util.missed_lines == (23,)
    assert len(before.missed_lines) == 5
    assert module.hit < module.statements


def test_a_script_in_an_argument_is_counted_under_its_name(start_engine, tmp_path):
    job = read_module("hipaa.compliance_agent.runbook_step").job(
        {"phase": "step", "script": RUNBOOK_SCRIPT}
    )
    job = replace(job, covered_args={"script": "rules.runbooks.scripts.RB-1.act.ps1"})

    answer = json.loads(start_engine(workers=1, coverage=tmp_path).job(job).stdout)

    assert answer["runbook_script"]["output"] == {"changed": False}
    (report,) = read_coverage(tmp_path, RUNBOOK_SCRIPTS)
    assert report == FileCoverage("rules.runbooks.scripts.RB-1.act.ps1", 3, 2, (2,))


def test_workers_are_merged(tmp_path):
    name = "ansible_collections.hipaa.compliance_agent.plugins.module_utils._Probe.psm1"
    for worker, hits in (("1", [1, 0, 0]), ("2", [0, 0, 3])):
        item = {"name": name, "sha256": "00", "lines": [3, 7, 8], "hits": hits}
        (tmp_path / f"worker-{worker}.json").write_text(json.dumps([item]))

    assert read_coverage(tmp_path) == [FileCoverage(name, 3, 2, (7,))]


def test_the_report_is_one_line_a_script():
    name = "ansible_collections.hipaa.compliance_agent.plugins.module_utils._Probe.psm1"

    text = format_coverage([FileCoverage(name, 10, 6, (3, 7, 8, 9))])

    assert text.splitlines() == [
        "plugins.module_utils._Probe.psm1                      10   60.0 %  3, 7-9",
        "total                                                 10   60.0 %",
    ]


@pytest.fixture(autouse=True)
def _no_outer_coverage(monkeypatch):
    monkeypatch.delenv("LAB_COVERAGE", raising=False)
