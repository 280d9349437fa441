# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference of the planner names every code and key that there is."""

from pathlib import Path

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.candidates import (  # noqa: E501 - its name
    Bar,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.case import (
    Constraints,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.endpoint import (  # noqa: E501 - its name
    EndpointSettings,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.reasons import (  # noqa: E501 - its name
    Reason,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.record import (
    DecisionRecord,
)
from unit.healing.planner.answers import REFUSED

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "planner.md"
# Fields that say of a decision what they say of everything.
PLAIN = {"schema_version", "incident_id", "site_id", "host_id", "check", "decided_at"}


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(list(Reason), id="reasons"),
        pytest.param(list(Bar), id="bars"),
        pytest.param(list(Constraints.model_fields), id="constraints"),
        pytest.param(list(EndpointSettings.model_fields), id="settings"),
        pytest.param(sorted(set(DecisionRecord.model_fields) - PLAIN), id="record"),
        pytest.param([rule for _, rule in REFUSED.values()], id="rules-of-an-answer"),
    ],
)
def test_every_name_is_explained(names):
    page = PAGE.read_text(encoding="utf-8")

    assert [name for name in names if f"`{name}`" not in page] == []
