# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies the verdict on every unhealthy state, through the whole chain.

ansible-playbook, WinRM, the collectors in PowerShell, the judges, and the sealed bundle.
"""

import pytest

from integration.chain import CHECKS
from integration.scenarios import estate_hosts, read_scenarios

pytestmark = pytest.mark.engine
SCENARIOS = [pytest.param(scenario, id=scenario.name) for scenario in read_scenarios()]


def test_there_are_52_scenarios_of_six_checks():
    scenarios = read_scenarios()

    assert len(scenarios) == 52
    assert {scenario.check for scenario in scenarios} == set(CHECKS)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_an_unhealthy_host_gets_the_verdict_of_its_scenario(scenario, estate_verdicts):
    verdict = estate_verdicts[scenario.name][scenario.check]

    assert verdict.status == scenario.status, verdict.findings
    if scenario.code == "ok":
        assert verdict.concerns == set()
    else:
        assert scenario.code in verdict.codes


def test_every_host_and_check_has_one_bundle(estate_verdicts):
    found = {host: set(verdicts) for host, verdicts in estate_verdicts.items()}

    assert found == {host.name: set(CHECKS) for host in estate_hosts()}
