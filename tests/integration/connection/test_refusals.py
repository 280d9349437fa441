# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies what is refused before anything is sent, and the words in which it is refused."""

import pytest

from integration.connection.clinic import BROKEN, HEALTHY

pytestmark = pytest.mark.connection


def test_without_the_callback_nothing_is_sent(open_clinic):
    clinic = open_clinic("pc1", "pc2")

    run = clinic.check(ANSIBLE_CALLBACKS_ENABLED="ansible.builtin.timer")

    assert run.exit_code == 2, run.text
    assert "The evidence callback does not listen to this run. Set callbacks_enabled" in run.text
    assert clinic.server.stats.requests == 0
    assert run.verdicts == {}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            ["-e", "checks=firewal"],
            "checks names firewal: no such check. Allowed: all, patching, av_edr, backup, logging, "
            "firewall, encryption.",
            id="unknown-check",
        ),
        pytest.param(
            ["--tags", "nothing-of-ours"],
            "Choose from patching, av_edr, backup, logging, firewall, encryption.",
            id="no-check-left",
        ),
        pytest.param(["-e", "site_id=../up"], "site_id is no safe name", id="unsafe-site"),
    ],
)
def test_a_run_that_makes_no_sense_sends_nothing(open_clinic, options, message):
    clinic = open_clinic("pc1")

    run = clinic.check(*options)

    assert run.exit_code == 2, run.text
    assert message in run.text
    assert clinic.server.stats.requests == 0
    assert run.verdicts == {}


OVERRIDES = [
    pytest.param(
        "compliance_policy_host:\n  firewall:\n    log_max_kbyte: 16384\n",
        [
            "firewall: log_max_kbyte is no key of this policy; got 16384.",
            "Did you mean log_max_kb? Allowed: accepted_third_party,",
        ],
        id="unknown-key",
    ),
    pytest.param(
        "compliance_policy_host:\n  firewall:\n    log_max_kb: plenty\n",
        ["firewall: log_max_kb: Input should be a valid integer; got 'plenty'."],
        id="wrong-type",
    ),
    pytest.param(
        "compliance_policy_host:\n  firewall:\n    log_max_kb: 0\n",
        [
            "firewall: log_max_kb: Input should be greater than or equal to 1; got 0.",
            "Kilobytes, from 1 to 32767.",
        ],
        id="out-of-range",
    ),
    pytest.param(
        "compliance_policy_host:\n  firewal:\n    log_max_kb: 1\n",
        [
            "no such check; got 'firewal'.",
            "Allowed: common, patching, av_edr, backup, logging, firewall, encryption.",
        ],
        id="unknown-check",
    ),
    pytest.param(
        "compliance_policy_host: strict\n",
        ["compliance_policy_host is no mapping; got 'strict'. Write check: {key: value}."],
        id="no-mapping",
    ),
]


@pytest.mark.parametrize(("text", "message"), OVERRIDES)
def test_a_wrong_override_names_file_key_value_and_what_is_allowed(open_clinic, text, message):
    clinic = open_clinic("pc1", "pc2")
    file = clinic.controller.write("inventory/host_vars/pc1.yml", text)

    run = clinic.check()

    assert run.exit_code == 2, run.text
    assert run.verdicts == {"pc1": BROKEN, "pc2": HEALTHY}
    assert {host for host, _ in clinic.backend.asked} == {"pc2"}
    for words in message:
        assert words in run.text
    if len(text.splitlines()) > 1:
        assert f"variable compliance_policy_host ({file}:2)" in run.text


def test_a_wrong_override_of_the_site_stops_every_host(open_clinic):
    clinic = open_clinic("pc1", "pc2")
    text = "compliance_policy_host:\n  backup:\n    no_such_key: 1\n"
    file = clinic.controller.write("inventory/group_vars/all.yml", text)

    run = clinic.check()

    assert run.exit_code == 2, run.text
    assert run.verdicts == {"pc1": BROKEN, "pc2": BROKEN}
    assert clinic.server.stats.requests == 0
    assert f"({file}:2), backup: no_such_key is no key of this policy; got 1." in run.text


@pytest.mark.parametrize("gate", ['["FAILED"]', '"FAIL"'], ids=["misspelt", "no-list"])
def test_a_gate_that_could_never_close_sends_nothing(open_clinic, gate):
    clinic = open_clinic("pc1")

    run = clinic.check("-e", f'{{"compliance_check_fail_on": {gate}}}')

    assert run.exit_code == 2, run.text
    assert "fail_on is not a list of statuses" in run.text
    assert "Allowed: a list of ERROR, FAIL, WARNING." in run.text
    assert clinic.server.stats.requests == 0
