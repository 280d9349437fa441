# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies that a run killed at any moment leaves no lie and loses nothing that it had heard."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from integration.connection.clinic import CHECKS, running_clinic
from integration.connection.runner import PLAYBOOKS, SITE
from lab.orphans import end_orphans, processes_of

HOSTS = tuple(f"pc{number:02}" for number in range(1, 41))
KILLS = 50
SEED = 20260302
# Parts of the time that a whole run takes; before the first, Ansible is not even loaded.
FIRST, LAST = 0.2, 1.05
CHECK = (sys.executable, "-m", "ansible", "playbook", str(PLAYBOOKS / "check.yml"))


@pytest.fixture(scope="module")
def estate(tmp_path_factory):
    with running_clinic(tmp_path_factory.mktemp("killed"), dict.fromkeys(HOSTS, ())) as clinic:
        yield clinic


def start(controller):
    """Start a run."""
    return subprocess.Popen(
        CHECK,
        cwd=controller.home,
        env=controller.environment_of_runs(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def kill_after(process, seconds, home):
    """Kill the controller, and only it, with SIGKILL; then end the workers that it left."""
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=30)
    end_orphans(home)


def statements(controller):
    files = sorted(controller.site.glob("coverage/*/*.json"))
    return [json.loads(file.read_bytes()) for file in files]


def test_fifty_kills_leave_whole_evidence(estate):
    controller = estate.controller
    started = time.monotonic()
    whole = estate.check()
    seconds = time.monotonic() - started
    assert len(whole.bundles) == len(HOSTS) * len(CHECKS)
    moments = random.Random(SEED)  # noqa: S311 - repeatable, not secret

    for number in range(KILLS):
        # Spread from before the first result to beyond the end, each at a random place of its part.
        part = FIRST + (LAST - FIRST) * (number + moments.random()) / KILLS
        kill_after(start(controller), seconds * part, controller.home)
    recovery = controller.play(PLAYBOOKS / "recover.yml", "-e", f"site_id={SITE}")
    last = estate.check()

    assert processes_of(controller.home) == []
    assert recovery.exit_code == 0, recovery.text
    assert len(last.bundles) == len(HOSTS) * len(CHECKS)
    assert list(controller.site.glob("journal/*.jsonl")) == []
    assert list(controller.site.glob(".sealing/*")) == []
    told = statements(controller)
    interrupted = [item for item in told if item["status"] == "interrupted"]
    assert len(interrupted) >= KILLS // 5, "the kills came too early or too late to prove a thing"
    for item in told:
        assert item["bundles"]["count"] == len(HOSTS) * len(CHECKS)
        assert item["obtained"] + len(item["missing"]) == item["bundles"]["count"]
        assert {pair["reason_code"] for pair in item["missing"]} <= {"interrupted"}
    partly = [item for item in interrupted if item["obtained"]]
    assert partly, "no kill came between the first result and the last"
    states = [(item["host_id"], item["pre_state"]) for item in controller.bundles()]
    # Every host is in order and none is ever asked anything else: another verdict would be a lie.
    assert {state["status"] for _host, state in states if state["checked_at"]} == {"PASS"}
