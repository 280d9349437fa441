# SPDX-License-Identifier: GPL-3.0-or-later
"""How an instant is written: one form in facts, bundles, events and logs. Pure."""

from datetime import UTC, datetime


def to_text(instant: datetime) -> str:
    """Return *instant* as ``2026-03-02T12:00:00Z``.

    Raises ValueError for a naive time: nobody knows which instant it means.
    """
    if instant.tzinfo is None:
        raise ValueError(f"a time without a zone: {instant.isoformat()}")
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
