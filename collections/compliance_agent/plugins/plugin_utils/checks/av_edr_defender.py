# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge the settings of a Microsoft Defender that is the engine of its host. Pure."""

import re
from datetime import UTC, datetime, timedelta

from ..facts.av_edr import (
    NEVER_DAYS,
    AvEdrFacts,
    AvEdrPolicy,
    Component,
    ComputerStatus,
    PolicySetting,
)
from ..instants import to_text
from ..models import Severity
from .av_edr_exclusions import judge_exclusions
from .judgement import Judgement, age_days, is_in_future

PLATFORM_OUT_OF_DATE = 0x100000
# From here on Windows itself calls definitions out of date.
VERY_OLD_DAYS = 7
# 4.18.25090.3009 and 1.1.25090.3000 name their month; 4.10.14393.0 and 1.1.16700.2 do not.
DATED_VERSION = re.compile(r"\d+\.\d+\.(\d{2})(0[1-9]|1[0-2])\d?\.\d+")


def judge_defender(
    judgement: Judgement, facts: AvEdrFacts, policy: AvEdrPolicy, now: datetime
) -> None:
    """Judge the settings of a Defender that is the engine of this host."""
    status = facts.computer_status.value
    if status is None:
        return
    _judge_signatures(judgement, status, policy, now)
    _judge_scans(judgement, status, policy)
    if not judgement.has("realtime_off"):
        _judge_components(judgement, facts, status, policy)
        _judge_policy(judgement, facts)
    _judge_tamper_protection(judgement, facts, status, policy)
    _judge_versions(judgement, status, policy, now)
    judge_exclusions(judgement, facts, policy)
    if facts.preference.value is not None and facts.preference.value.cloud_reporting == 0:
        judgement.inform("cloud_protection_off", observed=0)


def _judge_signatures(
    judgement: Judgement, status: ComputerStatus, policy: AvEdrPolicy, now: datetime
) -> None:
    ages = [] if status.signature_age_days is None else [status.signature_age_days]
    if status.signature_updated_at is not None:
        ages.append(age_days(now, status.signature_updated_at))
    if not ages:
        judgement.warn("signature_age_unknown", "Microsoft Defender", observed="unknown")
        return
    updated_at = status.signature_updated_at
    if updated_at is not None and is_in_future(now, updated_at):
        judgement.warn(
            "conflicting_evidence", "definitions", observed=to_text(updated_at), expected="past"
        )
    # The worse of the two: neither the counter nor the clock of the host is beyond doubt.
    age = max(ages)
    seen = "never" if age in NEVER_DAYS else age
    if age > policy.signature_age_fail_days:
        judgement.fail(
            "signatures_old",
            observed=seen,
            expected=policy.signature_age_fail_days,
            severity=Severity.HIGH if age >= VERY_OLD_DAYS else Severity.MEDIUM,
        )
    elif age > policy.signature_age_warn_days:
        judgement.warn("signatures_old", observed=seen, expected=policy.signature_age_warn_days)
    elif status.signatures_out_of_date:
        judgement.warn("conflicting_evidence", "definitions", observed=f"out of date at {age} days")


def _judge_scans(judgement: Judgement, status: ComputerStatus, policy: AvEdrPolicy) -> None:
    ages = [
        age
        for age in (status.quick_scan_age_days, status.full_scan_age_days)
        if age is not None and age not in NEVER_DAYS
    ]
    if not ages:
        seen = "unknown" if status.quick_scan_age_days is None else "never"
        judgement.warn("quick_scan_old", observed=seen, expected=policy.quick_scan_age_warn_days)
        return
    # A full scan looks at all that a quick scan does.
    age = min(ages)
    if age > policy.quick_scan_age_fail_days:
        judgement.fail("quick_scan_old", observed=age, expected=policy.quick_scan_age_fail_days)
    elif age > policy.quick_scan_age_warn_days:
        judgement.warn("quick_scan_old", observed=age, expected=policy.quick_scan_age_warn_days)


def _judge_components(
    judgement: Judgement, facts: AvEdrFacts, status: ComputerStatus, policy: AvEdrPolicy
) -> None:
    preference, setting = facts.preference.value, facts.policy.value
    script = None if preference is None else preference.script_disabled
    is_on: dict[Component, bool | None] = {
        "behavior": status.behavior_enabled,
        "ioav": status.ioav_enabled,
        "network": status.nis_enabled,
        "script": None if script is None else not script,
    }
    for name in policy.components_required:
        if is_on[name]:
            continue
        # An unread preference is noted as such; here it would be told twice.
        if name == "script" and preference is None:
            continue
        judgement.warn(
            "component_off",
            name,
            observed="off" if is_on[name] is False else "unknown",
            expected="on",
            gpo_managed=_is_owned(setting, name) and facts.host.setting_owner_is_policy,
        )


def _is_owned(setting: PolicySetting | None, name: Component) -> bool:
    if setting is None or name == "network":
        return False
    keys = (getattr(setting, f"disable_{name}"), getattr(setting, f"managed_{name}"))
    return any(value is not None for value in keys)


def _judge_policy(judgement: Judgement, facts: AvEdrFacts) -> None:
    setting = facts.policy.value
    if setting is None:
        return
    asks = {
        "DisableAntiSpyware": setting.disable_antispyware == 1,
        "DisableRealtimeMonitoring": setting.disable_realtime == 1,
        "AllowRealtimeMonitoring": setting.managed_realtime == 0,
    }
    for name in (name for name, is_weak in asks.items() if is_weak):
        judgement.warn(
            "disabled_by_policy",
            name,
            observed="disables",
            expected="not configured",
            gpo_managed=facts.host.setting_owner_is_policy,
        )


def _judge_tamper_protection(
    judgement: Judgement, facts: AvEdrFacts, status: ComputerStatus, policy: AvEdrPolicy
) -> None:
    # Null on a platform that came before tamper protection.
    if status.tamper_protected is not False:
        return
    system, onboarding = facts.host.os.value, facts.onboarding.value
    is_onboarded = onboarding is not None and onboarding.onboarding_state == 1
    is_manageable = system is None or system.is_client or is_onboarded
    required_on = policy.tamper_protection_required_on
    if required_on == "all" or (required_on == "manageable" and is_manageable):
        judgement.warn("tamper_off", observed="off", expected="on")
    else:
        judgement.inform("tamper_off", observed="off")


def _judge_versions(
    judgement: Judgement, status: ComputerStatus, policy: AvEdrPolicy, now: datetime
) -> None:
    limits = {
        "engine": (status.engine_version, policy.engine_age_max_days),
        "platform": (status.platform_version, policy.platform_age_max_days),
    }
    for name, (version, limit) in limits.items():
        released = _released_before(version)
        if released is None:
            judgement.inform("version_undated", name, observed=version)
        elif age_days(now, released) > limit:
            judgement.warn(f"{name}_old", observed=version, expected=f"{limit} days")
    if status.product_status and status.product_status & PLATFORM_OUT_OF_DATE:
        judgement.warn("platform_old", observed=status.product_status, expected=524288)


def _released_before(version: str | None) -> datetime | None:
    """Return the end of the month that a version names; None when it names none."""
    found = DATED_VERSION.fullmatch(version or "")
    if found is None:
        return None
    first_day = datetime(2000 + int(found[1]), int(found[2]), 1, tzinfo=UTC)
    return (first_day + timedelta(days=32)).replace(day=1)
