# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run heard is on disk at once and in one chain; a write that failed is never forgotten."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import journal
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.journal import (
    EntryUnwritable,
    Journal,
    JournalFailed,
    Reading,
    is_running,
    read_journal,
    set_aside,
)

WRITE_AND_WAIT = """
import sys, time
from pathlib import Path
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.journal import Journal
journal = Journal(Path(sys.argv[1]), time.monotonic)
for number in range(500):
    journal.append({"number": number, "text": "x" * 2000})
print("written", flush=True)
sys.stdin.read()
"""


def start(program, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def read(file):
    reading = Reading()
    return [entry for _offset, entry in read_journal(file, reading)], reading


def write(file, *entries):
    journal = Journal(file, lambda: 0.0)
    for entry in entries:
        journal.append(entry)
    journal.close()


def test_a_killed_run_loses_no_line_that_was_written(tmp_path):
    process = start(WRITE_AND_WAIT, str(tmp_path / "run.jsonl"))
    assert process.stdout.readline() == b"written\n"

    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)

    entries, reading = read(tmp_path / "run.jsonl")
    assert [entry["number"] for entry in entries] == list(range(500))
    assert (reading.lines, reading.lost_bytes, reading.damaged_at_line) == (500, 0, None)


def test_a_journal_is_running_until_its_writer_dies(tmp_path):
    process = start(WRITE_AND_WAIT, str(tmp_path / "run.jsonl"))
    assert process.stdout.readline() == b"written\n"
    while_alive = is_running(tmp_path / "run.jsonl")

    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)

    assert (while_alive, is_running(tmp_path / "run.jsonl")) == (True, False)


def test_the_workers_of_a_dead_run_do_not_keep_its_journal(tmp_path):
    forked = WRITE_AND_WAIT.replace(
        'print("written"',
        "import os\nif os.fork() == 0:\n    time.sleep(600)\nprint('written'",
    )
    process = start(forked, str(tmp_path / "run.jsonl"))
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    assert process.stdout.readline() == b"written\n"
    worker = int(children.read_text())

    try:
        process.kill()
        process.wait(timeout=30)

        assert not is_running(tmp_path / "run.jsonl")
    finally:
        os.kill(worker, signal.SIGKILL)
        process.communicate(timeout=30)


def test_what_a_kill_cut_off_is_left_out_and_counted(tmp_path):
    file = tmp_path / "run.jsonl"
    write(file, {"a": 1}, {"a": 2})
    with file.open("ab") as stream:
        stream.write(b'{"previous":"')

    entries, reading = read(file)

    assert entries == [{"a": 1}, {"a": 2}]
    assert (reading.lines, reading.lost_bytes, reading.damaged_at_line) == (2, 13, None)


def test_every_byte_of_a_journal_is_chained(tmp_path):
    file = tmp_path / "run.jsonl"
    write(file, {"a": 1}, {"a": 2}, {"a": 3})
    whole = file.read_bytes()
    first, second, _third = whole.splitlines(keepends=True)
    untouched = len(first) + len(second)

    for place in range(untouched):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])

        entries, reading = read(file)

        assert len(entries) < 3
        assert reading.damaged_at_line in {1, 2, 3} or reading.lost_bytes


CUT = [
    pytest.param((1, 2), 1, id="first-line-gone"),
    pytest.param((0, 2), 2, id="middle-line-gone"),
    pytest.param((0, 2, 1), 2, id="lines-swapped"),
    pytest.param((0, 0, 1, 2), 2, id="line-doubled"),
]


@pytest.mark.parametrize(("order", "damaged"), CUT)
def test_a_line_that_is_gone_or_moved_breaks_the_chain_there(tmp_path, order, damaged):
    file = tmp_path / "run.jsonl"
    write(file, {"a": 1}, {"a": 2}, {"a": 3})
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[place] for place in order))

    entries, reading = read(file)

    assert reading.damaged_at_line == damaged
    assert len(entries) == damaged - 1


@pytest.mark.parametrize(
    "line",
    [b"[]\n", b"{\n", b"\xff\n", b"[" * 200_000 + b"\n"],
    ids=["list", "torn", "not-utf-8", "deep"],
)
def test_a_line_that_is_no_entry_is_damage(tmp_path, line):
    file = tmp_path / "run.jsonl"
    write(file, {"a": 1})
    with file.open("ab") as stream:
        stream.write(line)

    assert read(file)[1].damaged_at_line == 2


def test_what_cannot_be_sealed_is_kept_beside(tmp_path):
    write(tmp_path / "run-1.jsonl", {"a": 1})

    kept = set_aside(tmp_path / "run-1.jsonl")

    assert kept == tmp_path / "run-1.damaged"
    assert [file.name for file in tmp_path.iterdir()] == ["run-1.damaged"]


def test_only_its_owner_reads_a_journal(tmp_path):
    Journal(tmp_path / "run.jsonl", lambda: 0.0)

    assert (tmp_path / "run.jsonl").stat().st_mode & 0o7777 == 0o600


def test_a_journal_that_exists_is_not_continued(tmp_path):
    Journal(tmp_path / "run.jsonl", lambda: 0.0)

    with pytest.raises(JournalFailed, match="File exists"):
        Journal(tmp_path / "run.jsonl", lambda: 0.0)


@pytest.mark.parametrize(
    "entry", [{"x": object()}, {"x": "\ud800"}, {"x": b"y"}], ids=["object", "surrogate", "bytes"]
)
def test_an_entry_that_is_not_json_leaves_no_trace(tmp_path, entry):
    file = tmp_path / "run.jsonl"

    with pytest.raises(EntryUnwritable):
        Journal(file, lambda: 0.0).append(entry)

    assert file.read_bytes() == b""


def test_lines_are_made_durable_once_a_second_and_not_for_each(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(journal.os, "fsync", synced.append)
    now = [0.0]
    kept = Journal(tmp_path / "run.jsonl", lambda: now[0])

    for now[0] in (0.1, 0.5, 0.9, 1.0, 1.1, 1.9, 2.0):
        kept.append({"at": now[0]})

    assert len(synced) == 2


def test_a_full_disk_is_an_error(tmp_path):
    full = tmp_path / "run.jsonl"
    program = (
        "import resource, sys, time\n"
        "from pathlib import Path\n"
        f"from {journal.__name__} import Journal\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "kept = Journal(Path(sys.argv[1]), time.monotonic)\n"
        "for _ in range(10):\n"
        "    kept.append({'text': 'x' * 1000})\n"
    )

    _, errors = start(program, str(full)).communicate(timeout=30)

    assert b"JournalFailed" in errors
    assert b"could not be written; got 'File too large'" in errors


def test_a_forked_worker_cannot_write_the_journal(tmp_path, monkeypatch):
    kept = Journal(tmp_path / "run.jsonl", lambda: 0.0)
    monkeypatch.setattr(journal.os, "getpid", lambda: 1)

    with pytest.raises(JournalFailed, match="a worker tried to write"):
        kept.append({})
