# SPDX-License-Identifier: GPL-3.0-or-later
"""Incidents in one line: ``"log_blocked_off~ profile_unread?"`` are two findings of a check.

A mark says the status: ``!`` FAIL, ``~`` WARNING, ``?`` ERROR, ``.`` PASS with a note. ``^`` after
it says that a group policy owns the setting, ``@X`` that the finding is about X.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.checks.judgement import (
    BY_WEIGHT,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.case import (
    known_codes,
)
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
    return Finding(
        code=code,
        status=status,
        severity=Severity.INFO if status is CheckStatus.PASS else known.severity,
        message=known.phrase,
        scope=scope or "",
        observed=None,
        expected=None,
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


def context(
    check: CheckId,
    findings: str | Iterable[Finding],
    registry: Any,
    *,
    recent: Iterable[Incident] = (),
    incident: Incident | None = None,
    **constraints: Any,
) -> L2Context:
    """Return the question to the planner about *findings* of *check*."""
    found = findings_of(check, findings) if isinstance(findings, str) else list(findings)
    return L2Context(
        incident=incident or incident_of(check),
        system_state={check.value: check_document(check, found)},
        recent_incidents=tuple(recent),
        available_runbooks=tuple(item.runbook_id for item in registry.for_check(check)),
        constraints=constraints,
    )
