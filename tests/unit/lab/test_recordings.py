# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies recordings: what is kept, and that an old one is noticed."""

import asyncio
from hashlib import sha256
from pathlib import Path

import pytest

from lab import fixtures
from lab.backend import Completed
from lab.collecting import PREFLIGHT_PROBE
from lab.estate import Estate, LabHost
from lab.payload import RAW, raw_job
from lab.recordings import (
    MODULES,
    Answer,
    Recorder,
    RecordingFailed,
    Task,
    check_tasks,
    load_recording,
    save_recording,
    stale_recordings,
)
from lab.sources import read_module

pwsh = fixtures.pwsh
start_engine = fixtures.start_engine

FIXTURES = Path(__file__).parent / "data" / "collections"
CHECKS = ("patching", "av_edr", "backup", "logging", "firewall", "encryption")
HOST = LabHost("fs1", "127.0.0.1")


def test_no_recording_is_older_than_its_module():
    assert stale_recordings(raw=[PREFLIGHT_PROBE]) == []


def test_every_check_is_recorded_alone_and_together():
    tasks = check_tasks({check: {} for check in CHECKS})

    assert [task.module.rpartition(".")[2] for task in tasks] == [
        "check_all",
        "check_patching",
        "check_av_edr",
        "check_backup",
        "check_logging",
        "check_firewall",
        "check_encryption",
    ]
    assert tasks[0].arguments["checks"] == list(CHECKS)
    assert tasks[1].arguments == {"collect": {"patching": {}}}


def test_a_recording_comes_back_as_it_was(tmp_path):
    answer = Answer("a.b.c", "login", "00", {"x": [1]}, "2025-11-04T09:00:00Z", 0, {"facts": {}})

    save_recording(tmp_path / "fs1.json", [answer])

    assert load_recording(tmp_path / "fs1.json") == (answer,)


@pytest.fixture
def collections(tmp_path):
    """Return a collection whose seven modules share one util."""
    plugins = tmp_path / "ansible_collections/hipaa/compliance_agent/plugins"
    (plugins / "modules").mkdir(parents=True)
    (plugins / "module_utils").mkdir()
    (plugins / "module_utils" / "_Probe.psm1").write_text("function Get-A {}\n")
    for name in MODULES:
        text = f"#AnsibleRequires -PowerShell ..module_utils._Probe\n# {name}\n"
        (plugins / "modules" / f"{name}.ps1").write_text(text)
    return tmp_path


def record_all(collections, folder, *more):
    names = [f"hipaa.compliance_agent.{name}" for name in MODULES]
    answers = [
        Answer(name, "login", read_module(name, collections).sha256, {}, "", 0, {})
        for name in names
    ]
    save_recording(folder / "fs1.json", [*answers, *more])


def test_a_changed_module_makes_its_own_answer_stale(collections, tmp_path):
    record_all(collections, tmp_path / "recordings")
    assert stale_recordings(tmp_path / "recordings", collections) == []

    plugins = collections / "ansible_collections/hipaa/compliance_agent/plugins"
    (plugins / "modules" / "check_backup.ps1").write_text("# another one\n")

    assert stale_recordings(tmp_path / "recordings", collections) == [
        "fs1: hipaa.compliance_agent.check_backup"
    ]


def test_a_changed_util_makes_all_answers_stale(collections, tmp_path):
    record_all(collections, tmp_path / "recordings")

    plugins = collections / "ansible_collections/hipaa/compliance_agent/plugins"
    (plugins / "module_utils" / "_Probe.psm1").write_text("function Get-B {}\n")

    assert len(stale_recordings(tmp_path / "recordings", collections)) == 7


def test_a_changed_command_makes_its_answer_stale(collections, tmp_path):
    answer = Answer(RAW, "login", raw_job("'a=1'").sha256, {}, "", 0, {"a": "1"})
    record_all(collections, tmp_path / "recordings", answer)

    assert stale_recordings(tmp_path / "recordings", collections, raw=["'a=1'"]) == []
    assert stale_recordings(tmp_path / "recordings", collections, raw=["'a=2'"]) == ["fs1: raw"]
    assert stale_recordings(tmp_path / "recordings", collections) == ["fs1: raw"]


@pytest.fixture
def repairs(collections, tmp_path):
    """Return a collection with the module that runs scripts, a runbook, and a recording of both."""
    plugins = collections / "ansible_collections/hipaa/compliance_agent/plugins"
    (plugins / "modules" / "runbook_step.ps1").write_text("# step\n")
    scripts = tmp_path / "scripts"
    (scripts / "RB-WIN-FW-002").mkdir(parents=True)
    (scripts / "RB-WIN-FW-002" / "enable.ps1").write_text("Set-A\n")
    names = [f"hipaa.compliance_agent.{name}" for name in (*MODULES, "runbook_step")]
    shas = {name: read_module(name, collections).sha256 for name in names}
    script = {"runbook_id": "RB-WIN-FW-002", "phase": "step", "step_id": 1}
    step = script | {"script_sha256": sha256(b"Set-A\n").hexdigest()}
    answers = [Answer(name, "login", shas[name], {}, "", 0, {}) for name in names[:-1]]
    answers += [
        Answer(names[-1], "login", shas[names[-1]], step, "", 0, {}, 0, 1),
        Answer(names[0], "login", shas[names[0]], {}, "", 0, {}, 1),
    ]
    save_recording(tmp_path / "recordings" / "fs1.json", answers)
    return lambda: stale_recordings(tmp_path / "recordings", collections, scripts)


def test_a_recorded_repair_is_fresh_while_nothing_changes(repairs):
    assert repairs() == []


def test_a_changed_script_makes_the_repair_stale(repairs, tmp_path):
    (tmp_path / "scripts/RB-WIN-FW-002/enable.ps1").write_text("Set-B\n")

    assert repairs() == ["fs1: RB-WIN-FW-002 step 1: its script"]


def test_a_removed_runbook_makes_the_repair_stale(repairs, tmp_path):
    (tmp_path / "scripts/RB-WIN-FW-002/enable.ps1").unlink()

    assert repairs() == ["fs1: RB-WIN-FW-002 step 1: its script"]


def test_a_change_of_what_runs_scripts_makes_the_repair_stale(repairs, collections):
    plugins = collections / "ansible_collections/hipaa/compliance_agent/plugins"
    (plugins / "modules" / "runbook_step.ps1").write_text("# another one\n")

    assert repairs() == ["fs1: RB-WIN-FW-002 step 1 in state 0"]


def test_a_changed_check_makes_its_second_look_stale_too(repairs, collections):
    plugins = collections / "ansible_collections/hipaa/compliance_agent/plugins"
    (plugins / "modules" / "check_all.ps1").write_text("# another one\n")

    assert repairs() == [
        "fs1: hipaa.compliance_agent.check_all",
        "fs1: hipaa.compliance_agent.check_all in state 1",
    ]


@pytest.mark.engine
def test_a_module_is_recorded_through_the_engine(start_engine, tmp_path):
    engine = start_engine(workers=1)
    recorder = Recorder(
        engine.engine,
        [Task("lab.fixture.act", {"act": "read"})],
        ("login", "system"),
        "2025-11-04T09:00:00Z",
        FIXTURES,
    )

    engine.wait(recorder.record(Estate((HOST,), {}), tmp_path))

    login, system = load_recording(tmp_path / "fs1.json")
    assert (login.run_as, system.run_as) == ("login", "system")
    assert (login.answer["facts"]["token"], system.answer["facts"]["token"]) == ("", "system")
    assert login.sha256 == read_module("lab.fixture.act", FIXTURES).sha256
    assert login.arguments == {"act": "read"}
    assert "invocation" not in login.answer


@pytest.mark.engine
def test_the_lines_of_a_command_without_a_module_are_recorded(start_engine, tmp_path):
    engine = start_engine(workers=1)
    command = "'utc=' + [datetime]::new(2025, 11, 4).ToString('s') + 'Z'\n'none='"
    recorder = Recorder(
        engine.engine, (), ("login", "system"), "2025-11-04T09:00:00Z", raw=[command]
    )

    engine.wait(recorder.record(Estate((HOST,), {}), tmp_path))

    [answer] = load_recording(tmp_path / "fs1.json")
    assert answer.answer == {"utc": "2025-11-04T00:00:00Z", "none": ""}
    assert (answer.run_as, answer.sha256) == ("login", raw_job(command).sha256)


@pytest.mark.engine
@pytest.mark.parametrize(
    "command", ["'a banner'", "'a=1'; exit 3", "[Console]::Error.Write('x=1')"]
)
def test_a_command_that_says_anything_else_is_not_recorded(start_engine, command, tmp_path):
    engine = start_engine(workers=1)
    recorder = Recorder(engine.engine, (), ("login",), "2025-11-04T09:00:00Z", raw=[command])

    with pytest.raises(RecordingFailed, match="fs1: a raw command gave no key=value lines"):
        engine.wait(recorder.record(Estate((HOST,), {}), tmp_path))


@pytest.mark.engine
def test_recording_again_changes_no_byte(start_engine, tmp_path):
    engine = start_engine(workers=1)
    tasks = [Task("lab.fixture.act", {})]
    recorder = Recorder(engine.engine, tasks, ("login",), "2025-11-04T09:00:00Z", FIXTURES)

    engine.wait(recorder.record(Estate((HOST,), {}), tmp_path / "one"))
    engine.wait(recorder.record(Estate((HOST,), {}), tmp_path / "two"))

    assert (tmp_path / "one/fs1.json").read_bytes() == (tmp_path / "two/fs1.json").read_bytes()


def test_a_failure_is_told_when_the_other_hosts_have_ended():
    ended = []

    class Runner:
        async def run_job(self, state, _job):
            if state.name == "fs1":
                return Completed(b"a banner", b"", 0)
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(state.name)

    hosts = tuple(LabHost(name, "127.0.0.1", state=Path(name)) for name in ("fs2", "fs1"))
    recorder = Recorder(Runner(), (), ("login",), "2025-11-04T09:00:00Z", raw=["'a=1'"])

    with pytest.raises(RecordingFailed, match="fs1"):
        asyncio.run(recorder.record_all(Estate(hosts, {})))

    assert ended == ["fs2"]


@pytest.mark.engine
@pytest.mark.parametrize("act", ["throw", "noise"])
def test_a_failure_is_not_recorded(start_engine, act, tmp_path):
    engine = start_engine(workers=1)
    tasks = [Task("lab.fixture.act", {"act": act})]
    recorder = Recorder(engine.engine, tasks, ("login",), "2025-11-04T09:00:00Z", FIXTURES)

    with pytest.raises(RecordingFailed, match=r"fs1: lab\.fixture\.act"):
        engine.wait(recorder.record(Estate((HOST,), {}), tmp_path))

    assert list(tmp_path.iterdir()) == []
