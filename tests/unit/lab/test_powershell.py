# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies how the lab finds PowerShell and what it tells a machine without one."""

import shutil
import subprocess
from pathlib import Path

import pytest

from lab.native_library import MISSING, compile_library, native_folder
from lab.powershell import EngineSettings, PowerShellMissingError, find_pwsh


def test_lab_pwsh_goes_before_path():
    assert find_pwsh({"LAB_PWSH": "/opt/pwsh", "PATH": "/bin"}) == Path("/opt/pwsh")


def test_without_powershell_the_error_says_what_to_do():
    with pytest.raises(PowerShellMissingError, match="--backend replay"):
        EngineSettings.from_environment({"PATH": ""})


def test_the_environment_sets_the_limits():
    settings = EngineSettings.from_environment(
        {"LAB_PWSH": "/opt/pwsh", "LAB_WORKERS": "3", "LAB_COVERAGE": "/tmp/hits"}
    )

    assert settings.workers == 3
    assert settings.environment({})["LAB_COVERAGE"] == "/tmp/hits"


def test_a_worker_does_not_inherit_the_developers_language():
    environment = EngineSettings(Path("/opt/pwsh")).environment(
        {"LANG": "fr_FR.UTF-8", "PATH": "/bin", "SECRET": "x"}
    )

    assert environment["LANG"] == "en_US.UTF-8"
    assert "SECRET" not in environment


def test_a_worker_finds_the_libraries_of_windows_where_they_could_be_made():
    made = EngineSettings(Path("/opt/pwsh"), native=Path("/made")).environment({})
    without = EngineSettings(Path("/opt/pwsh"), native=None).environment({})

    assert made["LD_LIBRARY_PATH"] == "/made"
    assert "LD_LIBRARY_PATH" not in without


def test_without_a_compiler_there_are_no_libraries(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    native_folder.cache_clear()
    try:
        assert native_folder() is None
    finally:
        native_folder.cache_clear()


def test_a_library_is_compiled_once(tmp_path):
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip(MISSING)

    first = compile_library(Path(compiler), tmp_path)
    again = compile_library(Path("/no/compiler/any/more"), tmp_path)

    assert first == again
    assert sorted(path.name for path in first.iterdir()) == [
        "advapi32.dll",
        "kernel32",
        "kernel32.dll",
    ]


def test_a_compiler_that_refuses_is_an_error(tmp_path):
    with pytest.raises(subprocess.CalledProcessError):
        compile_library(Path("/bin/false"), tmp_path)

    assert list(tmp_path.iterdir()) == []
