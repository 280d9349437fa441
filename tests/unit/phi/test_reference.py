# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference of scrubbing names every mode, form, token and dropped field that there is."""

from pathlib import Path

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.grammars import GRAMMARS
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.policies import Mode
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.tokens import Kind

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "scrubbing.md").read_text()


@pytest.mark.parametrize("name", [*Mode, *Kind, *GRAMMARS])
def test_the_reference_names_it(name):
    assert f"`{name}`" in PAGE
