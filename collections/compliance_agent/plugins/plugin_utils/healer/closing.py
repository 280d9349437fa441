# SPDX-License-Identifier: GPL-3.0-or-later
"""End a run: hosts that did not answer are noted, and repairs that nobody saw to their end."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from ..clock import Clock
from ..errors import TargetUnreachable
from ..evidence.repairs import AttemptRecord
from ..healing.sightings import IncidentKey, Sight, Verdict
from ..models import CheckId, Outcome
from .acting import Acting
from .healer import Healer

NOT_SEEN_TO_END = "host_lost"


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
