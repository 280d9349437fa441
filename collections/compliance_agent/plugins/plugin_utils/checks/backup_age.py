# SPDX-License-Identifier: GPL-3.0-or-later
"""Age of a backup, with or without the days on which nobody makes one. Pure."""

from datetime import UTC, datetime, time, timedelta

from ..facts.backup import BackupPolicy
from .judgement import age_hours

SATURDAY = 5


def backup_age_hours(now: datetime, then: datetime, policy: BackupPolicy) -> int:
    """Return the hours from *then* to *now*, rounded up; without weekends where policy says so."""
    if not policy.business_days_aware:
        return age_hours(now, then)
    return age_hours(now - _weekend_between(then, now), then)


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
