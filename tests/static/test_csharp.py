# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's C# is what the compiler of Windows PowerShell 5.1 takes: C# 5, no warning.

Ansible compiles it in one run with Ansible.Basic and takes a warning for an error. So one line that
the compiler of .NET Framework does not know would stop every module that requires the file.
"""

import re
import subprocess
from importlib.resources import files

import pytest

# What is wrong in the files, as the compiler of PowerShell 7 sees it when it is told to know C# 5.
COMPILE = """
$ErrorActionPreference = 'Stop'
Add-Type -AssemblyName Microsoft.CodeAnalysis.CSharp
$version = [Microsoft.CodeAnalysis.CSharp.LanguageVersion]::CSharp5
$parsing = [Microsoft.CodeAnalysis.CSharp.CSharpParseOptions]::Default.WithLanguageVersion($version)
$trees = foreach ($path in ($env:FILES_TO_COMPILE -split "`n")) {
    $text = [System.IO.File]::ReadAllText($path)
    [Microsoft.CodeAnalysis.CSharp.CSharpSyntaxTree]::ParseText($text, $parsing, $path)
}
$references = foreach ($file in [System.IO.Directory]::GetFiles("$PSHOME/ref", '*.dll')) {
    [Microsoft.CodeAnalysis.MetadataReference]::CreateFromFile($file)
}
$kind = [Microsoft.CodeAnalysis.OutputKind]::DynamicallyLinkedLibrary
$options = [Microsoft.CodeAnalysis.CSharp.CSharpCompilationOptions]::new($kind)
$compilation = [Microsoft.CodeAnalysis.CSharp.CSharpCompilation]::Create(
    'check',
    [Microsoft.CodeAnalysis.SyntaxTree[]]@($trees),
    [Microsoft.CodeAnalysis.MetadataReference[]]@($references),
    $options
)
foreach ($item in $compilation.GetDiagnostics()) {
    if ($item.Severity -ge [Microsoft.CodeAnalysis.DiagnosticSeverity]::Warning) { "$item" }
}
"""
PACKAGE = "ansible_collections.hipaa.compliance_agent.plugins.module_utils"


@pytest.fixture(scope="session")
def csharp_files(collection):
    return sorted((collection / "plugins" / "module_utils").glob("*.cs"))


def compile_as_5(pwsh, folder, *paths):
    """Return what a compiler for C# 5 says of *paths* with Ansible's own utils."""
    own = files("ansible.module_utils") / "csharp" / "Ansible.Privilege.cs"
    script = folder / "compile.ps1"
    script.write_text(COMPILE)
    run = subprocess.run(
        [pwsh, "-NoProfile", "-NonInteractive", "-File", str(script)],
        env={"FILES_TO_COMPILE": "\n".join(map(str, [*paths, own])), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.splitlines()


@pytest.mark.engine
def test_it_compiles_as_c_sharp_5_without_a_warning(pwsh, csharp_files, tmp_path):
    assert compile_as_5(pwsh, tmp_path, *csharp_files) == []


@pytest.mark.engine
@pytest.mark.parametrize(
    ("statement", "code"),
    [
        pytest.param('string s = $"{1}"; s.ToString();', "CS8026", id="newer-language"),
        pytest.param("int unused;", "CS0168", id="warning"),
    ],
)
def test_what_5_does_not_take_is_seen(pwsh, tmp_path, statement, code):
    sample = tmp_path / "sample.cs"
    sample.write_text(f"public static class Sample {{ public static void Do() {{ {statement} }} }}")

    (finding,) = compile_as_5(pwsh, tmp_path, sample)

    assert code in finding


def test_a_file_is_named_for_its_namespace(csharp_files):
    """Ansible finds a C# util by that name only."""
    for path in csharp_files:
        namespaces = re.findall(r"^namespace (\S+)$", path.read_text(), re.MULTILINE)

        assert namespaces == [f"{PACKAGE}.{path.stem}"]
