# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of 24 runbooks as the checks name them, for tests that choose among them.

The scripts do nothing: nobody here runs one. Symptoms are written as an author of a runbook would
write them, from what the check says, before any labelled incident was.
"""

import shutil
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[4]
SCRIPT = "param([System.Collections.IDictionary]$Parameter)\n"
CONTROL = {
    "patching": "164.308(a)(1)(ii)(B)",
    "av_edr": "164.308(a)(5)(ii)(B)",
    "backup": "164.308(a)(7)(ii)(A)",
    "logging": "164.312(b)",
    "firewall": "164.312(e)(1)",
    "encryption": "164.312(a)(2)(iv)",
}
DRIVES = {
    "type": "list",
    "elements": "str",
    "pattern": "[A-Z]:",
    "required": True,
    "description": "The volumes, as drive letters.",
}

# d: disruptive, r: reboots, a: needs approval, w: in a maintenance window only.
RUNBOOKS: dict[str, dict[str, Any]] = {
    "RB-WIN-PATCH-001": {
        "check": "patching", "name": "Install security updates", "flags": "draw",
        "repairs": "critical_update_overdue high_update_overdue minor_update_overdue lcu_too_old"
        " lcu_aging updates_cut install_failed install_failing",
        "symptoms": ["an update fails to install again and again",
                     "security update overdue", "cumulative update too many days old",
                     "newer cumulative update due", "more updates are missing than were listed"],
        "escalate_when": ["reboot_pending", "os_unsupported", "wsus_offers_nothing"],
    },
    "RB-WIN-PATCH-002": {
        "check": "patching", "name": "Repair the Windows Update client", "flags": "",
        "repairs": "search_failed search_incomplete scan_too_old update_source_unreachable",
        "symptoms": ["search for updates failed", "search for updates was incomplete",
                     "last search too many days ago",
                     "source of updates cannot be reached"],
        "escalate_when": ["wsus_not_named", "internet sources of updates are blocked"],
    },
    "RB-WIN-PATCH-003": {
        "check": "patching", "name": "Reboot to finish updates", "flags": "drw",
        "repairs": "reboot_pending", "symptoms": ["reboot pending", "reboot needed to finish"],
    },
    "RB-WIN-PATCH-004": {
        "check": "patching", "name": "Turn automatic updates on", "flags": "",
        "repairs": "auto_update_disabled update_service_disabled updates_paused",
        "symptoms": ["automatic updates switched off", "updates paused",
                     "service that updates need is disabled"],
    },
    "RB-WIN-AV-001": {
        "check": "av_edr", "name": "Update the definitions", "flags": "",
        "repairs": "signatures_old engine_old",
        "symptoms": ["definitions too many days old", "scan engine outdated"],
        "escalate_when": ["third_party_active", "defender_passive"],
    },
    "RB-WIN-AV-002": {
        "check": "av_edr", "name": "Turn the protection on", "flags": "",
        "repairs": "realtime_off component_off no_active_engine quick_scan_old",
        "symptoms": ["real-time protection off", "part of the protection off",
                     "no engine protects against malware", "last scan too many days ago"],
        "escalate_when": ["third_party_active", "disabled_by_policy", "tampering_blocked",
                          "two engines"],
    },
    "RB-WIN-AV-003": {
        "check": "av_edr", "name": "Install Defender", "flags": "draw",
        "repairs": "defender_missing passive_without_active_engine",
        "symptoms": ["Defender not installed and nothing replaces it",
                     "Defender passive and no other engine active"],
    },
    "RB-WIN-AV-004": {
        "check": "av_edr", "name": "Start the protection product", "flags": "",
        "repairs": "edr_stopped",
        "symptoms": ["protection product installed and stopped"],
    },
    "RB-WIN-BACKUP-001": {
        "check": "backup", "name": "Start the backup service and a backup", "flags": "w",
        "repairs": "backup_service_disabled backup_too_old job_hung last_job_failed",
        "symptoms": ["backup service not running", "last successful backup too many hours old",
                     "backup job hangs", "last backup job failed"],
        "escalate_when": ["target_full", "target_missing", "same disk"],
    },
    "RB-WIN-BACKUP-002": {
        "check": "backup", "name": "Repair the writers", "flags": "",
        "repairs": "vss_writer_failed", "symptoms": ["writer of the shadow copy service failed"],
        "parameters": {
            "writers": {"type": "list", "elements": "str", "required": True,
                        "pattern": "[A-Za-z ]{1,64}", "description": "Names of the writers.",
                        "source": {"finding": "vss_writer_failed", "take": "scope"}},
        },
    },
    "RB-WIN-BACKUP-003": {
        "check": "backup", "name": "Start the backup product", "flags": "",
        "repairs": "backup_agent_stopped", "symptoms": ["service of the backup product stopped"],
        "parameters": {
            "service": {"type": "str", "pattern": "[A-Za-z0-9_.$ -]{1,80}", "required": True,
                        "description": "The service.",
                        "source": {"finding": "backup_agent_stopped", "take": "scope"}},
        },
    },
    "RB-WIN-LOG-001": {
        "check": "logging", "name": "Apply the audit baseline", "flags": "",
        "repairs": "audit_subcategory_missing force_subcategory_off",
        "symptoms": ["required events are not audited", "audit settings override subcategories"],
    },
    "RB-WIN-LOG-002": {
        "check": "logging", "name": "Enable and enlarge the logs", "flags": "",
        "repairs": "log_disabled log_full_not_writing log_too_small retention_mode",
        "symptoms": ["log disabled", "log full and takes no records", "log smaller than required",
                     "log stops when it is full"],
        "parameters": {
            "log_kilobytes": {"type": "int", "min": 1, "max": 4194240, "default": 20480,
                              "description": "Size where nothing else is asked."},
            "system_kb": {"type": "int", "min": 0, "max": 4194240, "default": 0,
                          "description": "Size of System; 0 leaves it.",
                          "source": {"finding": "log_too_small", "take": "expected",
                                     "scope": "System"}},
        },
    },
    "RB-WIN-LOG-003": {
        "check": "logging", "name": "Start the event log service", "flags": "",
        "repairs": "eventlog_service_down eventlog_start_mode",
        "symptoms": ["event log service not running", "event log service does not start by itself"],
    },
    "RB-WIN-LOG-004": {
        "check": "logging", "name": "Restore forwarding", "flags": "",
        "repairs": "forwarding_broken forwarding_cannot_read",
        "symptoms": ["events not forwarded", "forwarding may not read the Security log"],
    },
    "RB-WIN-LOG-005": {
        "check": "logging", "name": "Log PowerShell script blocks", "flags": "",
        "repairs": "script_block_logging_off", "symptoms": ["PowerShell script blocks not logged"],
    },
    "RB-WIN-FW-001": {
        "check": "firewall", "name": "Turn the firewall on", "flags": "da",
        "repairs": "active_profile_disabled inactive_profile_disabled inbound_allowed",
        "symptoms": ["profile off", "active profile off",
                     "inbound connections allowed by default"],
        "escalate_when": ["thirdparty_firewall", "thirdparty_active"],
        "parameters": {
            "profiles": {"type": "list", "elements": "str",
                         "choices": ["domain", "private", "public"],
                         "description": "Profiles; all if left out.",
                         "source": {"finding": "active_profile_disabled", "take": "scope"}},
        },
    },
    "RB-WIN-FW-002": {
        "check": "firewall", "name": "Log blocked packets", "flags": "",
        "repairs": "log_blocked_off log_too_small",
        "symptoms": ["blocked packets not logged", "firewall log smaller than required"],
        "parameters": {
            "log_kilobytes": {"type": "int", "min": 16384, "max": 32767, "default": 16384,
                              "description": "Size of the log."},
        },
    },
    "RB-WIN-FW-003": {
        "check": "firewall", "name": "Start the firewall service", "flags": "d",
        "repairs": "firewall_service_down", "symptoms": ["firewall service not running"],
        "parameters": {
            "controller": {"type": "str", "pattern": "[0-9.]{2,39}(/[0-9]{1,2})?",
                           "default": "10.0.0.5", "description": "Who is let in."},
        },
    },
    "RB-WIN-ENC-001": {
        "check": "encryption", "name": "Resume protection", "flags": "",
        "repairs": "protection_suspended",
        "symptoms": ["protection suspended", "key lies open on the disk"],
        "parameters": {"drives": {**DRIVES, "source": {"finding": "protection_suspended",
                                                       "take": "scope"}}},
        "escalate_when": ["no_recovery_password"],
    },
    "RB-WIN-ENC-002": {
        "check": "encryption", "name": "Keep the recovery password", "flags": "",
        "repairs": "escrow_failed escrow_unverified no_recovery_password",
        "symptoms": ["recovery password kept elsewhere", "volume has no recovery password"],
    },
    "RB-WIN-ENC-003": {
        "check": "encryption", "name": "Encrypt a volume", "flags": "draw",
        "repairs": "bitlocker_not_installed fixed_volume_unencrypted os_volume_unencrypted",
        "symptoms": ["volume not encrypted", "BitLocker not installed",
                     "volume of Windows not encrypted", "fixed volume not encrypted"],
        "escalate_when": ["third_party_encryption", "no_tpm_protector"],
    },
    "RB-WIN-ENC-004": {
        "check": "encryption", "name": "Switch old TLS off", "flags": "draw",
        "repairs": "legacy_tls_enabled ssl_enabled tls10_enabled_default tls12_disabled",
        "symptoms": ["TLS older than 1.2 is on", "SSL switched on", "TLS 1.2 switched off"],
    },
    "RB-WIN-ENC-005": {
        "check": "encryption", "name": "Harden SMB", "flags": "da",
        "repairs": "smb1_enabled smb_signing_not_required",
        "symptoms": ["SMB 1 switched on", "SMB does not require signatures"],
    },
}  # fmt: skip


def write_rules(folder: Path) -> Path:
    """Write the runbooks into *folder* and return it as a folder ``rules/``."""
    runbooks = folder / "runbooks"
    runbooks.mkdir(parents=True)
    shutil.copy(ROOT / "rules" / "controls.yml", folder)
    for runbook_id, row in RUNBOOKS.items():
        text = yaml.safe_dump(_document(runbook_id, row), sort_keys=False)
        (runbooks / f"{runbook_id}.yml").write_text(text, encoding="utf-8")
        scripts = runbooks / "scripts" / runbook_id
        scripts.mkdir(parents=True)
        for name in ("preconditions", "act", "validate"):
            (scripts / f"{name}.ps1").write_text(SCRIPT, encoding="ascii")
    return folder


def _document(runbook_id: str, row: dict[str, Any]) -> dict[str, Any]:
    flags = row["flags"]
    return {
        "runbook_id": runbook_id,
        "name": row["name"],
        "description": f"{row['name']}; a repair of the tests.",
        "check_type": row["check"],
        "action_type": "run_script",
        "hipaa_controls": [CONTROL[row["check"]]],
        "is_disruptive": "d" in flags,
        "requires_reboot": "r" in flags,
        "estimated_duration": "5m",
        "requires_approval": "a" in flags,
        "maintenance_window_only": "w" in flags,
        "repairs": row["repairs"].split(),
        "parameters": row.get("parameters", {}),
        "steps": [{"step_id": 1, "description": row["name"], "script": "act.ps1",
                   "timeout_seconds": 60, "reboots": "r" in flags}],
        "no_rollback_reason": "A repair of the tests has no way back.",
        "symptoms": row["symptoms"],
        "escalate_when": row.get("escalate_when", []),
    }  # fmt: skip
