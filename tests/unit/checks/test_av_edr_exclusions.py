# SPDX-License-Identifier: GPL-3.0-or-later
"""Which exclusions take the protection away."""

import pytest

from unit.checks.av_edr_documents import PREFERENCE, codes, healthy, judge
from unit.checks.documents import list_of, probe

EXCLUSIONS = [
    pytest.param("path", "C:\\", "FAIL", id="drive"),
    pytest.param("path", "d:", "FAIL", id="drive-without-a-slash"),
    pytest.param("path", "C:\\*", "FAIL", id="all-of-a-drive"),
    pytest.param("path", "*", "FAIL", id="everything"),
    pytest.param("path", "\\\\?\\C:\\", "FAIL", id="device-path"),
    pytest.param("path", "%SystemDrive%\\", "FAIL", id="system-drive"),
    pytest.param("path", "%TEMP%", "WARNING", id="temp"),
    pytest.param("path", "C:/Windows/Temp/*", "WARNING", id="windows-temp"),
    pytest.param("path", "C:\\Users\\*", "WARNING", id="a-profile"),
    pytest.param("path", "C:\\Users\\*\\EHR\\cache", "PASS", id="below-a-profile"),
    pytest.param("path", "D:\\EHR\\Data", "PASS", id="an-application"),
    pytest.param("path", "*.log", "PASS", id="a-pattern"),
    pytest.param("path", "*.exe", "WARNING", id="every-program-in-every-folder"),
    pytest.param("path", "C:\\*.exe", "WARNING", id="every-program-of-a-drive"),
    pytest.param("path", "*.ex?", "WARNING", id="wildcards-for-every-program"),
    pytest.param("path", "D:\\EHR\\*.exe", "PASS", id="programs-of-an-application"),
    pytest.param("path", "ehr*.exe", "PASS", id="programs-of-a-name"),
    pytest.param("path", "%HOMEDRIVE%\\", "FAIL", id="home-drive"),
    pytest.param("path", "%windir%\\Temp", "WARNING", id="windows-temp-by-a-variable"),
    pytest.param("path", "%SystemRoot%\\T*\\", "WARNING", id="wildcards-behind-a-variable"),
    pytest.param("path", "C:\\Users\\*\\AppData\\Local\\Temp", "WARNING", id="temp-without-it"),
    pytest.param("path", "%LocalAppData%\\Temp\\*", "WARNING", id="temp-by-another"),
    pytest.param("path", "%ProgramFiles%\\EHR", "PASS", id="an-application-by-a-variable"),
    pytest.param("process", "powershell.exe", "WARNING", id="shell"),
    pytest.param("process", "C:\\Tools\\PowerShell.exe", "WARNING", id="shell-by-path"),
    pytest.param("process", "ehr.exe", "PASS", id="application"),
    pytest.param("process", "C:\\Windows\\Temp\\*", "WARNING", id="all-of-a-folder"),
    pytest.param("process", "%windir%/Temp/*.*", "WARNING", id="all-of-a-folder-by-a-variable"),
    pytest.param("process", "C:\\Users\\*", "WARNING", id="all-of-a-profile"),
    pytest.param("process", "C:\\Win*\\T*\\*", "WARNING", id="wildcards-that-cover-a-folder"),
    pytest.param("process", "C:\\Users\\ehr.exe", "PASS", id="a-program-in-a-folder"),
    pytest.param("process", "D:\\EHR\\*", "PASS", id="all-of-an-application"),
    pytest.param("extension", ".EXE", "WARNING", id="programs"),
    pytest.param("extension", "*", "FAIL", id="every-extension"),
    pytest.param("extension", "dcm", "PASS", id="images"),
    pytest.param("address", "0.0.0.0/0", "FAIL", id="every-address"),
    pytest.param("path", "C:\\Win*\\T*", "WARNING", id="wildcards-that-cover-windows"),
    pytest.param("path", "C:\\*\\Temp", "WARNING", id="wildcards-that-cover-windows-temp"),
    pytest.param("path", "C:\\*.mdf", "PASS", id="a-kind-of-file"),
    pytest.param("process", "*.exe", "WARNING", id="every-program"),
    pytest.param("process", "power*", "WARNING", id="wildcards-that-cover-a-shell"),
    pytest.param("process", "ehr*.exe", "PASS", id="programs-of-one-kind"),
    pytest.param("extension", "ex?", "WARNING", id="wildcards-that-cover-programs"),
    pytest.param("extension", "???", "FAIL", id="every-short-extension"),
]


@pytest.mark.parametrize(("kind", "value", "status"), EXCLUSIONS)
def test_exclusions_that_take_the_protection_away(kind, value, status):
    one = {"exclusion_total": 1, "exclusions": list_of({"kind": kind, "value": value})}

    assert judge(healthy() | {"preference": probe(PREFERENCE | one)}).status == status


@pytest.mark.parametrize(
    "change",
    [{"are_exclusions_hidden": True}, {"exclusion_total": 41}],
    ids=["hidden", "more-than-collected"],
)
def test_exclusions_that_were_not_read_are_told(change):
    probes = healthy() | {"preference": probe(PREFERENCE | change)}

    assert codes(judge(probes)) == ["exclusions_unread"]
