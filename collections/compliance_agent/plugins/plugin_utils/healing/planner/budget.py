# SPDX-License-Identifier: GPL-3.0-or-later
"""Say how often a model may be asked, and when not at all for a while. Pure, but for its fake.

The product works without a model, so a call that is not allowed costs nothing but a person's look.
Counters and breakers are values; who keeps them must claim all counters of a call at once or none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Protocol

from .case import Case


@dataclass(frozen=True, slots=True)
class Limits:
    """How many calls a day (UTC) each may cause.

    Our choice, not a measurement: a site of some hundred hosts does not reach them with faults of
    its own, and a loop does within minutes. A pattern is one set of findings of one check.
    """

    calls_per_site: int = 500
    calls_per_host: int = 20
    calls_per_pattern: int = 10
    failures_to_open: int = 5
    open_for: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Quota:
    """One counter of a site, and how high it may count: on *day*, or with None for all time."""

    site_id: str
    counter: str
    limit: int
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Breaker:
    """Calls without a usable answer in a row; *opened_at* is when they were too many."""

    failures: int = 0
    opened_at: datetime | None = None


class BudgetStore(Protocol):
    """Where counters and breakers are kept between runs and between controllers."""

    def claim(self, quotas: Sequence[Quota]) -> Quota | None:
        """Count one call against all of *quotas*, or against none if one is exhausted: return it.

        Atomic: of two callers that want the last call, one gets it.
        """

    def breaker(self, site_id: str) -> Breaker:
        """Return the breaker of *site_id*; a new one if nothing is known of it."""

    def keep_breaker(self, site_id: str, breaker: Breaker) -> None:
        """Keep *breaker* for *site_id*. The last writer wins: a lost count delays an opening."""


def quotas_of(case: Case, limits: Limits, now: datetime) -> tuple[Quota, ...]:
    """Return what one call about *case* counts against. The same incident is never asked twice."""
    site, day = case.incident.site_id, now.astimezone(UTC).date()
    return (
        Quota(site, f"incident {case.incident.incident_id}", 1),
        Quota(site, f"host {case.incident.host_id}", limits.calls_per_host, day),
        Quota(site, f"pattern {pattern_of(case)}", limits.calls_per_pattern, day),
        Quota(site, "site", limits.calls_per_site, day),
    )


def pattern_of(case: Case) -> str:
    """Return the name of what is wrong, the same on every host: check and codes, in 16 hex."""
    codes = sorted({item.code for item in case.open_findings})
    text = "|".join([case.incident.check_type.value, *codes])
    return sha256(text.encode()).hexdigest()[:16]


def is_open(breaker: Breaker, limits: Limits, now: datetime) -> bool:
    """Return whether the endpoint is left alone. After that time one call may try it."""
    return breaker.opened_at is not None and now < breaker.opened_at + limits.open_for


def after_failure(breaker: Breaker, limits: Limits, now: datetime) -> Breaker:
    """Return the breaker after a call without a usable answer; a failed trial opens it again."""
    failures = breaker.failures + 1
    opens = failures >= limits.failures_to_open
    return replace(breaker, failures=failures, opened_at=now if opens else None)


def after_answer() -> Breaker:
    """Return the breaker after an answer that kept the rules, whatever it said."""
    return Breaker()


_Counter = tuple[str, str, date | None]


def _counter(quota: Quota) -> _Counter:
    return quota.site_id, quota.counter, quota.day


class MemoryBudget:
    """A store for one process: tests, and a run that keeps nothing."""

    def __init__(self) -> None:
        self._counted: dict[_Counter, int] = {}
        self._breakers: dict[str, Breaker] = {}

    def claim(self, quotas: Sequence[Quota]) -> Quota | None:
        """See `BudgetStore.claim`."""
        for quota in quotas:
            if self._counted.get(_counter(quota), 0) >= quota.limit:
                return quota
        for quota in quotas:
            self._counted[_counter(quota)] = self._counted.get(_counter(quota), 0) + 1
        return None

    def breaker(self, site_id: str) -> Breaker:
        """See `BudgetStore.breaker`."""
        return self._breakers.get(site_id, Breaker())

    def keep_breaker(self, site_id: str, breaker: Breaker) -> None:
        """See `BudgetStore.keep_breaker`."""
        self._breakers[site_id] = breaker
