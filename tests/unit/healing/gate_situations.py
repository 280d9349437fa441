# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site knows when the gate is asked, and how the tests of the gate ask it."""

from datetime import timedelta

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.approvals import (
    Approval,
    ApprovalState,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.gate import (
    GateDecision,
    RunningRepair,
    Situation,
    decide,
)
from unit.healing.repairs import LOGGING, NOON, policy, request

SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1),
)  # fmt: skip
# A quarter past two at night, in the window of these tests.
NIGHT_TIME = NOON.replace(hour=2, minute=15)
DISRUPTIVE = {"is_disruptive": True}
WINDOW_ONLY = {"maintenance_window_only": True}
ASKS = {"requires_approval": True}


def answer(asked=None, known=None, site=None, now=NOON) -> GateDecision:
    return decide(asked or request(), known or Situation(), site or policy(), now)


def found(*args, **more) -> tuple[str, str, str | None]:
    """Return verdict, code and error code of the answer."""
    decision = answer(*args, **more)
    return (decision.verdict, decision.code, decision.error_code)


def approval(state, asked=None, **more) -> Approval:
    decided = state in {ApprovalState.APPROVED, ApprovalState.REFUSED, ApprovalState.USED}
    return Approval(
        **{
            "approval_id": "AP-1",
            "request": asked or request(does=ASKS),
            "requested_at": NOON - HOUR,
            "expires_at": NOON + HOUR,
            "state": state,
            "decided_by": "carol" if decided else None,
            "decided_at": NOON if decided else None,
            **more,
        }
    )


def approved(asked=None, **more) -> Situation:
    return Situation(approvals=(approval(ApprovalState.APPROVED, asked, **more),))


def running(host_id="dc02", serialized_as="none", *, is_lost=False) -> Situation:
    repair = RunningRepair(host_id, LOGGING, serialized_as, NOON - MINUTE, is_lost=is_lost)
    return Situation(running=(repair,))
