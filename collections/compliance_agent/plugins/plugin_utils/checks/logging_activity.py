# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge whether the event logs are written to, how far they reach, and who touched them. Pure."""

from collections import defaultdict
from datetime import datetime, timedelta

from ..facts.logging import SECURITY, LogActivity, LogEvent, LoggingFacts, LoggingPolicy
from ..instants import to_text
from .judgement import Judgement
from .logging_silence import SLACK, Stretch, longest_unexplained, off_times

# A search for silence that saw less than this proves little; own choice.
COVERED_AT_LEAST = timedelta(days=1)
# Records of the event log service and of the audit, by their number, that are within the lookback.
WARNED = {1101: "events_dropped", 1108: "event_refused"}
INFORMED = {1104: "log_was_full", 4719: "audit_policy_changed", 4906: "crash_setting_changed"}


def judge_activity(
    judgement: Judgement,
    facts: LoggingFacts,
    policy: LoggingPolicy,
    now: datetime,
    *,
    is_forwarded: bool,
) -> None:
    """Judge the Security log's liveness and reach; the System log only corroborates."""
    judgement.unread_minor("system_activity", facts.system_activity)
    system = facts.system_activity.value
    if system is not None and system.newest is None:
        judgement.warn("log_empty", "System", observed=0, expected="records")
    activity = facts.security_activity.value
    if activity is None:
        judgement.unread("security_activity", facts.security_activity)
        return
    if activity.newest is None or activity.oldest is None:
        judgement.fail("log_empty", SECURITY, observed=0, expected="records")
        return
    newest, oldest = activity.newest, activity.oldest
    if newest.at - now > timedelta(seconds=policy.clock_skew_warn_seconds):
        # The age of such a log proves nothing.
        judgement.warn(
            "conflicting_evidence", SECURITY, observed=to_text(newest.at), expected="past"
        )
    if activity.records is not None and newest.number - oldest.number >= activity.records:
        missing = newest.number - oldest.number + 1 - activity.records
        judgement.warn("records_missing", SECURITY, observed=missing, expected=0)
    _judge_silence(judgement, facts, policy, activity, now)
    quiet = timedelta(minutes=policy.newest_record_warn_minutes)
    if now - newest.at > quiet and not judgement.has("log_full_not_writing", "log_gap"):
        judgement.warn(
            "session_not_recorded",
            SECURITY,
            observed=to_text(newest.at),
            expected=f"within {policy.newest_record_warn_minutes} minutes",
        )
    is_whole = oldest.number == 1 and not _is_made_anew(facts, oldest.at)
    _judge_span(
        judgement, policy, newest.at - oldest.at, is_whole=is_whole, is_forwarded=is_forwarded
    )


def judge_tampering(
    judgement: Judgement, facts: LoggingFacts, policy: LoggingPolicy, now: datetime
) -> None:
    """Judge cleared logs, lost records and changed audit settings within the lookback."""
    lookback = timedelta(days=policy.tamper_lookback_days)
    if facts.cleared_events.value is None:
        judgement.unread("cleared_events", facts.cleared_events)
    for cleared in facts.cleared_events.value or ():
        seen = {"at": to_text(cleared.at), "sid": cleared.sid}
        tickets = [
            item
            for item in policy.log_clear_tickets
            if item.opens_at <= cleared.at <= item.closes_at
        ]
        if now - cleared.at > lookback:
            judgement.inform("log_cleared_earlier", cleared.log, observed=seen)
        elif tickets:
            seen["ticket"] = tickets[0].reference
            judgement.inform("log_cleared_with_ticket", cleared.log, observed=seen)
        else:
            code = "security_log_cleared" if cleared.log == SECURITY else "event_log_cleared"
            judgement.fail(code, cleared.log, observed=seen, expected="a change ticket")
    judgement.unread_minor("tamper_events", facts.tamper_events)
    by_id: defaultdict[int, list[LogEvent]] = defaultdict(list)
    for event in facts.tamper_events.value or ():
        if now - event.at <= lookback:
            by_id[event.id].append(event)
    for number, events in sorted(by_id.items()):
        last = {"count": len(events), "last_at": to_text(max(event.at for event in events))}
        if number in WARNED:
            judgement.warn(WARNED[number], SECURITY, observed=last, expected={"count": 0})
        elif number in INFORMED:
            judgement.inform(INFORMED[number], SECURITY, observed=last)


def _judge_silence(
    judgement: Judgement,
    facts: LoggingFacts,
    policy: LoggingPolicy,
    activity: LogActivity,
    now: datetime,
) -> None:
    host = facts.host.os.value
    is_client = host is not None and host.is_client
    minutes = policy.max_quiet_minutes_client if is_client else policy.max_quiet_minutes_server
    if minutes is None or activity.newest is None or activity.oldest is None:
        return
    allowed = timedelta(minutes=minutes)
    silences: list[Stretch] = [(gap.from_at, gap.to_at) for gap in activity.gaps]
    # Also of a log that is full: the silence is still there when the log is writing again.
    silences.append((activity.newest.at, now))
    silences = [(begin, end) for begin, end in silences if end - begin > allowed]
    power, system = facts.power_events, facts.system_activity
    if silences and power.value is not None and system.value is not None:
        off = off_times(power.value, system.value, None if host is None else host.last_boot_at)
        silences = [longest_unexplained(silence, off) for silence in silences]
    elif silences:
        # Whether the host was up then is what these two tell.
        judgement.unread("power_events", power if power.value is None else system)
        return
    else:
        judgement.unread_minor("power_events", power)
    for begin, end in silences:
        if end - begin > allowed:
            seen = {"from": to_text(begin), "to": to_text(end)}
            judgement.fail(
                "log_gap", SECURITY, observed=seen, expected=f"{minutes} minutes at most"
            )
    _note_coverage(judgement, activity)


def _note_coverage(judgement: Judgement, activity: LogActivity) -> None:
    if activity.newest is None or activity.oldest is None:
        return
    covered_from = activity.covered_from
    reach = activity.oldest.at
    if activity.newest.at - reach > COVERED_AT_LEAST:
        reach = activity.newest.at - COVERED_AT_LEAST
    if covered_from is None or covered_from > reach or activity.gaps_found > len(activity.gaps):
        observed = None if covered_from is None else to_text(covered_from)
        judgement.warn(
            "gap_search_incomplete", SECURITY, observed=observed, expected=to_text(reach)
        )


def _is_made_anew(facts: LoggingFacts, first_at: datetime) -> bool:
    """Return whether a first record is younger than the host: its file was put in another's place.

    That leaves no record of a cleared log, as deleting the file does while the service is stopped.
    """
    host, system = facts.host.os.value, facts.system_activity.value
    booted_at = None if host is None else host.last_boot_at
    if booted_at is not None and first_at > booted_at + SLACK:
        return True
    oldest = None if system is None else system.oldest
    return oldest is not None and first_at > oldest.at + COVERED_AT_LEAST


def _judge_span(
    judgement: Judgement,
    policy: LoggingPolicy,
    span: timedelta,
    *,
    is_whole: bool,
    is_forwarded: bool,
) -> None:
    if span >= timedelta(days=policy.min_span_days):
        return
    seen = {
        "observed": f"{span // timedelta(hours=1)} hours",
        "expected": f"{policy.min_span_days} days",
    }
    if is_forwarded:
        judgement.inform("span_short_but_forwarded", SECURITY, **seen)
    elif is_whole:
        # Nothing was overwritten yet: the log is as old as the host.
        judgement.inform("span_since_first_record", SECURITY, **seen)
    else:
        judgement.warn("span_too_short", SECURITY, **seen)
