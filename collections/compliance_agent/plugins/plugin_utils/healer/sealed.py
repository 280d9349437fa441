# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell the memory of the healer which bundles prove what it did, once they are sealed."""

from collections.abc import Iterable
from datetime import datetime

from ..evidence.repairs import AttemptRecord
from ..store.attempt_history import AttemptHistory
from ..store.migrating import open_database


def note_sealed(url: str, healed: Iterable[tuple[AttemptRecord, str]], now: datetime) -> int:
    """Note the bundle of each repair, and of each claim that a bundle takes back.

    Returns how many there were. Raises DatabaseUnusable, and RecordUnknown for a repair that this
    database does not know. To say the same again changes nothing.
    """
    database = open_database(url)
    history, noted = AttemptHistory(database), 0
    try:
        for record, bundle_id in healed:
            if record.replaces_bundle_id is not None:
                history.amended(record.attempt_id, bundle_id)
            elif record.steps:
                history.sealed(record.attempt_id, bundle_id, now)
            else:
                continue  # it was only decided: no attempt was made
            noted += 1
    finally:
        database.close()
    return noted
