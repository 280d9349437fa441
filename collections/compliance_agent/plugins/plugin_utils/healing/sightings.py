# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run saw of one check of one host, without anything that a host said in its words. Pure.

There is no field for a value, a message, a credential or a variable of a host: what is not a code,
a word of ours or a number stays in the evidence, scrubbed and signed.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from ..models import CheckId, CheckStatus, ComplianceCheck, Finding, Severity

# Scopes of our own making; whatever else a host says stays in the evidence. More than one word in
# a row could be a name.
_SCOPE = re.compile(
    r"|[A-Za-z]:|KB[0-9]{6,8}|event [0-9]{1,5}|computer state|[a-z][a-z0-9_]{0,31}"
    r"|\{?[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?|<[A-Z_]+:[0-9a-f]{8}>"
)
SCOPE_IN_EVIDENCE = "*"
_BY_URGENCY = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)


@dataclass(frozen=True, slots=True, order=True)
class IncidentKey:
    """One check of one host of a site: a pair has one open incident at most."""

    site_id: str
    host_id: str
    check_type: CheckId


@dataclass(frozen=True, slots=True)
class SeenFinding:
    """What is kept of a finding: no value of a host, and a scope only if its words are ours."""

    code: str
    status: CheckStatus
    severity: Severity
    scope: str
    gpo_managed: bool

    @classmethod
    def of(cls, finding: Finding) -> "SeenFinding":
        is_ours = _SCOPE.fullmatch(finding.scope) is not None
        scope = finding.scope if is_ours else SCOPE_IN_EVIDENCE
        return cls(finding.code, finding.status, finding.severity, scope, finding.gpo_managed)


class _Details(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Sight:
    """When the controller saw something, in which run, and the bundle that proves it."""

    run_id: str
    seen_at: datetime
    bundle_id: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run found about a pair; *is_read* is false where nothing was proven."""

    key: IncidentKey
    status: CheckStatus
    sight: Sight
    findings: tuple[SeenFinding, ...] = ()
    is_read: bool = True
    error_code: str | None = None

    @classmethod
    def of(cls, site_id: str, host_id: str, check: ComplianceCheck, sight: Sight) -> "Verdict":
        """Return the verdict *check*; raises ValidationError where it has no list of findings."""
        details = _Details.model_validate_json(json.dumps(check.details))
        found = tuple(map(SeenFinding.of, details.findings))
        is_read = check.status is not CheckStatus.ERROR and not (
            check.status is CheckStatus.PASS
            and any(item.status is not CheckStatus.PASS for item in found)
        )
        return cls(
            IncidentKey(site_id, host_id, check.check_id), check.status, sight, found, is_read
        )

    @classmethod
    def unread(
        cls,
        key: IncidentKey,
        sight: Sight,
        error_code: str | None = None,
        status: CheckStatus = CheckStatus.ERROR,
    ) -> "Verdict":
        """Return that a check has no verdict: unreachable (E004), failed, waived."""
        return cls(key, status, sight, is_read=False, error_code=error_code)

    @property
    def faults(self) -> tuple[SeenFinding, ...]:
        """Return the findings that are no mere information."""
        return tuple(item for item in self.findings if item.status is not CheckStatus.PASS)

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(item.code for item in self.faults)


def severity_of(faults: Iterable[SeenFinding]) -> Severity:
    """Return the severity of the worst of *faults*: those that fail, if any does."""
    found = list(faults)
    proven = [item.severity for item in found if item.status is CheckStatus.FAIL]
    severities = proven or [item.severity for item in found]
    return next((item for item in _BY_URGENCY if item in severities), Severity.LOW)
