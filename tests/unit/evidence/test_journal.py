# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run heard is on disk at once, and a write that failed is never forgotten."""

import json
import os
import signal
import subprocess
import sys

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import journal
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.journal import (
    EntryUnwritable,
    Journal,
    JournalFailed,
    read_journal,
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


def test_a_killed_run_loses_no_line_that_was_written(tmp_path):
    process = start(WRITE_AND_WAIT, str(tmp_path / "run.jsonl"))
    assert process.stdout.readline() == b"written\n"

    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)

    lines = [json.loads(line) for _, line in read_journal(tmp_path / "run.jsonl")]
    assert [line["number"] for line in lines] == list(range(500))


def test_a_line_that_was_cut_off_is_left_out(tmp_path):
    file = tmp_path / "run.jsonl"
    file.write_bytes(b'{"a":1}\n{"a":2}\n{"a":')

    assert list(read_journal(file)) == [(0, b'{"a":1}\n'), (8, b'{"a":2}\n')]


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
