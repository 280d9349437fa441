# SPDX-License-Identifier: GPL-3.0-or-later
"""What the evidence keeps of a repair, whether it began or not. Pure."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any
from uuid import uuid4

from ..evidence.repairs import AttemptRecord
from ..evidence.repairs import StepRecord as EvidenceStep
from ..healing.attempts import Attempt, AttemptState, StepRecord
from ..healing.repair_request import parse_request
from ..healing.runbooks import Runbook
from ..models import CheckStatus, ComplianceCheck, Outcome, ResolutionLevel

# Why an attempt ended, where nothing said it better.
NOT_VALID = "validation_failed"
# What came of a repair that ended well: of one that is partial the check does not pass.
_GOOD = {Outcome.SUCCESS: "check_passes", Outcome.PARTIAL: "fault_is_gone"}


def not_taken(order: Mapping[str, Any], reason: str) -> AttemptRecord:
    """Return what the evidence keeps of a repair that did not begin after all."""
    request = parse_request(order["request"])
    return AttemptRecord(
        incident_id=request.incident_id,
        attempt_id=str(uuid4()),
        tier=ResolutionLevel(request.tier),
        rule_id=order["rule_id"],
        runbook_id=request.runbook_id,
        reason=reason,
        decision=order["decision"],
    )


def record_of(
    attempt: Attempt,
    runbook: Runbook,
    done: Iterable[StepRecord],
    order: Mapping[str, Any],
    rechecked: ComplianceCheck | None,
) -> AttemptRecord:
    """Return what is kept of *attempt*, of which *done* is what its scripts did.

    *rechecked* is the last verdict after it, None where the check was not made again.
    """
    steps = [*map(_evidence_step, done)]
    if rechecked is not None:
        steps.append(_recheck_step(rechecked))
    request = order.get("request") or {}
    return AttemptRecord(
        incident_id=attempt.incident_id,
        attempt_id=attempt.attempt_id,
        tier=attempt.tier,
        rule_id=order.get("rule_id"),
        runbook_id=attempt.runbook_id,
        runbook_sha256=runbook_digest(runbook),
        parameters=dict((request.get("action") or {}).get("parameters") or {}),
        # Nothing was done where a precondition refused.
        outcome=None
        if attempt.state is AttemptState.REFUSED
        else attempt.outcome or Outcome.FAILURE,
        reason=attempt.reason or _GOOD.get(attempt.outcome or Outcome.FAILURE, NOT_VALID),
        rechecked_at=rechecked.timestamp if rechecked else None,
        steps=tuple(steps),
        decision=order.get("decision"),
    )


def runbook_digest(runbook: Runbook) -> str:
    """Return the SHA-256 of the scripts of *runbook*, in hexadecimal: what could have run."""
    digest = sha256()
    for name in sorted(runbook.scripts):
        digest.update(name.encode() + b"\0" + runbook.scripts[name].encode() + b"\0")
    return digest.hexdigest()


def _evidence_step(step: StepRecord) -> EvidenceStep:
    failed = step.failure is not None or step.finished_at is None
    return EvidenceStep(
        phase=step.phase.value,
        step_id=step.step_id,
        note=step.note or step.failure or "not_seen_to_end",
        is_ok=not failed,
        changed=bool(step.changed),
        hresult=step.hresult,
        elapsed_ms=step.elapsed_ms or 0,
    )


def _recheck_step(check: ComplianceCheck) -> EvidenceStep:
    is_pass = check.status is CheckStatus.PASS
    note = check.status.value.lower()
    return EvidenceStep(phase="recheck", step_id=0, note=note, is_ok=is_pass, changed=False)
