# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/verify.yml and `make verify` say what verify.py says."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from unit.evidence.project import SITE, make_project
from unit.evidence.site_writer import SiteWriter, key, key_id, public_line

REPOSITORY = Path(__file__).parents[3]
PLAYBOOK = REPOSITORY / "playbooks" / "verify.yml"


@pytest.fixture
def signed_project(tmp_path):
    """Return a project with verify.yml, and its site with the evidence of two runs."""
    project = make_project(tmp_path)
    del project.environment["ANSIBLE_CALLBACKS_ENABLED"]  # nothing is checked here
    shutil.copy(PLAYBOOK, project.path / "playbooks")
    site = SiteWriter(project.path / "evidence", SITE)
    site.run("run-1", {"pc1": ["PASS"]}, checks=("firewall",), status="interrupted")
    site.run("run-2", {"pc1": ["PASS"]}, checks=("firewall",), at="2026-03-02T13:00:00Z")
    (project.path / "site.pub").write_text(public_line(key(1)))
    return project, site


def verify_by_play(project, *variables):
    options = [option for variable in variables for option in ("-e", variable)]
    return subprocess.run(
        [sys.executable, "-m", "ansible.cli.playbook", "playbooks/verify.yml", *options],
        cwd=project.path,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_genuine_evidence_verifies(signed_project):
    project, _site = signed_project

    run = verify_by_play(project, f"site_id={SITE}", "evidence_key=site.pub")

    assert run.returncode == 0, run.stdout + run.stderr
    signer = key_id(key(1))
    assert f"verified: 2 bundles of 1 host in 2 runs, signed by {signer}; log of 4 " in run.stdout
    assert "the run was killed before its end" in run.stdout


def test_forged_evidence_fails_the_play_and_is_named(signed_project):
    project, site = signed_project
    file = site.bundle_file("run-1")
    file.write_text(file.read_text().replace('"outcome":"success"', '"outcome":"failure"'))

    run = verify_by_play(project, f"site_id={SITE}", "evidence_key=site.pub")

    assert run.returncode == 2
    assert "pc1 firewall: the signature does not fit the content" in run.stdout


def test_a_log_that_was_rolled_back_fails_the_play_with_a_kept_checkpoint(signed_project):
    project, site = signed_project
    (project.path / "kept").write_bytes(site.heads[-1])
    shutil.rmtree(site.path / "log")
    site.entries = site.entries[:2]
    site.publish()
    for file in (site.bundle_file("run-2"), site.coverage_file("run-2")):
        file.unlink()

    variables = (f"site_id={SITE}", "evidence_key=site.pub")
    assert verify_by_play(project, *variables).returncode == 0
    run = verify_by_play(project, *variables, "evidence_checkpoint=kept")

    assert run.returncode == 2
    assert "the log was rolled back" in run.stdout


@pytest.mark.parametrize("missing", ["site_id", "evidence_key"])
def test_without_site_and_key_the_play_says_how_to_call_it(signed_project, missing):
    project, _site = signed_project
    given = {"site_id": SITE, "evidence_key": "site.pub"}
    del given[missing]

    run = verify_by_play(project, *(f"{name}={value}" for name, value in given.items()))

    assert run.returncode == 2
    assert "Say which site and which public key" in run.stdout


def make_verify(project, *arguments, home=None):
    return subprocess.run(
        ["make", "-C", str(REPOSITORY), "verify", *arguments],
        env={"PATH": os.environ["PATH"], "HOME": str(home or project.path)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_verifies_with_a_key_and_a_checkpoint(signed_project):
    project, site = signed_project
    (project.path / "kept").write_bytes(site.heads[0])

    run = make_verify(
        project,
        f"SITE={SITE}",
        f"KEY={public_line(key(1))}",
        f"EVIDENCE={project.path}/evidence",
        f"CHECKPOINT={project.path}/kept",
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert "verified: 2 bundles of 1 host in 2 runs, " in run.stdout


def test_make_takes_the_public_key_of_this_machine(signed_project):
    project, _site = signed_project
    own = project.path / ".config" / "hipaa-compliance-agent" / f"{SITE}.pub"
    own.parent.mkdir(parents=True)
    own.write_text(public_line(key(1)))

    run = make_verify(project, f"SITE={SITE}", f"EVIDENCE={project.path}/evidence")

    assert run.returncode == 0, run.stdout + run.stderr


def test_make_says_how_to_call_it_without_a_key(signed_project):
    project, _site = signed_project

    run = make_verify(project, f"SITE={SITE}", f"EVIDENCE={project.path}/evidence")

    assert run.returncode == 2
    assert "usage: make verify SITE=clinic-001 KEY=FILE_OR_LINE" in run.stdout
    assert "verified:" not in run.stdout


def test_make_fails_where_the_evidence_does(signed_project):
    project, site = signed_project
    site.bundle_file("run-1").unlink()

    run = make_verify(
        project, f"SITE={SITE}", f"KEY={project.path}/site.pub", f"EVIDENCE={project.path}/evidence"
    )

    assert run.returncode != 0
    assert "all of run run-1 is missing" in run.stdout
