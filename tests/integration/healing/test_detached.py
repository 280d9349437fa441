# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies steps that run detached: the connection, and the controller, may go away meanwhile.

A small runbook is made to take long: its step waits for a file, which the test puts on the drive of
the host when it is time.
"""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.jobs import (
    UNSEEN_SECONDS,
)
from integration.healing.clinic import Clinic, open_clinic
from integration.healing.test_killed import OFF, SETTING, writes
from integration.runbooks.cases import host
from lab.hostfiles import local_path
from lab.orphans import end_orphans

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("detached")]
RUNBOOK = "RB-WIN-LOG-005"
PSRP = {
    "ansible_connection": "psrp",
    "ansible_psrp_protocol": "http",
    "ansible_psrp_auth": "negotiate",
}
STEP_SECONDS = 900
DEADLINE_SECONDS = 240
LOOK_SECONDS = 0.05
BEGUN, GO = r"C:\begun", r"C:\go"
WAITS = f"""
[System.IO.File]::WriteAllText('{BEGUN}', '')
while (-not [System.IO.File]::Exists('{GO}')) {{ [System.Threading.Thread]::Sleep(20) }}
"""


@pytest.fixture
def clinic(engine_settings, tmp_path) -> Iterator[Clinic]:
    with clinic_of(engine_settings, tmp_path, {}) as opened:
        yield opened


@contextmanager
def clinic_of(settings, folder, connection) -> Iterator[Clinic]:
    hosts = {"pc01": host("healthy-2022-workgroup", OFF)}
    # A machine that is busy with other tests is slow, and the step waits for it.
    settings = replace(settings, task_seconds=STEP_SECONDS)
    with open_clinic(settings, folder / "clinic", hosts, variables={"pc01": connection}) as opened:
        opened.set_rules()
        opened.variables = {"healer_poll_seconds": 1}
        yield opened


def detach(clinic: Clinic, script: str = "", *, kind: str = "steps", run_as: str = "login") -> None:
    """Let the first step of the way there, or back, run detached, and *script* as its beginning."""
    file = clinic.rules / "runbooks" / f"{RUNBOOK}.yml"
    runbook = yaml.safe_load(file.read_text())
    runbook["run_as"] = run_as
    runbook[kind][0] |= {"async": True, "timeout_seconds": STEP_SECONDS}
    file.write_text(yaml.safe_dump(runbook))
    step = clinic.rules / "runbooks/scripts" / RUNBOOK / runbook[kind][0]["script"]
    text = step.read_text()
    before, parameters, after = text.partition("$Saved)\n")
    step.write_text(before + parameters + script + after)


def file_of(clinic: Clinic, path: str) -> Path:
    return local_path(clinic.folder / "pc01.json", path)


def wait_until(is_true: Callable[[], object], run: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not is_true():
        assert run.poll() is None, f"the run is over: {run.communicate()[0]}"
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(LOOK_SECONDS)


def wait_for_line(words: str, run: "subprocess.Popen[str]") -> None:
    assert run.stdout is not None
    for line in run.stdout:
        if words in line:
            return
    raise AssertionError(f"the run ended without: {words}")


def screen_of(run: "subprocess.Popen[str]") -> str:
    """Let *run* end, and return what it said."""
    screen, _ = run.communicate(timeout=DEADLINE_SECONDS)
    return screen


def kill_at_work(clinic: Clinic) -> None:
    """Kill a run, and all that is of it, while its step is at work on the host."""
    detach(clinic, WAITS)
    killed = clinic.start()
    wait_until(file_of(clinic, BEGUN).exists, killed)
    killed.kill()
    end_orphans(clinic.folder)
    killed.communicate(timeout=DEADLINE_SECONDS)


def steps(clinic: Clinic) -> list[tuple[object, ...]]:
    """Return what is kept of the scripts that change something."""
    return clinic.rows(
        "SELECT phase, step_id, failure, finished_at IS NOT NULL FROM attempt_steps"
        " WHERE phase IN ('step', 'rollback') ORDER BY position"
    )


def left_over(clinic: Clinic, profile: str = r"C:\Users\Default") -> list[str]:
    """Return what the host keeps of jobs; that it was asked to keep any is asserted."""
    folder = file_of(clinic, rf"{profile}\.ansible_async")
    assert folder.is_dir(), "nothing was detached"
    processes = clinic.state("pc01")["cim"]["root/cimv2"]["Win32_Process"]
    return [item.name for item in folder.iterdir()] + [item["Name"] for item in processes]


@pytest.mark.parametrize("connection", [{}, PSRP], ids=["winrm", "psrp"])
def test_a_detached_step_repairs_as_any_other(engine_settings, tmp_path, connection):
    with clinic_of(engine_settings, tmp_path, connection) as clinic:
        detach(clinic)

        screen = clinic.heal()

        assert writes(clinic) == 1, screen
        assert clinic.rows("SELECT state, outcome FROM attempts") == [("succeeded", "success")]
        assert left_over(clinic) == []
        assert "verified:" in clinic.verified()


def test_a_detached_step_of_the_system_does_too(clinic: Clinic):
    detach(clinic, run_as="system")

    screen = clinic.heal()

    assert clinic.rows("SELECT state FROM attempts") == [("succeeded",)], screen
    assert left_over(clinic, r"C:\Windows\System32\config\systemprofile") == []


def test_a_detached_step_that_fails_is_taken_back(clinic: Clinic):
    detach(clinic, "throw [System.InvalidOperationException]::new('no')\n")
    detach(clinic, kind="rollback_steps")

    screen = clinic.heal()

    assert steps(clinic) == [("step", 1, "script_error", 1), ("rollback", 1, None, 1)], screen
    assert clinic.rows("SELECT state, reason FROM attempts") == [("rolled_back", "step_failed")]
    assert left_over(clinic) == []


def test_a_detached_step_that_never_ends_is_ended_on_the_host(clinic: Clinic):
    clinic.variables["healer_job_grace_seconds"] = (
        4 - STEP_SECONDS
    )  # so that Ansible is sooner than the module
    detach(clinic, WAITS)

    screen = clinic.heal()

    assert steps(clinic) == [("step", 1, "script_timeout", 1), ("rollback", 1, None, 1)], screen
    # The limit of Ansible; that of the module is far away.
    assert clinic.rows("SELECT max(elapsed_ms) FROM attempt_steps WHERE phase = 'step'") == [
        (4000,)
    ]
    assert writes(clinic) == 0
    assert left_over(clinic) == []


@pytest.mark.parametrize("connection", [{}, PSRP], ids=["winrm", "psrp"])
def test_a_lost_connection_does_not_fail_a_detached_step(engine_settings, tmp_path, connection):
    with clinic_of(engine_settings, tmp_path, connection) as clinic:
        detach(clinic, WAITS)
        run = clinic.start()
        wait_until(file_of(clinic, BEGUN).exists, run)

        assert clinic.server is not None
        with clinic.server.away("pc01") as address, socket.create_server((address, 5985)) as door:
            door.settimeout(DEADLINE_SECONDS)
            for _look in range(2):
                door.accept()[0].close()
            file_of(clinic, GO).touch()
        screen = screen_of(run)

        assert writes(clinic) == 1, screen
        assert clinic.rows("SELECT state, outcome FROM attempts") == [("succeeded", "success")]
        assert steps(clinic) == [("step", 1, None, 1)]
        assert left_over(clinic) == []


def test_the_next_run_waits_for_what_a_killed_one_left_at_work(clinic: Clinic):
    kill_at_work(clinic)

    run = clinic.start()
    wait_for_line("Wait for a script that the interrupted run left at work", run)
    file_of(clinic, GO).touch()
    screen = screen_of(run)
    clinic.heal()

    assert steps(clinic) == [("step", 1, None, 1)], screen
    assert writes(clinic) == 1
    assert clinic.state("pc01")["registry"][SETTING]["EnableScriptBlockLogging"][1] == 1
    assert clinic.rows("SELECT state, outcome FROM attempts") == [("succeeded", "success")]
    assert left_over(clinic) == []
    assert "verified:" in clinic.verified()


def test_a_script_that_works_for_too_long_is_neither_proven_nor_taken_back(clinic: Clinic):
    kill_at_work(clinic)

    # The run waits for a second, as if the time of the step were over.
    clinic.variables["healer_job_grace_seconds"] = 1 - STEP_SECONDS - UNSEEN_SECONDS
    impatient = screen_of(clinic.start())
    seen = steps(clinic), clinic.rows("SELECT finished_at FROM attempts")
    clinic.variables["healer_job_grace_seconds"] = 60
    file_of(clinic, GO).touch()
    screen = clinic.heal()

    assert "enable.ps1 is still at work on the host." in impatient
    assert seen == ([("step", 1, None, 0)], [(None,)])
    assert steps(clinic) == [("step", 1, None, 1)], screen
    assert clinic.rows("SELECT state, outcome FROM attempts") == [("succeeded", "success")]


def test_a_job_that_the_host_lost_is_not_waited_for(clinic: Clinic):
    kill_at_work(clinic)
    assert clinic.server is not None
    clinic.server.end_jobs("pc01")

    screen = clinic.heal()

    assert writes(clinic) == 0
    assert steps(clinic) == [("step", 1, None, 0), ("rollback", 1, None, 1)], screen
    assert clinic.rows("SELECT state FROM attempts") == [("rolled_back",)]
    assert left_over(clinic) == []
