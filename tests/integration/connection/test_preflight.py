# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies what playbooks/preflight.yml says of a host that cannot be checked, and how."""

import json
import re
from dataclasses import asdict

import pytest

from integration.connection.clinic import (
    PSRP_NEGOTIATE,
    WINRM_HTTP_BASIC,
    running_clinic,
)
from integration.connection.facts_backend import FactsBackend, Session
from integration.connection.runner import PLAYBOOKS, Run
from integration.connection.test_failures import IMPATIENT

pytestmark = pytest.mark.connection

FAULTS = {"off": ("refused",), "deaf": ("half-open",), "dies": ("killed-after:3",)}
SESSIONS = {
    "in-order": Session(),
    "late": Session(seconds_ahead=-400),
    "early": Session(seconds_ahead=400),
    "filtered": Session(is_high=False),
    "narrow": Session(native_architecture="AMD64"),
    "locked": Session(language_mode="ConstrainedLanguage"),
    "old": Session(powershell="4.0"),
    "two-things": Session(is_high=False, language_mode="ConstrainedLanguage"),
}
VARIABLES = {"stranger": {"ansible_password": "Wrong-Passw0rd!"}, "deaf": IMPATIENT}
CODES = {
    "in-order": [],
    "off": ["E004"],
    "deaf": ["E004"],
    "dies": ["E004"],
    "stranger": ["wrong_credentials"],
    "late": ["clock_skew"],
    "early": ["clock_skew"],
    "filtered": ["not_elevated"],
    "narrow": ["wow64_process"],
    "locked": ["constrained_language"],
    "old": ["powershell_too_old"],
    "two-things": ["constrained_language", "not_elevated"],
}
CONNECTIONS = {"winrm": WINRM_HTTP_BASIC, "psrp": PSRP_NEGOTIATE}
_RESULT = re.compile(r"^(?:ok|fatal): \[(\S+)\][^=]*=> (\{.*\})$", re.MULTILINE)


@pytest.fixture(scope="module", params=list(CONNECTIONS))
def visit(request, once, tmp_path_factory):
    """Return the run of the preflight over hosts of every kind."""
    hosts = {name: FAULTS.get(name, ()) for name in CODES}

    def compute():
        home = tmp_path_factory.mktemp("preflight")
        with running_clinic(
            home,
            hosts,
            connection=CONNECTIONS[request.param],
            variables=VARIABLES,
            backend=FactsBackend(SESSIONS),
        ) as clinic:
            return asdict(clinic.run(PLAYBOOKS / "preflight.yml", "-v"))

    return Run(**once(f"preflight-{request.param}", compute))


def results(run):
    return {host: json.loads(text) for host, text in _RESULT.findall(run.output)}


@pytest.mark.parametrize("host", CODES)
def test_each_obstacle_has_a_code_and_a_remedy(visit, host):
    result = results(visit)[host]

    assert [problem["code"] for problem in result["problems"]] == CODES[host]
    assert all(problem["remedy"].endswith(".") for problem in result["problems"])
    assert result["changed"] is False


def test_a_host_in_order_is_said_to_be_ready(visit):
    assert results(visit)["in-order"]["msg"] == "ready to be checked"


def test_the_run_is_red_and_shows_no_stack_trace(visit):
    assert visit.exit_code == 2
    assert "Traceback" not in visit.text
    assert "  File " not in visit.output + visit.errors


def test_the_preflight_leaves_no_evidence(visit):
    assert visit.bundles == []
