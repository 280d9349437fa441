# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry a repair through the memory of the healer, as the tasks of the role do, up to its verdict.

The host stays held: who calls these decides whether the run lives to free it.
"""

from datetime import datetime

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.acting import (
    Acting,
    order_of,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.healer import Healer
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.proposals import (
    Proposal,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.attempts import (
    AttemptState,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.steps import (
    Phase,
    Precondition,
    Ran,
    StepAnswer,
    Validation,
)
from unit.healer.site import NOTES, check_of

ANSWERS = {
    Phase.PRECONDITION: Precondition(met=True, reason="fault_found", observed={}),
    Phase.STEP: StepAnswer(changed=True, note="changed", saved={}),
    Phase.VALIDATION: Validation(valid=True, reason="as_wanted", observed={}),
}


def act(healer: Healer, proposal: Proposal, now: datetime) -> str:
    """Do all that comes before the re-check, and return the id of the attempt."""
    acting = Acting(healer, lambda: now)
    begun = acting.take(order_of(proposal))
    assert begun.is_taken, begun
    steps = [(Phase.STEP, step.step_id) for step in proposal.runbook.steps]
    for phase, step_id in [(Phase.PRECONDITION, 0), *steps, (Phase.VALIDATION, 0)]:
        attempt = acting.before_script(begun.attempt_id, phase, step_id)
        ran = Ran(ANSWERS[phase], None, None, None, None, 1)
        assert acting.after_script(attempt, phase, ran) is None
    return begun.attempt_id


def mend(
    healer: Healer, proposal: Proposal, now: datetime, *, is_domain_member: bool = False
) -> str:
    """Repair until the check passes, and return the id of the attempt."""
    attempt_id = act(healer, proposal, now)
    check = proposal.incident.key.check_type
    acting = Acting(healer, lambda: now)
    acting.judge(attempt_id, check_of(check, NOTES[check]), is_domain_member=is_domain_member)
    return attempt_id


def undo(healer: Healer, proposal: Proposal, now: datetime) -> str:
    """Repair in vain, roll back, and return the id of the attempt."""
    attempt_id = act(healer, proposal, now)
    attempts = healer.attempts
    back = attempts.advance(attempts.get(attempt_id), AttemptState.ROLLING_BACK, now, "in_vain")
    attempts.advance(back, AttemptState.ROLLED_BACK, now)
    return attempt_id
