# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge whether a host is backed up. Pure: no clock, no I/O, no Ansible.

Only the time of a success proves a backup. Services and schedules prove that there is a product,
copies on the same disk prove nothing.
"""

from datetime import datetime

from ..facts.backup import AUTO, EXTERNAL, NONE, WSB, BackupFacts, BackupPolicy
from ..facts.probe import ProbeState
from ..instants import to_text
from ..models import CheckId, ComplianceCheck, Severity
from .backup_age import backup_age_hours, note_future
from .backup_codes import CATALOGUE
from .backup_dumps import judge_dumps, judge_only_dumps
from .backup_evidence import (
    DUMP_FILES,
    WINDOWS_SERVER_BACKUP,
    Evidence,
    are_products_known,
    find_evidence,
    has_named_product,
    is_wsb_installed,
)
from .backup_wsb import judge_services, judge_writers, judge_wsb
from .judgement import Judgement, age_days

UNREAD = frozenset(f"probe_{state}" for state in ProbeState)
WSB_PROBES = ("wsb_summary", "wsb_policy", "wsb_job", "wsb_events", "disks")
OTHER_PROBES = (
    "services",
    "products",
    "product_events",
    "feature",
    "dumps",
    "shadow_copies",
    "writers",
)


def judge_backup(facts: BackupFacts, policy: BackupPolicy, now: datetime) -> ComplianceCheck:
    """Judge the newest success of all products, and what endangers the next one."""
    judgement = Judgement(CheckId.BACKUP, CATALOGUE)
    if policy.provider == NONE:
        _judge_exception(judgement, policy, now)
        return judgement.verdict(facts, policy)
    if judgement.is_blocked_by(facts.host):
        return judgement.verdict(facts, policy)
    evidence = find_evidence(facts, policy)
    if evidence:
        _judge_freshness(judgement, evidence, policy, now)
    if not has_named_product(evidence, policy):
        _judge_nothing_found(judgement, facts, policy)
    is_wsb_used = any(item.product == WINDOWS_SERVER_BACKUP for item in evidence)
    if is_wsb_used:
        judge_wsb(judgement, facts, policy, now)
    if evidence and policy.provider != EXTERNAL:
        judge_services(judgement, facts, is_wsb_used=is_wsb_used)
        judge_writers(judgement, facts)
    _judge_directory(judgement, facts, policy, now, is_wsb_used=is_wsb_used)
    judge_dumps(judgement, facts, policy, now)
    if evidence and all(item.product == DUMP_FILES for item in evidence):
        judge_only_dumps(judgement, facts, policy)
    _judge_restore_test(judgement, policy, now)
    _note_unread(judgement, facts, policy, evidence)
    return judgement.verdict(facts, policy)


def _judge_exception(judgement: Judgement, policy: BackupPolicy, now: datetime) -> None:
    expires = policy.exception_expires
    if expires is not None and now.date() <= expires:
        judgement.inform("exception_in_force", observed=policy.exception_reason)
    else:
        judgement.fail("exception_expired", observed=str(expires), expected=str(now.date()))


def _judge_freshness(
    judgement: Judgement, evidence: list[Evidence], policy: BackupPolicy, now: datetime
) -> None:
    successes = {
        item.product: item.last_success_at for item in evidence if item.last_success_at is not None
    }
    if policy.provider != EXTERNAL:
        note_future(judgement, successes, now)
    newest = max(successes.values(), default=None)
    age = None if newest is None else backup_age_hours(now, newest, policy)
    is_too_old = age is not None and age > policy.max_age_fail_hours
    if policy.provider == EXTERNAL and (newest is None or newest > now):
        judgement.error(
            "external_unattested",
            observed=to_text(newest) if newest else None,
            expected="an instant",
        )
    elif age is None:
        is_too_old = _judge_without_success(judgement, evidence, policy)
    elif is_too_old:
        judgement.fail("backup_too_old", observed=f"{age} h", expected=policy.max_age_fail_hours)
    elif age > policy.max_age_warn_hours:
        judgement.warn("backup_too_old", observed=f"{age} h", expected=policy.max_age_warn_hours)
    code = "backup_attested" if policy.provider == EXTERNAL else "backup_succeeded"
    for product, instant in successes.items():
        judgement.inform(code, product, observed=to_text(instant))
    for item in evidence:
        if not is_too_old and age is not None:
            _judge_own_age(judgement, item, policy, now)
        _judge_last_job(judgement, item, is_too_old=is_too_old)
        if item.services_down:
            note = judgement.warn if age is not None and not is_too_old else judgement.fail
            seen = {"observed": list(item.services_down), "expected": "Running"}
            note("backup_agent_stopped", item.product, **seen)


def _judge_own_age(
    judgement: Judgement, item: Evidence, policy: BackupPolicy, now: datetime
) -> None:
    """Note a product that stopped while another one goes on: they may copy different things."""
    last = item.last_success_at
    if item.product == DUMP_FILES:
        return  # each folder has limits of its own
    if last is not None:
        age = backup_age_hours(now, last, policy)
        if age > policy.max_age_fail_hours:
            limit = policy.max_age_fail_hours
            judgement.warn("product_too_old", item.product, observed=f"{age} h", expected=limit)
    elif item.is_read and item.is_verifiable:
        limit = policy.max_age_fail_hours
        judgement.warn("product_too_old", item.product, observed="never", expected=limit)


def _judge_without_success(
    judgement: Judgement, evidence: list[Evidence], policy: BackupPolicy
) -> bool:
    """Judge a host without a known success; return whether that is proven."""
    if not all(item.is_read for item in evidence):
        return False  # noted with the probes
    if all(item.is_verifiable for item in evidence):
        judgement.fail("backup_too_old", observed="never", expected=policy.max_age_fail_hours)
        return True
    for item in evidence:
        if not item.is_verifiable:
            judgement.warn("success_unverified", item.product, observed="unknown")
    return False


def _judge_last_job(judgement: Judgement, item: Evidence, *, is_too_old: bool) -> None:
    note = judgement.fail if is_too_old else judgement.warn
    if item.last_result == "failed":
        scope = f"{item.product}: {item.cause}" if item.cause else item.product
        note("last_job_failed", scope, observed=item.observed or "failed", expected="succeeded")
        if item.cause:
            note(item.cause, item.product, observed=item.observed)
    elif item.last_result == "warned":
        judgement.warn("last_job_warned", item.product, observed="warned", expected="succeeded")


def _judge_nothing_found(judgement: Judgement, facts: BackupFacts, policy: BackupPolicy) -> None:
    """Judge a host where no product was seen: that is proven, or was not read."""
    system = facts.host.os.value
    severity = Severity.HIGH if system is not None and system.is_client else Severity.CRITICAL
    looks_for_products = policy.provider != WSB
    if looks_for_products and not are_products_known(facts, policy):
        judgement.unread("products", facts.products)
    if policy.provider in {AUTO, WSB} and facts.wsb_summary.is_ok and not facts.wsb_policy.is_ok:
        judgement.unread("wsb_policy", facts.wsb_policy)
    if policy.provider in {AUTO, WSB} and not facts.wsb_summary.is_ok and not facts.feature.is_ok:
        judgement.unread("feature", facts.feature)
    if judgement.has(*UNREAD):
        return
    is_installed = policy.provider in {AUTO, WSB} and is_wsb_installed(facts)
    code = "no_backup_configured" if is_installed else "no_backup_product"
    judgement.fail(code, observed="none", expected=policy.provider, severity=severity)
    copies = facts.shadow_copies.value
    if copies is not None and copies.copies:
        judgement.inform("only_shadow_copies", observed=copies.copies)


def _judge_directory(
    judgement: Judgement,
    facts: BackupFacts,
    policy: BackupPolicy,
    now: datetime,
    *,
    is_wsb_used: bool,
) -> None:
    system = facts.host.os.value
    if system is None or not system.is_domain_controller or not policy.require_system_state:
        return
    directory, plan = facts.directory.value, facts.wsb_policy.value
    saved_at = directory.last_backup_at if directory else None
    if saved_at is not None:
        note_future(judgement, {"directory": saved_at}, now)
        age = backup_age_hours(now, saved_at, policy)
        if age > policy.max_age_fail_hours:
            limit = policy.max_age_fail_hours
            judgement.fail("system_state_too_old", observed=f"{age} h", expected=limit)
        else:
            judgement.inform("directory_backed_up", observed=to_text(saved_at))
    elif not (is_wsb_used and plan is not None and plan.is_configured):
        # Another product may save it, and nothing shows that it does.
        judgement.warn("system_state_unverified", observed="unknown", expected="saved")
    elif directory is not None:
        # The plan has the system state in it, and the directory was never marked as saved.
        judgement.warn("system_state_unverified", observed="never", expected="saved")
    if is_wsb_used and plan is not None and plan.is_configured and not plan.has_system_state:
        judgement.fail("system_state_missing", observed=False, expected=True)


def _judge_restore_test(judgement: Judgement, policy: BackupPolicy, now: datetime) -> None:
    if not policy.restore_test_required:
        return
    last, limit = policy.restore_test_last, policy.restore_test_max_age_days
    if last is None or last > now.date():
        judgement.warn("restore_test_missing", observed=str(last), expected="a date")
        return
    age = age_days(now, datetime(last.year, last.month, last.day, tzinfo=now.tzinfo))
    if age > limit:
        judgement.warn("restore_test_too_old", observed=age, expected=limit)


def _note_unread(
    judgement: Judgement, facts: BackupFacts, policy: BackupPolicy, evidence: list[Evidence]
) -> None:
    """Note sources whose silence could hide a weakness, or the only proof of a backup."""
    for scope, host in (("os", facts.host.os), ("computer", facts.host.computer)):
        if not host.is_ok:
            judgement.unread(scope, host)
    if policy.provider == EXTERNAL or not evidence:
        return
    if not any(item.last_success_at is not None for item in evidence):
        _note_missing_proof(judgement, facts, evidence)
    is_wsb_used = any(item.product == WINDOWS_SERVER_BACKUP for item in evidence)
    # Where another product does the work, its cmdlets need not be there.
    is_natural = not is_wsb_used and facts.wsb_summary.is_absent
    names = WSB_PROBES if is_wsb_used else () if is_natural else ("wsb_summary",)
    for name in (*names, *OTHER_PROBES):
        judgement.unread_minor(name, getattr(facts, name))
    for reading in facts.product_events.value or ():
        judgement.unread_minor(reading.product, reading.events)
    # Only a domain controller with the directory's cmdlets has this one.
    if not facts.directory.is_absent:
        judgement.unread_minor("directory", facts.directory)
    if facts.products.is_ok and not are_products_known(facts, policy):
        judgement.warn("probe_error", "products", observed="other names", expected="ok")


def _note_missing_proof(judgement: Judgement, facts: BackupFacts, evidence: list[Evidence]) -> None:
    for item in evidence:
        if item.is_read:
            continue
        if item.product == WINDOWS_SERVER_BACKUP:
            judgement.unread("wsb_summary", facts.wsb_summary)
        elif item.product == DUMP_FILES:
            judgement.unread("dumps", facts.dumps)
        else:
            readings = [
                entry.events
                for entry in facts.product_events.value or ()
                if entry.product == item.product
            ]
            judgement.unread(item.product, readings[0] if readings else facts.product_events)
