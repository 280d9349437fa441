# SPDX-License-Identifier: GPL-3.0-or-later
"""An export is one archive that verifies by itself, is always the same, and hides nothing."""

import json
import os
import time
from datetime import date, timedelta
from zipfile import ZipFile

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.export import (
    ExportRefused,
    Period,
    export_evidence,
)

MARCH_2 = date(2026, 3, 2)
MARCH_3 = date(2026, 3, 3)
WHOLE = Period(MARCH_2, MARCH_3)


@pytest.fixture
def checked(clinic):
    """Return a clinic that was checked twice on one day, and once on the next."""
    clinic.run(dc01="PASS", fs01="FAIL")
    clinic.run(dc01="PASS")
    clinic.now += timedelta(days=1)
    clinic.run(dc01="WARNING", fs01="PASS")
    return clinic


def export(clinic, period=WHOLE, name="export.zip"):
    target = clinic.root / name
    return export_evidence(clinic.directory, clinic.key().trusted, period, target)


def unpacked(clinic, done):
    folder = clinic.root / done.file.stem
    with ZipFile(done.file) as archive:
        archive.extractall(folder)
    return folder


def problems(clinic, folder):
    verifier = verify.Verifier(clinic.key().trusted)
    verifier.read_site(folder)
    return [problem.name for problem in verifier.problems]


def test_an_archive_has_what_an_auditor_needs(checked):
    done = export(checked)

    with ZipFile(done.file) as archive:
        names = archive.namelist()
    key_id = checked.key().key_id
    assert (done.runs, done.bundles) == (3, 5)
    assert [name for name in names if not name.startswith("proofs/")] == [
        "README.txt",
        "bundles/2026-03-02/run-1.jsonl",
        "bundles/2026-03-02/run-2.jsonl",
        "bundles/2026-03-03/run-3.jsonl",
        "checkpoint",
        "coverage/2026-03-02/run-1.json",
        "coverage/2026-03-02/run-2.json",
        "coverage/2026-03-03/run-3.json",
        "export.json",
        f"keys/{key_id}.pub",
        "verify.py",
    ]
    assert [name for name in names if name.startswith("proofs/")] == [
        "proofs/CS-run-1.tlog-proof",
        "proofs/CS-run-2.tlog-proof",
        "proofs/CS-run-3.tlog-proof",
        "proofs/EB-20260302-000001.tlog-proof",
        "proofs/EB-20260302-000002.tlog-proof",
        "proofs/EB-20260302-000003.tlog-proof",
        "proofs/EB-20260303-000001.tlog-proof",
        "proofs/EB-20260303-000002.tlog-proof",
    ]
    assert problems(checked, unpacked(checked, done)) == []


def test_only_the_days_that_were_asked_for_are_in_it(checked):
    done = export(checked, Period(MARCH_3, MARCH_3))

    described = json.loads((unpacked(checked, done) / "export.json").read_bytes())
    assert (done.runs, done.bundles) == (1, 2)
    assert described == {
        "kind": "export",
        "schema_version": 1,
        "site_id": "clinic-001",
        "from": "2026-03-03",
        "to": "2026-03-03",
        "tree_size": 8,
        "runs": ["run-3"],
    }


def test_neither_account_nor_zone_nor_language_nor_a_crash_changes_the_bytes(checked, monkeypatch):
    first = export(checked)

    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    monkeypatch.setenv("LC_ALL", "tr_TR.UTF-8")
    before = os.umask(0o077)
    try:
        # What a crash left of a public half that was being written.
        (checked.directory.keys / ".0123456789abcdef.pub.4711").write_bytes(b"half")
        second = export(checked, name="again.zip")
    finally:
        os.umask(before)
        monkeypatch.undo()
        time.tzset()

    assert first.file.read_bytes() == second.file.read_bytes()


def test_the_same_evidence_gives_the_same_bytes(checked):
    first, second = export(checked), export(checked, name="again.zip")

    assert first.sha256 == second.sha256
    assert first.file.read_bytes() == second.file.read_bytes()


GONE = [
    pytest.param("bundles/2026-03-02/run-2.jsonl", id="bundles-of-a-run"),
    pytest.param("coverage/2026-03-02/run-2.json", id="statement-of-a-run"),
    pytest.param("proofs/EB-20260302-000002.tlog-proof", id="proof-of-a-bundle"),
    pytest.param("checkpoint", id="checkpoint"),
]


@pytest.mark.parametrize("name", GONE)
def test_what_is_taken_out_of_an_archive_is_missed(checked, name):
    folder = unpacked(checked, export(checked))
    (folder / name).unlink()

    assert problems(checked, folder)


def test_evidence_that_does_not_verify_is_not_exported(checked):
    [file] = checked.directory.bundles.glob("*/run-1.jsonl")
    file.write_bytes(file.read_bytes().replace(b'"outcome":"failure"', b'"outcome":"success"'))

    with pytest.raises(ExportRefused, match="what does not verify is not exported"):
        export(checked)

    assert not (checked.root / "export.zip").exists()


def test_days_without_a_run_are_refused(checked):
    with pytest.raises(ExportRefused, match="no run was sealed on these days"):
        export(checked, Period(date(2026, 3, 4), date(2026, 3, 5)))


def test_a_file_that_is_there_is_left_alone(checked):
    (checked.root / "export.zip").write_text("somebody's")

    with pytest.raises(ExportRefused, match="exists already"):
        export(checked)

    assert (checked.root / "export.zip").read_text() == "somebody's"
