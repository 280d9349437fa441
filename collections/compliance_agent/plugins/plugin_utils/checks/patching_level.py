# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge the update level of a host: its age, and whether Windows is still supported. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from fnmatch import fnmatchcase

from ..facts.host import OperatingSystem
from ..facts.patching import SUCCEEDED, WSUS, Package, PatchingFacts
from ..facts.patching_policy import PatchingPolicy, Release
from ..instants import to_text
from .judgement import Judgement, age_days, is_in_future


@dataclass(frozen=True, slots=True)
class Level:
    """What the level of the host proves for other sources.

    *is_known*: its age was read, so that it stands in for a search that was refused. *is_behind*:
    it is so old that a newer one should be offered. *needs_reboot*: an update newer than the
    running level waits for it. *is_overdue*: what runs until then is too old itself.
    """

    is_known: bool
    is_behind: bool = False
    needs_reboot: bool = False
    is_overdue: bool = False


def judge_support(
    judgement: Judgement, system: OperatingSystem, policy: PatchingPolicy, now: datetime
) -> None:
    """Fail a Windows whose support has ended, unless the site attests extended updates."""
    today = now.astimezone(UTC).date()
    scope = f"{system.build} {system.edition_id or 'unknown edition'}"
    last_day = _last_day(system, policy)
    if last_day is None:
        judgement.warn("os_support_unknown", scope, expected="a build and edition of the table")
    elif today <= last_day:
        if (last_day - today).days <= policy.support_notice_days:
            judgement.inform("os_support_ends_soon", scope, observed=last_day.isoformat())
    elif policy.esu_until is not None and today <= policy.esu_until:
        judgement.inform("os_support_extended", scope, observed=policy.esu_until.isoformat())
    else:
        judgement.fail(
            "os_unsupported", scope, observed=last_day.isoformat(), expected=today.isoformat()
        )


def judge_level(
    judgement: Judgement, facts: PatchingFacts, policy: PatchingPolicy, now: datetime
) -> Level:
    """Judge the age of the cumulative update; a pending one counts, and the reboot it waits for."""
    system = facts.host.os.value
    if system is None:
        return Level(is_known=False)
    found = facts.packages.value
    packages = found.packages.items if found is not None else ()
    installed = max((p for p in packages if p.is_installed), key=_by_level, default=None)
    running = _running_ubr(system, installed)
    if running is None:
        judgement.error("level_unknown", str(system.build), expected="build and UBR")
        return Level(is_known=False)

    rows = _known_releases(policy, system.build, now)
    row = next((item for item in rows if item.ubr == running), None)
    is_hotpatch = row is not None and row.kind == "hotpatch"
    released = _release_age(rows, running, now)
    is_above_table = released is None
    is_hotpatch_unknown = (
        is_above_table and policy.hotpatch_enrolled and _is_older(installed, running)
    )
    # The baseline below a hotpatch is old on purpose.
    is_baseline = is_hotpatch or is_hotpatch_unknown
    install = None if is_baseline or installed is None else installed.installed_at
    pending = max((p.ubr for p in packages if p.is_pending and p.ubr > running), default=None)
    if pending is not None:
        age = _release_age(rows, pending, now) or 0
        level = _judge_age(judgement, facts, policy, rows, _Aged(system.build, pending, age))
        running_days = max(released or 0, age_days(now, install) if install else 0)
        is_overdue = running_days > policy.lcu_age_fail_days
        return replace(level, needs_reboot=True, is_overdue=is_overdue)
    if found is not None:
        _judge_package(judgement, system, running, installed, is_hotpatch=is_hotpatch)

    if is_hotpatch_unknown:
        judgement.warn("hotpatch_level_unknown", f"{system.build}.{running}")
        return Level(is_known=False)
    if install is not None and is_in_future(now, install):
        judgement.warn("conflicting_evidence", "level", observed=to_text(install), expected="past")
        install = None
    ages = [released] if released is not None else []
    if install is not None:
        ages.append(age_days(now, install))
    if not ages:
        judgement.error("level_age_unknown", f"{system.build}.{running}", expected="a date")
        return Level(is_known=False)
    aged = _Aged(system.build, running, max(ages))
    if is_above_table:
        _note_above_table(judgement, facts, policy, aged, _days_above(rows, running, now))
    return _judge_age(judgement, facts, policy, rows, aged)


def is_wsus_managed(facts: PatchingFacts) -> bool:
    """Return whether an update server of the site decides what this host is offered."""
    settings, services = facts.settings.value, facts.update_services.value
    is_default = services is not None and any(
        item.is_default and item.service_id == WSUS for item in services.items
    )
    return is_default or (settings is not None and settings.use_wsus == 1)


@dataclass(frozen=True, slots=True)
class _Aged:
    build: int
    ubr: int
    days: int


def _note_above_table(
    judgement: Judgement,
    facts: PatchingFacts,
    policy: PatchingPolicy,
    level: _Aged,
    days_at_most: int | None,
) -> None:
    """Tell whether a level without a row is young: an old one may be installed today."""
    scope, limit = f"{level.build}.{level.ubr}", policy.lcu_age_fail_days
    is_young = days_at_most is not None and days_at_most <= limit
    if level.days > limit or is_young or _is_newest_of_microsoft(facts, policy):
        judgement.inform("level_above_table", scope)
    else:
        judgement.warn("level_age_unknown", scope, observed=days_at_most, expected=limit)


def _is_newest_of_microsoft(facts: PatchingFacts, policy: PatchingPolicy) -> bool:
    """Return whether Microsoft itself was asked, and has no newer security update."""
    search = facts.search.value
    is_complete = (
        search is not None
        and search.online
        and search.result_code == SUCCEEDED
        and not search.warnings.items
    )
    is_microsoft = facts.settings.is_ok and not is_wsus_managed(facts)
    return is_complete and is_microsoft and not _is_newer_offered(facts, policy)


def _judge_age(
    judgement: Judgement,
    facts: PatchingFacts,
    policy: PatchingPolicy,
    rows: Sequence[Release],
    level: _Aged,
) -> Level:
    scope = f"{level.build}.{level.ubr}"
    kinds = {item.kind for item in rows if item.ubr == level.ubr} | {"lcu"}
    is_newer_known = _is_newer_offered(facts, policy) or any(
        item.ubr > level.ubr and item.kind in kinds for item in rows
    )
    is_too_old = level.days > policy.lcu_age_fail_days
    is_aging = level.days > policy.lcu_age_warn_days and is_newer_known
    if is_too_old:
        judgement.fail("lcu_too_old", scope, observed=level.days, expected=policy.lcu_age_fail_days)
    elif is_aging:
        judgement.warn("lcu_aging", scope, observed=level.days, expected=policy.lcu_age_warn_days)
    return Level(is_known=True, is_behind=is_too_old or is_aging)


def _judge_package(
    judgement: Judgement,
    system: OperatingSystem,
    running: int,
    installed: Package | None,
    *,
    is_hotpatch: bool,
) -> None:
    """Compare the level that Windows names with the newest package of the component store."""
    scope = f"{system.build}.{running}"
    if installed is None or installed.installed_at is None:
        judgement.warn("install_date_unknown", scope, expected="an installed package with a date")
    elif installed.ubr != running and not is_hotpatch:
        observed = f"{installed.build}.{installed.ubr}"
        judgement.warn("conflicting_evidence", "level", observed=observed, expected=scope)


def _is_newer_offered(facts: PatchingFacts, policy: PatchingPolicy) -> bool:
    search = facts.best_search
    security = set(policy.security_category_ids)
    return search is not None and any(
        not update.browse_only and security.intersection(update.category_ids.items)
        for update in search.updates.items
    )


def _running_ubr(system: OperatingSystem, installed: Package | None) -> int | None:
    if system.ubr is not None:
        return system.ubr
    return installed.ubr if installed is not None else None


def _is_older(installed: Package | None, running: int) -> bool:
    return installed is None or installed.ubr < running


def _by_level(package: Package) -> tuple[int, int]:
    # 25H2 (26200) installs packages that are named after 24H2 (26100): only the UBR is common.
    return package.build, package.ubr


def _known_releases(policy: PatchingPolicy, build: int, now: datetime) -> list[Release]:
    # The table may be newer than the clock of the host.
    today = now.astimezone(UTC).date()
    return [row for row in policy.lcu_releases.get(build, ()) if row.released_on <= today]


def _release_age(rows: Sequence[Release], ubr: int, now: datetime) -> int | None:
    """Return the days since *ubr* was released, or at least so many; None if above the table."""
    exact = next((row.released_on for row in rows if row.ubr == ubr), None)
    if exact is not None:
        return _days_since(exact, now)
    later = [row.released_on for row in rows if row.ubr > ubr and row.kind != "hotpatch"]
    return _days_since(min(later), now) if later else None


def _days_above(rows: Sequence[Release], ubr: int, now: datetime) -> int | None:
    """Return the days since *ubr* was released at most: it is newer than every row below it."""
    earlier = [row.released_on for row in rows if row.ubr < ubr]
    return _days_since(max(earlier), now) if earlier else None


def _days_since(day: date, now: datetime) -> int:
    return age_days(now, datetime.combine(day, time(), tzinfo=UTC))


def _last_day(system: OperatingSystem, policy: PatchingPolicy) -> date | None:
    edition = system.edition_id
    if edition is None:
        return None
    for row in policy.os_end_of_support.get(system.build, ()):
        if fnmatchcase(edition.casefold(), row.edition.casefold()):
            return row.last_day
    return None
