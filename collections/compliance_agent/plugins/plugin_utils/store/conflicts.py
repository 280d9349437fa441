# SPDX-License-Identifier: GPL-3.0-or-later
"""INSERT with ON CONFLICT, which both engines have and SQLAlchemy offers for each by itself."""

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from .schema import Base


def insert_on_conflict(session: Session, table: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that can be told what to do about a row that is there already."""
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)
