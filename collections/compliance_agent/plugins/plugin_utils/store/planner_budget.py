# SPDX-License-Identifier: GPL-3.0-or-later
"""How often the planner's model was asked, kept for all runs and all controllers of a site.

`healing.planner.budget.BudgetStore` says what is promised. A counter is raised and compared in one
statement, so two that want the last call cannot both get it; and one counter that is exhausted
takes back what was counted beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ..healing.planner.budget import Breaker, Quota
from .conflicts import insert_on_conflict
from .database import Database
from .planner_tables import PlannerBreakerRow, PlannerCallsRow

# Counters of past days say nothing to anybody; a month lets an operator look back.
KEPT = timedelta(days=31)


class _ExhaustedError(Exception):
    """A quota is used up: the way out of the transaction, which is taken back as a whole."""

    def __init__(self, quota: Quota) -> None:
        self.quota = quota
        super().__init__(quota.counter)


@dataclass(frozen=True, slots=True)
class DatabaseBudget:
    """The counters and breakers of a database. All methods raise DatabaseUnusable."""

    database: Database

    def claim(self, quotas: Sequence[Quota]) -> Quota | None:
        """See `BudgetStore.claim`."""
        # In one order for everybody: two that wait for each other's rows would wait for ever.
        ordered = sorted(quotas, key=_key)
        try:
            with self.database.writing() as session:
                for quota in ordered:
                    _count(session, quota)
                _forget_old_days(session, quotas)
        except _ExhaustedError as stop:
            return stop.quota
        return None

    def breaker(self, site_id: str) -> Breaker:
        """See `BudgetStore.breaker`."""
        with self.database.reading() as session:
            row = session.get(PlannerBreakerRow, site_id)
            return Breaker(row.failures, row.opened_at) if row is not None else Breaker()

    def keep_breaker(self, site_id: str, breaker: Breaker) -> None:
        """See `BudgetStore.keep_breaker`."""
        values = {"failures": breaker.failures, "opened_at": breaker.opened_at}
        with self.database.writing() as session:
            row = insert_on_conflict(session, PlannerBreakerRow).values(site_id=site_id, **values)
            session.execute(row.on_conflict_do_update(index_elements=["site_id"], set_=values))


def _count(session: Session, quota: Quota) -> None:
    """Count one call against *quota*; raises _ExhaustedError if there is none left."""
    if quota.limit < 1:
        raise _ExhaustedError(quota)
    site_id, day, counter = _key(quota)
    calls = PlannerCallsRow.calls
    row = insert_on_conflict(session, PlannerCallsRow).values(
        site_id=site_id, day=day, counter=counter, calls=1
    )
    counted = row.on_conflict_do_update(
        index_elements=["site_id", "day", "counter"],
        set_={"calls": calls + 1},
        where=calls < quota.limit,
    ).returning(calls)
    if session.scalar(counted) is None:
        raise _ExhaustedError(quota)


def _forget_old_days(session: Session, quotas: Sequence[Quota]) -> None:
    days = [quota.day for quota in quotas if quota.day is not None]
    if not days:
        return
    sites = {quota.site_id for quota in quotas}
    oldest: date = max(days) - KEPT
    old = (PlannerCallsRow.day != "") & (PlannerCallsRow.day < oldest.isoformat())
    session.execute(delete(PlannerCallsRow).where(PlannerCallsRow.site_id.in_(sites), old))


def _key(quota: Quota) -> tuple[str, str, str]:
    return quota.site_id, quota.day.isoformat() if quota.day is not None else "", quota.counter
