# SPDX-License-Identifier: GPL-3.0-or-later
"""The verifier as a program that an auditor starts: its options, its report and its exit codes."""

import ast
import json
import os
import shutil
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from unit.evidence.site_writer import (
    SiteWriter,
    key,
    key_id,
    merkle_root,
    public_line,
    signed,
    three_runs,
)
from unit.evidence.verifying import FOREIGN, HOSTS, OURS


@pytest.fixture
def site(tmp_path) -> SiteWriter:
    return SiteWriter(tmp_path)


def run_verifier(*arguments, options=(), script=verify.__file__):
    return subprocess.run(
        [sys.executable, *options, str(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_program_verifies_with_a_key_file(site):
    site.run("run-1", HOSTS)
    public = site.root / "clinic-001.pub"
    public.write_text(public_line(OURS) + "\n")
    shutil.copy(verify.__file__, site.path / "verify.py")

    run = run_verifier(site.path, "--key", public, script=site.path / "verify.py")

    root = b64encode(merkle_root(site.entries)).decode()[:8]
    said = f"verified: 18 bundles of 3 hosts in 1 run, signed by {key_id(OURS)}; "
    said += f"log of 19 entries, root {root}...\n"
    assert (run.returncode, run.stdout, run.stderr) == (0, said, "")


@pytest.mark.parametrize("spelling", ["line", "bare"])
def test_a_key_may_be_given_as_text(site, spelling):
    site.run("run-1", HOSTS)
    line = public_line(OURS)
    given = line if spelling == "line" else line.removeprefix("ed25519:").split()[0]

    assert run_verifier(site.path, "--key", given).returncode == 0


def test_a_checkpoint_that_was_kept_is_given_by_its_file(tmp_path):
    site = three_runs(tmp_path)
    kept = tmp_path / "kept"
    kept.write_bytes(site.heads[0])

    run = run_verifier(site.path, "--key", public_line(OURS), "--checkpoint", kept)
    absent = run_verifier(site.path, "--key", public_line(OURS), "--checkpoint", tmp_path / "no")

    assert (run.returncode, absent.returncode) == (0, 5)


def test_without_a_key_nothing_is_called_verified(site):
    site.run("run-1", HOSTS)
    (site.path / "keys").mkdir()
    (site.path / "keys" / f"{key_id(OURS)}.pub").write_text(public_line(OURS))

    run = run_verifier(site.path)

    assert run.returncode == 6
    assert "no --key was given, so nothing was verified" in run.stdout
    assert key_id(OURS) in run.stdout
    assert "verified:" not in run.stdout


def test_with_another_key_nothing_is_called_verified(site):
    site.run("run-1", {"dc01": ["PASS"]})

    run = run_verifier(site.path, "--key", public_line(FOREIGN))

    assert run.returncode == 6
    assert run.stdout.endswith("NOT VERIFIED: 9 problems in 6 bundles of 1 host\n")


@pytest.mark.parametrize("given", ["", "x", public_line(FOREIGN)[:-1] + "x", "ed25519:AAAA"])
def test_a_key_that_is_none_is_wrong_usage(site, given):
    run = run_verifier(site.path, "--key", given)

    assert (run.returncode, run.stdout) == (2, "")


def test_a_directory_that_is_not_there_is_not_verified(tmp_path):
    run = run_verifier(tmp_path / "nowhere", "--key", public_line(OURS))

    assert run.returncode == 7
    assert run.stdout.endswith("NOT VERIFIED: 1 problem in 0 bundles of 0 hosts\n")


def test_a_program_reads_the_report_as_json(site):
    site.run("run-1", HOSTS, status="interrupted")
    file = site.bundle_file("run-1")
    file.write_bytes(file.read_bytes().replace(b'"outcome":"failure"', b'"outcome":"success"', 1))

    run = run_verifier(site.path, "--key", public_line(OURS), "--json")

    report = json.loads(run.stdout)
    assert report.pop("log") == {
        "size": 19,
        "root": verify.base64.b64encode(merkle_root(site.entries)).decode(),
    }
    assert report == {
        "verified": False,
        "exit_code": 3,
        "name": "bad_signature",
        "site_id": "clinic-001",
        "runs": 1,
        "bundles": 18,
        "unlogged_bundles": 0,
        "hosts": 3,
        "key_ids": [key_id(OURS)],
        "problems": [
            {
                "code": 3,
                "name": "bad_signature",
                "reason": "the signature does not fit the content",
                "file": str(file),
                "line": 7,
                "document_id": "EB-20260302-000007",
                "host_id": "fs01",
                "check": "patching",
            }
        ],
        "notes": [
            {
                "name": "interrupted_run",
                "text": "the run was killed before its end",
                "file": str(site.coverage_file("run-1")),
            }
        ],
    }


def test_an_escape_sequence_in_a_forged_line_is_not_printed(site):
    site.run("run-1", HOSTS)
    file = site.bundle_file("run-1")
    bundle = json.loads(file.read_bytes().splitlines()[0])
    del bundle["signature"]
    bundle["host_id"] = "\x1b[2Jdc01"
    file.write_bytes(signed(bundle, OURS) + b"\n")

    run = run_verifier(site.path, "--key", public_line(OURS))

    assert "\x1b" not in run.stdout
    assert "\\x1b[2Jdc01" in run.stdout


# -I and -S: no site-packages, so the verifier's own Ed25519 decides.
@pytest.mark.parametrize("options", [(), ("-I", "-S")], ids=["pynacl", "without"])
@pytest.mark.parametrize("spoil", [False, True], ids=["genuine", "forged"])
def test_a_machine_without_pynacl_comes_to_the_same_result(site, options, spoil):
    site.run("run-1", {"dc01": ["PASS"]}, checks=("logging", "firewall"))
    site.rotate(key(2), at="2026-03-03T12:00:00Z")
    file = site.bundle_file("run-1")
    if spoil:
        file.write_bytes(file.read_bytes().replace(b'"host":"dc01"', b'"host":"dc02"', 1))

    run = run_verifier(site.path, "--key", public_line(OURS), options=options)

    assert run.returncode == (3 if spoil else 0), run.stdout + run.stderr


def test_the_program_needs_the_standard_library_only_and_python_3_9():
    source = Path(verify.__file__).read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 9))

    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {
        a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names
    }
    foreign = {name.split(".")[0] for name in modules} - sys.stdlib_module_names
    assert foreign == {"nacl"}


FILES = ["bundles/*/run-1.jsonl", "coverage/*/run-1.json", "log/checkpoint", "log/tile/0/*.p/43"]


@pytest.mark.parametrize("pattern", FILES)
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_is_no_regular_file_is_unreadable_and_never_waited_for(tmp_path, pattern, kind):
    site = three_runs(tmp_path)
    [file] = site.path.glob(pattern)
    file.unlink()
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "device":
        file.symlink_to("/dev/zero")
    else:
        file.mkdir()

    checked = run_verifier(site.path, "--key", public_line(key(1)))

    assert checked.returncode == 7, checked.stdout
    assert "cannot be read" in checked.stdout
    assert "missing" not in checked.stdout


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437"])
def test_a_name_that_the_terminal_cannot_write_does_not_stop_the_report(tmp_path, encoding):
    site = three_runs(tmp_path)
    file = site.bundle_file("run-3")
    lines = file.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if "zürich".encode() not in line]
    file.write_bytes(b"".join(kept))

    command = [sys.executable, verify.__file__, site.path, "--key", public_line(key(1))]
    checked = subprocess.run(
        command, env={"PYTHONIOENCODING": encoding}, capture_output=True, check=False
    )

    assert (checked.returncode, checked.stderr) == (8, b"")
    assert b"rich: all 6 bundles of this host are missing" in checked.stdout
