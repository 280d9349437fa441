# SPDX-License-Identifier: GPL-3.0-or-later
"""Power may fail at any step of a commit: the log is what it was or what it becomes, and whole."""

import random
import shutil
import sys

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.ledger import archive
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.ledger.errors import (
    LogUnwritable,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.ledger.log import (
    SiteLog,
)
from unit.evidence.ledger.disks import CountingDisk, FailingDisk, ForgetfulDisk, FullDisk, PowerLost
from unit.evidence.ledger.places import KEY, ORIGIN, TRUSTED, a_log, files, is_whole, some_entries

# Sizes that the log has before, and the one that the interrupted commit grows it to.
GROWTHS = {
    "the-first-entries": ((), 3),
    "into-the-same-files": ((100, 150), 200),
    "a-tile-becomes-whole": ((100, 250), 300),
    "exactly-one-tile": ((250,), 256),
    "several-tiles": ((100, 250), 600),
}


def loses_nothing(_seed):
    return lambda: False


def loses_all_unsynced(_seed):
    return lambda: True


def loses_some(seed):
    chance = random.Random(seed)  # noqa: S311 - the same losses in each run of the test
    return lambda: chance.random() < 0.5


def redo(folder, new):
    """Append up to *new* what is not in the log yet, as a run after the crash does."""
    log = SiteLog(folder, ORIGIN, ForgetfulDisk())
    head = log.head(TRUSTED)
    old = head.head.size if head else 0
    log.commit(log.plan(some_entries(old, new)), [KEY])
    return old


@pytest.mark.parametrize("loses", [loses_nothing, loses_all_unsynced, loses_some])
@pytest.mark.parametrize(("sizes", "new"), GROWTHS.values(), ids=GROWTHS)
def test_a_commit_that_lost_power_is_done_again_to_the_same_bytes(tmp_path, sizes, new, loses):
    undisturbed = files(a_log(tmp_path / "undisturbed", *sizes, new).folder)
    before = sizes[-1] if sizes else 0
    a_log(tmp_path / "before", *sizes).folder.mkdir(exist_ok=True)
    seen = set()

    for last in range(sys.maxsize):
        folder = tmp_path / f"cut-{last}"
        shutil.copytree(tmp_path / "before", folder)
        log = SiteLog(folder, ORIGIN, FailingDisk(last, loses(last)))
        log.head(TRUSTED)
        growth = log.plan(some_entries(before, new))
        try:
            log.commit(growth, [KEY])
        except PowerLost:
            seen.add(redo(folder, new))
            assert files(folder) == undisturbed, f"power lost before operation {last}"
        else:
            break

    assert last > 10
    assert seen == {before, new}
    assert files(folder) == undisturbed


@pytest.mark.parametrize(("sizes", "new"), GROWTHS.values(), ids=GROWTHS)
def test_a_log_that_lost_power_takes_other_entries_as_well(tmp_path, sizes, new):
    before = sizes[-1] if sizes else 0
    a_log(tmp_path / "before", *sizes).folder.mkdir(exist_ok=True)

    for last in range(sys.maxsize):
        folder = tmp_path / f"cut-{last}"
        shutil.copytree(tmp_path / "before", folder)
        log = SiteLog(folder, ORIGIN, FailingDisk(last, lambda: False))
        log.head(TRUSTED)
        growth = log.plan(some_entries(before, new))
        try:
            log.commit(growth, [KEY])
        except PowerLost:
            after = SiteLog(folder, ORIGIN, ForgetfulDisk())
            after.head(TRUSTED)
            after.commit(after.plan([b"other", b"entries"]), [KEY])
            assert is_whole(after), f"power lost before operation {last}"
        else:
            break


def test_drafts_that_a_crash_left_are_gone_after_the_next_commit(tmp_path):
    log = a_log(tmp_path / "log", 7)
    draft = log.folder / ".writing" / "17"
    draft.write_bytes(b"half a tile")

    log.commit(log.plan([b"entry"]), [KEY])

    assert not draft.exists()


def test_a_folder_that_a_crash_left_empty_hides_no_kept_checkpoint(tmp_path):
    log = a_log(tmp_path / "log", 3, 7)
    (log.folder / "checkpoints/000/000/001").mkdir()
    (log.folder / "checkpoints/001").mkdir()

    assert archive.newest_archived(log.folder) == 7
    assert SiteLog(log.folder, ORIGIN).head(TRUSTED).head.size == 7


@pytest.mark.parametrize("room", range(4))
def test_a_full_disk_is_said_and_changes_nothing_that_was_signed(tmp_path, room):
    a_log(tmp_path / "log", 100)
    log = SiteLog(tmp_path / "log", ORIGIN, FullDisk(room))
    old = log.head(TRUSTED)

    with pytest.raises(LogUnwritable, match="No space left on device"):
        log.commit(log.plan(some_entries(100, 150)), [KEY])

    # The fourth file is the kept copy: by then the entries are in the log, and head says so.
    expected = 150 if room == 3 else 100
    head = SiteLog(tmp_path / "log", ORIGIN).head(TRUSTED)
    assert old.head.size == 100
    assert head.head.size == expected
    assert redo(tmp_path / "log", 150) == expected
    assert files(tmp_path / "log") == files(a_log(tmp_path / "undisturbed", 100, 150).folder)


def test_a_usual_run_syncs_eight_times(tmp_path):
    a_log(tmp_path / "log", 48)
    disk = CountingDisk()
    log = SiteLog(tmp_path / "log", ORIGIN, disk)
    log.head(TRUSTED)

    log.commit(log.plan(some_entries(48, 96)), [KEY])

    # Entries, tile, checkpoint and its copy, and the directory of each.
    assert disk.syncs == 8


def test_many_files_are_synced_in_groups(tmp_path):
    disk = CountingDisk()
    log = SiteLog(tmp_path / "log", ORIGIN, disk)
    log.head(TRUSTED)

    log.commit(log.plan([b"entry"] * 25_600), [KEY])

    # 201 files of entries and tiles, two checkpoints, and a few directories once each.
    assert 203 < disk.syncs < 220
    assert is_whole(log)
