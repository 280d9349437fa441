# SPDX-License-Identifier: GPL-3.0-or-later
"""One writer per site at a time, and a dead one never blocks the next."""

import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.site_lock import (
    SiteLocked,
    hold_lock,
    read_holder,
    wait_until_free,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 3, 2, 12, 1, 30, tzinfo=UTC)
HOLD = """
import sys
from pathlib import Path
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.site_lock import (
    hold_lock,
)
with hold_lock(Path(sys.argv[1]), "sealing run-1"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.communicate(timeout=30)


def test_the_lock_says_who_holds_it_and_for_what(tmp_path):
    with hold_lock(tmp_path / "lock", "sealing run-1", clock=lambda: NOON):
        found = read_holder(tmp_path / "lock")

    assert (found.pid, found.purpose, found.since) == (
        os.getpid(),
        "sealing run-1",
        "2026-03-02T12:00:00Z",
    )


def test_who_waits_too_long_is_told_whom_for(tmp_path, holder):
    waits = []

    with (
        pytest.raises(SiteLocked, match=rf"sealing run-1 by process {holder.pid} on .* since "),
        hold_lock(tmp_path / "lock", "another", wait_seconds=0.2, pause=waits.append),
    ):
        pass

    assert sum(waits) == pytest.approx(0.2)


def test_the_age_of_the_lock_is_told(tmp_path):
    with hold_lock(tmp_path / "lock", "rotating keys", clock=lambda: NOON):
        found = read_holder(tmp_path / "lock")

    assert found.describe(LATER).endswith("since 2026-03-02T12:00:00Z (90 s)")


def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path, holder):
    holder.kill()
    holder.wait(timeout=30)

    with hold_lock(tmp_path / "lock", "the next", wait_seconds=0):
        assert read_holder(tmp_path / "lock").purpose == "the next"


def test_who_waits_gets_the_lock_when_it_is_free(tmp_path, holder):
    def pause(_seconds):
        holder.kill()
        holder.wait(timeout=30)

    with hold_lock(tmp_path / "lock", "the next", wait_seconds=60, pause=pause):
        assert read_holder(tmp_path / "lock").pid == os.getpid()


def test_a_released_lock_names_nobody(tmp_path):
    with hold_lock(tmp_path / "lock", "sealing run-1"):
        pass

    assert read_holder(tmp_path / "lock") is None


@pytest.mark.usefixtures("holder")
@pytest.mark.parametrize(
    "note",
    [
        "?",
        "[]",
        '{"pid": 1, "host": "fs01", "purpose": "sealing", "since": "yesterday"}',
        '{"pid": 1, "host": "fs01", "purpose": "sealing", "since": 7}',
        '{"pid": 1, "host": "fs01", "purpose": "sealing", "since": "2026-03-02T12:00:00"}',
        '{"pid": {}, "host": "fs01", "purpose": "sealing", "since": "2026-03-02T12:00:00Z"}',
    ],
)
def test_a_note_that_cannot_be_read_does_not_hide_that_the_lock_is_held(tmp_path, note):
    (tmp_path / "lock").write_text(note)

    with (
        pytest.raises(SiteLocked, match="somebody who left no note"),
        hold_lock(tmp_path / "lock", "another", wait_seconds=0),
    ):
        pass


def test_a_reader_waits_until_the_lock_is_free_and_does_not_take_it(tmp_path, holder):
    waits = []

    def pause(seconds: float) -> None:
        waits.append(seconds)
        holder.kill()
        holder.wait(timeout=30)

    waited = wait_until_free(tmp_path / "lock", pause=pause)

    assert (waited, len(waits)) == (True, 1)
    assert wait_until_free(tmp_path / "lock") is False


def test_a_reader_stops_waiting_in_the_end(tmp_path, holder):
    waits = []

    assert wait_until_free(tmp_path / "lock", 0.2, waits.append) is True
    assert 4 <= len(waits) <= 5
    assert holder.poll() is None


def test_a_reader_of_a_site_that_was_never_locked_does_not_wait(tmp_path):
    assert wait_until_free(tmp_path / "lock") is False
    assert not (tmp_path / "lock").exists()
