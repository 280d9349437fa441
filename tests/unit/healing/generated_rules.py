# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the small universe, as hypothesis makes them."""

from typing import Any

from hypothesis import strategies as st

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.rule_targets import (
    Target,
    resolve,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.rules import Rule
from unit.healing.naive_rules import ONE, TWO
from unit.healing.rule_folders import runbook

RUNBOOKS = {
    "RB-WIN-FW-001": runbook("RB-WIN-FW-001", "firewall", [ONE, TWO]),
    "RB-WIN-FW-002": runbook("RB-WIN-FW-002", "firewall", [ONE], escalate_when=(TWO,)),
}
STATUSES = st.sampled_from(
    [["FAIL"], ["WARNING"], ["FAIL", "WARNING"], ["FAIL", "WARNING", "ERROR"]]
)


def rule(number: int, pattern: dict[str, Any], action: dict[str, Any], **keys: Any) -> Rule:
    """Return rule L1-FIREWALL-<number>."""
    repair = {} if action["type"] == "escalate" else {"max_retries": 2, "cooldown_seconds": 600}
    return Rule.model_validate(
        {
            "id": f"L1-FIREWALL-{number:03}",
            "name": "A rule",
            "pattern": {"check_type": "firewall", "status": "FAIL", **pattern},
            "action": action,
            "hipaa_controls": ["164.312(e)(1)"],
            **repair,
            **keys,
        }
    )


def target(number: int, pattern: dict[str, Any], action: dict[str, Any], **keys: Any) -> Target:
    """Return what that rule comes to."""
    found, faults = resolve(rule(number, pattern, action, **keys), RUNBOOKS)
    assert found is not None, faults
    return found


@st.composite
def patterns(draw: st.DrawFn, codes: list[list[str]], owners: list[bool | None]) -> dict[str, Any]:
    optional = {
        "finding_codes": st.sampled_from([None, *codes]),
        "not_finding_codes": st.sampled_from([None, None, [ONE], [TWO]]),
        "severity": st.sampled_from([None, None, ["HIGH"]]),
        "finding_status": st.sampled_from([None, None, ["FAIL"], ["WARNING"]]),
        "gpo_managed": st.sampled_from(owners),
        "host_groups": st.sampled_from([None, None, ["east"], ["east", "west"]]),
        "os": st.sampled_from([None, None, ["server"]]),
    }
    drawn = {key: draw(values) for key, values in optional.items()}
    return {"status": draw(STATUSES)} | {
        key: value for key, value in drawn.items() if value is not None
    }


ESCALATE = st.tuples(
    patterns([[ONE], [TWO], [ONE, TWO]], [None, True, False]), st.just({"type": "escalate"})
)
FIRST = st.tuples(
    patterns([[ONE], [TWO], [ONE, TWO]], [None, False]),
    st.just({"type": "enable_feature", "runbook": "RB-WIN-FW-001"}),
)
SECOND = st.tuples(
    patterns([[ONE]], [None, False]), st.just({"type": "fix_config", "runbook": "RB-WIN-FW-002"})
)


@st.composite
def targets(draw: st.DrawFn, most: int = 4) -> list[Target]:
    """Return up to *most* rules with few priorities, some of them disabled."""
    parts = draw(st.lists(ESCALATE | FIRST | SECOND, min_size=1, max_size=most))
    return [
        target(
            number,
            pattern,
            action,
            priority=draw(st.sampled_from([10, 20, 20])),
            enabled=draw(st.sampled_from([True, True, True, False])),
        )
        for number, (pattern, action) in enumerate(parts, start=1)
    ]
