# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that reads the time; everything else takes ``now`` or a clock as a parameter."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return this instant, aware, in UTC, to the second: the precision of all our documents."""
    return datetime.now(UTC).replace(microsecond=0)
