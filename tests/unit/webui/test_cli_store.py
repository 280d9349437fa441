# SPDX-License-Identifier: GPL-3.0-or-later
"""``flask --app webui store``: what it says, and how it ends."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from unit.evidence.site_writer import SiteWriter, key, public_line, three_runs
from webui import create_app
from webui.settings import Settings

ROOT = Path(__file__).parents[3]


@pytest.fixture
def settings(tmp_path, monkeypatch) -> Settings:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return Settings(evidence_dir=tmp_path / "evidence")


@pytest.fixture
def run(settings):
    """Return a function that runs a command and returns its result."""
    runner = create_app(settings).test_cli_runner()
    return lambda *arguments: runner.invoke(args=["store", *arguments])


def publish(tmp_path, site: SiteWriter, number: int = 1) -> None:
    """Put the public key of *site* where this machine keeps it."""
    folder = tmp_path / "home" / ".config" / "hipaa-compliance-agent"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{site.site_id}.pub").write_text(public_line(key(number)) + "\n")


@pytest.fixture
def clinic(tmp_path) -> SiteWriter:
    site = three_runs(tmp_path / "evidence")
    publish(tmp_path, site)
    return site


@pytest.mark.usefixtures("clinic")
def test_all_sites_are_ingested_by_default(run, tmp_path):
    publish(tmp_path, three_runs(tmp_path / "evidence", site_id="clinic-002"))

    done = run("ingest")

    assert (done.exit_code, done.output.splitlines()) == (
        0,
        [
            "clinic-001: indexed 3 runs, 40 bundles; 43 entries of its log",
            "clinic-002: indexed 3 runs, 40 bundles; 43 entries of its log",
        ],
    )


@pytest.mark.usefixtures("clinic")
def test_that_nothing_was_new_is_said(run):
    run("ingest")

    done = run("ingest")

    assert (done.exit_code, done.output) == (
        0,
        "clinic-001: zero new runs; 43 entries of its log\n",
    )


def test_a_site_that_never_sealed_is_said_too(run, tmp_path):
    site = SiteWriter(tmp_path / "evidence")
    (site.path / "bundles").mkdir(parents=True)
    publish(tmp_path, site)

    assert run("ingest").output == "clinic-001: zero runs: nothing is in its log\n"


def test_no_site_at_all_is_an_error(run, tmp_path):
    (tmp_path / "evidence").mkdir()

    done = run("ingest")

    assert done.exit_code == 1
    assert "There is no site in" in done.output


def test_one_bad_site_does_not_keep_the_others_from_the_index(run, clinic, tmp_path):
    other = three_runs(tmp_path / "evidence", site_id="clinic-002")
    publish(tmp_path, other)
    file = clinic.bundle_file("run-1")
    file.write_bytes(file.read_bytes().replace(b'"FAIL"', b'"PASS"', 1))

    done = run("ingest")

    assert done.exit_code == 1
    assert "run-1.jsonl:7: EB-20260302-000007 fs01 patching: the signature does not" in done.output
    assert "Error: evidence_rejected: the evidence of clinic-001 does not verify" in done.output
    assert "clinic-002: indexed 3 runs" in done.output


def test_a_site_whose_directory_is_gone_is_heard_of(run, clinic, tmp_path):
    other = three_runs(tmp_path / "evidence", site_id="clinic-002")
    publish(tmp_path, other)
    run("ingest")
    shutil.rmtree(clinic.path)

    done = run("ingest")

    assert done.exit_code == 1
    assert "Error: log_rolled_back: the log of clinic-001 does not continue" in done.output


def test_a_key_can_be_given_for_one_site(run, tmp_path):
    three_runs(tmp_path / "evidence")

    given = run("ingest", "--site", "clinic-001", "--key", public_line(key(1)))

    assert given.exit_code == 0


@pytest.mark.usefixtures("clinic")
@pytest.mark.parametrize("sites", [[], ["--site", "clinic-001", "--site", "clinic-002"]])
def test_a_key_is_never_taken_for_several_sites(run, sites):
    done = run("ingest", *sites, "--key", public_line(key(1)))

    assert done.exit_code == 2
    assert "a key is of one site" in done.output


@pytest.mark.usefixtures("clinic")
def test_a_key_that_is_not_that_of_the_site_is_refused(run):
    done = run("ingest", "--site", "clinic-001", "--key", public_line(key(2)))

    assert done.exit_code == 1
    assert "Error: evidence_rejected" in done.output


def test_a_site_without_a_public_key_is_refused_even_if_one_lies_beside_its_evidence(run, tmp_path):
    site = three_runs(tmp_path / "evidence")
    (site.path / "keys").mkdir(exist_ok=True)
    (site.path / "keys" / "1.pub").write_text(public_line(key(1)))

    done = run("ingest")

    assert done.exit_code == 1
    assert "Error: public_key_unusable: no public key to verify clinic-001 with" in done.output


@pytest.mark.usefixtures("clinic")
def test_a_rebuild_gives_the_same_digest(run):
    run("ingest")
    before = run("digest")

    rebuilt = run("rebuild", "--site", "clinic-001")

    assert rebuilt.exit_code == 0
    assert rebuilt.output == "clinic-001: indexed 3 runs, 40 bundles; 43 entries of its log\n"
    assert run("digest").output == before.output
    assert before.output.endswith("  clinic-001 43\n")
    assert len(before.output.split()[0]) == 64


def test_a_rebuild_is_of_a_named_site(run):
    done = run("rebuild")

    assert done.exit_code == 2
    assert "--site SITE, or set HIPAA_SITE_ID" in done.output


def test_an_older_log_is_accepted_only_by_name(run, tmp_path):
    site = SiteWriter(tmp_path / "evidence")
    publish(tmp_path, site)
    site.run("run-1", {"dc01": ["PASS"]})
    shutil.copytree(site.path, tmp_path / "backup")
    site.run("run-2", {"dc01": ["FAIL"]}, at="2026-03-02T18:00:00Z")
    run("ingest")
    shutil.rmtree(site.path)
    (tmp_path / "backup").rename(site.path)

    refused = run("rebuild", "--site", "clinic-001")
    accepted = run("rebuild", "--site", "clinic-001", "--accept-older-log")

    assert refused.exit_code == 1
    assert "Error: log_rolled_back" in refused.output
    assert (accepted.exit_code, accepted.output) == (
        0,
        "clinic-001: indexed 1 run, 6 bundles; 7 entries of its log\n",
    )


def test_status_says_how_far_index_and_log_are_apart(run, clinic, tmp_path):
    run("ingest")
    clinic.run("run-4", {"dc01": ["PASS"]}, at="2026-03-04T06:00:00Z")
    three_runs(tmp_path / "evidence", site_id="clinic-002")

    done = run("status")

    first, second = done.output.splitlines()
    assert done.exit_code == 0
    assert first.startswith(
        "clinic-001: 43 of 50 entries of its log, 3 runs, 40 bundles; compared at 2"
    )
    assert second == "clinic-002: not indexed; its log has 43 entries"


@pytest.mark.parametrize("command", ["status", "digest"])
def test_looking_makes_no_database(run, clinic, command):
    done = run(command)

    assert done.exit_code == 1
    assert "Error: database_unusable" in done.output
    assert not (clinic.root / ".index.sqlite3").exists()


@pytest.mark.usefixtures("clinic")
def test_the_digest_of_a_site_that_is_not_indexed_is_an_error(run):
    run("ingest")

    done = run("digest", "--site", "clinic-009")

    assert done.exit_code == 1
    assert "Error: site_not_indexed" in done.output


@pytest.mark.usefixtures("clinic")
def test_it_works_from_the_root_of_the_repository(tmp_path):
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "HIPAA_EVIDENCE_DIR": str(tmp_path / "evidence"),
        "HIPAA_DATABASE_URL": "postgresql+psycopg://agent:fictional-secret@/index?host=/nowhere",
    }
    command = [sys.executable, "-m", "flask", "--app", "webui", "store", "ingest"]

    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr.startswith(
        "Error: database_unusable: the database postgresql+psycopg://agent:***@/index"
    )
    assert len(done.stderr.splitlines()) == 1
    assert "fictional-secret" not in done.stderr + done.stdout
