# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies that a run killed at any moment leaves no lie and loses nothing that it had heard."""

import json
import random
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from integration.connection.clinic import CHECKS, running_clinic
from integration.connection.runner import PLAYBOOKS, SITE
from lab.orphans import end_orphans, processes_of
from lab.quotas import Quotas

HOSTS = tuple(f"pc{number:02}" for number in range(1, 41))
SEED = 20260302
LOOK_SECONDS = 0.005
DEADLINE_SECONDS = 120.0
# What a run has written when it is killed: nothing, so many lines of its journal (the run, its
# scope, a host each, its end), or the draft of its seal. In random order.
LINES = len(HOSTS) + 3
MOMENTS = [0] * 3 + [number % LINES + 1 for number in range(41)] + [LINES + 1] * 6
# A killed run closes no shell, and Windows keeps one for two hours (IdleTimeout 7,200,000 ms): with
# its 30 per user the last hosts would be full, and rightly unreachable, before the last kill.
ROOM_FOR_THE_KILLED = Quotas(max_shells_per_user=len(MOMENTS) + 10)
CHECK = (sys.executable, "-m", "ansible", "playbook", str(PLAYBOOKS / "check.yml"))


@pytest.fixture(scope="module")
def estate(tmp_path_factory):
    home = tmp_path_factory.mktemp("killed")
    with running_clinic(home, dict.fromkeys(HOSTS, ()), quotas=ROOM_FOR_THE_KILLED) as clinic:
        yield clinic


def start(controller):
    """Start a run, which seals what the one before it left."""
    return subprocess.Popen(
        CHECK,
        cwd=controller.home,
        env=controller.environment_of_runs(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def kill_at(moment, controller):
    """Start a run, kill the controller, and only it, with SIGKILL; then end what it left."""
    left = set(controller.site.glob("journal/*"))  # by the run before, until this one seals it
    process = start(controller)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while process.poll() is None and progress(controller.site, left) < moment:
        assert time.monotonic() < deadline, "waited in vain"
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=LOOK_SECONDS)
    process.kill()
    process.wait(timeout=30)
    end_orphans(controller.home)


def progress(site, left):
    """Return how many lines the run has written; one more once it drafts its seal."""
    with suppress(FileNotFoundError):  # what was listed may be sealed and gone
        for journal in set(site.glob("journal/*.jsonl")) - left:
            is_drafted = any(site.glob(f".sealing/{journal.stem}*"))
            return LINES + 1 if is_drafted else journal.read_bytes().count(b"\n")
    return 0


def statements(controller):
    files = sorted(controller.site.glob("coverage/*/*.json"))
    return [json.loads(file.read_bytes()) for file in files]


def test_fifty_kills_leave_whole_evidence(estate):
    controller = estate.controller
    whole = estate.check()
    assert len(whole.bundles) == len(HOSTS) * len(CHECKS)
    moments = random.Random(SEED).sample(MOMENTS, len(MOMENTS))  # noqa: S311 - repeatable

    for moment in moments:
        kill_at(moment, controller)
    recovery = controller.play(PLAYBOOKS / "recover.yml", "-e", f"site_id={SITE}")
    last = estate.check()

    assert processes_of(controller.home) == []
    assert recovery.exit_code == 0, recovery.text
    assert len(last.bundles) == len(HOSTS) * len(CHECKS)
    assert list(controller.site.glob("journal/*.jsonl")) == []
    assert list(controller.site.glob(".sealing/*")) == []
    told = statements(controller)
    interrupted = [item for item in told if item["status"] == "interrupted"]
    assert len(interrupted) >= 20, "the kills came too early or too late to prove a thing"
    for item in told:
        assert item["bundles"]["count"] == len(HOSTS) * len(CHECKS)
        assert item["obtained"] + len(item["missing"]) == item["bundles"]["count"]
        assert {pair["reason_code"] for pair in item["missing"]} <= {"interrupted"}
    partly = [item for item in interrupted if item["obtained"]]
    assert partly, "no kill came between the first result and the last"
    states = [(item["host_id"], item["pre_state"]) for item in controller.bundles()]
    # Every host is in order and none is ever asked anything else: another verdict would be a lie.
    assert {state["status"] for _host, state in states if state["checked_at"]} == {"PASS"}
