# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/verify.yml says what verify.py says."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from unit.evidence.project import SITE, check_play, guard_play

PLAYBOOK = Path(__file__).parents[3] / "playbooks" / "verify.yml"


@pytest.fixture
def checked(project):
    """Return a project with evidence of one host, and verify.yml among its playbooks."""
    project.run([guard_play(["firewall"]), check_play(["firewall"])], {"pc1": {}})
    shutil.copy(PLAYBOOK, project.path / "playbooks")
    return project


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


def key_of(project):
    [public] = project.site.glob("keys/*.pub")
    return public


def test_genuine_evidence_verifies(checked):
    run = verify_by_play(checked, f"site_id={SITE}", f"evidence_key={key_of(checked)}")

    assert run.returncode == 0, run.stdout + run.stderr
    assert f"verified: 1 bundle of 1 host, signed by {key_of(checked).stem}" in run.stdout


def test_forged_evidence_fails_the_play_and_is_named(checked):
    [file] = checked.site.glob("bundles/*/*.jsonl")
    file.write_text(file.read_text().replace('"outcome":"success"', '"outcome":"failure"'))

    run = verify_by_play(checked, f"site_id={SITE}", f"evidence_key={key_of(checked)}")

    assert run.returncode == 2
    assert "pc1 firewall: the signature does not fit the content" in run.stdout


@pytest.mark.parametrize("missing", ["site_id", "evidence_key"])
def test_without_site_and_key_the_play_says_how_to_call_it(checked, missing):
    given = {"site_id": SITE, "evidence_key": str(key_of(checked))}
    del given[missing]

    run = verify_by_play(checked, *(f"{name}={value}" for name, value in given.items()))

    assert run.returncode == 2
    assert "Say which site and which public key" in run.stdout
