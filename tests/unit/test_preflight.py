# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a host from being checked, and what a person is told."""

import re
from datetime import UTC, datetime

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.preflight import (
    PROBE,
    explain_connection,
    find_problems,
    parse_answer,
)

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
READY = {
    "language_mode": "FullLanguage",
    "utc": "2026-03-02T12:00:00Z",
    "powershell": "5.1.17763.7919",
    "architecture": "AMD64",
    "native_architecture": "",
    "high": "True",
    "label": "True",
}
ANSWERS = [
    pytest.param({}, [], id="ready"),
    pytest.param({"utc": "2026-03-02T12:05:00"}, [], id="five-minutes-are-allowed"),
    pytest.param({"utc": "2026-03-02T12:05:01"}, ["clock_skew"], id="clock-fast"),
    pytest.param({"utc": "2026-03-02T11:00:00"}, ["clock_skew"], id="clock-slow"),
    pytest.param({"language_mode": "ConstrainedLanguage"}, ["constrained_language"], id="locked"),
    pytest.param({"native_architecture": "AMD64"}, ["wow64_process"], id="32-bit"),
    pytest.param({"high": "False"}, ["not_elevated"], id="filtered-token"),
    pytest.param({"high": "False", "label": "False"}, [], id="whoami-missing-proves-nothing"),
    pytest.param({"powershell": "4.0"}, ["powershell_too_old"], id="old-powershell"),
    pytest.param({"utc": "noon"}, ["preflight_unreadable"], id="garbage"),
    pytest.param(
        {"high": "False", "utc": "2026-03-03T12:00:00"}, ["clock_skew", "not_elevated"], id="two"
    ),
]


@pytest.mark.parametrize(("change", "codes"), ANSWERS)
def test_each_problem_of_a_session_has_a_code(change, codes):
    problems = find_problems(READY | change, NOW, 300)

    assert [problem.code for problem in problems] == codes


def test_an_answer_with_less_than_was_asked_is_no_ready_host():
    [nothing] = find_problems({}, NOW, 300)
    [less] = find_problems({key: READY[key] for key in READY if key != "high"}, NOW, 300)

    assert (nothing.code, less.code) == ("preflight_unreadable",) * 2
    assert "it lacks language_mode, utc, powershell," in nothing.message
    assert less.message.endswith(": it lacks high")


def test_the_probe_asks_for_all_that_its_answer_needs():
    assert set(re.findall(r"^'(\w+)='", PROBE, re.MULTILINE)) == set(READY)


CONNECTIONS = [
    ("basic: the specified credentials were rejected by the server", "wrong_credentials"),
    (
        "ntlm: HTTPSConnectionPool: Max retries (Caused by SSLError(certificate verify failed))",
        "untrusted_certificate",
    ),
    ("kerberos: authGSSClientStep() failed: Clock skew too great", "clock_skew"),
    ("[Errno -2] Name or service not known", "unknown_name"),
    ("HTTPConnectionPool(host='10.0.0.9', port=5985): Connection refused", "E004"),
    ("timed out", "E004"),
]


@pytest.mark.parametrize(("text", "code"), CONNECTIONS)
def test_the_text_of_a_library_becomes_a_code_and_a_remedy(text, code):
    problem = explain_connection(text)

    assert problem.code == code
    assert problem.remedy.endswith(".")


def test_lines_of_a_login_banner_are_ignored():
    text = "Welcome!\r\nutc=2026-03-02T12:00:00\r\nUnauthorised use = prosecution\r\n"

    assert parse_answer(text) == {"utc": "2026-03-02T12:00:00"}
