# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies that a healthy host passes every check, whatever its Windows and its role."""

import pytest

from integration.chain import CHECKS
from integration.scenarios import estate_hosts

pytestmark = pytest.mark.engine
BASELINES = [host.name for host in estate_hosts() if host.name.startswith("healthy-")]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("baseline", BASELINES)
def test_a_healthy_host_passes(baseline, check, estate_verdicts):
    verdict = estate_verdicts[baseline][check]

    assert (verdict.status, verdict.concerns) == ("PASS", set())
