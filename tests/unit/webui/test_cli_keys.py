# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person sees of `flask --app webui keys`: what was done, what to do next, what is wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from unit.evidence.keyed_site import SITE, KeyedSite
from webui import create_app
from webui.settings import Settings

ROOT = Path(__file__).parents[3]
LONG_AGO = "2020-01-01T00:00:00Z"


@pytest.fixture
def site(tmp_path) -> KeyedSite:
    return KeyedSite(tmp_path)


def invoke(root, *arguments, stdin="", **settings):
    """Run one command as if from a terminal, for a site below *root*."""
    settings = {
        "evidence_dir": root / "evidence",
        "signing_key_file": root / "keys" / "site.key",
        **settings,
    }
    runner = create_app(Settings(**settings)).test_cli_runner()
    return runner.invoke(args=["keys", *arguments], input=stdin)


def revoke(root, key, *more, **options):
    at = ("--compromised-at", LONG_AGO, "--reason", "compromised")
    return invoke(root, "revoke", key.key_id, "--site", SITE, *at, *more, **options)


def test_create_makes_a_key_and_says_whom_to_give_its_line(tmp_path):
    result = invoke(tmp_path, "create", "--site", SITE)

    line = (tmp_path / "keys" / f"{SITE}.pub").read_text().strip()
    assert result.exit_code == 0, result.output
    assert line.startswith("ed25519:")
    assert line in result.output
    assert "1. Give this line to everybody who verifies" in result.output
    assert (tmp_path / "keys" / "site.key").stat().st_mode & 0o7777 == 0o600
    assert list((tmp_path / "evidence" / SITE / "keys").iterdir()) != []


def test_no_command_prints_the_private_half(site):
    secret = site.key_file.read_text().strip().removeprefix("ed25519-seed:")
    outputs = [
        invoke(site.root, "show", "--site", SITE),
        invoke(site.root, "rotate", "--site", SITE),
        revoke(site.root, site.first, "--yes"),
        invoke(site.root, "create", "--site", SITE),
    ]

    assert [result.exit_code for result in outputs] == [0, 0, 0, 1]
    assert not [result for result in outputs if secret in result.output]


def test_create_does_not_make_a_second_key(site):
    before = site.key_file.read_bytes()

    result = invoke(site.root, "create", "--site", SITE)

    assert (result.exit_code, site.key_file.read_bytes()) == (1, before)
    assert "Error: signing_key_exists: clinic-001 has a signing key already" in result.stderr
    assert "Traceback" not in result.output


def test_create_does_not_replace_a_lost_key(site):
    site.key_file.unlink()

    result = invoke(site.root, "create", "--site", SITE)

    assert result.exit_code == 1
    assert "Error: signing_key_missing:" in result.stderr
    assert "Restore the key from your backup" in result.stderr
    assert not site.key_file.exists()


def test_create_does_not_forget_the_public_half_of_a_closed_log(tmp_path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / f"{SITE}.pub").write_text("ed25519:…\n")

    result = invoke(tmp_path, "create", "--site", SITE)

    assert result.exit_code == 1
    assert "its public half is there, but it is gone" in result.stderr


def test_a_key_is_not_made_inside_of_the_evidence(tmp_path):
    file = tmp_path / "evidence" / "site.key"

    result = invoke(tmp_path, "create", "--site", SITE, signing_key_file=file)

    assert (result.exit_code, file.exists()) == (1, False)
    assert "would travel with the evidence" in result.stderr


def test_rotate_prints_the_new_line_and_what_to_do_with_the_old_key(site):
    result = invoke(site.root, "rotate", "--site", SITE)

    assert result.exit_code == 0, result.output
    assert site.key().public_line in result.output
    assert "log/checkpoint elsewhere" in result.output
    assert f"Destroy {site.key_file}.{site.first.key_id}.retired once" in result.output


def test_rotate_of_a_key_in_another_file(site):
    file = site.key_file.rename(site.root / "other.key")

    result = invoke(site.root, "rotate", "--site", SITE, "--signing-key", str(file))

    assert result.exit_code == 0, result.output
    assert (site.root / f"other.key.{site.first.key_id}.retired").exists()


def test_revoke_asks_first_and_says_what_is_lost(site):
    site.run("run-1")

    result = revoke(site.root, site.first, stdin="n\n")

    assert result.exit_code == 1
    assert "will not verify: 1" in result.output
    assert site.key().key_id == site.first.key_id


def test_revoke_of_the_key_in_use_hands_over_to_a_new_one(site):
    result = revoke(site.root, site.first, stdin="y\n")

    assert result.exit_code == 0, result.output
    assert site.key().public_line in result.output
    assert "the revoked key does not vouch for it" in result.output
    assert f"Destroy {site.key_file}.{site.first.key_id}.revoked once" in result.output


def test_revoke_warns_when_the_key_named_its_heir_after_the_compromise(site):
    heir = site.keeper.rotate().in_use

    result = revoke(site.root, site.first, "--yes")

    assert f"1. Give the line of {heir.key_id} to everybody who verifies" in result.output


def test_show_names_each_key_what_it_signed_and_what_became_of_it(site):
    site.run("run-1")
    first, second = site.first, site.keeper.rotate().in_use
    site.run("run-2")
    revoke(site.root, first, "--yes")

    result = invoke(site.root, "show", "--site", SITE)

    assert result.exit_code == 0, result.output
    assert [line.split() for line in result.output.splitlines()[:3]] == [
        "KEY FIRST LAST FOLLOWS FOLLOWED BY REVOKED SINCE".split(),
        [first.key_id, "0", "3", "-", second.key_id, "2020-01-01T00:00:00Z", "(compromised)"],
        [second.key_id, "4", "in", "use", first.key_id, "-", "-"],
    ]
    assert first.public_line in result.output
    assert second.public_line in result.output


def test_show_as_a_document_for_a_program(site):
    site.run("run-1")
    rotated = site.keeper.rotate()

    document = json.loads(invoke(site.root, "show", "--site", SITE, "--json").output)

    assert document == {
        "site_id": SITE,
        "in_use": rotated.in_use.key_id,
        "problem": None,
        "keys": [
            {
                "key_id": site.first.key_id,
                "public_key": site.first.public_line,
                "in_use": False,
                "first_index": 0,
                "last_index": 3,
                "rotated_from": None,
                "rotated_to": rotated.in_use.key_id,
                "revoked_since": None,
                "revocation_reason": None,
            },
            {
                "key_id": rotated.in_use.key_id,
                "public_key": rotated.in_use.public_line,
                "in_use": True,
                "first_index": None,
                "last_index": None,
                "rotated_from": site.first.key_id,
                "rotated_to": None,
                "revoked_since": None,
                "revocation_reason": None,
            },
        ],
        "statements": [
            {
                "index": 3,
                "statement_id": rotated.statement.statement_id,
                "kind": "key_rotation",
            }
        ],
    }


def test_show_needs_no_private_key(site):
    site.key_file.unlink()

    result = invoke(site.root, "show", "--site", SITE)

    assert result.exit_code == 0
    assert "Which key is in use is not known here" in result.output


def test_the_site_of_the_environment_need_not_be_named(site):
    result = invoke(site.root, "show", site_id=SITE)

    assert result.exit_code == 0, result.output


WRONG = [
    pytest.param(
        ["show"], 2, "Missing option '--site', and HIPAA_SITE_ID is not set", id="no-site"
    ),
    pytest.param(["show", "--site", "a/b"], 1, "site_id is no safe name", id="unsafe-name"),
    pytest.param(["show", "--site", "clinic-010"], 1, "there is no site clinic-010", id="show"),
    pytest.param(["rotate", "--site", "clinic-010"], 1, "no site clinic-010", id="rotate"),
    pytest.param(
        ["rotate", "--site", SITE, "--signing-key", "/nowhere/a.key"],
        1,
        "the signing key /nowhere/a.key cannot be read",
        id="no-key",
    ),
    pytest.param(
        "revoke 0123456789abcdef --site clinic-001 --compromised-at 2020-01-01T00:00:00Z"
        " --reason compromised".split(),
        1,
        "0123456789abcdef is no key of clinic-001",
        id="unknown-key",
    ),
    pytest.param(
        "revoke 0123456789abcdef --site clinic-001 --compromised-at yesterday"
        " --reason compromised".split(),
        2,
        "'yesterday' is no instant",
        id="no-instant",
    ),
    pytest.param(
        "revoke 0123456789abcdef --site clinic-001 --compromised-at 2020-01-01T00:00:00"
        " --reason compromised".split(),
        2,
        "names no zone",
        id="no-zone",
    ),
    pytest.param(
        "revoke 0123456789abcdef --site clinic-001 --compromised-at 9999-03-31T22:00:00Z"
        " --reason compromised".split(),
        2,
        "in the future",
        id="future",
    ),
    pytest.param(
        "revoke 0123456789abcdef --site clinic-001 --compromised-at 2020-01-01T00:00:00Z"
        " --reason stolen".split(),
        2,
        "'stolen' is not one of 'compromised', 'lost', 'superseded'",
        id="unknown-reason",
    ),
    pytest.param(
        "revoke 0123456789abcdef --site clinic-001 --reason lost".split(),
        2,
        "Missing option '--compromised-at'",
        id="no-time",
    ),
]


@pytest.mark.parametrize(("arguments", "code", "message"), WRONG)
def test_what_is_wrong_is_said_in_one_line(arguments, code, message, site):
    result = invoke(site.root, *arguments)

    assert (result.exit_code, message in result.stderr) == (code, True), result.output
    assert "Traceback" not in result.output
    assert list((site.root / "evidence").iterdir()) == [site.directory.path]


def test_two_names_for_one_site_are_refused(site):
    result = invoke(site.root, "show", "--site", "clinic-002", site_id=SITE)

    assert result.exit_code == 2
    assert "HIPAA_SITE_ID names another site: clinic-001" in result.stderr


@pytest.mark.parametrize("mode", [0o640, 0o666], ids=oct)
def test_an_exposed_key_is_told_with_the_command_that_mends_it(mode, site):
    site.key_file.chmod(mode)

    result = invoke(site.root, "rotate", "--site", SITE)

    assert result.exit_code == 1
    assert f"chmod 0600 {site.key_file}" in result.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_of_somebody_else_is_refused(site):
    os.chown(site.key_file, 65534, 65534)

    result = invoke(site.root, "rotate", "--site", SITE)

    assert result.exit_code == 1
    assert "belongs to somebody else" in result.stderr


def test_a_real_process_rotates_a_key(site):
    # As a person starts it: nothing but webui itself says where the collection is.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {
        "HIPAA_EVIDENCE_DIR": str(site.directory.root),
        "HIPAA_SIGNING_KEY_FILE": str(site.key_file),
        "HIPAA_SITE_ID": SITE,
    }

    run = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "webui", "keys", "rotate"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (run.returncode, run.stderr) == (0, "")
    assert site.key().public_line in run.stdout


def test_a_real_process_tells_an_error_in_one_line(site):
    site.key_file.write_text("nonsense\n")

    run = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "webui", "keys", "rotate", "--site", SITE],
        cwd=ROOT,
        env=os.environ
        | {
            "HIPAA_EVIDENCE_DIR": str(site.directory.root),
            "HIPAA_SIGNING_KEY_FILE": str(site.key_file),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert run.returncode == 1
    [line] = run.stderr.splitlines()
    assert line.startswith(f"Error: signing_key_unusable: {site.key_file} is no signing key")
