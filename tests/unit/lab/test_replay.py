# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies what the replay back end answers, when it refuses to, and how a host changes state."""

import asyncio
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from lab.backend import Execution
from lab.estate import Estate, LabHost, fleet
from lab.payload import RAW, decode, digest, raw_job
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


STEP = "hipaa.compliance_agent.runbook_step"
STEP_SCRIPT = f"{PLUGINS}.modules.runbook_step.ps1"
STEP_SCRIPTS = {STEP_SCRIPT: b"#!powershell\n# step\n", UTIL: SCRIPTS[UTIL]}


def payload(arguments, scripts=SCRIPTS, become_user=None, script=SCRIPT):
    actions = [
        {
            "name": "module_wrapper.ps1",
            "params": {
                "Script": script,
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


def encoded(text):
    return b64encode(text.encode("utf-16-le")).decode()


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

    assert completed.exit_code == 1
    assert completed.stderr == b"lab: this command was not recorded: use --backend engine\n"


def test_a_recorded_command_answers_its_lines_with_its_instants_moved(ask):
    sent = Execution(
        "powershell -EncodedCommand " + encoded("'utc=' + $x\nexit $LASTEXITCODE"), b""
    )
    lines = {"utc": "2025-11-04T09:00:00Z", "none": ""}
    digest = raw_job("  'utc=' + $x\r\n\r\n").sha256

    completed = ask(sent, recorded(module=RAW, sha256=digest, arguments={}, answer=lines))

    assert completed.exit_code == 0
    assert completed.stdout.decode().splitlines() == ["none=", "utc=2026-03-01T10:00:30Z"]


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


def asked(phase="step", step_id=1, script="Set-A", parameters=None, saved=None):
    """Return what the action plugin asks the module that runs a script of a runbook."""
    return {
        "runbook_id": "RB-WIN-FW-002",
        "phase": phase,
        "step_id": step_id,
        "script": script,
        "timeout_seconds": 60,
        "parameters": parameters or {"log_max_kb": 16384},
        "saved": saved or {},
    }


def step(state=0, next_state=None, note="done", **wanted):
    """Return the recorded answer to `asked`, in *state*."""
    arguments = asked(**wanted)
    script = arguments.pop("script")
    arguments["script_sha256"] = sha256(script.encode()).hexdigest()
    return recorded(
        module=STEP,
        sha256=digest(STEP_SCRIPTS, (STEP_SCRIPT, UTIL)),
        arguments=arguments,
        answer={"changed": False, "runbook_script": {"note": note}},
        state=state,
        next_state=next_state,
    )


@pytest.fixture
def converse(tmp_path):
    """Return what a host with the given answers says to one question after the other."""

    def converse(answers, *questions):
        save_recording(tmp_path / "fs1.json", answers)
        estate = Estate((LabHost("fs1", "127.0.0.1", recording="fs1"),), {})
        replay = Replay(estate, tmp_path, clock=lambda: NOW)
        return [json.loads(asyncio.run(replay.run("fs1", item)).stdout) for item in questions]

    return converse


def ask_step(**wanted):
    return payload(asked(**wanted), STEP_SCRIPTS, script=STEP_SCRIPT)


def test_a_host_answers_a_check_as_its_repair_left_it(converse):
    repaired = {"changed": False, "facts": {"checks": {"firewall": {"on": 2}}}}
    answers = [recorded(), step(next_state=1), recorded(state=1, answer=repaired)]

    before, _step, after = converse(answers, payload(ALL), ask_step(), payload(ALL))

    assert before["facts"]["checks"]["firewall"] == {"on": 1}
    assert after["facts"]["checks"]["firewall"] == {"on": 2}


def test_a_script_that_only_reads_leaves_the_state(converse):
    answers = [step(phase="precondition", step_id=0), step(next_state=1)]

    replies = converse(
        answers,
        ask_step(phase="precondition", step_id=0),
        ask_step(phase="precondition", step_id=0),
        ask_step(),
    )

    assert [reply["runbook_script"]["note"] for reply in replies] == ["done", "done", "done"]


def test_the_same_script_may_answer_otherwise_the_second_time(converse):
    answers = [step(next_state=1, note="not_yet"), step(state=1, next_state=2, note="done")]

    replies = converse(answers, ask_step(), ask_step())

    assert [reply["runbook_script"]["note"] for reply in replies] == ["not_yet", "done"]


def test_an_answer_of_another_state_is_never_given(converse):
    answers = [recorded(), step(next_state=1)]

    _step, check = converse(answers, ask_step(), payload(ALL))

    assert check["failed"] is True
    assert (
        f"{MODULE} was not recorded with these arguments as login in state 1 of fs1"
        in (check["msg"])
    )


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"script": "Set-B"}, id="script"),
        pytest.param({"parameters": {"log_max_kb": 1}}, id="parameters"),
        pytest.param({"saved": {"1": {"kb": 4096}}}, id="saved"),
    ],
)
def test_a_script_that_was_not_recorded_is_named(converse, other):
    [reply] = converse([step(next_state=1)], ask_step(**other))

    assert reply["failed"] is True
    assert reply["msg"].startswith(
        "lab: RB-WIN-FW-002 step 1 was not recorded with these arguments as login in state 0 of fs1"
    )


def test_a_refused_question_leaves_the_state(converse):
    answers = [step(next_state=1)]

    refused, answered = converse(answers, ask_step(script="Set-B"), ask_step())

    assert refused["failed"] is True
    assert answered["runbook_script"]["note"] == "done"


def test_what_was_saved_comes_back_with_its_instants_moved(converse):
    saved = {"1": {"copied_at": "2025-11-04T09:00:00Z"}}
    moved = {"1": {"copied_at": "2026-03-01T10:00:30Z"}}

    [reply] = converse(
        [step(phase="rollback", saved=saved, note="restored")],
        ask_step(phase="rollback", saved=moved),
    )

    assert reply["runbook_script"]["note"] == "restored"


def test_each_host_of_a_fleet_has_a_state_of_its_own(tmp_path):
    save_recording(tmp_path / "a.json", [step(next_state=1)])
    replay = Replay(fleet(2, ["a"], {}), tmp_path, clock=lambda: NOW)
    job = decode(ask_step())

    codes = [replay.answer(host, job).exit_code for host in ("host0001", "host0001", "host0002")]

    assert codes == [0, 1, 0]


def test_a_lab_that_starts_anew_begins_at_the_first_state(tmp_path):
    save_recording(tmp_path / "a.json", [step(next_state=1)])
    job = decode(ask_step())

    codes = [
        Replay(fleet(1, ["a"], {}), tmp_path, clock=lambda: NOW).answer("host0001", job).exit_code
        for _start in range(2)
    ]

    assert codes == [0, 0]
