# SPDX-License-Identifier: GPL-3.0-or-later
"""What all judges share: findings are collected, and the worst one is the verdict. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import JsonValue

from ..facts.host import CheckFacts, HostFacts
from ..facts.probe import Probe, ProbeState
from ..models import CheckId, CheckStatus, ComplianceCheck, Finding, Severity
from ..policy import Policy

# A proven fault outweighs an unread source, and that outweighs a weakness.
BY_WEIGHT = (CheckStatus.FAIL, CheckStatus.ERROR, CheckStatus.WARNING, CheckStatus.PASS)
SEVERITIES = tuple(Severity)
# Ages are judged in hours and days; a time zone that was set wrong is within this.
FUTURE_TOLERANCE = timedelta(days=1)
# Longer messages do not fit the tables and tickets that show them.
MESSAGE_FINDINGS = 4


@dataclass(frozen=True, slots=True)
class Code:
    """What a finding code means: its usual severity, its fixed phrase, and the repair it has."""

    severity: Severity
    phrase: str
    runbook: str | None = None


Catalogue = Mapping[str, Code]

# Codes that any check can give: the reading itself went wrong.
SHARED_CODES: Catalogue = {
    "probe_denied": Code(Severity.HIGH, "a source refused access"),
    "probe_timeout": Code(Severity.MEDIUM, "a source did not answer in time"),
    "probe_error": Code(Severity.MEDIUM, "a source could not be read"),
    "probe_absent": Code(Severity.MEDIUM, "a source does not exist on this host"),
    "probe_malformed": Code(Severity.MEDIUM, "a source answered something unusable"),
    "probe_missing": Code(Severity.MEDIUM, "a source was not read"),
    "not_elevated": Code(Severity.HIGH, "the account has no elevated token on this host"),
    "wow64_process": Code(Severity.HIGH, "PowerShell runs as a 32-bit process on 64-bit Windows"),
    "constrained_language": Code(Severity.HIGH, "PowerShell runs in constrained language mode"),
    "conflicting_evidence": Code(Severity.MEDIUM, "two sources contradict each other"),
    "clock_skew": Code(Severity.MEDIUM, "the clock of the host differs from the controller's"),
}


class Judgement:
    """The findings of one check, in the making."""

    def __init__(self, check: CheckId, catalogue: Catalogue) -> None:
        self._check = check
        self._catalogue = {**SHARED_CODES, **catalogue}
        self._findings: list[Finding] = []

    def fail(self, code: str, scope: str = "", **seen: Any) -> None:
        """Note a proven fault. *seen*: observed, expected, gpo_managed, severity."""
        self._add(CheckStatus.FAIL, code, scope, **seen)

    def error(self, code: str, scope: str = "", **seen: Any) -> None:
        """Note an authoritative source that could not be read."""
        self._add(CheckStatus.ERROR, code, scope, **seen)

    def warn(self, code: str, scope: str = "", **seen: Any) -> None:
        """Note a weakness that is not a fault yet."""
        self._add(CheckStatus.WARNING, code, scope, **seen)

    def inform(self, code: str, scope: str = "", **seen: Any) -> None:
        """Note what an auditor wants to know and nobody has to change."""
        seen.setdefault("severity", Severity.INFO)
        self._add(CheckStatus.PASS, code, scope, **seen)

    def unread(self, scope: str, probe: Probe[Any]) -> None:
        """Note that the source *scope* was not read, and why."""
        state = ProbeState.ERROR if probe.is_ok else probe.state
        self.error(f"probe_{state}", scope, observed=probe.hresult or state.value, expected="ok")

    def unread_minor(self, scope: str, probe: Probe[Any]) -> None:
        """Note that a source which could only show a weakness was not read; nothing if it was."""
        if not probe.is_ok:
            observed = probe.hresult or probe.state.value
            self.warn(f"probe_{probe.state}", scope, observed=observed, expected="ok")

    def has(self, *codes: str) -> bool:
        return any(finding.code in codes for finding in self._findings)

    def is_blocked_by(self, host: HostFacts) -> bool:
        """Note why nothing on *host* can be believed; return whether there is such a reason.

        A filtered token, a 32-bit process and constrained language each make readings wrong
        without making them fail.
        """
        token, process = host.token.value, host.process.value
        if token is None:
            self.unread("token", host.token)
        elif not token.is_elevated:
            self.error("not_elevated", observed=token.integrity, expected="high")
        if process is None:
            self.unread("process", host.process)
        else:
            if process.is_64bit_os and not process.is_64bit_process:
                self.error("wow64_process", observed="32-bit", expected="64-bit")
            if process.language_mode != "FullLanguage":
                mode = process.language_mode
                self.error("constrained_language", observed=mode, expected="FullLanguage")
        return bool(self._findings)

    def verdict(self, facts: CheckFacts, policy: Policy) -> ComplianceCheck:
        """Return the check: the worst finding decides, all are reported, the worst ones first."""
        findings = tuple(sorted(self._findings, key=_by_weight))
        status = findings[0].status if findings else CheckStatus.PASS
        return ComplianceCheck(
            check_id=self._check,
            status=status,
            message=_message(status, findings),
            # The verdict is as old as its facts.
            timestamp=facts.collected_at,
            hipaa_controls=policy.hipaa_controls,
            details={
                "schema_version": 1,
                "reason_code": "ok" if status is CheckStatus.PASS else findings[0].code,
                "findings": [finding.to_dict() for finding in findings],
                "probes": {name: probe.summary() for name, probe in facts.probes().items()},
                "policy": policy.to_dict(),
            },
            remediation_available=any(self._is_repairable(finding) for finding in findings),
        )

    def _add(  # noqa: PLR0913 - the fields of a finding
        self,
        status: CheckStatus,
        code: str,
        scope: str,
        *,
        observed: JsonValue = None,
        expected: JsonValue = None,
        gpo_managed: bool = False,
        severity: Severity | None = None,
    ) -> None:
        known = self._catalogue[code]
        self._findings.append(
            Finding(
                code=code,
                status=status,
                severity=severity or known.severity,
                message=known.phrase,
                scope=scope,
                observed=observed,
                expected=expected,
                gpo_managed=gpo_managed,
            )
        )

    def _is_repairable(self, finding: Finding) -> bool:
        if finding.status is CheckStatus.PASS or finding.gpo_managed:
            return False
        return self._catalogue[finding.code].runbook is not None


def with_finding(check: ComplianceCheck, finding: Finding) -> ComplianceCheck:
    """Return *check* with one more finding, and the status that follows."""
    listed: Any = check.details["findings"]
    known = [Finding.from_dict(item) for item in listed]
    findings = tuple(sorted([*known, finding], key=_by_weight))
    status = findings[0].status
    details = {
        **check.details,
        "reason_code": findings[0].code,
        "findings": [item.to_dict() for item in findings],
    }
    update = {"status": status, "message": _message(status, findings), "details": details}
    return check.model_copy(update=update)


def age_hours(now: datetime, then: datetime) -> int:
    """Return the whole hours from *then* to *now*, rounded up: a limit of 48 means not older.

    A time in the future has age 0.
    """
    seconds = max(0, int((now - then).total_seconds()))
    return -(-seconds // 3600)


def age_days(now: datetime, then: datetime) -> int:
    """Return the whole days from *then* to *now*, rounded down; 0 for a time in the future."""
    return max(0, (now - then).days)


def is_in_future(now: datetime, then: datetime) -> bool:
    """Return whether *then* lies more than a day ahead, beyond what a wrong time zone explains."""
    return then - now > FUTURE_TOLERANCE


def _by_weight(finding: Finding) -> tuple[int, int, str, str]:
    return (
        BY_WEIGHT.index(finding.status),
        SEVERITIES.index(finding.severity),
        finding.code,
        finding.scope,
    )


def _message(status: CheckStatus, findings: Iterable[Finding]) -> str:
    phrases: dict[str, list[str]] = {}
    for finding in findings:
        if finding.status is CheckStatus.PASS:
            continue
        phrases.setdefault(finding.message, []).append(finding.scope)
    if not phrases:
        return f"{status}: every requirement of the policy was read and met"
    parts = []
    for phrase, scopes in list(phrases.items())[:MESSAGE_FINDINGS]:
        named = ", ".join(scope for scope in scopes if scope)
        parts.append(f"{phrase} ({named})" if named else phrase)
    rest = len(phrases) - len(parts)
    return f"{status}: " + "; ".join(parts) + (f"; and {rest} more" if rest else "")
