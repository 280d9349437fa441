# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge how the event logs are set up: enabled, large enough, and writing when full. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..facts.logging import SECURITY, LoggingFacts, LoggingPolicy, LogMode, LogSetting, LogState
from .judgement import Judgement

# Microsoft-Windows-Eventlog: the Security log is now full.
LOG_FULL = 1104


@dataclass(frozen=True, slots=True)
class Limits:
    """Size and mode of one log, from whichever source told them."""

    name: str
    max_bytes: int
    mode: LogMode | None
    setting: LogSetting | None


def judge_logs(
    judgement: Judgement, facts: LoggingFacts, policy: LoggingPolicy, now: datetime
) -> None:
    """Judge size, mode and state of each log that the policy names."""
    settings = {item.name: item for item in facts.log_settings.value or ()}
    if facts.logs.value is None:
        _judge_log_settings(judgement, facts, policy, settings)
        return
    seen = {log.name: log for log in facts.logs.value}
    for name in policy.log_sizes_kb:
        log = seen.get(name)
        if log is None:
            judgement.error("log_unread", name, observed="not reported", expected="reported")
            continue
        add = judgement.fail if name in policy.required_logs else judgement.warn
        if not log.exists:
            add("log_missing", name, observed="absent", expected="exists")
            continue
        if not log.enabled:
            add("log_disabled", name, observed="disabled", expected="enabled")
        if _is_stuck(facts, policy, log, now):
            add("log_full_not_writing", name, observed=log.mode, expected="writing")
        limits = Limits(name, log.max_bytes or 0, log.mode, settings.get(name))
        _judge_limits(judgement, facts, policy, limits)
    warning = settings[SECURITY].warning_level if SECURITY in settings else None
    if (
        facts.log_settings.is_ok
        and not 0 < (warning or 0) <= policy.security_warning_level_percent_max
    ):
        expected = policy.security_warning_level_percent_max
        judgement.warn("warning_level", SECURITY, observed=warning, expected=expected)


def _is_stuck(facts: LoggingFacts, policy: LoggingPolicy, log: LogState, now: datetime) -> bool:
    """Whether a full log keeps its records: a circular one is full as a rule, and goes on."""
    if log.full and log.mode == "retain":
        return True
    activity = facts.security_activity.value
    if log.name != SECURITY or activity is None or activity.newest is None:
        return False
    newest_at = activity.newest.at
    is_last_word = any(
        event.id == LOG_FULL and event.at >= newest_at for event in facts.tamper_events.value or ()
    )
    is_old = now - newest_at > timedelta(minutes=policy.newest_record_warn_minutes)
    return is_old and (is_last_word or log.full is True)


def _judge_log_settings(
    judgement: Judgement,
    facts: LoggingFacts,
    policy: LoggingPolicy,
    settings: dict[str, LogSetting],
) -> None:
    """Fall back to the registry: it says how logs are meant to run, so it never passes."""
    known = [name for name in policy.required_logs if name in settings]
    if known != list(policy.required_logs) or not facts.security_activity.is_ok:
        judgement.unread("logs", facts.logs)
        return
    judgement.warn("logs_from_registry", observed=facts.logs.hresult or facts.logs.state.value)
    for name in known:
        setting = settings[name]
        if setting.size is None or setting.mode is None:
            judgement.error("log_unread", name, observed="not set", expected="set")
            continue
        limits = Limits(name, setting.size, setting.mode, setting)
        _judge_limits(judgement, facts, policy, limits)


def _judge_limits(
    judgement: Judgement, facts: LoggingFacts, policy: LoggingPolicy, log: Limits
) -> None:
    owner = log.setting if facts.host.setting_owner_is_policy else None
    if log.max_bytes < policy.log_sizes_kb[log.name] * 1024:
        is_tiny = log.name == SECURITY and log.max_bytes < policy.security_log_fail_below_kb * 1024
        add = judgement.fail if is_tiny else judgement.warn
        add(
            "log_too_small",
            log.name,
            observed=log.max_bytes // 1024,
            expected=policy.log_sizes_kb[log.name],
            gpo_managed=owner is not None and owner.policy_max_kb is not None,
        )
    if log.mode not in policy.retention_modes:
        judgement.warn(
            "retention_mode",
            log.name,
            observed=log.mode,
            expected=list(policy.retention_modes),
            gpo_managed=owner is not None and owner.policy_retention is not None,
        )
