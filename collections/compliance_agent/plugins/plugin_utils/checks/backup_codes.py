# SPDX-License-Identifier: GPL-3.0-or-later
"""The finding codes of the backup check."""

from ..models import Severity
from .judgement import Catalogue, Code

CATALOGUE: Catalogue = {
    "no_backup_product": Code(Severity.CRITICAL, "no backup product is installed"),
    "no_backup_configured": Code(Severity.CRITICAL, "no backup is configured and none was made"),
    "backup_too_old": Code(
        Severity.HIGH, "the last successful backup is too many hours old", "RB-WIN-BACKUP-001"
    ),
    "product_too_old": Code(
        Severity.MEDIUM, "a product stopped succeeding while another one goes on"
    ),
    "last_job_failed": Code(Severity.HIGH, "the last backup job failed", "RB-WIN-BACKUP-001"),
    "last_job_warned": Code(Severity.MEDIUM, "the last backup job ended with warnings"),
    "target_missing": Code(Severity.HIGH, "the backup target is not there"),
    "target_full": Code(Severity.HIGH, "the backup target is full"),
    "target_denied": Code(Severity.HIGH, "the backup was refused access"),
    "vss_writer_failed": Code(
        Severity.HIGH, "a writer of the shadow copy service failed", "RB-WIN-BACKUP-002"
    ),
    "job_hung": Code(Severity.HIGH, "a backup job hangs", "RB-WIN-BACKUP-001"),
    "job_running": Code(Severity.INFO, "a backup job is running"),
    # Rules of the contract match on these words.
    "backup_service_disabled": Code(
        Severity.HIGH, "backup service not running", "RB-WIN-BACKUP-001"
    ),
    "backup_agent_stopped": Code(
        Severity.HIGH, "a service of the backup product is stopped", "RB-WIN-BACKUP-003"
    ),
    "success_unverified": Code(
        Severity.MEDIUM, "the product runs; nothing tells whether it succeeds"
    ),
    "too_few_versions": Code(Severity.LOW, "fewer versions are kept than required"),
    "no_schedule": Code(Severity.MEDIUM, "no next backup is scheduled"),
    "system_state_missing": Code(Severity.HIGH, "the backup leaves out the system state"),
    "system_state_too_old": Code(Severity.HIGH, "the directory was not backed up in time"),
    "system_state_unverified": Code(
        Severity.MEDIUM, "nothing tells whether the directory is backed up"
    ),
    "directory_backed_up": Code(Severity.INFO, "the directory knows of a backup"),
    "same_disk_target": Code(Severity.HIGH, "the backup lies on the disk that it copies"),
    "dump_missing": Code(Severity.HIGH, "a required dump file is missing"),
    "dump_too_old": Code(Severity.HIGH, "a required dump file is too old"),
    "dump_too_small": Code(Severity.HIGH, "a required dump file is too small"),
    "restore_test_missing": Code(Severity.MEDIUM, "no restore test is attested"),
    "restore_test_too_old": Code(Severity.MEDIUM, "the attested restore test is too old"),
    "external_unattested": Code(Severity.HIGH, "the backup from outside the host is not attested"),
    "exception_in_force": Code(Severity.INFO, "the site attests that no backup is needed"),
    "exception_expired": Code(Severity.HIGH, "the exception from backup has expired"),
    "backup_succeeded": Code(Severity.INFO, "a product made a successful backup"),
    "backup_attested": Code(Severity.INFO, "the site attests a successful backup"),
    "only_shadow_copies": Code(
        Severity.INFO, "shadow copies are no backup: they lie on the same disk"
    ),
}
