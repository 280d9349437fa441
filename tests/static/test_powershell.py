# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's PowerShell runs on Windows PowerShell 5.1 of every supported Windows."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tools.powershell_source import read_source
from tools.pscheck import check_files
from tools.psspec import SpecNotLiteral, read_spec
from tools.windows_catalog import read_catalog

CHECKS = ("all", "patching", "av_edr", "backup", "logging", "firewall", "encryption")
# Keys of a spec that a documented option has as well.
DOCUMENTED = ("type", "elements", "choices", "default", "required")
PARSE = """
$ErrorActionPreference = 'Stop'
foreach ($path in ($env:FILES_TO_PARSE -split "`n")) {
    $problems = $null
    $parser = [System.Management.Automation.Language.Parser]
    [void]$parser::ParseFile($path, [ref]$null, [ref]$problems)
    foreach ($problem in $problems) { "$path $($problem.Extent.StartLineNumber) $problem" }
}
"""
FIND_SILENT = Path(__file__).with_name("find_silent.ps1")


def test_every_command_and_parameter_exists_on_every_windows(powershell_files):
    findings = check_files(powershell_files, read_catalog())

    assert [str(finding) for finding in findings] == []


def test_the_scripts_of_runbooks_are_given_what_their_runner_requires(collection):
    runner = read_source(collection / "plugins" / "module_utils" / "_RunbookScript.psm1")
    _, _, given = runner.text.partition("$script:SharedModules = @(")

    assert set(re.findall(r"'(_\w+)'", given.partition("\n)")[0])) == runner.requires


@pytest.mark.engine
def test_the_engine_itself_parses_every_file(pwsh, powershell_files, tmp_path):
    assert run_over(pwsh, PARSE, powershell_files, tmp_path) == []


def run_over(pwsh, script, files, folder):
    file = folder / "script.ps1"
    file.write_text(script)
    return subprocess.run(
        [pwsh, "-NoProfile", "-NonInteractive", "-File", str(file)],
        env={"FILES_TO_PARSE": "\n".join(map(str, files)), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()


@pytest.mark.engine
def test_what_a_document_holds_comes_from_a_function_that_always_answers(
    pwsh, powershell_files, tmp_path
):
    assert run_over(pwsh, FIND_SILENT.read_text(), powershell_files, tmp_path) == []


@pytest.mark.engine
@pytest.mark.parametrize(
    ("body", "found"),
    [
        pytest.param("if ($Value) { 1 }", ["Get-It"], id="if-without-else"),
        pytest.param("foreach ($item in $Value) { $item }", ["Get-It"], id="loop"),
        pytest.param("if ($Value) { return }; 1", ["Get-It"], id="bare-return"),
        pytest.param("if ($Value) { return $null }; 1", [], id="null"),
        pytest.param("if ($Value) { 1 } else { 2 }", [], id="if-and-else"),
    ],
)
def test_a_function_that_may_answer_nothing_is_found(pwsh, tmp_path, body, found):
    module = tmp_path / "module.psm1"
    module.write_text(f"function Get-It($Value) {{ {body} }}\n@{{ it = Get-It 1 }}\n")

    assert run_over(pwsh, FIND_SILENT.read_text(), [module], tmp_path) == found


@pytest.mark.parametrize("check", CHECKS)
def test_the_document_of_a_module_says_what_its_spec_says(check, collection):
    modules = collection / "plugins" / "modules"
    spec = read_spec(modules / f"check_{check}.ps1")
    document = yaml.safe_load((modules / f"check_{check}.yml").read_text())["DOCUMENTATION"]

    documented = {
        name: {key: option[key] for key in DOCUMENTED if key in option}
        for name, option in document["options"].items()
    }

    assert documented == spec["options"]
    assert spec["supports_check_mode"] is True


def test_a_spec_that_computes_is_refused(tmp_path):
    module = tmp_path / "computes.ps1"
    module.write_text("$spec = @{\n    options = Get-Option\n}\n")

    with pytest.raises(SpecNotLiteral, match="Get-Option"):
        read_spec(module)


def test_a_spec_is_read_as_powershell_would(tmp_path):
    module = tmp_path / "spec.ps1"
    module.write_text(
        "$spec = @{\n"
        "    options = @{  # a comment\n"
        "        kind = @{ type = 'str'; choices = 'a', 'it''s'; default = $null }\n"
        '        size = @{ type = "int"; default = -1 }\n'
        "    }\n"
        "    required_if = @(, @('kind', 'a', @('size', 'kind')))\n"
        "    required_together = @(\n"
        "        @('kind', 'size'),\n"
        "        @('size', 'kind')\n"
        "    )\n"
        "    supports_check_mode = $true\n"
        "}\n"
    )

    assert json.loads(json.dumps(read_spec(module))) == {
        "options": {
            "kind": {"type": "str", "choices": ["a", "it's"], "default": None},
            "size": {"type": "int", "default": -1},
        },
        "required_if": [["kind", "a", ["size", "kind"]]],
        "required_together": [["kind", "size"], ["size", "kind"]],
        "supports_check_mode": True,
    }
