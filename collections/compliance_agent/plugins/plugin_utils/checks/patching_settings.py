# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge what keeps updates from coming: settings, services, and a reboot that waits. Pure."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from ..facts.patching import PatchingFacts, RebootSigns, Service, UpdateSettings
from ..facts.patching_policy import PatchingPolicy
from ..facts.probe import ProbeState
from ..instants import to_text
from .judgement import Judgement, age_hours, is_in_future
from .patching_level import Level, is_wsus_managed

# AUOptions; 4 installs by schedule, 5 lets a local administrator choose. 7 is for servers from 2016
# on: downloaded at once, installed and restarted by a person (Microsoft, "Configure Automatic
# Updates").
NEVER_CHECK, NOTIFY, DOWNLOAD, NOTIFY_INSTALL = 1, 2, 3, 7
# AllowAutoUpdate of the Policy CSP.
MDM_TURNED_OFF = 5
# Microsoft: a pause by policy ends after 35 days by itself.
PAUSE_DAYS = 35
# The value Start of a service in the registry.
START_DISABLED = 4
# Without these two nothing searches by itself; the others are needed to install.
AUTOMATIC_SERVICES = ("wuauserv", "UsoSvc")
UPDATE_SERVICES = (*AUTOMATIC_SERVICES, "BITS", "CryptSvc", "TrustedInstaller")
# The agent of Configuration Manager (SCCM).
MANAGER_AGENT = "CcmExec"


def judge_settings(
    judgement: Judgement, facts: PatchingFacts, policy: PatchingPolicy, now: datetime
) -> None:
    """Judge whether updates come by themselves, or by the tool that the site names."""
    settings = facts.settings.value
    if settings is None:
        judgement.unread("settings", facts.settings)
        return
    is_owned = facts.host.setting_owner_is_policy
    for scope, value, is_off in (
        # A switch is off at 0 and on at any other number.
        ("NoAutoUpdate", settings.no_auto_update, bool(settings.no_auto_update)),
        ("AUOptions", settings.au_options, settings.au_options == NEVER_CHECK),
        ("DisableWindowsUpdateAccess", settings.disable_access, bool(settings.disable_access)),
        (
            "AllowAutoUpdate",
            settings.mdm_allow_auto_update,
            settings.mdm_allow_auto_update == MDM_TURNED_OFF,
        ),
    ):
        if is_off:
            _note_off(judgement, facts, policy, scope, observed=value, gpo_managed=is_owned)
    is_ours = policy.required_auto_update and policy.managed_by == "none"
    if is_ours and settings.au_options in {NOTIFY, DOWNLOAD, NOTIFY_INSTALL}:
        judgement.warn(
            "auto_install_off",
            "AUOptions",
            observed=settings.au_options,
            expected=4,
            gpo_managed=is_owned,
        )
    _judge_delay(judgement, settings, policy, now, is_owned=is_owned)


def _note_off(
    judgement: Judgement,
    facts: PatchingFacts,
    policy: PatchingPolicy,
    scope: str,
    **seen: Any,
) -> None:
    if not policy.required_auto_update or policy.managed_by != "none":
        judgement.inform("auto_update_disabled", scope, **seen)
        return
    # A manager that runs here may install updates, but the site has not said so.
    note = judgement.warn if _has_manager(facts) else judgement.fail
    note("auto_update_disabled", scope, expected="on", **seen)


def judge_manager(judgement: Judgement, facts: PatchingFacts, policy: PatchingPolicy) -> None:
    """Warn where automatic updates are off for a manager that is not there.

    By a code that nothing repairs: whether the manager or the policy is wrong is for a person.
    """
    is_excused = policy.required_auto_update and judgement.has("auto_update_disabled")
    if is_excused and _is_manager_missing(facts, policy.managed_by):
        judgement.warn(
            "conflicting_evidence", "managed_by", observed="not there", expected=policy.managed_by
        )


def _is_manager_missing(facts: PatchingFacts, manager: str) -> bool:
    """Return whether the host proves that *manager* does not manage it; an RMM leaves no trace."""
    if manager == "wsus":
        is_read = facts.settings.is_ok and facts.update_services.is_ok
        return is_read and not is_wsus_managed(facts)
    if manager == "intune":
        computer = facts.host.computer.value
        return computer is not None and not computer.mdm_enrolled
    agent = _manager_agent(facts)
    return (
        manager == "sccm"
        and agent is not None
        and (not agent.exists or agent.start_mode == "Disabled")
    )


def _has_manager(facts: PatchingFacts) -> bool:
    agent = _manager_agent(facts)
    return agent is not None and agent.state == "Running"


def _manager_agent(facts: PatchingFacts) -> Service | None:
    services = facts.services.value
    items = services.items if services is not None else ()
    return next((item for item in items if item.name == MANAGER_AGENT), None)


def _judge_delay(
    judgement: Judgement,
    settings: UpdateSettings,
    policy: PatchingPolicy,
    now: datetime,
    *,
    is_owned: bool,
) -> None:
    days = settings.mdm_defer_quality_days or 0
    if settings.defer_quality == 1:
        days = max(days, settings.defer_quality_days or 0)
    if days > policy.quality_deferral_max_days:
        judgement.warn(
            "updates_deferred",
            observed=days,
            expected=policy.quality_deferral_max_days,
            gpo_managed=is_owned,
        )
    start, end = settings.pause_quality_at, settings.pause_expires_at
    is_policy_pause = bool(settings.mdm_pause_quality) or (
        start is not None and start <= now <= start + timedelta(days=PAUSE_DAYS)
    )
    if is_policy_pause or (end is not None and end > now):
        judgement.warn("updates_paused", gpo_managed=is_policy_pause and is_owned)
    if settings.no_internet and settings.use_wsus != 1:
        judgement.warn(
            "internet_locations_blocked",
            observed=settings.no_internet,
            expected=0,
            gpo_managed=is_owned,
        )
    if settings.scheduled_install_day:
        judgement.inform("not_installed_daily", observed=settings.scheduled_install_day, expected=0)


def judge_services(judgement: Judgement, facts: PatchingFacts, policy: PatchingPolicy) -> None:
    """Judge start modes only: a trigger starts these services, so that stopped is normal."""
    services = facts.services.value
    if services is None:
        judgement.unread("services", facts.services)
        settings = facts.settings.value
        if settings is not None and settings.agent_start == START_DISABLED:
            _note_off(judgement, facts, policy, "wuauserv", observed="Disabled")
        return
    _judge_unreported(judgement, {item.name for item in services.items})
    for item in services.items:
        if item.name != MANAGER_AGENT and item.exists and item.start_mode is None:
            note = judgement.error if item.name == "wuauserv" else judgement.warn
            note("probe_error", item.name, observed="no start mode", expected="Manual")
            continue
        if item.name == MANAGER_AGENT or (item.exists and item.start_mode != "Disabled"):
            continue
        if not item.exists:
            _judge_absent(judgement, facts, item.name)
        # Every manager but an RMM hands its updates to the Windows Update service.
        elif item.name in AUTOMATIC_SERVICES and policy.managed_by in {"none", "rmm"}:
            _note_off(judgement, facts, policy, item.name, observed="Disabled")
        elif item.name == "wuauserv":
            judgement.fail(
                "auto_update_disabled", item.name, observed="Disabled", expected="Manual"
            )
        else:
            judgement.warn(
                "update_service_disabled", item.name, observed="Disabled", expected="Manual"
            )


def _judge_unreported(judgement: Judgement, reported: Collection[str]) -> None:
    for name in UPDATE_SERVICES:
        if name not in reported:
            note = judgement.error if name == "wuauserv" else judgement.warn
            note("probe_missing", name, observed="not reported", expected="reported")


def _judge_absent(judgement: Judgement, facts: PatchingFacts, name: str) -> None:
    """Judge a service that no list shows: hidden by its permissions, or really gone."""
    settings = facts.settings.value
    if name != "wuauserv":
        judgement.warn("update_service_absent", name, observed="absent", expected="installed")
    elif settings is not None and settings.agent_start is None:
        judgement.fail("auto_update_disabled", name, observed="absent", expected="Manual")
    else:
        judgement.error("update_service_absent", name, observed="hidden", expected="installed")


def judge_reboot(
    judgement: Judgement,
    facts: PatchingFacts,
    policy: PatchingPolicy,
    level: Level,
    now: datetime,
) -> None:
    """Judge a pending reboot by its age.

    The age is that of the statement ``pending_reboot_first_seen``, which alone can show that the
    reboot is still within its time. The newest record of the host can only prove it overdue.
    """
    agent = facts.agent_reboot.value
    signs = facts.reboot.value
    if signs is None:
        judgement.unread("reboot", facts.reboot)
    # The agent tells this to local sessions only.
    token = facts.host.token.value
    is_remote = token is not None and token.logon_type == "network"
    if not (facts.agent_reboot.state is ProbeState.DENIED and is_remote):
        judgement.unread_minor("agent_reboot", facts.agent_reboot)
    reasons = _reasons(signs) if signs is not None else []
    if agent is not None and agent.required:
        reasons.append("update_agent")
    if level.needs_reboot:
        reasons.append("package")
    if not reasons:
        return

    seen = policy.pending_reboot_first_seen
    if seen is not None and is_in_future(now, seen):
        # Its age would be 0 until that day.
        judgement.warn(
            "conflicting_evidence",
            "pending_reboot_first_seen",
            observed=to_text(seen),
            expected="past",
        )
        seen = None
    since = seen or _newest_record(facts)
    age = age_hours(now, since) if since is not None else None
    observed = {"reasons": reasons, "hours": age}
    if level.is_overdue or (age is not None and age > policy.pending_reboot_fail_hours):
        judgement.fail(
            "reboot_pending", observed=observed, expected=policy.pending_reboot_fail_hours
        )
    elif seen is not None and age is not None and age <= policy.pending_reboot_warn_hours:
        # An old level that a reboot would mend is not met by a young reboot.
        note = judgement.warn if level.needs_reboot else judgement.inform
        note("reboot_pending", observed=observed, expected=policy.pending_reboot_warn_hours)
    else:
        judgement.warn(
            "reboot_pending", observed=observed, expected=policy.pending_reboot_warn_hours
        )


def _reasons(signs: RebootSigns) -> list[str]:
    found = {
        "servicing_pending": signs.servicing_pending,
        "servicing_in_progress": signs.servicing_in_progress,
        "packages_pending": signs.packages_pending,
        "update_required": signs.update_required,
        "server_manager": bool(signs.server_manager),
        "computer_rename": signs.computer_rename,
        "domain_join": signs.domain_join,
    }
    return [name for name, is_set in found.items() if is_set]


def _newest_record(facts: PatchingFacts) -> datetime | None:
    """Return when the host last recorded work that needs a reboot, none before the last one."""
    system = facts.host.os.value
    booted_at = system.last_boot_at if system is not None else None
    if booted_at is None:
        return None
    packages = facts.packages.value.packages.items if facts.packages.value else ()
    events = facts.events.value.items if facts.events.value else ()
    servicing = facts.servicing_events.value.items if facts.servicing_events.value else ()
    records = [item.installed_at for item in packages if item.is_pending and item.installed_at]
    records += [item.at for item in events if item.kbs.items and item.hresult is None]
    records += [item.at for item in servicing]
    return max((at for at in records if at >= booted_at), default=None)
