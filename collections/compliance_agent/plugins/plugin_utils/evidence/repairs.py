# SPDX-License-Identifier: GPL-3.0-or-later
"""What the healer did about a check, as it goes into the evidence: words and numbers of ours. Pure.

A record names runbooks, steps, codes and times. It has no field for what Windows said, for a
credential or for a variable of the inventory.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from ..models import CheckId, ContractModel, Instant, Outcome, ResolutionLevel
from ..signable import SignableObject
from . import carrier

# Where results of the healer's own tasks have their records: check, and record packed as facts are.
KEY = "healing_records"

Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Phase = Literal["precondition", "step", "rollback", "validation", "recheck"]


class StepRecord(ContractModel):
    """One script that ran, or the check that was made again; *note* is its own word for it."""

    phase: Phase
    step_id: Annotated[int, Field(ge=0)]
    note: Word
    is_ok: bool
    changed: bool
    hresult: str | None = None
    elapsed_ms: Annotated[int, Field(ge=0)] = 0


class AttemptRecord(ContractModel):
    """One thing that the healer did or decided about an incident.

    *outcome* is None where nothing was done to the host: it was queued, asked for, or escalated,
    for *reason*. *rechecked_at* is the time of the verdict that was made afterwards; a repair
    without one has failed.
    """

    incident_id: str
    attempt_id: str
    tier: Annotated[ResolutionLevel, Field(strict=False)]
    rule_id: str | None = None
    runbook_id: str | None = None
    runbook_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    parameters: SignableObject = Field(default_factory=dict)
    outcome: Annotated[Outcome, Field(strict=False)] | None = None
    reason: Word
    error_code: str | None = None
    rechecked_at: Instant | None = None
    steps: tuple[StepRecord, ...] = ()
    decision: SignableObject | None = None  # of the planner
    # An earlier bundle whose success did not last, and what is true instead.
    replaces_bundle_id: str | None = None

    @property
    def has_acted(self) -> bool:
        """Return whether something may have been changed on the host."""
        return any(step.phase in {"step", "rollback"} for step in self.steps)

    def sentences(self) -> Iterator[str]:
        """Yield what was done, a line for each thing, for the ``actions`` of a bundle."""
        who = self.runbook_id or "healer"
        for step in self.steps:
            number = f" {step.step_id}" if step.step_id else ""
            failed = "" if step.is_ok else ", failed"
            changed = ", changed" if step.changed else ""
            yield f"{who} {step.phase}{number}: {step.note}{changed}{failed}"
        code = f" ({self.error_code})" if self.error_code else ""
        yield f"{who} {self.outcome or 'decision'}: {self.reason}{code}"


def pack_record(check: CheckId, record: AttemptRecord, key: bytes) -> dict[str, str]:
    """Return *record* as a task's result may carry it; see `carrier`."""
    packed = carrier.Carrier(key).pack_document({"attempt": record.to_dict()})
    return {"check": check.value, "record": packed}


def parse_records(documents: Sequence[Mapping[str, Any]]) -> list[AttemptRecord]:
    """Return the records in the order of the run; raises ValidationError."""
    return [AttemptRecord.from_dict(document["attempt"]) for document in documents]
