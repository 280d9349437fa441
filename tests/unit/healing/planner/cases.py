# SPDX-License-Identifier: GPL-3.0-or-later
"""Incidents in one line: ``"log_blocked_off~ profile_unread?"`` are two findings of a check.

A mark says the status: ``!`` FAIL, ``~`` WARNING, ``?`` ERROR, ``.`` PASS with a note. ``^`` after
it says that a group policy owns the setting, ``@X`` that the finding is about X.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.checks.judgement import (
    BY_WEIGHT,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.case import (
    known_codes,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.instants import to_text
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckId,
    CheckStatus,
    Finding,
    Incident,
    IncidentStatus,
    L2Context,
    Severity,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
STATUS = {
    "!": CheckStatus.FAIL,
    "~": CheckStatus.WARNING,
    "?": CheckStatus.ERROR,
    ".": CheckStatus.PASS,
}
# What the judges say of these, where a line does not name another scope: scope, observed, expected.
TYPICAL: dict[str, tuple[str, Any, Any]] = {
    "edr_stopped": ("CrowdStrike Falcon", ["CSFalconService"], "Running"),
    "backup_agent_stopped": ("AcronisAgent", ["AcronisAgent"], "Running"),
    "vss_writer_failed": ("WmiWriter", "failed", "stable"),
    "audit_subcategory_missing": ("Logon", "none", "success and failure"),
    "log_disabled": ("Security", "disabled", "enabled"),
    "log_full_not_writing": ("Security", "retain", "writing"),
    "retention_mode": ("System", "retain", ["circular"]),
    "log_too_small": ("Security", 8192, 16384),
    "active_profile_disabled": ("public", "off", "on"),
    "inactive_profile_disabled": ("private", "off", "on"),
    "inbound_allowed": ("domain", "allow", "block"),
    "protection_suspended": ("C:", "for 119 h", "for 24 h at most"),
    "escrow_attested": ("C:", "KB-112", None),
    "escrow_failed": ("C:", "failed", "kept"),
    "escrow_unverified": ("C:", "unknown", "kept"),
    "no_recovery_password": ("C:", "none", "one"),
    "os_volume_unencrypted": ("C:", "decrypted", "encrypted"),
    "fixed_volume_unencrypted": ("D:", "decrypted", "encrypted"),
    "ssl_enabled": ("SSL 3.0", "on", "off"),
    "legacy_tls_enabled": ("TLS 1.0", "on", "off"),
    "tls10_enabled_default": ("TLS 1.0", "on", "off"),
    "tls12_disabled": ("TLS 1.2", "off", "on"),
    "smb1_enabled": ("", "on", "off"),
    "smb_signing_not_required": ("", "not required", "required"),
}
_FINDING = re.compile(r"([a-z0-9_]+)([!~?.])(\^?)(?:@(\S+))?")
INCIDENT_ID = "3f0a7c52-6f0e-4a57-9d0b-4f6f3f1d2a10"


def findings_of(check: CheckId, line: str) -> list[Finding]:
    """Return the findings that *line* names, in the order of the line."""
    return [_finding(check, word) for word in line.split()]


def _finding(check: CheckId, word: str) -> Finding:
    match = _FINDING.fullmatch(word)
    assert match, word
    code, mark, owned, scope = match.groups()
    known = known_codes(check)[code]
    status = STATUS[mark]
    typical, observed, expected = TYPICAL.get(code, ("", None, None))
    return Finding(
        code=code,
        status=status,
        severity=Severity.INFO if status is CheckStatus.PASS else known.severity,
        message=known.phrase,
        scope=scope or typical,
        observed=observed,
        expected=expected,
        gpo_managed=bool(owned),
    )


def incident_of(check: CheckId, **change: Any) -> Incident:
    """Return an open incident about *check*, with *change*."""
    values: dict[str, Any] = {
        "incident_id": INCIDENT_ID,
        "site_id": "clinic-001",
        "host_id": "fs01",
        "check_type": check,
        "severity": Severity.HIGH,
        "status": IncidentStatus.OPEN,
        "created_at": NOW,
    }
    return Incident(**{**values, **change})


def check_document(check: CheckId, findings: Iterable[Finding]) -> dict[str, Any]:
    """Return the verdict with *findings*, as JSON."""
    found = list(findings)
    worst = min((item.status for item in found), key=BY_WEIGHT.index)
    return {
        "check_id": check.value,
        "status": worst.value,
        "message": f"{worst}: {found[0].message}",
        "timestamp": "2026-03-02T11:58:00Z",
        "hipaa_controls": ["164.312(b)"],
        "details": {"findings": [item.to_dict() for item in found]},
        "remediation_available": True,
    }


def passed(
    check: CheckId, line: str, timestamp: str = "2026-03-02T11:58:00Z", status: str = "PASS"
) -> dict[str, Any]:
    """Return a verdict on *check*, as JSON, with findings that ask for nothing."""
    document = check_document(check, findings_of(check, line))
    return document | {"status": status, "timestamp": timestamp, "remediation_available": False}


# Another check of the same host and run, on which some repairs rest.
BACKED_UP = passed(CheckId.BACKUP, "backup_succeeded.")


def context(
    check: CheckId,
    findings: str | Iterable[Finding],
    registry: Any,
    *,
    recent: Iterable[Incident] = (),
    incident: Incident | None = None,
    others: Iterable[Mapping[str, Any]] = (),
    **constraints: Any,
) -> L2Context:
    """Return the question to the planner about *findings* of *check*; *others* are verdicts.

    All of them were asked for at `NOW`, unless *constraints* say otherwise.
    """
    found = findings_of(check, findings) if isinstance(findings, str) else list(findings)
    return L2Context(
        incident=incident or incident_of(check),
        system_state={item["check_id"]: dict(item) for item in others}
        | {check.value: check_document(check, found)},
        recent_incidents=tuple(recent),
        available_runbooks=tuple(item.runbook_id for item in registry.for_check(check)),
        constraints={"checked_at": to_text(NOW)} | constraints,
    )
