# SPDX-License-Identifier: GPL-3.0-or-later
"""A crash at any step of sealing is finished by the next run: nothing is lost, nothing twice."""

import os
from contextlib import contextmanager

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.recorder import Hook
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.recovery import (
    recover,
)
from unit.evidence.runs import CHECK_ALL, Clinic, a_check, a_result, hear_scope, verify_site

# What changes the disk or makes a change durable. Python's pathlib and shutil come down to these.
STEPS = ("fsync", "rename", "replace", "unlink", "rmdir", "mkdir", "link", "ftruncate")
ENOUGH = 200


class Crash(BaseException):
    """The machine lost its power: no handler of the program may run after it."""


@contextmanager
def crash_at(step, monkeypatch):
    """Let step number *step* (from 0) and all after it fail; yields a list of the steps made."""
    made = []
    with monkeypatch.context() as patch:
        for name in STEPS:
            original = getattr(os, name)

            def watched(*args, _name=name, _original=original, **options):
                if len(made) >= step:
                    raise Crash
                made.append(_name)
                return _original(*args, **options)

            patch.setattr(os, name, watched)
        yield made


def hear_a_run(clinic):
    recorder = clinic.recorder()
    hear_scope(recorder, "dc01", "fs01", checks=("firewall", "logging"))
    for host in ("dc01", "fs01"):
        result = a_result(a_check("firewall"), a_check("logging", status="FAIL"))
        recorder.hear(Hook.OK, host, CHECK_ALL, result)
    return recorder


def contents(clinic):
    """Return what an auditor gets, every byte of it."""
    site = clinic.directory.path
    return {
        str(file.relative_to(site)): file.read_bytes()
        for folder in ("bundles", "coverage", "log")
        for file in (site / folder).rglob("*")
        if file.is_file()
    }


def whole_run(tmp_path, monkeypatch):
    """Return how many steps sealing takes, and what it leaves, without a crash."""
    clinic = Clinic(tmp_path / "whole", seed=bytes(32))
    clinic.run(dc01="PASS")
    recorder = hear_a_run(clinic)
    with crash_at(ENOUGH, monkeypatch) as made:
        recorder.finish()
    return len(made), contents(clinic)


def test_every_crash_is_finished_by_the_next_run(tmp_path, monkeypatch):
    steps, whole = whole_run(tmp_path, monkeypatch)
    assert 8 < steps < ENOUGH

    for step in range(steps):
        clinic = Clinic(tmp_path / f"crash-{step}", seed=bytes(32))
        clinic.run(dc01="PASS")
        recorder = hear_a_run(clinic)
        with crash_at(step, monkeypatch), pytest.raises(Crash):
            recorder.finish()

        recover(clinic.sealer())

        assert list(clinic.directory.journals.iterdir()) == [], f"step {step}"
        assert list((clinic.directory.path / ".sealing").iterdir()) == [], f"step {step}"
        assert verify_site(clinic) == [], f"step {step}"
        assert contents(clinic) == whole, f"step {step}"


def test_a_crash_of_the_recovery_is_finished_too(tmp_path, monkeypatch):
    clinic = Clinic(tmp_path)
    recorder = hear_a_run(clinic)
    with crash_at(2, monkeypatch), pytest.raises(Crash):
        recorder.finish()
    step = 0
    while True:
        with crash_at(step, monkeypatch):
            try:
                recover(clinic.sealer())
            except Crash:
                step += 1
            else:
                break

    assert step > 0
    assert verify_site(clinic) == []
    assert len(list(clinic.directory.bundles.glob("*/*.jsonl"))) == 1
