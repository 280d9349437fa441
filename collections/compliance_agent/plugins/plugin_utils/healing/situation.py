# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gate knows of a site when it decides, and what it answers. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from .approvals import Approval
from .repair_request import Serialize

# E005 always comes with QUEUE, E006 always with WAIT.
ErrorCode = Literal["E005", "E006"]


class GateVerdict(StrEnum):
    """What to do now."""

    ALLOW = "allow"
    QUEUE = "queue"  # keep it until its window opens
    WAIT = "wait"  # nothing is wrong with it: a later run asks again, and no other tier is asked
    ASK = "ask"  # a person has to allow it
    REFUSE = "refuse"  # it will not be done: a person takes over


class GateCode(StrEnum):
    """Why; stable."""

    KILL_SWITCH = "kill_switch"
    PLANNER_MODE = "planner_mode"
    GPO_MANAGED = "gpo_managed"
    HOST_BUSY = "host_busy"
    PENDING_REBOOT = "pending_reboot"
    RETRIES_EXHAUSTED = "retries_exhausted"
    COOLDOWN = "cooldown"
    CANARY_FAILED = "canary_failed"
    APPROVAL_REQUIRED = "approval_required"
    APPROVAL_PENDING = "approval_pending"
    APPROVAL_EXPIRED = "approval_expired"
    APPROVAL_REFUSED = "approval_refused"
    WINDOW_REQUIRED = "window_required"
    BLACKOUT = "blackout"
    SERIALIZED = "serialized"
    CANARY_RUNNING = "canary_running"
    SITE_BUSY = "site_busy"
    ALLOWED = "allowed"


# Others of the site are being repaired: that may be over in a minute, and within the same run.
TAKING_TURNS = frozenset({GateCode.SERIALIZED, GateCode.CANARY_RUNNING, GateCode.SITE_BUSY})
# What a refusal leaves to a person; all others are for another time.
FOR_PERSON = frozenset(
    {
        GateCode.GPO_MANAGED,
        GateCode.APPROVAL_REFUSED,
        GateCode.APPROVAL_EXPIRED,
        GateCode.CANARY_FAILED,
        GateCode.WINDOW_REQUIRED,  # refused: no window of the host has room for it
    }
)


@dataclass(frozen=True, slots=True)
class GateDecision:
    """The answer. *until* is when it is worth asking again, where that is known."""

    verdict: GateVerdict
    code: GateCode
    error_code: ErrorCode | None
    reason: str
    until: datetime | None = None
    approval_id: str | None = None

    @property
    def waits_for_turn(self) -> bool:
        """Return whether it is worth asking again in this run."""
        return self.verdict is GateVerdict.WAIT and self.code in TAKING_TURNS

    @property
    def is_for_person(self) -> bool:
        """Return whether a person takes over."""
        return self.verdict is GateVerdict.REFUSE and self.code in FOR_PERSON


@dataclass(frozen=True, slots=True)
class KillSwitch:
    """A switch that is on: which one, since when, or None where a file says so."""

    name: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Tries:
    """What the requester did about this check of this host before.

    *failed* counts tries since the last one that worked: those of the same incident, and of others
    within the span of the policy. *last_at* is when the last one began or ended, *cooldown_until*
    what was promised then.
    """

    failed: int = 0
    last_at: datetime | None = None
    cooldown_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunningRepair:
    """A repair that is under way on a host of the site.

    *is_lost*: the host did not answer any more and a person has it (E004). It holds nothing but
    itself then.
    """

    host_id: str
    runbook_id: str
    serialized_as: Serialize
    started_at: datetime
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class CanaryState:
    """The last host that went first with this runbook; *worked* is None while it is under way.

    One that was lost has not worked, as long as it stays away.
    """

    host_id: str
    worked: bool | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Situation:
    """All that is known of the site when the gate is asked, read at one moment.

    *approvals* are those of this repair, *canary* is that of its runbook.
    """

    kill_switches: tuple[KillSwitch, ...] = ()
    approvals: tuple[Approval, ...] = ()
    tries: Tries = Tries()
    running: tuple[RunningRepair, ...] = ()
    canary: CanaryState | None = None
