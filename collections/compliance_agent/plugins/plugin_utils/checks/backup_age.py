# SPDX-License-Identifier: GPL-3.0-or-later
"""Age of a backup, with or without the days on which nobody makes one. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta

from ..facts.backup import BackupPolicy
from ..instants import to_text
from .judgement import Judgement, age_hours, is_in_future

SATURDAY = 5


def backup_age_hours(now: datetime, then: datetime, policy: BackupPolicy) -> int:
    """Return the hours from *then* to *now*, rounded up; without weekends where policy says so."""
    if not policy.business_days_aware:
        return age_hours(now, then)
    return age_hours(now - _weekend_between(then, now), then)


def note_future(judgement: Judgement, successes: Mapping[str, datetime], now: datetime) -> None:
    """Note a success that is still to come: its age would be 0 until that day."""
    for name, instant in successes.items():
        if is_in_future(now, instant):
            observed = to_text(instant)
            judgement.error("conflicting_evidence", name, observed=observed, expected="past")


def _weekend_between(start: datetime, end: datetime) -> timedelta:
    """Return how much of the time between two instants is a Saturday or a Sunday in UTC."""
    weekend = timedelta()
    midnight = datetime.combine(start.astimezone(UTC).date(), time(), tzinfo=UTC)
    while midnight < end:
        following = midnight + timedelta(days=1)
        if midnight.weekday() >= SATURDAY:
            weekend += min(end, following) - max(start, midnight)
        midnight = following
    return weekend
