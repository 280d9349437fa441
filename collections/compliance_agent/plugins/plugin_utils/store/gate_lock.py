# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold a site, or all of them, until the transaction ends: what is decided is still true when done.

On SQLite a session that writes is the only one already. On PostgreSQL these are advisory locks.
"""

from hashlib import sha256

from sqlalchemy import text
from sqlalchemy.orm import Session

# Any number will do, as long as nothing else in the database takes an advisory lock by it.
_SITE_LOCKS, _GLOBAL_LOCK = 0x47415445, (0x47415446, 0)


def lock_site(session: Session, site_id: str) -> None:
    """Hold *site_id* against everybody who would claim, answer or switch there."""
    if _is_postgresql(session):
        kind, number = _GLOBAL_LOCK
        session.execute(text(f"SELECT pg_advisory_xact_lock_shared({kind}, {number})"))
        # Two sites of one number only wait for each other.
        number = int.from_bytes(sha256(site_id.encode()).digest()[:4], "big", signed=True)
        session.execute(text(f"SELECT pg_advisory_xact_lock({_SITE_LOCKS}, {number})"))


def lock_all_sites(session: Session) -> None:
    """Hold every site."""
    if _is_postgresql(session):
        kind, number = _GLOBAL_LOCK
        session.execute(text(f"SELECT pg_advisory_xact_lock({kind}, {number})"))


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
