# SPDX-License-Identifier: GPL-3.0-or-later
"""What the static check of PowerShell finds: one bad sample of each kind, and nothing else."""

from pathlib import Path

import pytest

from tools.powershell_source import read_source
from tools.pscheck import check_files
from tools.windows_catalog import VERSIONS, Catalog, CommandEntry, read_catalog

DATA = Path(__file__).parent / "data"

SEVEN = [
    (4, "?? is PowerShell 7; compare with $null"),
    (5, "?: is PowerShell 7; use if and else"),
    (6, "??= is PowerShell 7; compare with $null"),
    (7, "&& is PowerShell 7; use if"),
    (8, "|| is PowerShell 7; use if"),
    (9, "clean {} is PowerShell 7.3; use finally"),
    (10, "Get-Uptime is PowerShell 7"),
    (11, "ConvertFrom-Json -AsHashtable is PowerShell 7"),
    (12, "Join-Path with three parts is PowerShell 7; nest two calls"),
    (13, "utf8NoBOM: 5.1 does not know it; use [System.IO.File]::WriteAllText"),
    (14, "$IsWindows is PowerShell 7; our hosts are Windows"),
    (15, "[Convert]::ToHexString needs .NET 5; use [System.BitConverter]::ToString"),
    (16, "[datetime]::UnixEpoch needs .NET Core 2.1; use [datetime]::new(...)"),
    (18, "Get-Date -AsUTC is PowerShell 7"),
]
HARM = [
    (1, "no Set-StrictMode -Version 3.0: a misspelt name would be $null"),
    (3, "Invoke-Expression: runs text as code; call the command"),
    (4, "Write-Host: its text mixes with the result over WinRM; return a fact"),
    (5, "win32_product: asking it starts a repair of every installed MSI"),
    (6, "Get-ComputerInfo: takes 10 to 40 s; ask CIM for the one class"),
    (7, "Get-WmiObject: gone in PowerShell 7, no time limit; use Get-CimInstance"),
    (8, ".recoverypassword: reads a recovery password; its type suffices"),
    (9, "getkeyprotectornumericalpassword: reads a recovery password; its type suffices"),
    (10, "% is an alias; write the command"),
    (10, "gci is an alias; write the command"),
    (11, "$profile belongs to PowerShell; choose another name"),
    (12, "$event belongs to PowerShell; choose another name"),
    (13, "Start-Sleep: a collector waits for a source, never for time"),
]
UNKNOWN = [
    (5, "Get-NoSuchThing is not in the catalogue of Windows 2016, 2019, 2022, 2025"),
    (6, "Get-NetFirewallProfile -Nonsense is not on Windows Server 2016, 2019, 2022, 2025"),
    (7, "Get-NetFirewallRule -GPOS is not on Windows Server 2016, 2019, 2022, 2025"),
    (13, "Get-CimInstance -Misspelt is not on Windows Server 2016, 2019, 2022, 2025"),
    (14, "Get-CimInstance @elsewhere: not a literal hashtable of this function"),
    (16, "Get-SampleFact has no parameter -Size"),
    (17, "Get-Hidden is not in the catalogue of Windows 2016, 2019, 2022, 2025"),
    (19, "Get-Local has no parameter -Other"),
    (20, "'Get-HipaaNothing' is no function that this file may call"),
]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(["seven.ps1"], SEVEN, id="powershell-7-only"),
        pytest.param(["harm.ps1"], HARM, id="forbidden"),
        pytest.param(["unknown.ps1", "_Sample.psm1"], UNKNOWN, id="not-on-windows"),
        pytest.param(["broken.ps1"], [(4, "not understood; write it more simply")], id="broken"),
    ],
)
def test_a_bad_sample_gives_these_findings(names, expected):
    findings = check_files([DATA / name for name in names], read_catalog())

    assert [(finding.line, finding.text) for finding in findings] == expected


def test_a_command_of_some_versions_only_is_named_with_the_others(tmp_path):
    script = tmp_path / "some.ps1"
    script.write_text("Set-StrictMode -Version 3.0\nGet-New -Fresh 1\nGet-Old -Newer 2\n")
    everywhere = {"module": "M", "versions": VERSIONS, "parameters": ()}
    catalog = Catalog(
        {
            "set-strictmode": CommandEntry(**everywhere | {"parameters": ("Version",)}),
            "get-new": CommandEntry(module="M", versions=("2022", "2025"), parameters=("Fresh",)),
            "get-old": CommandEntry(**everywhere, partial={"Newer": ("2025",)}),
        },
        native=frozenset(),
    )

    findings = check_files([script], catalog)

    assert [finding.text for finding in findings] == [
        "Get-New is not in the catalogue of Windows 2016, 2019",
        "Get-Old -Newer is not on Windows Server 2016, 2019, 2022",
    ]


def test_a_function_has_one_home(tmp_path):
    for name in ("_One.psm1", "_Two.psm1"):
        (tmp_path / name).write_text(
            "Set-StrictMode -Version 3.0\n"
            "function Get-HipaaThing { 1 }\n"
            "Export-ModuleMember -Function 'Get-HipaaThing'\n"
        )

    findings = check_files([tmp_path / "_One.psm1", tmp_path / "_Two.psm1"], read_catalog())

    assert [(finding.path.name, finding.text) for finding in findings] == [
        ("_Two.psm1", "get-hipaathing is exported by _One.psm1 as well")
    ]


def test_a_splat_is_looked_up_where_it_is_made(tmp_path):
    script = tmp_path / "splats.ps1"
    script.write_text(
        "Set-StrictMode -Version 3.0\n"
        "$query = @{ Wrong = 1 }\n"
        "$block = {\n"
        "    $query = @{ ClassName = 'a' }\n"
        "    Get-CimInstance @query\n"
        "}\n"
        "function Read-One([hashtable]$Query) {\n"
        "    Get-CimInstance @Query\n"
        "}\n"
        "Read-One @{ ClassName = 'a' }\n"
        "Read-One @{ Passed = @{ Inner = 1 } }\n"
    )

    findings = check_files([script], read_catalog())

    assert [(finding.line, finding.text) for finding in findings] == [
        (8, "Get-CimInstance -Passed is not on Windows Server 2016, 2019, 2022, 2025")
    ]


def test_a_parameter_behind_a_default_value_is_seen():
    source = read_source(DATA / "_Sample.psm1")

    assert source.functions == {
        "get-samplefact": frozenset({"name", "depth"}),
        "get-hidden": frozenset({"name", "depth"}),
    }
    assert source.exports == {"get-samplefact"}
