# SPDX-License-Identifier: GPL-3.0-or-later
"""Real runs of one site at the same time, after a kill, and on a disk that refuses."""

import json
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from lab.orphans import end_orphans
from unit.evidence.project import SITE, check_play, guard_play

CHECKS = ["firewall", "logging"]
HOSTS = {f"pc{number}": {} for number in range(1, 5)}
DEADLINE_SECONDS = 60.0
LOOK_SECONDS = 0.05
WAIT_TASK = {
    "name": "Wait until the test kills the run",
    "ansible.builtin.wait_for": {"path": "{{ playbook_dir }}/never", "timeout": 50},
    "delegate_to": "localhost",
    "run_once": True,
    "vars": {"ansible_connection": "local", "ansible_python_interpreter": "{{ python }}"},
}
RECOVER = [
    {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "tasks": [
            {"name": "Recover", "hipaa.compliance_agent.evidence_recover": {"site_id": SITE}}
        ],
    }
]


def heard_lines(project):
    return sum(file.read_bytes().count(b"\n") for file in project.site.glob("journal/*.jsonl"))


def wait_until_heard(project, lines, process):
    deadline = time.monotonic() + DEADLINE_SECONDS
    while heard_lines(project) < lines:
        assert time.monotonic() < deadline, "waited in vain"
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=LOOK_SECONDS)


def interrupt_a_run(project):
    """Kill a run once it has heard all its hosts."""
    plays = [guard_play(CHECKS), check_play(CHECKS)]
    plays.append({"hosts": "pc1", "gather_facts": False, "tasks": [WAIT_TASK]})
    (project.path / "inventory.yml").write_text(json.dumps({"all": {"hosts": HOSTS}}))
    playbook = project.path / "playbooks" / "killed.yml"
    playbook.write_text(json.dumps(plays))
    process = project.start(playbook, "-e", f"python={project.environment['PYTHON']}")
    wait_until_heard(project, 6, process)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    end_orphans(project.path)


@pytest.fixture
def killed(project):
    project.environment["PYTHON"] = sys.executable
    interrupt_a_run(project)
    assert project.bundles() == []
    return project


def test_the_next_run_seals_a_killed_one_first_and_warns(killed):
    run = killed.run([guard_play(CHECKS), check_play(CHECKS)], HOSTS)

    assert run.returncode == 0, run.stdout + run.stderr
    assert [item["status"] for item in killed.statements()] == ["interrupted", "complete"]
    assert [item["obtained"] for item in killed.statements()] == [8, 8]
    assert "was interrupted; sealed now: 8 of 8 checks" in " ".join(run.stderr.split())
    assert (killed.journals(), killed.verified()) == ([], 0)


def test_recover_seals_a_killed_run(killed):
    looked = killed.run(RECOVER, HOSTS, "--check")
    untouched = killed.journals()

    run = killed.run(RECOVER, HOSTS)
    again = killed.run(RECOVER, HOSTS)

    assert ("changed=1" in looked.stdout, len(untouched)) == (True, 1)
    assert "changed=1" in run.stdout, run.stdout + run.stderr
    assert "changed=0" in again.stdout
    assert [item["status"] for item in killed.statements()] == ["interrupted"]
    assert (killed.journals(), killed.verified()) == ([], 0)


def test_two_runs_at_once_queue_for_the_log(project):
    project.run([guard_play(CHECKS), check_play(CHECKS)], HOSTS)
    playbook = project.path / "playbooks" / "test.yml"

    runs = [project.start(playbook) for _ in range(3)]
    ends = [run.communicate(timeout=120) for run in runs]

    assert [run.returncode for run in runs] == [0, 0, 0], ends
    numbers = [bundle["bundle_id"][-6:] for bundle in project.bundles()]
    assert numbers == [f"{number:06}" for number in range(1, 33)]
    assert [item["log"]["first_index"] for item in project.statements()] == [0, 9, 18, 27]
    assert project.verified() == 0


def test_a_full_disk_at_sealing_leaves_the_journal_and_a_red_run(project):
    project.run([guard_play(CHECKS), check_play(CHECKS)], HOSTS)
    [bundles] = project.site.glob("bundles/*/*.jsonl")
    before = {file: file.read_bytes() for file in project.site.rglob("*") if file.is_file()}

    # Enough for the journal, which says less than the bundles.
    limit = bundles.stat().st_size - 1
    run = project.run([guard_play(CHECKS), check_play(CHECKS)], HOSTS, file_limit_bytes=limit)

    assert run.returncode == 70, run.stdout + run.stderr
    assert "[EVIDENCE] This run has no evidence" in run.stderr
    assert len(project.journals()) == 1
    kept = {file: file.read_bytes() for file in before if file.name != "lock"}
    assert kept == {file: data for file, data in before.items() if file.name != "lock"}
    assert project.verified() == 0
