# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies where values of parameters come from: one object of several, and a frozen default."""

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
    assert bind({"kb": kilobytes("Security")}, {}, FINDINGS) == {"kb": 196608}


def test_a_source_without_a_scope_reads_the_first_finding():
    assert bind({"kb": kilobytes(None)}, {}, FINDINGS) == {"kb": 32768}


def test_an_object_without_a_finding_leaves_the_default():
    assert bind({"kb": kilobytes("Setup")}, {}, FINDINGS) == {"kb": 0}


def test_a_list_may_have_a_default_as_the_loader_freezes_it():
    modes = Parameter(
        type="list",
        elements="str",
        choices=("circular",),
        default=("circular",),
        description="modes",
    )

    assert bind({"modes": modes}, {}, []) == {"modes": ["circular"]}
