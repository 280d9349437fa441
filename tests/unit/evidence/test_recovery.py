# SPDX-License-Identifier: GPL-3.0-or-later
"""A killed run becomes evidence that says it was killed; a living one is left alone."""

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.recorder import Hook
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.recovery import (
    needs_recovery,
    recover,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.site import (
    EvidenceDamaged,
)
from unit.evidence.runs import (
    CHECK_ALL,
    a_check,
    a_result,
    hear_scope,
    summary,
    verify_site,
)

HOLD = """
import sys
from pathlib import Path
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.journal import Journal
journal = Journal(Path(sys.argv[1]), lambda: 0.0)
print("open", flush=True)
sys.stdin.read()
"""


def interrupt_a_run(clinic):
    """Hear one host of two, and end without a word; return the journal."""
    recorder = clinic.recorder()
    hear_scope(recorder, "dc01", "fs01")
    recorder.hear(Hook.OK, "dc01", CHECK_ALL, a_result(a_check()))
    [journal] = clinic.directory.journals.glob("*.jsonl")
    return journal


def statements(clinic):
    files = sorted(clinic.directory.coverage.glob("*/*.json"))
    return [json.loads(file.read_bytes()) for file in files]


def test_what_a_killed_run_heard_is_sealed_as_interrupted(clinic):
    interrupt_a_run(clinic)

    recovery = recover(clinic.sealer())

    [sealed] = recovery.sealed
    assert summary(sealed.file) == [
        ("dc01", "firewall", "success", "ok"),
        ("fs01", "firewall", "failure", "interrupted"),
    ]
    [statement] = statements(clinic)
    assert (statement["status"], statement["obtained"]) == ("interrupted", 1)
    assert statement["missing"] == [
        {
            "host_id": "fs01",
            "check": "firewall",
            "reason_code": "interrupted",
            "error_code": None,
        }
    ]
    assert verify_site(clinic) == []
    assert not needs_recovery(clinic.directory)


def test_a_person_reads_what_was_recovered(clinic):
    interrupt_a_run(clinic)

    assert recover(clinic.sealer()).sentences() == [
        "Run run-1 was interrupted; sealed now: 1 of 2 checks have a verdict."
    ]


def test_a_torn_line_is_lost_and_counted(clinic):
    journal = interrupt_a_run(clinic)
    with journal.open("ab") as stream:
        stream.write(b'{"previous":"')

    recovery = recover(clinic.sealer())

    assert statements(clinic)[0]["journal"]["lost_bytes"] == 13
    assert recovery.sentences()[0].endswith("A torn line of 13 bytes was lost.")
    assert list(clinic.directory.journals.iterdir()) == []


def test_a_journal_that_somebody_changed_is_sealed_up_to_there_and_kept(clinic):
    journal = interrupt_a_run(clinic)
    lines = journal.read_bytes().splitlines(keepends=True)
    forged = lines[2].replace(b'"status":"PASS"', b'"status":"FAIL"')
    journal.write_bytes(b"".join([*lines[:2], forged, b'{"previous":"?"}\n']))

    recover(clinic.sealer())

    [statement] = statements(clinic)
    assert statement["journal"]["damaged_at_line"] == 4
    assert [file.name for file in clinic.directory.journals.iterdir()] == ["run-1.damaged"]
    assert verify_site(clinic) == []


def test_a_run_that_heard_of_no_host_is_set_aside(clinic):
    clinic.recorder()
    clinic.directory.journal("run-9").write_bytes(b'{"previous":"')

    recovery = recover(clinic.sealer())

    assert recovery.set_aside == ("run-9",)
    assert [file.name for file in clinic.directory.journals.iterdir()] == ["run-9.damaged"]
    assert statements(clinic) == []


def test_a_run_that_is_going_on_is_left_alone(clinic):
    clinic.key()
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(clinic.directory.journal("run-7"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        assert process.stdout.readline() == b"open\n"

        recovery = recover(clinic.sealer())

        assert recovery.running == ("run-7",)
        assert recovery.sentences() == ["Run run-7 is still running; left alone."]
        assert clinic.directory.journal("run-7").exists()
    finally:
        process.communicate(b"", timeout=30)


def test_two_killed_runs_are_sealed_in_the_order_of_their_names(clinic):
    interrupt_a_run(clinic)
    recorder = clinic.recorder()
    hear_scope(recorder, "fs01")

    recover(clinic.sealer())

    assert [item["run_id"] for item in statements(clinic)] == ["run-1", "run-2"]
    assert [item["log"]["first_index"] for item in statements(clinic)] == [0, 3]
    assert verify_site(clinic) == []


def test_a_clock_that_was_set_back_is_stated(clinic):
    clinic.run(dc01="PASS")
    clinic.now -= timedelta(days=1, seconds=7)

    clinic.run(dc01="PASS")

    by_run = {item["run_id"]: item["clock_set_back_seconds"] for item in statements(clinic)}
    assert by_run == {"run-1": 0, "run-2": 86_407}
    assert verify_site(clinic) == []


def test_a_clock_that_counts_fractions_is_read_to_the_second(clinic):
    clinic.now += timedelta(seconds=5, microseconds=100_000)
    clinic.run(dc01="PASS")
    clinic.now -= timedelta(microseconds=400_000)

    clinic.run(dc01="PASS")

    assert [item["clock_set_back_seconds"] for item in statements(clinic)] == [0, 1]
    assert verify_site(clinic) == []


def test_a_clock_of_another_zone_gives_the_day_in_utc(clinic):
    clinic.now = datetime(2026, 3, 29, 0, 30, tzinfo=timezone(timedelta(hours=2)))

    file = clinic.run(dc01="PASS")

    assert file.parent.name == "2026-03-28"
    assert verify_site(clinic) == []


GONE = [
    pytest.param("bundles/*/run-2.jsonl", id="bundles"),
    pytest.param("coverage/*/run-2.json", id="statement"),
]


@pytest.mark.parametrize("pattern", GONE)
def test_nothing_is_built_on_evidence_that_lost_its_end(clinic, pattern):
    clinic.run(dc01="PASS")
    clinic.run(dc01="PASS")
    [file] = clinic.directory.path.glob(pattern)
    file.unlink()

    with pytest.raises(EvidenceDamaged, match="is gone"):
        clinic.run(dc01="PASS")

    assert clinic.directory.journal("run-3").exists()


def test_nothing_is_built_on_a_statement_that_was_changed(clinic):
    clinic.run(dc01="PASS")
    [file] = clinic.directory.coverage.glob("*/*.json")
    file.write_bytes(file.read_bytes().replace(b'"obtained":1', b'"obtained":0'))

    with pytest.raises(EvidenceDamaged, match="not what was entered in the log"):
        clinic.run(dc01="PASS")
