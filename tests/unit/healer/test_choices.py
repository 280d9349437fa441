# SPDX-License-Identifier: GPL-3.0-or-later
"""Which runbook the healer chooses for an incident, by a rule or by the planner, and how far it is.

Each shipped runbook is there for something: a host that is otherwise well leads to it.
"""

from typing import NamedTuple

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.plan import Planning
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.registry import (
    load_registry,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from unit.healer.site import KNOWN, SITE, host_with, opened
from unit.healing.planner.cases import NOW
from unit.healing.rule_folders import RULES

PATCH, AV, BACKUP, LOG, FW, ENC = CheckId


class Case(NamedTuple):
    """What happened on a host, and what the healer does about it at noon."""

    check: CheckId
    findings: str
    runbook_id: str
    tier: int  # who chose it: a rule, or the planner
    code: str  # what the gate says


INCIDENTS = [
    pytest.param(Case(PATCH, "critical_update_overdue! lcu_too_old!",
                      "RB-WIN-PATCH-001", 2, "approval_required"), id="updates-are-overdue"),
    pytest.param(Case(PATCH, "install_failing!",
                      "RB-WIN-PATCH-001", 2, "approval_required"), id="an-update-keeps-failing"),
    pytest.param(Case(PATCH, "update_source_unreachable! search_failed~",
                      "RB-WIN-PATCH-002", 1, "allowed"), id="the-source-is-out-of-reach"),
    pytest.param(Case(PATCH, "reboot_pending!",
                      "RB-WIN-PATCH-003", 2, "approval_required"), id="a-restart-waits-too-long"),
    pytest.param(Case(PATCH, "auto_update_disabled!",
                      "RB-WIN-PATCH-004", 1, "allowed"), id="updates-are-off"),
    pytest.param(Case(AV, "signatures_old! defender_active.",
                      "RB-WIN-AV-001", 1, "allowed"), id="definitions-are-old"),
    pytest.param(Case(AV, "realtime_off! protection_was_off.",
                      "RB-WIN-AV-002", 2, "approval_required"), id="protection-is-off"),
    pytest.param(Case(AV, "passive_without_active_engine!",
                      "RB-WIN-AV-003", 2, "approval_required"), id="a-partner-has-gone"),
    pytest.param(Case(AV, "edr_stopped! third_party_active.",
                      "RB-WIN-AV-004", 1, "allowed"), id="a-sensor-is-stopped"),
    pytest.param(Case(BACKUP, "backup_service_disabled! backup_too_old!",
                      "RB-WIN-BACKUP-001", 1, "window_required"), id="the-backup-is-disabled"),
    pytest.param(Case(BACKUP, "vss_writer_failed!@WmiWriter last_job_failed~",
                      "RB-WIN-BACKUP-002", 2, "approval_required"), id="a-writer-failed"),
    pytest.param(Case(BACKUP, "backup_agent_stopped!",
                      "RB-WIN-BACKUP-003", 1, "allowed"), id="a-backup-agent-is-stopped"),
    pytest.param(Case(LOG, "audit_subcategory_missing!",
                      "RB-WIN-LOG-001", 1, "allowed"), id="events-are-not-audited"),
    pytest.param(Case(LOG, "log_too_small! span_too_short~",
                      "RB-WIN-LOG-002", 1, "allowed"), id="a-log-is-too-small"),
    pytest.param(Case(LOG, "eventlog_service_down!",
                      "RB-WIN-LOG-003", 1, "allowed"), id="the-log-service-is-down"),
    pytest.param(Case(LOG, "forwarding_broken!",
                      "RB-WIN-LOG-004", 2, "approval_required"), id="forwarding-is-broken"),
    pytest.param(Case(LOG, "script_block_logging_off!",
                      "RB-WIN-LOG-005", 1, "allowed"), id="script-blocks-are-not-logged"),
    pytest.param(Case(FW, "active_profile_disabled! log_blocked_off~",
                      "RB-WIN-FW-001", 2, "approval_required"), id="a-profile-is-off"),
    pytest.param(Case(FW, "log_blocked_off! log_too_small~",
                      "RB-WIN-FW-002", 1, "allowed"), id="blocked-packets-are-not-logged"),
    pytest.param(Case(FW, "firewall_service_down!",
                      "RB-WIN-FW-003", 2, "approval_required"), id="the-firewall-is-down"),
    pytest.param(Case(ENC, "protection_suspended! escrow_attested.",
                      "RB-WIN-ENC-001", 1, "allowed"), id="protection-stayed-suspended"),
    pytest.param(Case(ENC, "no_recovery_password!",
                      "RB-WIN-ENC-002", 1, "allowed"), id="no-recovery-password"),
    pytest.param(Case(ENC, "os_volume_unencrypted!",
                      "RB-WIN-ENC-003", 2, "approval_required"), id="a-disk-is-not-encrypted"),
    pytest.param(Case(ENC, "ssl_enabled! tls10_enabled_default~",
                      "RB-WIN-ENC-004", 2, "approval_required"), id="ssl-is-spoken"),
    pytest.param(Case(ENC, "smb1_enabled!",
                      "RB-WIN-ENC-005", 2, "approval_required"), id="smb1-is-spoken"),
]  # fmt: skip


def test_every_runbook_is_chosen_by_some_incident():
    reached = {case.values[0].runbook_id for case in INCIDENTS}

    assert reached == set(load_registry(RULES).runbooks)


@pytest.mark.parametrize("case", INCIDENTS)
def test_an_incident_leads_to_its_runbook(case, tmp_path):
    with opened(tmp_path) as healer:
        [item] = Planning(healer, host_with(case.check, case.findings), NOW).plan()

    told = item.to_dict()
    assert (told["runbook_id"], told["tier"]) == (case.runbook_id, case.tier)
    assert told["code"] == case.code, told["reason"]


@pytest.mark.parametrize(
    ("check", "findings"),
    [
        pytest.param(ENC, "os_volume_unencrypted!", id="a-disk"),
        pytest.param(PATCH, "lcu_too_old!", id="updates"),
    ],
)
def test_without_a_look_at_the_backup_a_person_decides(check, findings, tmp_path):
    host = host_with(check, findings, without=[BACKUP])

    with opened(tmp_path) as healer:
        [item] = Planning(healer, host, NOW).plan()
        [ticket] = healer.tickets.waiting(SITE)

    assert (item.verdict, item.code) == ("escalate", "needs_passed_check")
    assert [entry["code"] for entry in ticket.history] == ["needs_passed_check"]


@pytest.mark.parametrize("unknown", sorted(KNOWN))
@pytest.mark.parametrize("findings", ["firewall_service_down!", "active_profile_disabled!"])
def test_without_a_way_back_in_a_person_decides(findings, unknown, tmp_path):
    known = {name: value for name, value in KNOWN.items() if name != unknown}

    with opened(tmp_path, known=known) as healer:
        [item] = Planning(healer, host_with(FW, findings), NOW).plan()
        [ticket] = healer.tickets.waiting(SITE)

    assert (item.verdict, item.code) == ("escalate", "connection_unknown")
    assert [entry["code"] for entry in ticket.history] == ["connection_unknown"]
