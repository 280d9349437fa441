# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo says of repairs after a run: what is proven, what waits, what a person has to do.

What was done is read from the signed bundles, what waits from the memory of the healer.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.repairs import (
    AttemptRecord,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.healer import Healer
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.registry import (
    Registry,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    EvidenceBundle,
    Outcome,
    ResolutionLevel,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.report import status_of

_GROUPS = (
    ("Healed and proven", Outcome.SUCCESS),
    ("Mended in part", Outcome.PARTIAL),
    ("Tried in vain", Outcome.FAILURE),
)


@dataclass(frozen=True, slots=True)
class Repair:
    """One thing that the healer did or decided, and the bundle that keeps it."""

    bundle: EvidenceBundle
    attempt: AttemptRecord


@dataclass(frozen=True, slots=True)
class Waiting:
    """A repair that waits: for its window (E005), or for a person who approves it."""

    host: str
    check: str
    runbook_id: str
    asked_by: str
    until: datetime | None
    is_queued: bool


@dataclass(frozen=True, slots=True)
class Handed:
    """An incident that a person has, with the first things that its ticket says."""

    host: str
    check: str
    urgency: str
    actions: Sequence[str]


@dataclass(frozen=True, slots=True)
class Healing:
    """What became of the faults of a run."""

    attempts: tuple[Repair, ...]
    waiting: tuple[Waiting, ...]
    handed: tuple[Handed, ...]

    @classmethod
    def of(cls, bundles: Iterable[EvidenceBundle], healer: Healer, now: datetime) -> "Healing":
        """Return what *bundles* prove and *healer* remembers at *now*."""
        return cls(tuple(_attempts(bundles)), tuple(_waiting(healer, now)), tuple(_handed(healer)))

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """Those attempts that may have changed something."""
        return tuple(item for item in self.attempts if item.attempt.has_acted)

    @property
    def counts(self) -> str:
        """What the last line of the demo says."""
        healed = sum(item.attempt.outcome is Outcome.SUCCESS for item in self.repairs)
        queued = sum(item.is_queued for item in self.waiting)
        return f"{healed} healed and proven, {queued} queued, {len(self.handed)} escalated"

    def lines(self, registry: Registry) -> Iterator[str]:
        """Yield what a person reads."""
        for title, outcome in _GROUPS:
            mine = [item for item in self.repairs if item.attempt.outcome is outcome]
            if mine:
                yield f"\n{title}"
            for item in mine:
                yield from _repair_lines(item, registry)
        if self.waiting:
            yield "\nWaits"
        for waiting in self.waiting:
            yield from _waiting_lines(waiting, registry)
        if self.handed:
            yield "\nFor a person"
        for handed in self.handed:
            yield f" - {handed.host}, {handed.check} ({handed.urgency.replace('_', ' ')})"
            yield from (f"    {action}" for action in handed.actions[:2])


def _attempts(bundles: Iterable[EvidenceBundle]) -> Iterator[Repair]:
    for bundle in bundles:
        # Signed by us, so it has our shape.
        documents: Any = bundle.post_state.get("healing", [])
        for document in documents:
            yield Repair(bundle, AttemptRecord.from_dict(document))


def _waiting(healer: Healer, now: datetime) -> Iterator[Waiting]:
    for queued in healer.gate.queued(healer.site_id):
        asked = queued.request
        yield Waiting(
            asked.host_id,
            asked.check_type.value,
            asked.runbook_id,
            asked.requested_by,
            queued.opens_at,
            is_queued=True,
        )
    for approval in healer.gate.pending(healer.site_id, now):
        asked = approval.request
        yield Waiting(
            asked.host_id,
            asked.check_type.value,
            asked.runbook_id,
            asked.requested_by,
            approval.expires_at,
            is_queued=False,
        )


def _handed(healer: Healer) -> Iterator[Handed]:
    tickets = [stored.ticket.contract for stored in healer.tickets.waiting(healer.site_id)]
    for ticket in sorted(tickets, key=lambda item: (item.incident.host_id, item.ticket_id)):
        incident = ticket.incident
        yield Handed(
            incident.host_id,
            incident.check_type.value,
            ticket.urgency.value,
            ticket.suggested_actions,
        )


def _repair_lines(repair: Repair, registry: Registry) -> Iterator[str]:
    bundle, attempt = repair.bundle, repair.attempt
    who = f"rule {attempt.rule_id}" if attempt.tier is ResolutionLevel.L1 else "the planner (L2)"
    before, after = bundle.pre_state["status"], status_of(bundle)
    yield f" - {bundle.host_id}, {bundle.check}: {before} -> {after}, proof {bundle.bundle_id}"
    yield f"    {_named(str(attempt.runbook_id), registry)}; {who}"
    if attempt.outcome is Outcome.FAILURE:
        yield f"    {_went_back(attempt)}"


def _went_back(attempt: AttemptRecord) -> str:
    failed = next((step for step in attempt.steps if not step.is_ok), None)
    where = f"{failed.phase} {failed.step_id or ''}".strip() if failed else "the check"
    back = [step for step in attempt.steps if step.phase == "rollback"]
    if not back:
        return f"{where} failed; there is no way back"
    is_back = all(step.is_ok for step in back)
    return f"{where} failed; " + ("taken back" if is_back else "it could NOT be taken back")


def _waiting_lines(waiting: Waiting, registry: Registry) -> Iterator[str]:
    until = f"{waiting.until:%Y-%m-%d %H:%M} UTC" if waiting.until else "a window is set"
    yield f" - {waiting.host}, {waiting.check}: {_named(waiting.runbook_id, registry)}"
    if waiting.is_queued:
        yield f"    queued until the maintenance window of {until} (E005)"
    else:
        yield f"    asked by the {waiting.asked_by}, so a person has to approve it; until {until}"


def _named(runbook_id: str, registry: Registry) -> str:
    return f"{runbook_id} {registry.find(runbook_id).name}"
