# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies where values of parameters come from: a finding, the policy, and a frozen default."""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import ParameterInvalid
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.parameters import (
    Parameter,
    ParameterSource,
    bind,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckStatus,
    Finding,
    Severity,
)


def small(log: str, expected: int) -> Finding:
    return Finding(
        code="log_too_small",
        status=CheckStatus.WARNING,
        severity=Severity.MEDIUM,
        message="a log is smaller than required",
        scope=log,
        observed=1024,
        expected=expected,
        gpo_managed=False,
    )


def kilobytes(scope: str | None) -> Parameter:
    source = ParameterSource(finding="log_too_small", take="expected", scope=scope)
    return Parameter(type="int", min=0, max=4194240, default=0, description="size", source=source)


FINDINGS = [small("System", 32768), small("Security", 196608)]


def test_a_source_with_a_scope_reads_the_finding_for_that_object():
    assert bind({"kb": kilobytes("Security")}, {}, FINDINGS, {}) == {"kb": 196608}


def test_a_source_without_a_scope_reads_the_first_finding():
    assert bind({"kb": kilobytes(None)}, {}, FINDINGS, {}) == {"kb": 32768}


def test_an_object_without_a_finding_leaves_the_default():
    assert bind({"kb": kilobytes("Setup")}, {}, FINDINGS, {}) == {"kb": 0}


def test_a_list_may_have_a_default_as_the_loader_freezes_it():
    modes = Parameter(
        type="list",
        elements="str",
        choices=("circular",),
        default=("circular",),
        description="modes",
    )

    assert bind({"modes": modes}, {}, [], {}) == {"modes": ["circular"]}


def days() -> Parameter:
    return Parameter(
        type="int", min=1, max=36500, default=60, policy="engine_age_max_days", description="age"
    )


def test_what_the_policy_calls_old_is_old_to_the_repair():
    assert bind({"age": days()}, {}, [], {"engine_age_max_days": 90}) == {"age": 90}


def test_a_policy_without_the_key_leaves_the_default():
    assert bind({"age": days()}, {}, [], {}) == {"age": 60}


def test_what_a_rule_gives_wins_over_the_policy():
    assert bind({"age": days()}, {"age": 30}, [], {"engine_age_max_days": 90}) == {"age": 30}


def test_a_finding_wins_over_the_policy():
    size = kilobytes("Security").model_copy(update={"policy": "log_max_kb"})

    assert bind({"kb": size}, {}, FINDINGS, {"log_max_kb": 5}) == {"kb": 196608}


@pytest.mark.parametrize("value", [0, 36501, "90", True])
def test_a_policy_value_that_the_parameter_does_not_take_is_refused(value):
    with pytest.raises(ParameterInvalid, match="age"):
        bind({"age": days()}, {}, [], {"engine_age_max_days": value})
