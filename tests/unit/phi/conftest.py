# SPDX-License-Identifier: GPL-3.0-or-later
"""One scrubber for most tests: a fixed key, a fixed day, the names of an invented clinic."""

from datetime import date

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.inventory import (
    SiteInventory,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.scrubber import Scrubber

KEY = bytes(range(32))
TODAY = date(2025, 11, 28)
INVENTORY = SiteInventory.of(
    hosts=["dc01", "ehr01", "fs01", "nas01", "xray01", "sql01", "frontdesk-2", "ap-3"],
    domains=["clinic.local", "CLINIC"],
    products=["Brother-2F", "HP-LJ-400", "Malwarebytes"],
    accounts=["svc_scan"],
)


@pytest.fixture(scope="session")
def scrubber() -> Scrubber:
    return Scrubber(KEY, INVENTORY, today=TODAY)


@pytest.fixture(scope="session")
def scrub(scrubber):
    """Return the scrubbed text of a line."""
    return lambda text: scrubber.scrub_text(text).document
