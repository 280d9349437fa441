# SPDX-License-Identifier: GPL-3.0-or-later
"""From where and on which port a host is reached is known from the connection, or not at all."""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import ParameterInvalid
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.connection import (
    management_port,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.healer import with_known
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.decide import (
    Planner,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.plans import (
    Mode,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.registry import (
    load_registry,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.scrubber import Scrubber
from unit.healing.planner.cases import NOW, context
from unit.healing.rule_folders import RULES

KNOWN = {"controller": "10.0.0.5", "management_port": 5986}


@pytest.mark.parametrize(
    ("plugin", "options", "port"),
    [
        pytest.param("psrp", {"port": 5985, "protocol": None}, 5985, id="psrp-as-the-inventory"),
        pytest.param("psrp", {"port": None, "protocol": None}, 5986, id="psrp-is-https"),
        pytest.param("psrp", {"port": None, "protocol": "http"}, 5985, id="psrp-over-http"),
        pytest.param("psrp", {"port": 15986, "protocol": "http"}, 15986, id="psrp-elsewhere"),
        pytest.param("winrm", {"port": 5986}, 5986, id="winrm"),
        pytest.param("winrm", {"port": "5985"}, 5985, id="winrm-as-text"),
        pytest.param("ansible.builtin.ssh", {"port": None}, 22, id="ssh"),
        pytest.param("local", {}, None, id="local-has-none"),
        pytest.param("community.aws.aws_ssm", {}, None, id="unknown-plugin"),
    ],
)  # fmt: skip
def test_the_port_is_what_the_connection_plugin_uses(plugin, options, port):
    assert management_port(plugin, options.__getitem__) == port


@pytest.fixture(scope="module")
def registry():
    return load_registry(RULES)


@pytest.mark.parametrize(
    ("findings", "runbook_id"),
    [
        ("active_profile_disabled!", "RB-WIN-FW-001"),
        ("firewall_service_down!", "RB-WIN-FW-003"),
    ],
)
@pytest.mark.parametrize("unknown", ["controller", "management_port", None])
def test_a_firewall_goes_up_only_where_the_way_in_is_known(findings, runbook_id, unknown, registry):
    known = {name: value for name, value in KNOWN.items() if name != unknown}
    runbooks = with_known(registry, known)
    planner = Planner(runbooks, Scrubber(bytes(32), today=NOW.date()), Mode.PROPOSE)

    plan = planner.decide(context(CheckId.FIREWALL, findings, runbooks), NOW)

    if unknown is None:
        assert plan.decision.runbook_id == runbook_id
        assert KNOWN.items() <= plan.decision.parameters.items()
    else:
        assert (plan.action, plan.decision.escalation_reason) == (None, "connection_unknown")


def test_no_runbook_guesses_the_way_in(registry):
    asked = [
        (item.runbook_id, name)
        for item in registry.runbooks.values()
        for name, parameter in item.parameters.items()
        if name in KNOWN and not (parameter.required and parameter.default is None)
    ]

    assert asked == []


def test_what_the_connection_says_is_checked_like_any_value(registry):
    with pytest.raises(ParameterInvalid, match="controller"):
        with_known(registry, {"controller": "anywhere; netsh advfirewall set allprofiles off"})


def test_what_is_known_of_one_host_leaves_the_runbooks_what_they_are(registry):
    """An approval is for the text of a runbook; whoever plans knows more than whoever claims."""
    fresh = with_known(registry, KNOWN)

    digests = [
        {key: item.sha256 for key, item in one.runbooks.items()} for one in (fresh, registry)
    ]

    assert digests[0] == digests[1]
    assert len(set(digests[0].values())) == len(registry.runbooks)
