# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge the dumps of databases that the site names. Pure."""

from datetime import datetime

from ..facts.backup import BackupFacts, BackupPolicy
from .backup_age import note_future
from .backup_disks import SYSTEM_DRIVE, disks_below, disks_by_path, is_local
from .judgement import Judgement, age_hours


def judge_dumps(
    judgement: Judgement, facts: BackupFacts, policy: BackupPolicy, now: datetime
) -> None:
    """Fail a folder whose newest dump is missing, too old or too small."""
    seen = {(item.path, item.pattern): item for item in facts.dumps.value or ()}
    for wanted in policy.dump_files:
        dump = seen.get((wanted.path, wanted.pattern))
        scope = f"{wanted.path}\\{wanted.pattern}"
        if dump is None:
            judgement.unread(scope, facts.dumps)
        elif dump.newest_at is None or dump.bytes is None:
            judgement.fail("dump_missing", scope, observed="none", expected="one")
        else:
            age = age_hours(now, dump.newest_at)
            note_future(judgement, {scope: dump.newest_at}, now)
            if age > wanted.max_age_hours:
                judgement.fail("dump_too_old", scope, observed=age, expected=wanted.max_age_hours)
            if dump.bytes < wanted.min_bytes:
                judgement.fail(
                    "dump_too_small", scope, observed=dump.bytes, expected=wanted.min_bytes
                )


def judge_only_dumps(judgement: Judgement, facts: BackupFacts, policy: BackupPolicy) -> None:
    """Judge where dumps lie that nothing copies: on the disk of Windows they die with the host."""
    paths = [item.path for item in policy.dump_files if is_local(item.path)]
    rows = facts.disks.value
    if not paths:
        return
    if rows is None:
        judgement.unread_minor("disks", facts.disks)
        return
    disks = disks_by_path(rows)
    system = disks_below(SYSTEM_DRIVE, disks)
    # Where there are more disks, what was dumped may lie on another one.
    is_proven = len(set().union(*disks.values())) == 1
    note = judgement.fail if is_proven and policy.same_disk_target == "fail" else judgement.warn
    for path in paths:
        for disk in sorted(system & disks_below(path, disks)):
            note("same_disk_target", path, observed=f"disk {disk}", expected="another disk")
    if not all(disks_below(path, disks) for path in (SYSTEM_DRIVE, *paths)):
        # Not listed, or cut off a long list.
        judgement.warn("probe_error", "disks", observed="not listed", expected="ok")
