# SPDX-License-Identifier: GPL-3.0-or-later
"""What the planner does with the shipped runbooks on incidents of known cause."""

import pytest

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
from unit.healing.planner.cases import BACKED_UP, NOW, context
from unit.healing.planner.catalogue import ROOT
from unit.healing.planner.labelled import LABELLED

ROWS = [pytest.param(*row, id=f"{row[0]}: {row[1]}") for row in LABELLED]
AV, BACKUP, LOG = CheckId.AV_EDR, CheckId.BACKUP, CheckId.LOGGING
PATCH, FW, ENC = CheckId.PATCHING, CheckId.FIREWALL, CheckId.ENCRYPTION
# What a runbook leaves to a person although it mends the fault beside it, and on what ground.
LEFT_TO_A_PERSON = [
    # Another engine is the host's protection: Defender beside it is off as it should be.
    (AV, "signatures_old~ third_party_active."),
    (AV, "engine_old~ defender_passive."),
    (AV, "realtime_off! third_party_active."),
    (AV, "component_off! product_not_accepted~"),
    (AV, "defender_missing! product_not_accepted~"),
    # Somebody wants it off, or tries to switch it off.
    (AV, "realtime_off! disabled_by_policy~"),
    (AV, "realtime_off! tampering_blocked."),
    (AV, "passive_without_active_engine! tampering_blocked."),
    # Whoever answers to the threat finds the host as it was.
    (AV, "edr_stopped! threat_action_failed~"),
    # A host half way through its updates is not given more of them.
    (PATCH, "lcu_too_old! reboot_pending~"),
    # No client finds updates that its settings forbid it to look for.
    (PATCH, "search_failed! wsus_not_named~"),
    (PATCH, "search_failed! internet_locations_blocked~"),
    (PATCH, "lcu_too_old! wsus_not_named~"),
    # Windows Server Backup is not what makes the backups of this host.
    (BACKUP, "backup_too_old! backup_agent_stopped~@AcronisAgent"),
    (BACKUP, "vss_writer_failed! same_disk_target~"),
    # A trace of whoever cleared or cut a log is not written over.
    (LOG, "audit_subcategory_missing! event_log_cleared~"),
    (LOG, "log_full_not_writing! log_gap~"),
    (LOG, "log_too_small! records_missing~"),
    (LOG, "script_block_logging_off! security_log_cleared~"),
    # More records would fill the log sooner, and then this host halts.
    (LOG, "audit_subcategory_missing! crash_on_audit_fail~"),
    # Another product filters.
    (FW, "active_profile_disabled! thirdparty_active."),
    (FW, "log_blocked_off~ thirdparty_active."),
    (FW, "firewall_service_down! thirdparty_active."),
    # Something else encrypts, or somebody holds it up.
    (ENC, "os_volume_unencrypted! third_party_accepted."),
    (ENC, "os_volume_unencrypted! compensating_control."),
    (ENC, "fixed_volume_unencrypted! encryption_paused~@E:"),
    (ENC, "fixed_volume_unencrypted! escrow_failed~@C:"),
    (ENC, "protection_suspended! volume_decrypting~@D:"),
]


@pytest.fixture(scope="module")
def shipped():
    """Return the shipped runbooks, with what a run knows of the way to a host."""
    known = {"controller": "10.0.0.5", "management_port": 5986}
    return with_known(load_registry(ROOT / "rules"), known)


@pytest.fixture
def choose(shipped, scrubber):
    """Return a function that gives the record of what the planner does about some findings."""

    def decide(check, findings):
        planner = Planner(shipped, scrubber, Mode.ACT)
        return planner.decide(context(check, findings, shipped, others=[BACKED_UP]), NOW).record

    return decide


@pytest.mark.parametrize(("check", "findings", "right"), ROWS)
def test_it_chooses_what_a_person_would_or_nothing(check, findings, right, choose):
    assert choose(check, findings).runbook_id in {right, None}


def test_it_chooses_often_enough_to_be_of_use(choose):
    right = [row for row in LABELLED if row[2] and choose(*row[:2]).runbook_id == row[2]]

    assert len(right) >= 73


@pytest.mark.parametrize(("check", "findings"), LEFT_TO_A_PERSON)
def test_what_a_runbook_leaves_to_a_person_is_not_chosen(check, findings, choose):
    fault, _beside = findings.split()

    assert choose(check, fault).runbook_id is not None
    assert choose(check, findings).runbook_id is None
