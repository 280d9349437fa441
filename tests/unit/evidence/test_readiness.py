# SPDX-License-Identifier: GPL-3.0-or-later
"""A run does not begin with hosts that its evidence could not name."""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.readiness import (
    HostNameUnusable,
    refuse_unusable_names,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.inventory import (
    SiteInventory,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.scrubber import Scrubber
from unit.evidence.project import check_play, guard_play, make_project
from unit.phi.conftest import KEY, TODAY


def scrubber(hosts: list[str]) -> Scrubber:
    return Scrubber(KEY, SiteInventory.of(hosts=hosts), today=TODAY)


UNUSABLE = {
    "number-of-somebody": ["dc01", "219-09-9999"],
    "mail": ["jane.doe@mailhost.example"],
    "half-a-surrogate": ["pc\ud800"],
    "two-texts-of-one-name": ["z\u00fcrich", "zu\u0308rich"],
    "empty": [""],
    "long": ["x" * 254],
}


@pytest.mark.parametrize("hosts", UNUSABLE.values(), ids=UNUSABLE)
def test_a_name_that_evidence_cannot_hold_is_refused(hosts):
    with pytest.raises(HostNameUnusable) as refused:
        refuse_unusable_names(hosts, scrubber(hosts))

    assert "219-09" not in str(refused.value)
    assert "jane.doe" not in str(refused.value)


def test_names_of_machines_may_be_anything_else():
    hosts = [
        "dc01",
        "ws-front-02.clinic.local",
        "203.0.113.55",
        "z\u00fcrich",
        "SMITH-PC",
        "fe80--1",
    ]

    refuse_unusable_names(hosts, scrubber(hosts))


def test_such_a_run_ends_before_a_host_is_asked_and_does_not_stop_the_next(tmp_path):
    project = make_project(tmp_path)

    refused = project.run([guard_play(["firewall"])], hosts={"219-09-9999": {}})
    good = project.run(
        [guard_play(["firewall"]), check_play(["firewall"])], hosts={"dc01": {"answer": "PASS"}}
    )

    assert (refused.returncode, "host_name_unusable" in refused.stdout) == (2, True)
    assert good.returncode == 0
    assert [item["host_id"] for item in project.bundles()] == ["dc01"]
