# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that reads the time; everything else takes ``now`` or a clock as a parameter."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return this instant, aware, in UTC, to the second: the precision of all our documents."""
    return datetime.now(UTC).replace(microsecond=0)


def to_text(instant: datetime) -> str:
    """Return *instant* as ``2026-03-02T12:00:00Z``.

    Raises ValueError for a naive time: nobody knows which instant it means.
    """
    if instant.tzinfo is None:
        raise ValueError(f"a time without a zone: {instant.isoformat()}")
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
