# SPDX-License-Identifier: GPL-3.0-or-later
"""Registry and scrubber of the planner's tests."""

from datetime import date

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.decide import (
    Planner,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.plans import (
    Mode,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.registry import (
    load_registry,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.inventory import (
    SiteInventory,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.scrubber import Scrubber
from unit.healing.planner.catalogue import write_rules


@pytest.fixture(scope="session")
def registry(tmp_path_factory):
    return load_registry(write_rules(tmp_path_factory.mktemp("rules") / "rules"))


@pytest.fixture(scope="session")
def scrubber() -> Scrubber:
    inventory = SiteInventory.of(hosts=["dc01", "fs01"], domains=["clinic.local"])
    return Scrubber(bytes(range(32)), inventory, today=date(2026, 3, 2))


@pytest.fixture
def planner(registry, scrubber):
    """Return a function that makes a planner, in mode ``act`` unless told otherwise."""

    def make(mode=Mode.ACT, **parts):
        return Planner(registry, scrubber, mode, **parts)

    return make
