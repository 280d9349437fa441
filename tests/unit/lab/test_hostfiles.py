# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies how files get to and from drive C: of a simulated host."""

import json
from base64 import b64encode

import pytest

from lab.hostfiles import local_path, run_helper
from lab.payload import Job, JobKind


def helper(name, extra=b"", **params):
    return Job(JobKind.HELPER, name, params=params, extra=extra)


@pytest.fixture
def state(tmp_path):
    return tmp_path / "fs1.json"


def test_a_file_that_was_put_can_be_fetched_in_parts(state):
    made = run_helper(state, helper("powershell_mkdtemp.ps1", Directory="%TEMP%", Name="job"))
    assert made.stdout == b"C:\\Windows\\Temp\\job\r\n"
    path = "C:\\Windows\\Temp\\job\\a.txt"

    put = run_helper(state, helper("winrm_put_file.ps1", b64encode(b"abcdef") + b"\r\n", Path=path))
    got = run_helper(state, helper("winrm_fetch_file.ps1", Path=path, Offset=2, BufferSize=3))

    assert json.loads(put.stdout) == {"sha1": "1f8ac10f23c5b5bc1167bda84b833e5c057a77d2"}
    assert got.stdout == b"Y2Rl\r\n"


def test_a_folder_and_a_missing_file_are_told(state):
    run_helper(state, helper("powershell_mkdtemp.ps1", Directory="%TEMP%", Name="job"))
    fetch = {"Offset": 0, "BufferSize": 9}

    folder = run_helper(
        state, helper("winrm_fetch_file.ps1", Path="C:\\Windows\\Temp\\job", **fetch)
    )
    missing = run_helper(state, helper("winrm_fetch_file.ps1", Path="C:\\no.txt", **fetch))

    assert folder.stdout == b"[DIR]\r\n"
    assert (missing.exit_code, missing.stderr) == (1, b"C:\\no.txt does not exist\n")


def test_the_profile_of_the_user_is_known(state):
    answer = run_helper(state, helper("powershell_expand_user.ps1", Path="~\\x"))

    assert answer.stdout == b"C:\\Users\\Default\\x\r\n"


@pytest.mark.parametrize("path", ["D:\\a.txt", "a.txt", "C:\\..\\..\\etc\\passwd", "\\\\srv\\a"])
def test_nothing_is_written_beside_drive_c(state, path):
    with pytest.raises(ValueError, match="drive C:"):
        local_path(state, path)


def test_a_helper_without_simulation_says_so(state):
    answer = run_helper(state, helper("psrp_fetch_file.ps1", Path="C:\\a"))

    assert (answer.exit_code, answer.stderr) == (1, b"lab: psrp_fetch_file.ps1 is not simulated\n")
