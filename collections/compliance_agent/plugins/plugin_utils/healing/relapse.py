# SPDX-License-Identifier: GPL-3.0-or-later
"""When a repair that "worked" did not: relapse, flapping, chronic faults, reverted settings. Pure.

A key is site, host, check and runbook: a history is always that of one check of one host, and every
count is made anew from the attempts that are kept, so that it survives a restart.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Self

import rfc8785
from pydantic import Field, JsonValue, ValidationError, model_validator

from ..errors import PolicyInvalid
from ..models import CheckStatus, Outcome, ResolutionLevel
from ..policy import PolicyModel, PositiveInt, read_yaml

FILE = "healing_relapse.yml"
# A suppression with this in place of a runbook is for every automatic repair of the pair.
EVERY_RUNBOOK = "*"
# Nothing was tried on the host: neither a failure of the repair nor a success.
UNTRIED = frozenset({"unreachable", "run_ended", "gate_closed"})


class RelapsePolicy(PolicyModel):
    """``rules/healing_relapse.yml``: spans in minutes, and counts that can be reached in them."""

    soak_minutes: PositiveInt
    gpo_recheck_minutes: PositiveInt
    cooldown_minutes: PositiveInt
    flap_count: Annotated[int, Field(ge=2)]
    flap_window_minutes: PositiveInt
    chronic_count: Annotated[int, Field(ge=2)]
    chronic_window_minutes: PositiveInt
    exhausted_count: Annotated[int, Field(ge=2)]
    exhausted_window_minutes: PositiveInt
    ineffective_count: Annotated[int, Field(ge=1)]
    resumptions_max: PositiveInt
    unreachable_backoff_minutes: Annotated[tuple[PositiveInt, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _is_reachable(self) -> Self:
        for name, count, window in self._thresholds():
            most = window // self.cooldown_minutes
            if count > most:
                raise ValueError(
                    f"{name}_count {count} can never be reached: {name}_window_minutes {window} / "
                    f"cooldown_minutes {self.cooldown_minutes} = {most} repairs"
                )
        if self.soak_minutes < self.gpo_recheck_minutes:
            raise ValueError(
                f"soak_minutes {self.soak_minutes} ends before gpo_recheck_minutes "
                f"{self.gpo_recheck_minutes}: a reverted repair would not count as a relapse"
            )
        return self

    @property
    def soak(self) -> timedelta:
        """Return how long after a repair the same fault is a relapse of it."""
        return timedelta(minutes=self.soak_minutes)

    @property
    def backoff(self) -> tuple[timedelta, ...]:
        """Return the waits before each further try of an unreachable host (E004)."""
        return tuple(timedelta(minutes=item) for item in self.unreachable_backoff_minutes)

    def prove_reachable(self, cooldowns: Mapping[str, int]) -> None:
        """Return if each rule can be caught flapping or chronic with its cooldown, in seconds.

        Raises PolicyInvalid with the arithmetic: a rule that repairs more seldom than that would
        repair for ever what comes back for ever.
        """
        for rule, seconds in cooldowns.items():
            spacing = max(seconds, 1)
            found = [
                (f"{name}_count {count} > {window} min / {seconds} s = {most}", count > most)
                for name, count, window in self._thresholds()
                if name != "exhausted" and (most := window * 60 // spacing) is not None
            ]
            if all(is_out_of_reach for _sum, is_out_of_reach in found):
                raise PolicyInvalid(
                    f"{FILE}: with the cooldown of {rule} no threshold can be reached",
                    value="; ".join(sum_ for sum_, _is_out in found),
                    remedy="Shorten cooldown_seconds, or lengthen chronic_window_minutes.",
                )

    def _thresholds(self) -> tuple[tuple[str, int, int], ...]:
        return (
            ("flap", self.flap_count, self.flap_window_minutes),
            ("chronic", self.chronic_count, self.chronic_window_minutes),
            ("exhausted", self.exhausted_count, self.exhausted_window_minutes),
        )


@dataclass(frozen=True, slots=True)
class Repair:
    """What would be done: two with the same digest are identical."""

    runbook_id: str
    sha256: str


@dataclass(frozen=True, slots=True)
class PastRepair:
    """A finished attempt of the same check of the same host."""

    incident_id: str
    repair: Repair
    tier: ResolutionLevel
    outcome: Outcome
    reason: str | None
    finished_at: datetime
    relapsed_at: datetime | None

    @property
    def was_tried(self) -> bool:
        return self.reason not in UNTRIED

    @property
    def did_not_help(self) -> bool:
        """Return whether it failed, or the fault came back within the soak window."""
        return self.was_tried and (self.outcome is Outcome.FAILURE or self.relapsed_at is not None)


class Bar(StrEnum):
    """Why a repair must not be tried again; the value is the code of the ticket."""

    SUPPRESSED = "suppressed"
    FLAPPING = "flapping"
    CHRONIC = "chronic"
    EXHAUSTED = "exhausted"
    INEFFECTIVE = "ineffective_twice"

    @property
    def needs_person(self) -> bool:
        """Return whether no tier may repair at all; else another repair may still help."""
        return self is not Bar.INEFFECTIVE

    @property
    def is_kept(self) -> bool:
        """Return whether it holds until an operator clears it, whatever comes later."""
        return self in {Bar.FLAPPING, Bar.CHRONIC}


@dataclass(frozen=True, slots=True)
class Standing:
    """What is kept of suppressions: *cleared_at* is since when the past counts again."""

    is_suppressed: bool = False
    cleared_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A repair that somebody asks for; *history* is all that was done about its pair."""

    repair: Repair
    incident_id: str
    history: tuple[PastRepair, ...] = ()
    standing: Standing = Standing()


def repair_of(runbook_id: str, parameters: Mapping[str, JsonValue]) -> Repair:
    """Return the repair that *runbook_id* with *parameters* is; equal ones have equal digests."""
    document: dict[str, Any] = {"runbook_id": runbook_id, "parameters": dict(parameters)}
    return Repair(runbook_id, sha256(rfc8785.dumps(document)).hexdigest())


def find_bar(candidate: Candidate, policy: RelapsePolicy, now: datetime) -> Bar | None:
    """Return why the repair must not be tried, whoever asks; None if nothing forbids it.

    What an operator has cleared does not count any more.
    """
    standing, repair = candidate.standing, candidate.repair
    if standing.is_suppressed:
        return Bar.SUPPRESSED
    since = standing.cleared_at
    past = [item for item in candidate.history if since is None or item.finished_at > since]
    same = [item for item in past if item.repair.runbook_id == repair.runbook_id]

    def count(times: Iterable[datetime | None], minutes: int) -> int:
        start = now - timedelta(minutes=minutes)
        return sum(time is not None and time >= start for time in times)

    relapses = count((item.relapsed_at for item in same), policy.flap_window_minutes)
    if relapses >= policy.flap_count:
        return Bar.FLAPPING
    helped = (item.finished_at for item in same if item.outcome is not Outcome.FAILURE)
    if count(helped, policy.chronic_window_minutes) >= policy.chronic_count:
        return Bar.CHRONIC
    # In this incident, however old it is, or lately: a weekly check must not try for ever.
    start = now - timedelta(minutes=policy.chronic_window_minutes)
    identical = sum(
        item.did_not_help
        and item.repair == repair
        and (item.incident_id == candidate.incident_id or item.finished_at >= start)
        for item in past
    )
    if identical >= policy.ineffective_count:
        return Bar.INEFFECTIVE
    failed = (item.finished_at for item in past if item.did_not_help)
    if count(failed, policy.exhausted_window_minutes) >= policy.exhausted_count:
        return Bar.EXHAUSTED
    return None


class Recheck(StrEnum):
    """What a re-check after the refresh of group policies showed."""

    HOLDS = "holds"
    CAME_BACK = "came_back"
    UNREAD = "unread"


def judge_recheck(status: CheckStatus, found: Iterable[str], claims: Iterable[str]) -> Recheck:
    """Return whether any of the codes that a repair mended (*claims*) is *found* again."""
    if status is CheckStatus.ERROR:
        return Recheck.UNREAD
    return Recheck.CAME_BACK if set(found) & set(claims) else Recheck.HOLDS


def load_relapse_policy(rules_dir: Path) -> RelapsePolicy:
    """Return what ``rules/healing_relapse.yml`` says.

    Raises PolicyInvalid, which names the file, the key, the value and what is wrong.
    """
    path = rules_dir / FILE
    raw = read_yaml(path)
    if not isinstance(raw, dict):
        raise PolicyInvalid(f"{path} is not a mapping", value=raw, remedy="Write key: value.")
    values = {key: tuple(item) if isinstance(item, list) else item for key, item in raw.items()}
    try:
        return RelapsePolicy.model_validate(values)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        reason = problem["msg"].removeprefix("Value error, ")
        raise PolicyInvalid(
            f"{path}: {where}{': ' if where else ''}{reason}",
            value=problem["input"] if where and problem["type"] != "missing" else None,
            remedy="docs/explanation/how-an-incident-lives.md says what each key means.",
        ) from error
