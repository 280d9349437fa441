# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the planner: how often its model was asked, and whether it is left alone.

Losing them lets a model be asked again, and nothing else; a copy of the database keeps them.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from .columns import SORTED_TEXT, UtcTime
from .schema import Base


class PlannerCallsRow(Base):
    """Calls that one counter of a site has seen on *day*, which is empty for a whole incident."""

    __tablename__ = "planner_calls"
    __table_args__ = (CheckConstraint("calls >= 1", name="calls"),)

    site_id: Mapped[str] = mapped_column(SORTED_TEXT, primary_key=True)
    day: Mapped[str] = mapped_column(SORTED_TEXT, primary_key=True)
    counter: Mapped[str] = mapped_column(Text, primary_key=True)
    calls: Mapped[int] = mapped_column(Integer)


class PlannerBreakerRow(Base):
    """Calls of a site in a row without a usable answer; *opened_at* is when they were too many."""

    __tablename__ = "planner_breakers"
    __table_args__ = (CheckConstraint("failures >= 0", name="failures"),)

    site_id: Mapped[str] = mapped_column(SORTED_TEXT, primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    opened_at: Mapped[datetime | None] = mapped_column(UtcTime)


PLANNER_TABLES = (PlannerCallsRow, PlannerBreakerRow)
