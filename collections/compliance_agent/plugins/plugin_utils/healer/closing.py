# SPDX-License-Identifier: GPL-3.0-or-later
"""End a run: hosts that did not answer are noted, and repairs that nobody saw to their end.

The callback calls it when everything else is over; see `watching`.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from ..clock import Clock
from ..errors import TargetUnreachable
from ..evidence.repairs import AttemptRecord, pack_record
from ..evidence.runstate import RunState
from ..healing.sightings import IncidentKey, Sight, Verdict
from ..models import CheckId, Outcome
from ..phi.scrubber import Scrubber
from ..store.run_identity import identify_run
from .acting import Acting
from .healer import Healer, HealerSettings, default_database_url, open_healer

NOT_SEEN_TO_END = "host_lost"


def left_by_run(
    state: RunState,
    opened: Mapping[str, str],
    lost: tuple[Iterable[str], Iterable[str]],
    clock: Clock,
) -> list[dict[str, str]]:
    """Close the run of *state*, and return what it left undone, packed for its evidence.

    *opened* names site and rules, *lost* the hosts that were unreachable and those cut off.
    Raises ComplianceError for a memory or rules that cannot be used any more.
    """
    settings = HealerSettings(
        site_id=opened["site_id"],
        rules_dir=Path(opened["rules_dir"]),
        database_url=default_database_url(Path(state.evidence_dir)),
        run=identify_run(state.run_id, os.getpid()),
    )
    scrubber = state.shared.scrubber or Scrubber(os.urandom(32), today=clock().date())
    healer = open_healer(settings, scrubber)
    try:
        left = close_run(healer, *lost, clock)
    finally:
        healer.close()
    return [
        {"host": about.host_id, **pack_record(about.check_type, record, state.carrier_key)}
        for about, record in left
    ]


def close_run(
    healer: Healer, unreachable: Iterable[str], cut_off: Iterable[str], clock: Clock
) -> list[tuple[IncidentKey, AttemptRecord]]:
    """Note *unreachable* hosts (E004), and return what the evidence keeps of unended repairs.

    Those stay as they are: the next run looks at the host afresh and takes back what does not hold.
    A host that was *cut_off* by its repair counts as unreachable if that repair has not ended.
    """
    now = clock()
    unended = [
        attempt
        for attempt in healer.attempts.unfinished(healer.site_id)
        if attempt.run_id == healer.run.run_id
    ]
    lost = {attempt.key.host_id for attempt in unended} & {*cut_off}
    healer.incidents.record(_unread(healer, sorted({*unreachable, *lost}), now))
    return [
        (attempt.key, _unended(Acting(healer, clock), attempt.attempt_id)) for attempt in unended
    ]


def _unread(healer: Healer, hosts: Iterable[str], now: datetime) -> list[Verdict]:
    sight = Sight(healer.run.run_id, now)
    return [
        Verdict.unread(IncidentKey(healer.site_id, host, check), sight, TargetUnreachable.code)
        for host in hosts
        for check in CheckId
    ]


def _unended(acting: Acting, attempt_id: str) -> AttemptRecord:
    attempt = acting.healer.attempts.get(attempt_id)
    record = acting.record(replace(attempt, outcome=Outcome.FAILURE), {}, None)
    return record.model_copy(update={"reason": NOT_SEEN_TO_END})
