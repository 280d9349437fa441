# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge Windows patching facts. Pure: no clock, no I/O, no Ansible.

Two sources prove that a host is patched: its update level with a release date, which needs no
agent, and the answer of the update agent. Each can show a fault by itself.
"""

from datetime import datetime

from ..facts.patching import PatchingFacts
from ..facts.patching_policy import PatchingPolicy
from ..models import CheckId, ComplianceCheck, Severity
from .judgement import Catalogue, Code, Judgement
from .patching_agent import (
    judge_installs,
    judge_scan_age,
    judge_search,
    judge_updates,
    judge_wsus,
    note_agent_sources,
)
from .patching_level import judge_level, judge_support
from .patching_settings import judge_manager, judge_reboot, judge_services, judge_settings

INSTALL, REPAIR, REBOOT, ENABLE = (
    "RB-WIN-PATCH-001",
    "RB-WIN-PATCH-002",
    "RB-WIN-PATCH-003",
    "RB-WIN-PATCH-004",
)
CATALOGUE: Catalogue = {
    "critical_update_overdue": Code(
        Severity.HIGH, "a critical security update is overdue, in days", INSTALL
    ),
    "high_update_overdue": Code(
        Severity.HIGH, "an important security update is overdue, in days", INSTALL
    ),
    "minor_update_overdue": Code(
        Severity.LOW, "a minor security update is overdue, in days", INSTALL
    ),
    "update_date_unknown": Code(Severity.MEDIUM, "a missing security update has no release date"),
    "update_hidden": Code(
        Severity.MEDIUM, "a missing security update is hidden, so nobody installs it"
    ),
    "updates_waiting": Code(Severity.INFO, "security updates are missing, within their time"),
    "updates_cut": Code(Severity.LOW, "more updates are missing than were listed", INSTALL),
    "lcu_too_old": Code(Severity.HIGH, "the cumulative update is too many days old", INSTALL),
    "lcu_aging": Code(Severity.MEDIUM, "a newer cumulative update is due", INSTALL),
    "level_unknown": Code(Severity.MEDIUM, "the update level was not read"),
    "level_age_unknown": Code(Severity.MEDIUM, "the age of the update level is unknown"),
    "level_above_table": Code(
        Severity.INFO, "the update level is newer than the table: its install date counts"
    ),
    "install_date_unknown": Code(
        Severity.LOW, "the install date of the cumulative update is unknown"
    ),
    "hotpatch_level_unknown": Code(
        Severity.MEDIUM, "the hotpatch level is newer than the table of releases"
    ),
    "os_unsupported": Code(Severity.HIGH, "Windows is out of support"),
    "os_support_unknown": Code(Severity.MEDIUM, "the end of support of this Windows is unknown"),
    "os_support_extended": Code(
        Severity.INFO, "the site attests extended security updates for this Windows"
    ),
    "os_support_ends_soon": Code(Severity.INFO, "the support of this Windows ends soon"),
    "scan_too_old": Code(
        Severity.MEDIUM, "the last search for updates is too many days ago", REPAIR
    ),
    "update_source_unreachable": Code(
        Severity.HIGH, "the source of updates cannot be reached", REPAIR
    ),
    "search_failed": Code(Severity.MEDIUM, "the search for updates failed", REPAIR),
    "search_incomplete": Code(Severity.LOW, "the search for updates was incomplete", REPAIR),
    "wua_denied": Code(Severity.LOW, "the update agent refuses remote sessions"),
    "wsus_offers_nothing": Code(
        Severity.MEDIUM, "the update server of the site offers nothing to an outdated host"
    ),
    "wsus_not_named": Code(Severity.MEDIUM, "an update server is demanded and none is named"),
    "wsus_without_tls": Code(Severity.INFO, "the update server of the site is used without TLS"),
    # Only an installation that succeeds ends these two.
    "install_failing": Code(Severity.HIGH, "an update fails to install again and again", INSTALL),
    "install_failed": Code(Severity.LOW, "an update failed to install", INSTALL),
    "auto_update_disabled": Code(Severity.HIGH, "automatic updates are switched off", ENABLE),
    # Installing by itself restarts the host by itself: a person decides that.
    "auto_install_off": Code(Severity.LOW, "updates wait for a person to install them"),
    "update_service_disabled": Code(
        Severity.MEDIUM, "a service that updates need is disabled", ENABLE
    ),
    "update_service_absent": Code(Severity.MEDIUM, "a service that updates need was not found"),
    "updates_deferred": Code(Severity.LOW, "updates are deferred for longer than allowed"),
    "updates_paused": Code(Severity.MEDIUM, "updates are paused", ENABLE),
    "internet_locations_blocked": Code(
        Severity.LOW, "internet sources of updates are blocked without a server of the site"
    ),
    "not_installed_daily": Code(Severity.INFO, "updates are installed on one day of the week"),
    "reboot_pending": Code(Severity.MEDIUM, "a reboot is needed to finish updates", REBOOT),
}


def judge_patching(facts: PatchingFacts, policy: PatchingPolicy, now: datetime) -> ComplianceCheck:
    """Judge how far a host is patched: what proves a fault fails, what is unread never passes."""
    judgement = Judgement(CheckId.PATCHING, CATALOGUE)
    if judgement.is_blocked_by(facts.host):
        return judgement.verdict(facts, policy)
    if facts.host.os.value is None:
        judgement.unread("os", facts.host.os)
    else:
        judge_support(judgement, facts.host.os.value, policy, now)
    level = judge_level(judgement, facts, policy, now)
    judge_search(judgement, facts, level)
    judge_updates(judgement, facts, policy, now)
    judge_wsus(judgement, facts, level)
    judge_scan_age(judgement, facts, policy, now)
    judge_installs(judgement, facts, policy, now)
    judge_settings(judgement, facts, policy, now)
    judge_services(judgement, facts, policy)
    judge_manager(judgement, facts, policy)
    judge_reboot(judgement, facts, policy, level, now)
    _note_unread(judgement, facts)
    return judgement.verdict(facts, policy)


def _note_unread(judgement: Judgement, facts: PatchingFacts) -> None:
    """Note sources whose silence could hide a weakness, or the owner of a setting."""
    if facts.host.computer.value is None:
        judgement.unread("computer", facts.host.computer)
    note_agent_sources(judgement, facts)
    for name in ("packages", "legacy_dates", "events", "servicing_events", "hotfixes"):
        judgement.unread_minor(name, getattr(facts, name))
