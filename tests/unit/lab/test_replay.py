# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies what the replay back end answers, and when it refuses to."""

import asyncio
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest

from lab.backend import Execution
from lab.estate import Estate, LabHost, fleet
from lab.payload import decode, digest
from lab.recordings import Answer, save_recording
from lab.replay import Replay, move_instants

RECORDED_AT = "2025-11-04T09:00:00Z"
NOW = datetime(2026, 3, 1, 10, 0, 30, tzinfo=UTC)
PLUGINS = "ansible_collections.hipaa.compliance_agent.plugins"
MODULE = "hipaa.compliance_agent.check_all"
SCRIPT = f"{PLUGINS}.modules.check_all.ps1"
UTIL = f"{PLUGINS}.module_utils._Probe.psm1"
SCRIPTS = {SCRIPT: b"#!powershell\n", UTIL: b"function Get-A {}\n"}
SHA256 = digest(SCRIPTS, (SCRIPT, UTIL))
ALL = {"checks": ["backup", "firewall"], "collect": {"backup": {}, "firewall": {"a": ["x"]}}}
FACTS = {
    "collected_at": "2025-11-04T09:00:00Z",
    "host": {"os": {"value": {"booted_at": "2025-10-20T03:00:00Z"}}},
    "checks": {"backup": {"last": "2025-11-04T00:00:00Z"}, "firewall": {"on": 1}},
}


def payload(arguments, scripts=SCRIPTS, become_user=None):
    actions = [
        {
            "name": "module_wrapper.ps1",
            "params": {
                "Script": SCRIPT,
                "Environment": {},
                "Variables": [
                    {"Name": "complex_args", "Value": {**arguments, "_ansible_check_mode": True}}
                ],
                "CSharpModules": ["Ansible.Basic.cs"],
                "PowerShellModules": [UTIL],
                "ForModule": True,
            },
            "secure_params": {},
        }
    ]
    if become_user:
        params = {"BecomeUser": become_user}
        actions.insert(0, {"name": "become_wrapper.ps1", "params": params, "secure_params": {}})
    encoded = {
        name: {"path": name, "script": b64encode(text).decode()} for name, text in scripts.items()
    }
    manifest = {"scripts": encoded, "actions": actions, "signed_hashlist": []}
    return Execution("powershell", b"{}\n\0\0\0\0\n" + json.dumps(manifest).encode())


def recorded(run_as="login", **changes):
    values = {
        "module": MODULE,
        "run_as": run_as,
        "sha256": SHA256,
        "arguments": ALL,
        "recorded_at": RECORDED_AT,
        "exit_code": 0,
        "answer": {"changed": False, "facts": FACTS},
    }
    return Answer(**values | changes)


@pytest.fixture
def ask(tmp_path):
    def ask(execution, *answers):
        save_recording(tmp_path / "fs1.json", answers)
        estate = Estate((LabHost("fs1", "127.0.0.1", recording="fs1"),), {})
        replay = Replay(estate, tmp_path, clock=lambda: NOW)
        return asyncio.run(replay.run("fs1", execution))

    return ask


def test_ages_stay_what_they_were(ask):
    facts = json.loads(ask(payload(ALL), recorded()).stdout)["facts"]

    assert facts["collected_at"] == "2026-03-01T10:00:30Z"
    assert facts["checks"]["backup"]["last"] == "2026-03-01T01:00:30Z"
    assert facts["host"]["os"]["value"]["booted_at"] == "2026-02-14T04:00:30Z"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("2025-11-04T09:00:00Z", "2025-11-05T09:00:00Z", id="instant"),
        pytest.param("2025-11-04T09:00:00", "2025-11-04T09:00:00", id="local time"),
        pytest.param("2025-11-04", "2025-11-04", id="date"),
        pytest.param("at 2025-11-04T09:00:00Z", "at 2025-11-04T09:00:00Z", id="within text"),
        pytest.param("1601-01-01T00:00:00Z", "1601-01-01T00:00:00Z", id="never"),
        pytest.param("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", id="for ever"),
        pytest.param("2025-13-04T09:00:00Z", "2025-13-04T09:00:00Z", id="no month"),
    ],
)
def test_only_whole_instants_move(before, after):
    assert move_instants(json.dumps([before]), timedelta(days=1)) == json.dumps([after])


def test_a_part_of_the_checks_comes_from_the_full_recording(ask):
    wanted = {"checks": ["firewall"], "collect": {"firewall": {"a": ["x"]}}}

    completed = ask(payload(wanted), recorded())

    assert completed.exit_code == 0
    assert json.loads(completed.stdout)["facts"]["checks"] == {"firewall": {"on": 1}}


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(
            {**ALL, "collect": {"backup": {}, "firewall": {"a": ["y"]}}}, id="other options"
        ),
        pytest.param({"checks": ["logging"]}, id="check not recorded"),
        pytest.param({**ALL, "deep": True}, id="unknown argument"),
    ],
)
def test_other_arguments_are_refused(ask, wanted):
    completed = ask(payload(wanted), recorded())

    assert completed.exit_code == 1
    answer = json.loads(completed.stdout)
    assert answer["failed"] is True
    assert f"{MODULE} was not recorded with these arguments as login" in answer["msg"]


def test_a_changed_module_never_gets_the_old_answer(ask):
    completed = ask(payload(ALL, SCRIPTS | {UTIL: b"function Get-B {}\n"}), recorded())

    assert completed.exit_code == 1
    assert json.loads(completed.stdout) == {
        "failed": True,
        "msg": f"lab: {MODULE} changed since it was recorded: run make record",
    }


def test_a_host_without_a_recording_says_so(ask):
    completed = ask(payload(ALL))

    assert json.loads(completed.stdout)["msg"] == (
        f"lab: no recording of {MODULE} on fs1: run make record"
    )


def test_tokens_have_their_own_answers(ask):
    system = recorded("system", answer={"changed": False, "facts": FACTS | {"token": "system"}})

    completed = ask(payload(ALL, become_user="SYSTEM"), recorded(), system)

    assert json.loads(completed.stdout)["facts"]["token"] == "system"
    assert ask(payload(ALL, become_user="SYSTEM"), recorded()).exit_code == 1


def test_text_commands_need_the_engine(ask):
    completed = ask(Execution("hostname", b""), recorded())

    assert (completed.exit_code, completed.stderr) == (1, b"lab: raw needs the engine back end\n")


def test_broken_bytes_are_told_apart(ask):
    completed = ask(Execution("powershell", b"x"), recorded())

    assert completed.exit_code == 1
    assert b"not a manifest" in completed.stderr


def test_a_fleet_of_a_thousand_shares_its_recordings(tmp_path):
    for name in ("a", "b"):
        save_recording(tmp_path / f"{name}.json", [recorded()])
    estate = fleet(1000, ["a", "b"], {})

    replay = Replay(estate, tmp_path, clock=lambda: NOW)

    job = decode(payload(ALL))
    assert all(replay.answer(host.name, job).exit_code == 0 for host in estate.hosts)
