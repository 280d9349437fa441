# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the evidence bundle of one check of one host, seen or not. Pure.

A check acts on nothing: ``pre_state`` holds what it saw, ``post_state`` and ``actions`` are empty.
Where the healer acted, they hold what it did and what the check saw afterwards. What is made here
is a document that nobody has scrubbed or signed: ``phi_scrubbed`` is false, and there is no
``signature``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from pydantic import JsonValue

from ..errors import TargetUnreachable
from ..instants import to_text
from ..models import CheckId, CheckStatus, ComplianceCheck, EvidenceBundle, Outcome
from .canonical import canonical_json
from .repairs import AttemptRecord

PRE_STATE_VERSION = 2
POST_STATE_VERSION = 1


class Reason(StrEnum):
    """Why a check of the run's scope has no verdict."""

    UNREACHABLE = "unreachable"
    COLLECTOR_FAILED = "collector_failed"
    COLLECTOR_TIMEOUT = "collector_timeout"
    NOT_EVALUATED = "not_evaluated"
    INTERRUPTED = "interrupted"
    WAIVED = "waived"


PHRASES: Mapping[Reason, str] = {
    Reason.UNREACHABLE: "ERROR: the host could not be reached",
    Reason.COLLECTOR_FAILED: "ERROR: the collector failed or answered something unusable",
    Reason.COLLECTOR_TIMEOUT: "ERROR: the collector did not answer in time",
    Reason.NOT_EVALUATED: "ERROR: the run ended before this check was evaluated",
    Reason.INTERRUPTED: "ERROR: the run was killed before this check was evaluated",
    Reason.WAIVED: "WARNING: an exception of the site waives this check",
}

# An ERROR is a failure to prove, never a partial success; a WARNING is a weakness in a safeguard
# that works.
OUTCOMES: Mapping[CheckStatus, Outcome] = {
    CheckStatus.PASS: Outcome.SUCCESS,
    CheckStatus.WARNING: Outcome.PARTIAL,
    CheckStatus.FAIL: Outcome.FAILURE,
    CheckStatus.ERROR: Outcome.FAILURE,
}


@dataclass(frozen=True, slots=True)
class Frame:
    """What a bundle says about itself: its number, its place, and where it comes from."""

    bundle_id: str
    site_id: str
    host_id: str
    sealed_at: datetime
    provenance: Mapping[str, JsonValue]


def bundle_id(day: str, sequence: int) -> str:
    """Return ``EB-<YYYYMMDD>-<six digits>`` for *day* (``YYYY-MM-DD``)."""
    return f"EB-{day.replace('-', '')}-{sequence:06d}"


def observed_bundle(
    frame: Frame, check: ComplianceCheck, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the bundle of a verdict, with the facts of that check and of its host."""
    pre_state = {
        **check.details,
        "schema_version": PRE_STATE_VERSION,
        "status": check.status.value,
        "error_code": None,
        "message": check.message,
        "checked_at": to_text(check.timestamp),
        "remediation_available": check.remediation_available,
        "facts": _part(facts, "checks").get(check.check_id.value),
        "host": _part(facts, "host"),
        "waiver": None,
    }
    return _bundle(frame, check.check_id, check.status, check.hipaa_controls, pre_state)


def unobserved_bundle(
    frame: Frame,
    check_id: CheckId,
    reason: Reason,
    controls: Sequence[str],
    waiver: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the bundle of a check without a verdict: an ERROR, or a WARNING for a *waiver*."""
    status = CheckStatus.WARNING if reason is Reason.WAIVED else CheckStatus.ERROR
    pre_state: dict[str, Any] = {
        "schema_version": PRE_STATE_VERSION,
        "status": status.value,
        "reason_code": reason.value,
        "error_code": error_code(reason),
        "message": PHRASES[reason],
        "checked_at": None,
        "remediation_available": False,
        "findings": [],
        "policy": None,
        "facts": None,
        "host": None,
        "waiver": dict(waiver) if waiver else None,
    }
    return _bundle(frame, check_id, status, controls, pre_state)


def healed_bundle(
    bundle: Mapping[str, Any],
    attempts: Sequence[AttemptRecord],
    rechecked: tuple[ComplianceCheck, Mapping[str, Any]] | None,
) -> dict[str, Any]:
    """Return *bundle*, of what the check saw first, with what the healer did about it.

    *rechecked* is the verdict that was made after the last repair, with its facts. Without one a
    repair has failed, whatever its steps said: nobody saw that the check passes.
    """
    has_acted = any(attempt.has_acted for attempt in attempts)
    if rechecked is not None:
        check, facts = rechecked
        state = _seen(check) | {"facts": _part(facts, "checks").get(check.check_id.value)}
    elif has_acted:
        state = dict(_NOT_SEEN_AGAIN)
    else:
        state = {name: bundle["pre_state"][name] for name in _NOT_SEEN_AGAIN}
    done = next((item.outcome for item in reversed(attempts) if item.outcome is not None), None)
    state |= {
        "schema_version": POST_STATE_VERSION,
        "healing": [attempt.to_dict() for attempt in attempts],
    }
    return {
        **bundle,
        "outcome": _outcome(CheckStatus(str(state["status"])), done).value,
        "post_state": state,
        "actions": [sentence for attempt in attempts for sentence in attempt.sentences()],
    }


def final_state(bundle: EvidenceBundle) -> Mapping[str, Any]:
    """Return the state that is true after the run: that after a repair, where there was one."""
    return bundle.post_state if "status" in bundle.post_state else bundle.pre_state


_NOT_SEEN_AGAIN: Mapping[str, Any] = {
    "status": CheckStatus.ERROR.value,
    "reason_code": "not_rechecked",
    "error_code": None,
    "message": "ERROR: the check was not made again after the repair",
    "checked_at": None,
    "remediation_available": False,
    "findings": [],
    "facts": None,
}


def _outcome(status: CheckStatus, healer: Outcome | None) -> Outcome:
    """Return the outcome of a repair: the healer may doubt what the check says, never better it."""
    if healer is None:
        return OUTCOMES[status]
    if status is CheckStatus.PASS:
        return healer
    is_partial = healer is not Outcome.FAILURE and status is not CheckStatus.ERROR
    return Outcome.PARTIAL if is_partial else Outcome.FAILURE


def _seen(check: ComplianceCheck) -> dict[str, Any]:
    return {
        "status": check.status.value,
        "reason_code": check.details["reason_code"],
        "error_code": None,
        "message": check.message,
        "checked_at": to_text(check.timestamp),
        "remediation_available": check.remediation_available,
        "findings": check.details["findings"],
    }


def error_code(reason: Reason) -> str | None:
    """Return the contract's error code of *reason*: an unreachable host is E004."""
    return TargetUnreachable.code if reason is Reason.UNREACHABLE else None


def _bundle(
    frame: Frame,
    check_id: CheckId,
    status: CheckStatus,
    controls: Sequence[str],
    pre_state: dict[str, Any],
) -> dict[str, Any]:
    return {
        "bundle_id": frame.bundle_id,
        "site_id": frame.site_id,
        "host_id": frame.host_id,
        "timestamp": to_text(frame.sealed_at),
        "check": check_id.value,
        "outcome": OUTCOMES[status].value,
        "hipaa_controls": list(controls),
        "pre_state": {**pre_state, "provenance": dict(frame.provenance)},
        "post_state": {},
        "actions": [],
        "phi_scrubbed": False,
    }


def policy_provenance(policy: JsonValue) -> dict[str, JsonValue]:
    """Return version and digest of *policy* as it will stand in the bundle; none without one."""
    if policy is None:
        return {}
    version = policy.get("policy_version") if isinstance(policy, dict) else None
    return {
        "policy_version": version,
        "policy_sha256": sha256(canonical_json(policy)).hexdigest(),
    }


def _part(facts: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = facts.get(name)
    return part if isinstance(part, dict) else {}
