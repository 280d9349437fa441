# SPDX-License-Identifier: GPL-3.0-or-later
"""Runbooks and requests for the tests of the gate, each harmless unless a test says otherwise."""

from dataclasses import replace
from datetime import UTC, datetime

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.gate import (
    HostSituation,
    RepairRequest,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.policy import (
    HealingPolicy,
    load_healing_policy,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.runbooks import (
    Runbook,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckId,
    HealingAction,
    ResolutionLevel,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.rules import default_rules_dir

ROOT = default_rules_dir().parent
# A Monday; no window of these tests is open then.
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LOGGING = "RB-WIN-LOG-005"
NIGHT = {
    "name": "night",
    "rrule": "FREQ=DAILY;BYHOUR=2;BYMINUTE=0",
    "duration_minutes": 120,
    "time_zone": "UTC",
}
HOST = HostSituation(
    groups=frozenset({"servers"}),
    pending_reboot=False,
    gpo_managed=False,
    is_domain_controller=False,
    is_cluster_member=False,
)


def runbook(runbook_id=LOGGING, *, timeout_seconds=60, reboots=False, **more) -> Runbook:
    """Return a runbook of one step."""
    step = {"step_id": 1, "description": "Mends it.", "script": "mend.ps1", "reboots": reboots}
    return Runbook.model_validate(
        {
            "runbook_id": runbook_id,
            "name": "Mend something",
            "description": "Mends something for a test.",
            "check_type": "logging",
            "action_type": "fix_config",
            "hipaa_controls": ("164.312(b)",),
            "is_disruptive": False,
            "requires_reboot": reboots,
            "estimated_duration": "1m",
            "requires_approval": False,
            "maintenance_window_only": False,
            "repairs": ("script_block_logging_off",),
            "steps": ({**step, "timeout_seconds": timeout_seconds},),
            "no_rollback_reason": "There is nothing to put back.",
            **more,
        }
    )


def action(**more) -> HealingAction:
    return HealingAction.model_validate(
        {
            "action_type": "fix_config",
            "runbook_id": LOGGING,
            "parameters": {},
            "requires_approval": False,
            "is_disruptive": False,
            "maintenance_window_only": False,
            **more,
        },
        strict=False,
    )


def request(host_id="fs01", *, site_id="clinic-001", does=None, host=None, **more) -> RepairRequest:
    """Return a request of a rule; *does* are flags of its action, *host* of its host."""
    asked = RepairRequest(
        site_id=site_id,
        host_id=host_id,
        check_type=CheckId.LOGGING,
        incident_id=f"incident-of-{host_id}",
        tier=ResolutionLevel.L1,
        requested_by="rule:L1-LOGGING-005",
        action=action(**(does or {})),
        requires_reboot=False,
        longest_seconds=60,
        max_retries=2,
        cooldown_seconds=300,
        host=replace(HOST, **(host or {})),
        serialize="none",
    )
    return replace(asked, **more)


def policy(**site) -> HealingPolicy:
    """Return the shipped policy with the keys of a site; without a canary unless it says so."""
    radius = {"canary": False, **site.pop("blast_radius", {})}
    return load_healing_policy(default_rules_dir(), {**site, "blast_radius": radius})
