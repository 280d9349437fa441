# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge how Windows Server Backup is set up, and the services that every backup needs. Pure."""

from datetime import datetime

from ..facts.backup import BackupFacts, BackupPolicy
from ..facts.service import Service
from ..instants import to_text
from .backup_disks import SYSTEM_DRIVE, disks_by_path, is_local, normal_path
from .backup_evidence import CANCELLED, SUCCEEDED
from .judgement import Judgement, age_hours

STABLE = 1
# Failed at one of its stages; 5 waits for completion, as after every snapshot.
FAILED_WRITER_STATES = frozenset({7, 8, 9, 10, 11})
WHOLE_DISK = "Disk"
IDLE = "NoOperationInProgress"
# Win32 exit codes of a service that never failed: none, never started since boot.
GOOD_EXIT_CODES = frozenset({0, 1077})
# Every Windows has these two; the engine comes with Windows Server Backup.
SHADOW_SERVICES, ENGINE = ("VSS", "swprv"), "wbengine"


def judge_wsb(
    judgement: Judgement, facts: BackupFacts, policy: BackupPolicy, now: datetime
) -> None:
    """Judge schedule, versions, target and the running job."""
    _judge_summary(judgement, facts, policy, now)
    _judge_job(judgement, facts, policy, now)
    _judge_target(judgement, facts, policy)


def _judge_summary(
    judgement: Judgement, facts: BackupFacts, policy: BackupPolicy, now: datetime
) -> None:
    summary, plan = facts.wsb_summary.value, facts.wsb_policy.value
    if (
        plan is not None
        and policy.require_schedule
        and not (plan.is_configured and plan.schedule_times)
    ):
        judgement.warn("no_schedule", observed="none", expected="one")
    if summary is None:
        return
    next_at = summary.next_backup_at
    is_planned = plan is None or (plan.is_configured and bool(plan.schedule_times))
    if policy.require_schedule and is_planned and (next_at is None or next_at < now):
        judgement.warn(
            "no_schedule",
            "next backup",
            observed=to_text(next_at) if next_at else None,
            expected="a time to come",
        )
    versions = summary.version_count
    if versions is None or versions < policy.min_versions:
        judgement.warn("too_few_versions", observed=versions, expected=policy.min_versions)
    if summary.result == 0 and _is_doubtful(facts):
        judgement.warn("conflicting_evidence", "last backup", observed="succeeded and failed")


def _is_doubtful(facts: BackupFacts) -> bool:
    """Whether a summary that tells a success is contradicted by its own times or by the log."""
    summary, events = facts.wsb_summary.value, facts.wsb_events.value
    if summary is None or summary.last_backup_at is None:
        return False
    success = summary.last_success_at
    newest = next(iter(events or ()), None)
    has_failed = newest is not None and newest.id not in {SUCCEEDED, CANCELLED}
    return has_failed or success is None or summary.last_backup_at > success


def _judge_job(
    judgement: Judgement, facts: BackupFacts, policy: BackupPolicy, now: datetime
) -> None:
    summary, job = facts.wsb_summary.value, facts.wsb_job.value
    if job is not None and job.state == "Running" and job.started_at is not None:
        age = age_hours(now, job.started_at)
        if age > policy.hung_job_hours:
            judgement.fail("job_hung", observed=f"{age} h", expected=policy.hung_job_hours)
        else:
            judgement.inform("job_running", observed=f"{age} h")
        return
    if summary is not None and summary.operation != IDLE:
        # A job whose start nobody knows may hang for days.
        judgement.warn("conflicting_evidence", "running job", observed=summary.operation)


def _judge_target(judgement: Judgement, facts: BackupFacts, policy: BackupPolicy) -> None:
    plan, disks = facts.wsb_policy.value, facts.disks.value
    if plan is None or not plan.is_configured:
        return
    if not plan.targets:
        # Windows keeps no plan without one.
        judgement.warn("probe_error", "wsb_policy", observed="no target", expected="ok")
    if disks is None:
        return
    disks_of = disks_by_path(disks)
    paths = list(plan.volumes)
    if plan.has_system_state:
        # Windows itself is a source, whatever else is named.
        paths.append(SYSTEM_DRIVE)
    sources = {disk for path in paths for disk in disks_of.get(normal_path(path), ())}
    for target in plan.targets:
        for disk in sorted(sources.intersection(disks_of.get(normal_path(target.path or ""), ()))):
            note = judgement.fail if policy.same_disk_target == "fail" else judgement.warn
            note("same_disk_target", target.type, observed=f"disk {disk}", expected="another disk")
    # A disk that is given to backups whole holds nothing else.
    volumes = [target.path for target in plan.targets if target.type != WHOLE_DISK and target.path]
    copied_to = [path for path in volumes if is_local(path)]
    if copied_to and any(normal_path(path) not in disks_of for path in (*paths, *copied_to)):
        # Not listed, or cut off a long list: whether they share a disk is not known.
        judgement.warn("probe_error", "disks", observed="not listed", expected="ok")


def judge_services(judgement: Judgement, facts: BackupFacts, *, is_wsb_used: bool) -> None:
    """Judge services that are idle most of the time: stopped is normal, disabled or gone is not."""
    services = facts.services.value
    if services is None:
        return  # noted with the probes
    needed = (*SHADOW_SERVICES, ENGINE) if is_wsb_used else SHADOW_SERVICES
    reported = {item.name for item in services}
    for name in needed:
        if name not in reported:
            judgement.warn("probe_missing", name, observed="not reported", expected="reported")
    for service in services:
        if service.name in needed:
            _judge_service(judgement, service)


def _judge_service(judgement: Judgement, service: Service) -> None:
    if not service.exists:
        # Hidden by its permissions, or really gone: no list tells which.
        judgement.warn("probe_absent", service.name, observed="absent", expected="installed")
    elif service.start_mode is None:
        judgement.warn("probe_error", service.name, observed="no start mode", expected="Manual")
    elif service.start_mode == "Disabled":
        judgement.fail(
            "backup_service_disabled", service.name, observed="Disabled", expected="Manual"
        )
    elif service.exit_code not in GOOD_EXIT_CODES:
        observed = f"ended with {service.exit_code}"
        judgement.warn("backup_service_disabled", service.name, observed=observed, expected="0")


def judge_writers(judgement: Judgement, facts: BackupFacts) -> None:
    """Note writers that endanger the next backup, unless they made the last one fail."""
    if judgement.has("vss_writer_failed"):
        return
    for writer in facts.writers.value or ():
        if writer.state in FAILED_WRITER_STATES:
            judgement.warn("vss_writer_failed", writer.id, observed=writer.state, expected=STABLE)
