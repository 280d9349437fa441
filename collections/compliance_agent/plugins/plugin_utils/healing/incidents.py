# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verdict makes of an incident: opened, updated, resolved, relapsed, escalated. Pure.

A verdict and what is known of its pair (one check of one host of a site) go in, events come out;
each event carries the incident as it is afterwards. Only what was read resolves anything.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ..errors import TargetUnreachable
from ..models import CheckStatus, IncidentStatus, ResolutionLevel, Severity
from .incident import LOST_IN_REPAIR, UNREACHABLE, IncidentRecord
from .relapse import RelapsePolicy
from .sightings import Sight, Verdict, severity_of

# Nothing is known to be wrong with a host that does not answer; nothing is proven either.
_UNREACHABLE_SEVERITY = Severity.MEDIUM


@dataclass(frozen=True, slots=True)
class Retry:
    """How often an unreachable host was tried, and when it is due again."""

    tries: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a pair before a verdict; *newest* is its last incident, open or not.

    *mended* are the codes that the repair which resolved it claims to have mended. *is_repairing*
    says that a repair of it has not ended.
    """

    newest: IncidentRecord | None = None
    mended: frozenset[str] = frozenset()
    last_sight: Sight | None = None
    retry: Retry | None = None
    is_repairing: bool = False


class EventKind(StrEnum):
    OPENED = "opened"
    UPDATED = "updated"  # it still fails
    NOTED = "noted"  # it is better, and not good: nothing is resolved
    RESOLVED = "resolved"
    RECURRED = "recurred"  # within the soak window, and nobody had claimed to have mended it
    RELAPSED = "relapsed"  # within the soak window after a repair that was called successful
    ESCALATED = "escalated"
    RETRY = "retry"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Relapse:
    """A repair that did not last; *bundle_id* is the bundle that an amendment must downgrade.

    It is None while the bundle of the repair is not sealed yet.
    """

    incident_id: str
    attempt_id: str
    runbook_id: str | None
    bundle_id: str | None
    resolved_at: datetime
    relapsed_at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """What happened; *after* is the incident as it is now."""

    kind: EventKind
    after: IncidentRecord | None = None
    relapse: Relapse | None = None
    retry: Retry | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class FollowPolicy:
    """What opens an incident beside a FAIL, as rules or policy say.

    *warning_opens* are codes that do so as a WARNING, *error_opens* codes of findings, each with a
    status of its own, that do so where the check is an ERROR.
    """

    relapse: RelapsePolicy
    warning_opens: frozenset[str] = frozenset()
    error_opens: frozenset[tuple[str, CheckStatus]] = frozenset()

    def opens(self, verdict: Verdict) -> bool:
        """Return whether *verdict* is one that somebody has to act on."""
        match verdict.status:
            case CheckStatus.FAIL:
                return True
            case CheckStatus.WARNING:
                return bool(verdict.codes & self.warning_opens)
            case CheckStatus.ERROR:
                found = {(item.code, item.status) for item in verdict.faults}
                return bool(found & self.error_opens)
            case _:
                return False


def follow(verdict: Verdict, known: Known, policy: FollowPolicy, new_id: str) -> tuple[Event, ...]:
    """Return what *verdict* makes of what is *known*; nothing for what was seen before.

    *new_id* is the id of an incident, should one be opened.
    """
    if _is_old(verdict, known):
        return ()
    if verdict.error_code == TargetUnreachable.code:
        return _unreachable(verdict, known, policy.relapse, new_id)
    is_asked = policy.opens(verdict)
    if not (verdict.is_read or is_asked):
        return ()
    answered = (Event(EventKind.ANSWERED),) if known.retry is not None else ()
    known = replace(known, newest=_reached(known))
    if verdict.status is CheckStatus.PASS:
        happened = _passed(verdict, known.newest)
    elif is_asked:
        happened = _failed(verdict, known, policy.relapse, new_id)
    else:
        happened = _better(verdict, known.newest)
    return answered + happened


def _is_old(verdict: Verdict, known: Known) -> bool:
    """Return whether something as new was seen already; of two in one second the worse counts."""
    last = known.last_sight
    if last is None or verdict.sight.seen_at > last.seen_at:
        return False
    if verdict.sight.seen_at < last.seen_at or verdict.sight.run_id == last.run_id:
        return True
    return verdict.status is not CheckStatus.FAIL


def _reached(known: Known) -> IncidentRecord | None:
    """Return the incident of a host that answers: a person need not look for it any more.

    A repair that has not ended goes on: the run that takes it up looks at what came of it.
    """
    newest = known.newest
    if newest is None or not newest.is_unreachable:
        return newest
    status = IncidentStatus.IN_PROGRESS if known.is_repairing else IncidentStatus.OPEN
    return replace(newest, status=status, reason=None)


def _passed(verdict: Verdict, newest: IncidentRecord | None) -> tuple[Event, ...]:
    if newest is None or not newest.is_open:
        return ()
    if newest.status is IncidentStatus.IN_PROGRESS:
        # The repair that is under way looks for itself; it may be between two steps.
        return _better(verdict, newest)
    # Nobody is credited with what passes by itself; who was asked by a ticket is.
    was_asked = newest.status is IncidentStatus.ESCALATED
    return (_resolved(verdict, newest, ResolutionLevel.L3 if was_asked else None),)


def _resolved(verdict: Verdict, newest: IncidentRecord, level: ResolutionLevel | None) -> Event:
    after = replace(
        newest,
        status=IncidentStatus.RESOLVED,
        last_status=verdict.status,
        resolved_at=verdict.sight.seen_at,
        resolution_level=level,
        runbook_id=None,
        resolved_attempt_id=None,
        evidence_bundle_id=verdict.sight.bundle_id or newest.evidence_bundle_id,
        findings=verdict.faults,
    )
    return Event(EventKind.RESOLVED, after)


def _better(verdict: Verdict, newest: IncidentRecord | None) -> tuple[Event, ...]:
    if newest is None or not newest.is_open:
        return ()
    if newest.last_status is CheckStatus.ERROR and not newest.findings:
        # All that was wrong is that the host did not answer.
        return (_resolved(verdict, newest, None),)
    after = replace(newest, last_status=verdict.status, findings=verdict.faults)
    return (Event(EventKind.NOTED, after),)


def _failed(
    verdict: Verdict, known: Known, policy: RelapsePolicy, new_id: str
) -> tuple[Event, ...]:
    newest, at = known.newest, verdict.sight.seen_at
    if newest is not None and newest.is_open:
        return (Event(EventKind.UPDATED, _seen(newest, verdict)),)
    if newest is None or newest.resolved_at is None or at > newest.resolved_at + policy.soak:
        return (Event(EventKind.OPENED, _new(verdict, new_id)),)
    after = replace(
        _seen(newest, verdict),
        status=IncidentStatus.OPEN,
        resolved_at=None,
        resolution_level=None,
        runbook_id=None,
        resolved_attempt_id=None,
        evidence_bundle_id=verdict.sight.bundle_id,
        reason=None,
        recurrence_count=newest.recurrence_count + 1,
    )
    # Another fault of the same check says nothing against the repair of the first one.
    if newest.resolved_attempt_id is None or not verdict.codes & known.mended:
        return (Event(EventKind.RECURRED, after),)
    relapse = Relapse(
        newest.incident_id,
        newest.resolved_attempt_id,
        newest.runbook_id,
        newest.evidence_bundle_id,
        newest.resolved_at,
        at,
    )
    return (Event(EventKind.RELAPSED, after, relapse),)


def _seen(incident: IncidentRecord, verdict: Verdict) -> IncidentRecord:
    found = verdict.faults
    if not verdict.is_read:
        # What was not read this time is not gone.
        again = {(item.code, item.scope) for item in found}
        found += tuple(item for item in incident.findings if (item.code, item.scope) not in again)
    return replace(
        incident,
        severity=severity_of(found),
        last_status=verdict.status,
        findings=found,
        evidence_bundle_id=verdict.sight.bundle_id or incident.evidence_bundle_id,
    )


def _unreachable(
    verdict: Verdict, known: Known, policy: RelapsePolicy, new_id: str
) -> tuple[Event, ...]:
    newest, retry, at = known.newest, known.retry, verdict.sight.seen_at
    if newest is not None and newest.status is IncidentStatus.ESCALATED:
        return ()  # a person has it
    if retry is not None and at < retry.due_at:
        return ()  # three runs in a minute are not three tries
    tries, waits = retry.tries if retry else 0, policy.backoff
    if tries < len(waits):
        return (Event(EventKind.RETRY, retry=Retry(tries + 1, at + waits[tries])),)
    open_one = newest if newest is not None and newest.is_open else _new(verdict, new_id)
    reason = LOST_IN_REPAIR if known.is_repairing else UNREACHABLE
    after = replace(open_one, status=IncidentStatus.ESCALATED, reason=reason)
    return (Event(EventKind.ANSWERED), Event(EventKind.ESCALATED, after, reason=reason))


def _new(verdict: Verdict, new_id: str) -> IncidentRecord:
    return IncidentRecord(
        new_id,
        verdict.key,
        _UNREACHABLE_SEVERITY if verdict.error_code else severity_of(verdict.faults),
        IncidentStatus.OPEN,
        verdict.sight.seen_at,
        verdict.status,
        evidence_bundle_id=verdict.sight.bundle_id,
        findings=verdict.faults,
    )
