# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts, incidents and attempts of a fictional clinic: what the healer has to remember."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.attempts import (
    Attempt,
    AttemptState,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.incident import (
    IncidentRecord,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.incidents import (
    FollowPolicy,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.relapse import (
    load_relapse_policy,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.sightings import (
    IncidentKey,
    SeenFinding,
    Sight,
    Verdict,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.steps import (
    Ran,
    StepAnswer,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.ticket_policy import (
    load_ticket_policy,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckId,
    CheckStatus,
    IncidentStatus,
    ResolutionLevel,
    Severity,
)

RULES = Path(__file__).parents[3] / "rules"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
KEY = IncidentKey("clinic-001", "dc01", CheckId.FIREWALL)
RELAPSE = load_relapse_policy(RULES)
TICKETS = load_ticket_policy(RULES)
POLICY = FollowPolicy(RELAPSE)
RUNBOOK = "RB-WIN-FW-001"
OFF = "active_profile_disabled"


def at(minutes: float) -> datetime:
    """Return the instant *minutes* after noon."""
    return NOON + timedelta(minutes=minutes)


def finding(code: str, status: str = "FAIL", severity: str = "HIGH", **parts) -> SeenFinding:
    seen = {"scope": "", "gpo_managed": False} | parts
    return SeenFinding(code, CheckStatus(status), Severity(severity), **seen)


def verdict(status: str, *codes: str, minutes: float = 0, run: str | None = None, **parts):
    """Return a verdict *minutes* after noon, with a finding of its status for each of *codes*."""
    run = run or f"run-{minutes}"
    key = parts.pop("key", KEY)
    found = tuple(finding(code, status) if isinstance(code, str) else code for code in codes)
    sight = Sight(run, at(minutes), parts.pop("bundle", None))
    return Verdict(key, CheckStatus(status), sight, found, **parts)


def fails(minutes: float = 0, *codes: str, **parts) -> Verdict:
    return verdict("FAIL", *(codes or (OFF,)), minutes=minutes, **parts)


def passes(minutes: float = 0, **parts) -> Verdict:
    return verdict("PASS", minutes=minutes, **parts)


def silent(minutes: float = 0, **parts) -> Verdict:
    """Return that the host did not answer (E004)."""
    key, run = parts.pop("key", KEY), parts.pop("run", f"run-{minutes}")
    return Verdict.unread(key, Sight(run, at(minutes)), "E004")


def incident(**parts) -> IncidentRecord:
    whole = {
        "incident_id": "incident-1", "key": KEY, "severity": Severity.HIGH,
        "status": IncidentStatus.OPEN, "created_at": NOON, "last_status": CheckStatus.FAIL,
        "findings": (finding(OFF),),
    }  # fmt: skip
    return IncidentRecord(**whole | parts)


def resolved(minutes: float = 10, **parts) -> IncidentRecord:
    """Return an incident that a repair resolved."""
    repaired = {
        "status": IncidentStatus.RESOLVED, "resolved_at": at(minutes), "findings": (),
        "resolution_level": ResolutionLevel.L1, "runbook_id": RUNBOOK,
        "resolved_attempt_id": "attempt-1", "evidence_bundle_id": "EB-20260302-000007",
        "last_status": CheckStatus.PASS,
    }  # fmt: skip
    return incident(**repaired | parts)


def attempt(**parts) -> Attempt:
    whole = {
        "attempt_id": "attempt-1", "incident_id": "incident-1", "key": KEY,
        "tier": ResolutionLevel.L1, "requested_by": "rule:L1-FIREWALL-001", "runbook_id": RUNBOOK,
        "repair_sha256": "a" * 64, "parameters": {"profile": "domain"}, "claims": frozenset({OFF}),
        "before": frozenset({OFF, "log_blocked_off"}), "can_roll_back": True,
        "state": AttemptState.PLANNED, "run_id": "run-1", "created_at": NOON, "moved_at": NOON,
    }  # fmt: skip
    return Attempt(**whole | parts)


def ran(*, changed: bool = True, note: str = "done", saved: dict | None = None) -> Ran:
    """Return what a step answers that did its work."""
    return Ran(StepAnswer(changed=changed, note=note, saved=saved or {}), None, None, None, None, 5)


def broke(failure: str = "script_error", hresult: str | None = "0x80070005") -> Ran:
    """Return what is known of a step that did not."""
    return Ran(None, failure, hresult, "Some,Windows.Command", 3, 5)


@dataclass(frozen=True)
class Scrubbed:
    document: str
    is_flagged: bool


class PlainScrubber:
    """Replaces one fictional name, and cannot do with another: both as the real scrubber tells."""

    def scrub_text(self, text: str) -> Scrubbed:
        if "unspeakable" in text:
            return Scrubbed("<UNSCRUBBABLE>", is_flagged=True)
        return Scrubbed(text.replace("Jane Roe", "<NAME:0123abcd>"), is_flagged=False)
