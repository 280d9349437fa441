# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action plugins ask of a host under the default policy."""

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.judges import load_policies
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.preflight import PROBE
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.rules import default_rules_dir

PREFLIGHT_PROBE = PROBE


def collector_options() -> dict[str, object]:
    """Return check id -> what its collector is to look for."""
    policies = load_policies(default_rules_dir(), list(CheckId), [])
    return {check.value: policy.collector_options() for check, policy in policies.items()}
