# SPDX-License-Identifier: GPL-3.0-or-later
"""What the mode of a site makes of a choice: nothing, a proposal, or an action for the gate. Pure.

A mode adds no right. Whatever disturbs somebody, restarts a host or waits for a window is proposed
in every mode, and the gate asks everything again before a host is changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import JsonValue

from ...models import HealingAction, L2Decision
from ..runbooks import Runbook
from .candidates import is_proposed_only
from .prompt import ESCALATE
from .reasons import SENTENCES, Reason
from .record import DecisionRecord


class Mode(StrEnum):
    """How far a site lets the planner go; each site begins with shadow."""

    OFF = "off"
    SHADOW = "shadow"
    PROPOSE = "propose"
    ACT = "act"


class Disposition(StrEnum):
    """What becomes of a decision."""

    ESCALATE = "escalate"
    PROPOSE = "propose"
    ACT = "act"


@dataclass(frozen=True, slots=True)
class Choice:
    """A runbook that was agreed on. *confidence_thousandths* is a note and permits nothing."""

    runbook: Runbook
    parameters: Mapping[str, JsonValue]
    reasoning: str
    confidence_thousandths: int
    approval_required: bool  # the site wants every repair approved


@dataclass(frozen=True, slots=True)
class Plan:
    """A decision, the action for the gate if there is one, and the record of both.

    In shadow mode *decision* escalates: what would have been chosen is in *record* alone, so that
    nobody can act on it by mistake.
    """

    decision: L2Decision
    action: HealingAction | None
    disposition: Disposition
    record: DecisionRecord


def disposition_of(choice: Choice | None, mode: Mode) -> Disposition:
    """Return how far *mode* lets *choice* go."""
    if choice is None or mode in {Mode.OFF, Mode.SHADOW}:
        return Disposition.ESCALATE
    if mode is Mode.PROPOSE or choice.approval_required or is_proposed_only(choice.runbook):
        return Disposition.PROPOSE
    return Disposition.ACT


def action_of(choice: Choice, disposition: Disposition) -> HealingAction:
    """Return *choice* as the gate sees it."""
    runbook = choice.runbook
    return HealingAction(
        action_type=runbook.action_type,
        runbook_id=runbook.runbook_id,
        parameters=dict(choice.parameters),
        requires_approval=disposition is not Disposition.ACT,
        is_disruptive=runbook.is_disruptive,
        maintenance_window_only=runbook.maintenance_window_only,
    )


def decision_for(choice: Choice) -> L2Decision:
    """Return *choice* in the words of the contract."""
    return L2Decision(
        runbook_id=choice.runbook.runbook_id,
        parameters=dict(choice.parameters),
        reasoning=choice.reasoning,
        confidence=choice.confidence_thousandths / 1000,
        escalate=False,
    )


def escalation_for(reason: Reason) -> L2Decision:
    """Return the decision that a person decides, and why."""
    return L2Decision(
        runbook_id=ESCALATE,
        parameters={},
        reasoning=SENTENCES[reason],
        confidence=0.0,
        escalate=True,
        escalation_reason=reason.value,
    )
