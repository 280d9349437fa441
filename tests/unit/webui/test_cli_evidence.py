# SPDX-License-Identifier: GPL-3.0-or-later
"""``flask --app webui evidence export`` as a person types it."""

import pytest

from unit.evidence.runs import SITE, Clinic
from webui import create_app
from webui.settings import Settings


@pytest.fixture
def clinic(tmp_path):
    clinic = Clinic(tmp_path)
    clinic.run(dc01="PASS")
    return clinic


@pytest.fixture
def run(clinic):
    app = create_app(Settings(evidence_dir=clinic.root / "evidence"))

    def invoke(*options):
        key = clinic.key().public_line
        days = ("--from", "2026-03-02", "--to", "2026-03-02")
        return app.test_cli_runner().invoke(
            args=["evidence", "export", *days, "--key", key, *options]
        )

    return invoke


def test_the_archive_is_written_and_its_digest_told(run, clinic):
    target = clinic.root / "march.zip"

    done = run("--site", SITE, "--output", str(target))

    assert done.exit_code == 0, done.output
    assert f"{target}: 1 bundle, 1 run: verified" in done.output
    assert "SHA-256 " in done.output
    assert target.exists()


def test_a_site_must_be_named(run):
    done = run()

    assert done.exit_code == 2
    assert "Say which site" in done.output


def test_a_period_that_ends_before_it_begins_is_refused(run):
    done = run("--site", SITE, "--to", "2026-03-01")

    assert done.exit_code == 2
    assert "2026-03-01 is before 2026-03-02" in done.output


def test_a_key_that_is_none_is_refused(run):
    done = run("--site", SITE, "--key", "no key")

    assert done.exit_code == 2
    assert "not a public key" in done.output


def test_what_cannot_be_exported_is_one_red_line(run):
    done = run("--site", SITE, "--from", "2026-03-01", "--to", "2026-03-01")

    assert done.exit_code == 1
    assert "export_refused: no run was sealed on these days" in done.output
