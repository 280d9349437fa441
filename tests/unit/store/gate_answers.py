# SPDX-License-Identifier: GPL-3.0-or-later
"""How the tests of the gate's memory read its answers, and what they ask it about."""

from datetime import timedelta

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import Outcome
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gate_claims import Claim

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SITE = "clinic-001"
CAREFUL = {"blast_radius": {"canary": True}}


def code(answer) -> str:
    """Return the code of a decision, ``claimed`` for a claim."""
    return "claimed" if isinstance(answer, Claim) else answer.code.value


def fail(gate, asked, now) -> None:
    """Try *asked* at *now* without success."""
    claim = gate.claim(asked, now)
    assert isinstance(claim, Claim), claim
    gate.release(claim, Outcome.FAILURE, now)
