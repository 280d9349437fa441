# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule, planner, person: who decides next, and that nothing goes down the ladder again."""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.ladder import (
    next_level,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.relapse import (
    Bar,
    PastRepair,
    Repair,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    Outcome,
    ResolutionLevel,
)
from unit.healing.remembered import RUNBOOK, at


def failed(tier: int, reason: str = "not_mended", incident: str = "incident-1") -> PastRepair:
    return PastRepair(
        incident, Repair(RUNBOOK, "a" * 64), ResolutionLevel(tier), Outcome.FAILURE, reason,
        at(-10), None,
    )  # fmt: skip


def level(*history, bar=None, spent=False, planner=True) -> int:
    return int(
        next_level("incident-1", history, rule_bar=bar, rule_is_spent=spent, planner_acts=planner)
    )


@pytest.mark.parametrize(
    ("expected", "history", "said"),
    [
        pytest.param(1, [], {}, id="a-rule-is-first"),
        pytest.param(1, [failed(1)], {}, id="a-rule-may-try-again"),
        pytest.param(2, [failed(1), failed(1)], {"spent": True}, id="its-retries-are-spent"),
        pytest.param(2, [failed(1)], {"bar": Bar.INEFFECTIVE}, id="another-repair-may-help"),
        pytest.param(2, [], {"spent": True}, id="no-rule-matches"),
        pytest.param(3, [], {"spent": True, "planner": False}, id="no-rule-and-no-planner"),
        pytest.param(3, [failed(1), failed(2)], {"spent": True}, id="the-planner-has-one-try"),
        pytest.param(3, [failed(2)], {}, id="never-back-to-the-rule"),
        pytest.param(3, [failed(3)], {}, id="a-person-failed-too"),
        pytest.param(3, [], {"bar": Bar.FLAPPING}, id="flapping"),
        pytest.param(3, [], {"bar": Bar.CHRONIC}, id="chronic"),
        pytest.param(3, [], {"bar": Bar.EXHAUSTED}, id="exhausted"),
        pytest.param(3, [], {"bar": Bar.SUPPRESSED}, id="suppressed"),
        pytest.param(3, [failed(1, "gpo_managed")], {}, id="owned-by-a-policy"),
        pytest.param(3, [failed(1, "tamper_protected")], {}, id="tamper-protected"),
        pytest.param(3, [failed(1, "rollback_failed")], {}, id="rollback-failed"),
        pytest.param(3, [failed(1, "resumed_too_often")], {}, id="cut-off-too-often"),
        pytest.param(1, [failed(2, incident="incident-0")], {}, id="another-incident"),
        pytest.param(1, [failed(2, "run_ended")], {}, id="nothing-was-tried"),
    ],
)
def test_who_is_next(expected, history, said):
    assert level(*history, **said) == expected
