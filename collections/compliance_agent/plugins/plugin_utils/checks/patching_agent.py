# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge what the update agent says: missing updates, failed installs, and its last scan. Pure."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ..facts.patching import (
    INSTALL_FAILED,
    INSTALL_SUCCEEDED,
    INSTALLATION,
    SUCCEEDED,
    SUCCEEDED_WITH_ERRORS,
    PatchingFacts,
    Search,
    Update,
)
from ..facts.patching_policy import PatchingPolicy
from ..facts.probe import Probe, ProbeState
from .judgement import Judgement, age_days, is_in_future
from .patching_level import Level, is_wsus_managed

# WU_E_PT_* (the talk with the server) and the HTTP clients WinINet and WinHTTP.
UNREACHABLE = ("0x80244", "0x80072E", "0x80072F")
# OperationResultCode of an installation that ended badly; 0 has not begun, 1 is under way.
FAILED, ABORTED = 4, 5


def judge_search(judgement: Judgement, facts: PatchingFacts, level: Level) -> None:
    """Judge whether the source of updates answered.

    A refused or slow agent is a WARNING while the update level, which needs no agent, proves the
    host's age; else nothing does, and it is an ERROR.
    """
    probe = facts.search
    if probe.value is not None:
        _judge_result(judgement, probe.value)
    elif probe.state is ProbeState.DENIED and level.is_known:
        judgement.warn("wua_denied", "search", observed=probe.hresult, expected="ok")
    elif probe.state is ProbeState.TIMEOUT and level.is_known:
        judgement.unread_minor("search", probe)
    elif probe.state in {ProbeState.DENIED, ProbeState.TIMEOUT, ProbeState.MISSING}:
        judgement.unread("search", probe)
    elif _is_unreachable(probe.hresult):
        judgement.error(
            "update_source_unreachable", "search", observed=probe.hresult, expected="ok"
        )
    else:
        observed = probe.hresult or probe.state.value
        judgement.error("search_failed", "search", observed=observed, expected="ok")
    cached = facts.cached_search
    if not probe.is_ok and not (cached.is_ok or cached.is_absent):
        _note_agent(judgement, "cached_search", cached)


def _judge_result(judgement: Judgement, search: Search) -> None:
    codes = [item.hresult for item in search.warnings.items]
    if search.result_code == SUCCEEDED_WITH_ERRORS or (codes and search.has_answer):
        judgement.warn("search_incomplete", "search", observed=codes, expected=[])
    elif search.result_code != SUCCEEDED:
        is_unreachable = any(_is_unreachable(code) for code in codes)
        code = "update_source_unreachable" if is_unreachable else "search_failed"
        judgement.error(code, "search", observed=[search.result_code, *codes], expected=SUCCEEDED)


def _is_unreachable(hresult: str | None) -> bool:
    return hresult is not None and hresult.startswith(UNREACHABLE)


def judge_updates(
    judgement: Judgement, facts: PatchingFacts, policy: PatchingPolicy, now: datetime
) -> None:
    """Fail a missing security update that was published longer ago than policy allows."""
    search = facts.best_search
    if search is None:
        return
    waiting = []
    for update in search.updates.items:
        rating = _rating(update, policy)
        if rating is None:
            continue
        if update.published_at is None or is_in_future(now, update.published_at):
            judgement.warn("update_date_unknown", update.name, expected="a day of release")
            continue
        limit = policy.critical_sla_days if rating == "critical" else policy.high_sla_days
        age = age_days(now, update.published_at)
        if update.is_hidden:
            # No repair installs it: somebody decided against it, and only a person takes that back.
            note = judgement.fail if age > limit and rating != "minor" else judgement.warn
            note("update_hidden", update.name, observed=age, expected=limit)
        elif age <= limit:
            waiting.append(update.name)
        elif rating == "minor":
            judgement.warn("minor_update_overdue", update.name, observed=age, expected=limit)
        else:
            judgement.fail(f"{rating}_update_overdue", update.name, observed=age, expected=limit)
    if waiting:
        judgement.inform("updates_waiting", observed=sorted(waiting))
    if search.total > len(search.updates):
        judgement.warn("updates_cut", observed=search.total, expected=len(search.updates))


def _rating(update: Update, policy: PatchingPolicy) -> str | None:
    """Return critical, high or minor; None for what closes no hole or is optional."""
    categories = set(update.category_ids.items)
    if update.browse_only or categories.intersection(policy.definition_category_ids):
        return None
    if update.severity is not None:
        return {"critical": "critical", "important": "high"}.get(update.severity, "minor")
    is_security = bool(categories.intersection(policy.security_category_ids))
    return policy.unrated_severity if is_security else None


def judge_wsus(judgement: Judgement, facts: PatchingFacts, level: Level) -> None:
    """Warn when the site's update server offers nothing to a host that lacks something."""
    if not is_wsus_managed(facts):
        return
    settings = facts.settings.value
    if settings is not None and settings.wsus_scheme == "none":
        judgement.warn("wsus_not_named", observed="none", expected="an address")
    elif settings is not None and settings.wsus_scheme == "http":
        judgement.inform("wsus_without_tls", observed="http", expected="https")
    search = facts.best_search
    if search is not None and search.total == 0 and level.is_behind:
        judgement.warn("wsus_offers_nothing", observed=0, expected="a newer cumulative update")


def judge_scan_age(
    judgement: Judgement, facts: PatchingFacts, policy: PatchingPolicy, now: datetime
) -> None:
    """Judge when automatic updates last searched; a search of ours proves nothing about them."""
    dates, legacy = facts.agent_dates.value, facts.legacy_dates.value
    last = dates.last_search_at if dates is not None else None
    if last is None and legacy is not None:
        last = legacy.last_search_at
    if dates is None:
        if facts.agent_dates.state is ProbeState.DENIED:
            _note_agent(judgement, "agent_dates", facts.agent_dates)
        elif last is not None:
            judgement.unread_minor("agent_dates", facts.agent_dates)
        else:
            judgement.unread("agent_dates", facts.agent_dates)
        if last is None:
            return
    if last is None:
        note = judgement.fail if policy.managed_by in {"none", "wsus"} else judgement.warn
        note("scan_too_old", observed="never", expected=policy.scan_age_fail_days)
        return
    age = age_days(now, last)
    if is_in_future(now, last):
        judgement.warn("conflicting_evidence", "last scan", observed="future", expected="past")
    elif age > policy.scan_age_fail_days:
        judgement.fail("scan_too_old", observed=age, expected=policy.scan_age_fail_days)
    elif age > policy.scan_age_warn_days:
        judgement.warn("scan_too_old", observed=age, expected=policy.scan_age_warn_days)


class _Attempt(NamedTuple):
    update_id: str
    at: datetime
    hresult: str | None
    name: str


def judge_installs(
    judgement: Judgement, facts: PatchingFacts, policy: PatchingPolicy, now: datetime
) -> None:
    """Judge updates that fail again and again with one error, from events and from the history."""
    search = facts.best_search
    offered = {update.update_id for update in search.updates.items} if search else None
    seen: dict[tuple[str, str], tuple[int, str]] = {}
    for failed, succeeded in (_from_events(facts), _from_history(facts)):
        for key, count, name in _repeated(failed, succeeded, policy, now):
            seen[key] = max(seen.get(key, (0, "")), (count, name))
    for (update_id, hresult), (count, name) in sorted(seen.items()):
        # Drivers and store apps have no article; they fail without a hole in Windows.
        is_ours = name.startswith("KB") or (offered is not None and update_id in offered)
        if is_ours and count > policy.install_failures_max:
            judgement.fail(
                "install_failing",
                name,
                observed=f"{hresult}, {count} times",
                expected=policy.install_failures_max,
            )
        elif is_ours and (offered is None or update_id in offered):
            judgement.warn("install_failed", name, observed=hresult, expected="installed")
        else:
            judgement.inform("install_failed", name, observed=hresult)


def _repeated(
    failed: Iterable[_Attempt],
    succeeded: Iterable[_Attempt],
    policy: PatchingPolicy,
    now: datetime,
) -> list[tuple[tuple[str, str], int, str]]:
    since = now - timedelta(days=policy.install_failure_window_days)
    healed: dict[str, datetime] = {}
    for attempt in succeeded:
        healed[attempt.update_id] = max(healed.get(attempt.update_id, attempt.at), attempt.at)
    counts: Counter[tuple[str, str]] = Counter()
    names: dict[tuple[str, str], str] = {}
    for attempt in failed:
        if attempt.at < since or attempt.at < healed.get(attempt.update_id, since):
            continue
        key = (attempt.update_id, attempt.hresult or "unknown")
        counts[key] += 1
        names[key] = attempt.name
    return [(key, count, names[key]) for key, count in counts.items()]


def _from_events(facts: PatchingFacts) -> tuple[list[_Attempt], list[_Attempt]]:
    failed, succeeded = [], []
    for event in facts.events.value.items if facts.events.value else ():
        name = f"KB{event.kbs.items[0]}" if event.kbs.items else event.update_id
        attempt = _Attempt(event.update_id, event.at, event.hresult, name)
        if event.id == INSTALL_FAILED:
            failed.append(attempt)
        elif event.id == INSTALL_SUCCEEDED:
            succeeded.append(attempt)
    return failed, succeeded


def _from_history(facts: PatchingFacts) -> tuple[list[_Attempt], list[_Attempt]]:
    failed, succeeded = [], []
    for entry in facts.history.value.entries.items if facts.history.value else ():
        if entry.operation != INSTALLATION or entry.at is None:
            continue
        name = f"KB{entry.kbs.items[0]}" if entry.kbs.items else entry.update_id
        attempt = _Attempt(entry.update_id, entry.at, entry.hresult, name)
        if entry.result_code in {SUCCEEDED, SUCCEEDED_WITH_ERRORS}:
            succeeded.append(attempt)
        elif entry.result_code in {FAILED, ABORTED}:
            failed.append(attempt)
    return failed, succeeded


def note_agent_sources(judgement: Judgement, facts: PatchingFacts) -> None:
    """Note answers of the agent that are missing and could only have shown a weakness."""
    for name in ("history", "update_services"):
        _note_agent(judgement, name, getattr(facts, name))


def _note_agent(judgement: Judgement, name: str, probe: Probe[Any]) -> None:
    if probe.state is ProbeState.DENIED:
        judgement.warn("wua_denied", name, observed=probe.hresult, expected="ok")
    else:
        judgement.unread_minor(name, probe)
