# SPDX-License-Identifier: GPL-3.0-or-later
"""The one gate before everything that changes a host, whoever asks: rule, planner, order, person.

`decide` is pure: the request, what is known of the site, its policy and the time go in, a decision
comes out. It asks the questions of `QUESTIONS` in their order; the first answer holds. So the
answer that a person reads is the one that would remain longest. `store.gates.Gate` asks it again
while it holds the site, and then takes the host.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..instants import to_text
from ..models import ResolutionLevel
from .approvals import Approval, ApprovalState, newest_first
from .policy import HealingPolicy, L2Mode
from .repair_request import HostSituation, RepairRequest
from .situation import (
    CanaryState,
    ErrorCode,
    GateCode,
    GateDecision,
    GateVerdict,
    KillSwitch,
    RunningRepair,
    Situation,
    Tries,
)

__all__ = [
    "QUESTIONS",
    "CanaryState",
    "GateCode",
    "GateDecision",
    "GateVerdict",
    "HostSituation",
    "KillSwitch",
    "RepairRequest",
    "RunningRepair",
    "Situation",
    "Tries",
    "decide",
    "is_canary",
]

_IN_WINDOW: ErrorCode = "E005"
_LIMIT: ErrorCode = "E006"


@dataclass(frozen=True, slots=True)
class _Case:
    request: RepairRequest
    situation: Situation
    policy: HealingPolicy
    now: datetime


def decide(
    request: RepairRequest, situation: Situation, policy: HealingPolicy, now: datetime
) -> GateDecision:
    """Return whether *request* may go on at *now*. It claims nothing: a plan may ask it, too."""
    case = _Case(request, situation, policy, now)
    for question in QUESTIONS:
        decision = question(case)
        if decision is not None:
            return decision
    approval = _usable_approval(case) if _needs_person(case) else None
    return GateDecision(
        GateVerdict.ALLOW,
        GateCode.ALLOWED,
        None,
        "Nothing stands in its way.",
        approval_id=approval.approval_id if approval else None,
    )


def is_canary(
    request: RepairRequest, situation: Situation, policy: HealingPolicy, now: datetime
) -> bool:
    """Return whether *request* goes first with its runbook: no canary speaks for it now."""
    canary = _current_canary(_Case(request, situation, policy, now))
    return policy.blast_radius.canary and not (canary is not None and canary.worked)


def _kill_switch(case: _Case) -> GateDecision | None:
    if not case.situation.kill_switches:
        return None
    switch = case.situation.kill_switches[0]
    since = f" since {to_text(switch.since)}" if switch.since else ""
    reason = f"The kill switch is on: {switch.name}{since}."
    return GateDecision(GateVerdict.WAIT, GateCode.KILL_SWITCH, None, reason)


def _planner_mode(case: _Case) -> GateDecision | None:
    mode = case.policy.l2_mode
    if case.request.tier is not ResolutionLevel.L2 or mode in {L2Mode.PROPOSE, L2Mode.ACT}:
        return None
    reason = f"l2_mode is {mode}: what the planner chooses is not carried out."
    return GateDecision(GateVerdict.REFUSE, GateCode.PLANNER_MODE, None, reason)


def _gpo_managed(case: _Case) -> GateDecision | None:
    if not case.request.host.gpo_managed:
        return None
    reason = "A group policy or MDM owns the setting and would put it back: change it there."
    return GateDecision(GateVerdict.REFUSE, GateCode.GPO_MANAGED, None, reason)


def _host_busy(case: _Case) -> GateDecision | None:
    for repair in case.situation.running:
        if repair.host_id == case.request.host_id:
            since = to_text(repair.started_at)
            reason = f"{repair.runbook_id} has been running on this host since {since}."
            return GateDecision(GateVerdict.WAIT, GateCode.HOST_BUSY, _LIMIT, reason)
    return None


def _pending_reboot(case: _Case) -> GateDecision | None:
    # A service or a value can be mended while a reboot is pending, and protection should not be
    # left off until somebody restarts the host.
    disturbs = case.request.action.is_disruptive or case.request.requires_reboot
    if not (case.request.host.pending_reboot and disturbs) or case.request.mends_pending_reboot:
        return None
    reason = (
        "The host waits for a reboot; a repair that disturbs it would add to what is half done."
    )
    return GateDecision(GateVerdict.WAIT, GateCode.PENDING_REBOOT, None, reason)


def _retries(case: _Case) -> GateDecision | None:
    failed, retries = case.situation.tries.failed, case.request.max_retries
    if failed <= retries:
        return None
    reason = f"{failed} tries have failed, and max_retries is {retries}: a person should look."
    return GateDecision(GateVerdict.REFUSE, GateCode.RETRIES_EXHAUSTED, None, reason)


def _cooldown(case: _Case) -> GateDecision | None:
    tries = case.situation.tries
    if tries.last_at is None:
        return None
    # The rule may have been changed since: the longer of both holds.
    until = tries.last_at + timedelta(seconds=case.request.cooldown_seconds)
    if tries.cooldown_until is not None:
        until = max(until, tries.cooldown_until)
    if case.now >= until:
        return None
    reason = f"The last try was at {to_text(tries.last_at)}; its cooldown ends {to_text(until)}."
    return GateDecision(GateVerdict.WAIT, GateCode.COOLDOWN, _LIMIT, reason, until)


def _canary_failed(case: _Case) -> GateDecision | None:
    canary = _current_canary(case)
    if canary is None or canary.worked is not False or canary.ended_at is None:
        return None
    if canary.host_id == case.request.host_id:
        return None  # its own retries decide about it
    until = canary.ended_at + case.policy.blast_radius.canary_span
    reason = (
        f"{case.request.runbook_id} failed on {canary.host_id}, which went first; the others of "
        f"the site are left alone until {to_text(until)}."
    )
    return GateDecision(GateVerdict.REFUSE, GateCode.CANARY_FAILED, None, reason, until)


def _approval(case: _Case) -> GateDecision | None:
    if not _needs_person(case) or _usable_approval(case):
        return None
    found = newest_first(case.situation.approvals)
    for approval in found:
        if approval.state is ApprovalState.PENDING and not approval.has_expired(case.now):
            until = approval.expires_at
            reason = f"It waits for a person to approve it until {to_text(until)}."
            verdict, code = GateVerdict.ASK, GateCode.APPROVAL_PENDING
            return GateDecision(verdict, code, None, reason, until, approval.approval_id)
    # An answer, or the lack of one, holds for its incident: a new one may ask again.
    mine = [item for item in found if item.request.incident_id == case.request.incident_id]
    last = mine[0] if mine else None
    if last is not None and last.state is ApprovalState.REFUSED:
        reason = "A person refused it."
        verdict, code = GateVerdict.REFUSE, GateCode.APPROVAL_REFUSED
        return GateDecision(verdict, code, None, reason, approval_id=last.approval_id)
    if last is not None and last.decided_by is None and last.has_expired(case.now):
        reason = f"Nobody answered the request for approval until {to_text(last.expires_at)}."
        verdict, code = GateVerdict.REFUSE, GateCode.APPROVAL_EXPIRED
        return GateDecision(verdict, code, None, reason, approval_id=last.approval_id)
    reason = "A person has to approve it, and not the one who asks for it."
    return GateDecision(GateVerdict.ASK, GateCode.APPROVAL_REQUIRED, None, reason)


def _window(case: _Case) -> GateDecision | None:
    if not case.request.needs_window:
        return None
    host, seconds = case.request.host, case.request.longest_seconds
    days = case.policy.calendar(case.request.host_id, host.groups)
    if days.is_open(case.now, seconds):
        return None
    opening = days.next_opening(case.now, seconds)
    if opening is None:
        reason = f"No maintenance window of this host has room for {_minutes(seconds)} minutes."
        return GateDecision(GateVerdict.REFUSE, GateCode.WINDOW_REQUIRED, None, reason)
    opens = f"{opening.name} has room for it from {to_text(opening.opens_at)}."
    if days.is_blacked_out(case.now, seconds):
        verdict, code = GateVerdict.QUEUE, GateCode.BLACKOUT
        reason = f"The window is closed by a day of blackout; {opens}"
        return GateDecision(verdict, code, _IN_WINDOW, reason, opening.opens_at)
    verdict, code = GateVerdict.QUEUE, GateCode.WINDOW_REQUIRED
    reason = f"It belongs in a maintenance window; {opens}"
    return GateDecision(verdict, code, _IN_WINDOW, reason, opening.opens_at)


def _serialized(case: _Case) -> GateDecision | None:
    mine = case.request.serialized_as
    if mine == "none":
        return None
    for repair in case.situation.running:
        if repair.serialized_as == mine and not repair.is_lost:
            kind = mine.replace("_", " ")
            reason = f"{repair.runbook_id} is running on {repair.host_id}, and {kind} take turns."
            return GateDecision(GateVerdict.WAIT, GateCode.SERIALIZED, _LIMIT, reason)
    return None


def _canary_running(case: _Case) -> GateDecision | None:
    canary = _current_canary(case)
    if canary is None or canary.worked is not None:
        return None
    reason = f"{canary.host_id} goes first with {case.request.runbook_id} and is not done yet."
    return GateDecision(GateVerdict.WAIT, GateCode.CANARY_RUNNING, _LIMIT, reason)


def _site_busy(case: _Case) -> GateDecision | None:
    limit = case.policy.blast_radius.hosts_at_once
    running = sum(not repair.is_lost for repair in case.situation.running)
    if running < limit:
        return None
    reason = f"{running} hosts of the site are being repaired, and hosts_at_once is {limit}."
    return GateDecision(GateVerdict.WAIT, GateCode.SITE_BUSY, _LIMIT, reason)


# The switch before all. Then what will not change by itself, then people, since they are asked by
# day for what a window allows by night; last what may be over in a minute.
QUESTIONS: tuple[Callable[[_Case], GateDecision | None], ...] = (
    _kill_switch,
    _planner_mode,
    _gpo_managed,
    _host_busy,
    _pending_reboot,
    _retries,
    _cooldown,
    _canary_failed,
    _approval,
    _window,
    _serialized,
    _canary_running,
    _site_busy,
)


def _needs_person(case: _Case) -> bool:
    request, policy = case.request, case.policy
    if request.action.is_disruptive or request.requires_reboot:
        return True
    if request.tier is ResolutionLevel.L2 and policy.l2_mode is L2Mode.PROPOSE:
        return True
    return request.action.requires_approval and request.runbook_id not in policy.auto_approve


def _usable_approval(case: _Case) -> Approval | None:
    found = newest_first(case.situation.approvals)
    return next((item for item in found if item.is_good_for(case.request, case.now)), None)


def _current_canary(case: _Case) -> CanaryState | None:
    """Return the canary that still speaks for the others; its word ends with the span."""
    canary, radius = case.situation.canary, case.policy.blast_radius
    if canary is None or not radius.canary:
        return None
    if canary.ended_at is not None and case.now >= canary.ended_at + radius.canary_span:
        return None
    return canary


def _minutes(seconds: int) -> int:
    return -(-seconds // 60)
