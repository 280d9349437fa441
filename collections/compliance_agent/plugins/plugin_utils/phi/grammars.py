# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms that a typed field may have. A value of another form is text, and treated as such."""

import re
from collections.abc import Callable, Mapping

from .model_names import MODEL_NAME

Grammar = Callable[[str], object]


def _form(pattern: str) -> Grammar:
    return re.compile(pattern, re.ASCII).fullmatch


def _one_of(words: str) -> Grammar:
    return frozenset(words.split("|")).__contains__


_GUID = r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"
_INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)"

# Names are stable: the field table, the documentation and the digest of the ruleset use them.
FORMS: Mapping[str, str] = {
    "base64": r"[A-Za-z0-9+/]{86}==",
    "bundle_id": r"EB-[0-9A-Za-z]{1,20}-[0-9]{3,9}",
    "code": r"[a-z][a-z0-9_]{0,63}",
    "control": r"164\.\d{3}(?:\([A-Za-z0-9]{1,4}\)){0,5}",
    # What the healer did, as evidence/repairs.py writes it.
    "deed": (
        r"(?:RB-WIN-[A-Z]{2,20}-\d{3}|healer)"
        r" (?:precondition|step|rollback|validation|recheck|success|partial|failure|decision)"
        r"(?: \d{1,3})?: [a-z][a-z0-9_]{0,63}(?:, changed)?(?:, failed)?(?: \(E00[1-7]\))?"
    ),
    "day": r"\d{4}-\d\d-\d\d",
    "decimal": r"-?\d{1,20}",
    "drive": r"[A-Z]:\\?",
    "duration": r"\d{1,5}[smh]",
    "error_code": r"E00[1-7]|[a-z][a-z0-9_]{1,63}",
    "extension": r"\.?[A-Za-z0-9*?_]{1,10}",
    "guid": rf"\{{?{_GUID}\}}?",
    "host": r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}\.?){1,8}",
    "hresult": r"0x[0-9A-Fa-f]{1,8}|-?\d{1,10}",
    "instant": _INSTANT,
    "kb": r"(?:KB)?\d{6,8}",
    "log": r"(?:Microsoft-Windows-)?[A-Za-z][A-Za-z0-9 -]{0,60}(?:/[A-Za-z]{1,20})?",
    "model_name": MODEL_NAME,
    "ports": r"\d{1,5}(?:-\d{1,5})?|[A-Z][A-Za-z0-9]{1,19}",
    "protocol_version": r"(?:SSL|TLS|DTLS|PCT) \d\.\d|Multi-Protocol Unified Hello",
    "release": r"\d\dH\d|\d{4}",
    "rule_id": r"L[123]-[A-Z][A-Z_]{1,19}(?:-[A-Z][A-Z_]{0,19}){0,2}-\d{3}",
    "run_id": r"\d{8}T\d{6}Z-[0-9a-f]{8}",
    "runbook_id": r"RB-WIN-[A-Z_]{2,20}-\d{3}",
    "service": r"[A-Za-z][A-Za-z0-9_.-]{0,63}",
    "sha256": r"(?:sha256:)?[0-9a-f]{16,64}",
    "sid": r"S-1(?:-\d{1,15}){1,15}",
    "site": r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}",
    "tpm_version": r"\d(?:\.\d{1,4})?(?:, \d(?:\.\d{1,4})?){0,4}",
    "version": r"v?\d{1,6}(?:\.\d{1,6}){0,3}(?:[.-]?(?:a|b|rc|dev|post)\d{1,4})?",
    "volume": rf"\\\\\?\\Volume\{{{_GUID}\}}\\?|[A-Z]:\\?",
    # A number or a short fact, as findings state them: 5 days, 0x80070005, 20348.4171, off.
    "fact": (
        rf"|[a-z]{{1,12}}(?:_[a-z]{{1,12}}){{0,3}}|(?:KB)?\d{{1,8}}(?: (?:h|hours|days|minutes))?"
        rf"|\d{{5}}\.\d{{1,5}}|0x[0-9A-Fa-f]{{1,8}}(?:, 0x[0-9A-Fa-f]{{1,8}})?|[A-Z]:|{_INSTANT}"
        rf"|\d{{4}}-\d\d-\d\d|\{{{_GUID}\}}|\d\.\d{{1,3}}\.\d{{3,5}}\.\d{{1,5}}"
    ),
}
WORDS: Mapping[str, str] = {
    "action": "allow|block|not_configured|none",
    "action_type": "restart_service|apply_patch|enable_feature|fix_config|run_script|escalate",
    "backup_kind": "None|Backup|Recovery|Unknown|Disk|Volume|Share|Network|NetworkShare|Tape",
    "bitlocker_event": "suspended|escrowed|escrow_failed",
    "check": "patching|av_edr|backup|logging|firewall|encryption",
    "event_type": (
        "incident.created|incident.resolved|incident.escalated|healing.started|healing.completed"
    ),
    "exclusion_kind": "path|process|extension|address",
    "file_system": "NTFS|ReFS|FAT|FAT32|exFAT|CSVFS|CSVFS_NTFS|CSVFS_ReFS|UDF|CDFS|RAW",
    "incident_status": "OPEN|IN_PROGRESS|RESOLVED|ESCALATED",
    "integrity": "untrusted|low|medium|high|system|unknown",
    "installation_type": "Client|Server|Server Core|Nano Server|Embedded|Workstation",
    "language_mode": "FullLanguage|ConstrainedLanguage|RestrictedLanguage|NoLanguage",
    "log_mode": "circular|auto_backup|retain",
    "logon_type": "network|batch|interactive|service|unknown",
    "network": "domain|private|public",
    "outcome": "success|failure|partial",
    "probe_state": "ok|absent|denied|error|timeout|malformed|missing",
    "protocol": "Any|TCP|UDP|ICMPv4|ICMPv6|IGMP|IPv6|GRE|ESP|AH|L2TP",
    "running_mode": "Normal|Not running|Passive Mode|SxS Passive Mode|EDR Block Mode|EDR Blocked",
    "service_state": (
        "Stopped|Start Pending|Stop Pending|Running|Continue Pending|Pause Pending|Paused|Unknown"
    ),
    "severity": "CRITICAL|HIGH|MEDIUM|LOW|INFO|critical|important|moderate|low|high",
    "start_mode": "Boot|System|Auto|Manual|Disabled",
    "status": "PASS|WARNING|ERROR|FAIL",
    "switch": "on|off|not_configured",
    "urgency": "immediate|next_business_day|scheduled",
    "wsb_operation": (
        "NoOperationInProgress|BackupInProgress|RecoveryInProgress|VolumeRecoveryInProgress"
        "|FileRecoveryInProgress|AppRecoveryInProgress|SystemStateRecoveryInProgress|Unknown"
    ),
    "wsus_scheme": "none|http|https|other",
}
GRAMMARS: Mapping[str, Grammar] = {
    **{name: _form(pattern) for name, pattern in FORMS.items()},
    **{name: _one_of(words) for name, words in WORDS.items()},
}
