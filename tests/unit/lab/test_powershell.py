# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies how the lab finds PowerShell and what it tells a machine without one."""

from pathlib import Path

import pytest

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
