# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies `python -m lab`: what a user sees of it, and that it ends when it should."""

import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.__main__ import main
from lab.addresses import free_block
from lab.clients import run_command, winrm_client

TESTS = Path(__file__).parents[2]
WAIT_SECONDS = 60


@pytest.fixture
def estate(tmp_path):
    first, second = free_block(2)
    file = tmp_path / "clinic.yml"
    file.write_text(
        "accounts: {ansible: Lab-Passw0rd!}\n"
        "hosts:\n"
        f"  - {{name: fs01, address: {first}, windows: healthy-2019-member}}\n"
        f"  - {{name: dc01, address: {second}, windows: healthy-2016-dc}}\n"
    )
    return file, (first, second)


@contextmanager
def serving(*arguments):
    command = [sys.executable, "-m", "lab", "serve", *map(str, arguments)]
    with subprocess.Popen(
        command, cwd=TESTS, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def test_the_lab_listens_answers_and_ends_cleanly(estate, tmp_path):
    file, (first, second) = estate
    ready = tmp_path / "ready"

    with serving("--estate", file, "--ready-file", ready) as process:
        lines = [process.stdout.readline().strip() for _ in range(2)]
        with winrm_client(f"http://{first}:5985/wsman") as client:
            out, error, code = run_command(client, "hostname")
        process.send_signal(signal.SIGTERM)
        rest, problems = process.communicate(timeout=WAIT_SECONDS)

    assert lines == [f"fs01 {first}:5985", f"dc01 {second}:5985"]
    assert (out, error.strip(), code) == (
        b"",
        b"lab: this command was not recorded: use --backend engine",
        1,
    )
    assert (process.returncode, rest, problems) == (0, "", "")
    assert not ready.exists()


def test_the_ready_file_names_the_authority(estate, tmp_path):
    file, (first, _) = estate
    ready = tmp_path / "ready"

    with serving("--estate", file, "--ready-file", ready, "--https") as process:
        _ = [process.stdout.readline() for _ in range(3)]
        text = ready.read_text().splitlines()
        authority = Path(text[2].removeprefix("authority "))
        assert authority.exists()
        process.send_signal(signal.SIGINT)
        process.wait(WAIT_SECONDS)

    assert text[0] == f"fs01 {first}:5985 :5986"
    assert process.returncode == 0


def test_the_lab_ends_with_its_parent(estate):
    file, _ = estate
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)

    with parent, serving("--estate", file, "--parent-pid", parent.pid) as process:
        process.stdout.readline()
        parent.communicate(b"\n")

        assert process.wait(WAIT_SECONDS) == 0


def test_a_wrong_estate_is_told_in_one_line(tmp_path, capsys):
    code = main(["serve", "--estate", str(tmp_path / "none.yml")])

    assert code == 2
    assert capsys.readouterr().err.startswith(f"lab: no estate file {tmp_path}/none.yml.")


def test_an_address_that_is_taken_is_told_in_one_line(estate, capsys):
    file, _ = estate
    with serving("--estate", file) as process:
        process.stdout.readline()

        code = main(["serve", "--estate", str(file)])

    assert code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_states_can_be_listed(capsys):
    assert main(["states"]) == 0

    assert "healthy-2022-member" in capsys.readouterr().out.splitlines()


def test_coverage_without_reports_is_an_error(tmp_path, capsys):
    assert main(["coverage", str(tmp_path)]) == 2

    assert "LAB_COVERAGE" in capsys.readouterr().err
