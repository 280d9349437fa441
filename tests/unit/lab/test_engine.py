# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies how the engine runs what Ansible sent: as Ansible's wrappers would, and apart."""

import asyncio
import json
import logging
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest

from lab import fixtures
from lab.backend import Execution
from lab.cold import ColdEngine
from lab.estate import Estate, LabHost
from lab.payload import Detachment, Job, JobKind
from lab.powershell import EngineSettings
from lab.sources import read_module
from lab.windows.states import Clock, build_states, write_state

pwsh = fixtures.pwsh
start_engine = fixtures.start_engine

pytestmark = pytest.mark.engine
COLLECTIONS = Path(__file__).parent / "data" / "collections"


def act(act="read", become_user=None, **own):
    return read_module("lab.fixture.act", COLLECTIONS).job({"act": act, **own}, become_user)


def raw(text):
    return Job(JobKind.RAW, "raw", text=text)


def answer(completed):
    assert completed.stderr == b""
    return json.loads(completed.stdout)


@pytest.fixture(scope="module")
def engine(pwsh):  # shared: that tasks leave nothing behind is specified below
    runner = fixtures.EngineRunner(EngineSettings(pwsh, workers=1))
    yield runner
    runner.close()


@pytest.fixture(scope="module")
def states():
    return build_states(Clock("frozen"))


@pytest.fixture
def write(states, tmp_path):
    def write_with(**changes):
        state = states["healthy-2022-member"] | changes
        file = tmp_path / "fs1.json"
        write_state(state, file)
        return file

    return write_with


def test_a_module_answers_json(engine):
    completed = engine.job(act())

    assert completed.exit_code == 0
    assert answer(completed)["changed"] is False
    assert answer(completed)["facts"]["culture"] == "en-US"


def test_module_utils_may_arrive_in_any_order(engine):
    job = act()
    backwards = replace(job, powershell_modules=job.powershell_modules[::-1])

    assert engine.job(backwards).exit_code == 0


def test_a_module_that_fails_says_so_in_json(engine):
    completed = engine.job(act("fail"))

    assert completed.exit_code == 1
    assert answer(completed)["msg"] == "the module said no"


def test_an_uncaught_throw_becomes_ansibles_failure(engine):
    completed = engine.job(act("throw"))

    assert completed.exit_code == 1
    failure = answer(completed)
    assert failure["failed"] is True
    assert failure["msg"] == "Unhandled exception while executing module: the module broke"
    assert "act.ps1: line 17" in failure["exception"]


def test_exit_json_cannot_be_caught(engine):
    completed = engine.job(act("caught"))

    assert completed.exit_code == 0
    assert "failed" not in answer(completed)


def test_noise_around_the_json_stays(engine):
    lines = engine.job(act("noise")).stdout.decode().splitlines()

    assert lines[0] == "written to the console"
    assert json.loads(lines[1])["changed"] is False
    assert lines[2] == "written to the pipeline"


def test_nothing_passes_from_one_task_to_the_next(engine):
    clean = answer(engine.job(act()))["facts"]

    soiled = answer(engine.job(act("soil")))["facts"]
    after = answer(engine.job(act()))["facts"]

    assert soiled["soil"] == ["environment", "variable", "Get-Soil"]
    assert after == clean
    assert after["soil"] == []


def test_the_environment_of_a_task_is_its_own(engine):
    sent = replace(act(), environment={"SENT_BY_TASK": "once"})

    assert answer(engine.job(sent))["facts"]["sent"] == "once"
    assert answer(engine.job(act()))["facts"]["sent"] == ""


def test_a_task_that_does_not_end_is_killed_and_the_next_one_runs(start_engine):
    engine = start_engine(workers=1, task_seconds=15)
    assert engine.job(act()).exit_code == 0

    hung = engine.job(act("hang"))

    assert hung.exit_code == 1
    assert b"lab.fixture.act ran for 15 s; killed" in hung.stderr
    assert engine.job(act()).exit_code == 0


def test_a_cancelled_task_takes_its_worker_with_it(engine, tmp_path):
    first = worker_pid(engine)
    started = tmp_path / "started"
    endless = raw(f"[IO.File]::WriteAllText('{started}', ''); while ($true) {{ Start-Sleep 1 }}")

    async def cancel():
        task = asyncio.create_task(engine.engine.run_job(None, endless))
        async with asyncio.timeout(30):
            while not started.exists():  # noqa: ASYNC110 - another process makes it
                await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    engine.wait(cancel())

    assert worker_pid(engine) != first
    assert not Path(f"/proc/{first}").exists()


def test_a_worker_is_replaced_after_its_share_of_tasks(start_engine):
    engine = start_engine(workers=1, tasks_per_worker=2)

    pids = [worker_pid(engine) for _ in range(4)]

    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_one_worker_of_each_kind_stays_warm_when_tasks_of_two_kinds_alternate(start_engine, caplog):
    caplog.set_level(logging.INFO, "lab.workers")
    engine = start_engine(workers=1)

    for _turn in range(2):
        engine.job(act())
        engine.job(read_module("hipaa.compliance_agent.check_logging").job({}))

    assert caplog.messages.count("worker started") == 2


def test_a_worker_that_dies_is_told_with_its_last_words(engine):
    completed = engine.job(raw("[Console]::Error.WriteLine('last words'); [Environment]::Exit(3)"))

    assert completed.exit_code == 1
    assert b"last words" in completed.stderr
    assert engine.job(act()).exit_code == 0


def test_a_child_runspace_that_goes_on_spoils_its_worker(engine):
    first = worker_pid(engine)

    engine.job(
        raw(
            "$begun = [Threading.ManualResetEventSlim]::new();"
            "$loop = 'param ($begun) $begun.Set(); while ($true) { Start-Sleep 1 }';"
            "$child = [powershell]::Create().AddScript($loop).AddArgument($begun);"
            "$null = $child.BeginInvoke(); $begun.Wait()"
        )
    )

    assert worker_pid(engine) != first


def test_a_raw_command_answers_text(engine):
    completed = engine.job(raw("'one'; 'two'"))

    assert completed.stdout.decode().split() == ["one", "two"]
    assert completed.exit_code == 0


def test_a_raw_command_keeps_its_exit_code_and_errors(engine):
    assert engine.job(raw("exit 7")).exit_code == 7
    broken = engine.job(raw("throw 'broken'"))
    assert broken.exit_code == 1
    assert b"broken" in broken.stderr


def test_an_encoded_command_runs(engine):
    encoded = b64encode("'caf\u00e9'".encode("utf-16-le")).decode()

    completed = engine.command(Execution(f"powershell -EncodedCommand {encoded}", b""))

    assert completed.stdout.decode().strip() == "caf\u00e9"


def test_async_is_refused_in_words(engine):
    job = replace(act(), detachment=Detachment("%USERPROFILE%", "j1", 60))

    assert (
        answer(engine.job(job))["msg"] == "lab: the engine detaches nothing; that is for lab.jobs"
    )


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("de-DE", ("1,5", "2025", "I")),
        ("th-TH", ("1.5", "2568", "I")),
        ("tr-TR", ("1,5", "2025", "\u0130")),
        ("ja-JP", ("1.5", "2025", "I")),
    ],
)
def test_a_host_has_its_culture(engine, write, locale, expected):
    facts = answer(engine.job(act(), write(locale=locale)))["facts"]

    assert (facts["culture"], facts["ui_culture"]) == (locale, locale)
    assert (facts["number"], facts["year"], facts["upper"]) == expected
    # The next host has its own again.
    assert answer(engine.job(act()))["facts"]["number"] == "1.5"


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Tokyo Standard Time"])
def test_a_host_has_its_time_zone(engine, write, zone):
    assert answer(engine.job(act(), write(time_zone=zone)))["facts"]["time_zone_hours"] == 9
    assert answer(engine.job(act()))["facts"]["time_zone_hours"] == 0


def test_an_unknown_time_zone_is_an_error(engine, write):
    completed = engine.job(act(), write(time_zone="Middle/Earth"))

    assert completed.exit_code == 1
    assert b"Middle/Earth" in completed.stderr


@pytest.mark.parametrize(
    ("user", "token"),
    [(None, ""), ("SYSTEM", "system"), (r"NT AUTHORITY\SYSTEM", "system"), ("alice", "batch")],
)
def test_become_is_the_token_of_the_host(engine, write, user, token):
    facts = answer(engine.job(act(become_user=user), write()))["facts"]

    assert facts["token"] == token
    assert facts["state"] == "fs1.json"


def test_the_state_of_the_host_is_what_commands_see(engine, write, states):
    services = states["healthy-2022-member"]["services"]
    services = services | {"MpsSvc": services["MpsSvc"] | {"State": "Stopped"}}

    completed = engine.job(raw("(Get-Service MpsSvc).Status"), write(services=services))

    assert completed.stdout.decode().strip() == "Stopped"


def test_a_module_runs_where_a_command_came_first(start_engine, write):
    host = write()
    engine = start_engine(workers=1)

    engine.job(raw("hostname.exe"), host)

    assert answer(engine.job(act(), host))["changed"] is False


@pytest.mark.parametrize("has_state", [False, True], ids=["no state", "simulated Windows"])
def test_warm_and_cold_give_the_same_answer(engine, write, core_payload, has_state):
    state = write() if has_state else None
    cold = ColdEngine(Estate((LabHost("host", "127.0.0.1", state=state),), {}), engine.settings)
    try:
        reference = json.loads(engine.wait(cold.run("host", core_payload)).stdout)
    finally:
        engine.wait(cold.close())

    warm = answer(engine.command(core_payload, state))

    # The folder a process starts in is no matter of the wrappers.
    for result in (reference, warm):
        del result["facts"]["folder"]
    assert warm == reference


@pytest.fixture(scope="module")
def core_payload():
    return fixtures.execution_of(act())


def worker_pid(engine):
    return int(engine.job(raw("$PID")).stdout)
