# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies that runbooks repair their faults through heal.yml, and that the evidence proves it.

One estate in which each host has the fault of one runbook: real Ansible, real WinRM,
the engine, hosts that really restart. What each script does in other cases is for the tests of the
runbook.
"""

import importlib
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.runbooks import (
    load_runbooks,
)
from integration.estate_run import ROOT
from integration.healing.clinic import Clinic, open_clinic
from lab.repairing import Repair, Repaired
from lab.windows.states import State

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("every runbook")]
# Runbook -> which host of its own test needs it.
CASES = {
    "RB-WIN-AV-001": "repairs",
    "RB-WIN-AV-002": "stopped",
    "RB-WIN-AV-003": "missing",
    "RB-WIN-AV-004": "repairs",
    "RB-WIN-BACKUP-001": "disabled",
    "RB-WIN-BACKUP-002": "repairs",
    "RB-WIN-BACKUP-003": "repairs",
    "RB-WIN-ENC-001": "suspended",
    "RB-WIN-ENC-002": "directory",
    "RB-WIN-ENC-003": "server",
    "RB-WIN-ENC-004": "all wrong",
    "RB-WIN-ENC-005": "both",
    "RB-WIN-FW-001": "off and open",
    "RB-WIN-FW-002": "repairs",
    "RB-WIN-FW-003": "stopped",
    "RB-WIN-LOG-001": "lacks",
    "RB-WIN-LOG-002": "small",
    "RB-WIN-LOG-003": "down",
    "RB-WIN-LOG-004": "broken",
    "RB-WIN-LOG-005": "repairs",
    "RB-WIN-PATCH-001": "repairs",
    "RB-WIN-PATCH-002": "database",
    "RB-WIN-PATCH-003": "repairs",
    "RB-WIN-PATCH-004": "repairs",
}
# What disturbs people: a person allows it.
ASKED = {
    "RB-WIN-AV-003", "RB-WIN-BACKUP-002", "RB-WIN-ENC-003", "RB-WIN-ENC-004", "RB-WIN-ENC-005",
    "RB-WIN-FW-001", "RB-WIN-FW-003", "RB-WIN-PATCH-001", "RB-WIN-PATCH-003",
}  # fmt: skip
RESTARTED = {
    "RB-WIN-AV-003", "RB-WIN-ENC-003", "RB-WIN-ENC-004", "RB-WIN-PATCH-001", "RB-WIN-PATCH-003",
}  # fmt: skip
# The check passes when what the repair has begun is done: minutes that pass until the third run.
GOES_ON_MINUTES = {"RB-WIN-ENC-003": 480}
HKLM = "registry/HKLM\\"
SERVICES = HKLM + "SYSTEM\\CurrentControlSet\\Services\\"
PROFILES = SERVICES + "SharedAccess\\Parameters\\FirewallPolicy\\"
PROTOCOLS = HKLM + "SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols\\"
LANMAN = SERVICES + "LanmanServer\\Parameters/"
PACKAGES = (
    HKLM + "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\Packages\\"
    "Package_for_RollupFix~31bf3856ad364e35~amd64~~20348."
)
NEW_LEVEL = {
    "os/ubr",
    HKLM + "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion/UBR",
    PACKAGES + "4171.1.6/CurrentState",
    PACKAGES + "4294.1.7/CurrentState",
    PACKAGES + "4294.1.7/InstallTimeHigh",
    PACKAGES + "4294.1.7/InstallTimeLow",
}
# The check patching searches for updates each time.
BY_CHECKS = {"com/wua/AutoUpdate/LastSearchSuccessDate"}
# Services that somebody had started are not started by Windows.
BY_RESTART = {
    "reboot/boots",
    "reboot/down_since",
    "reboot/last_boot_utc",
    "reboot/up_at",
    HKLM + "SYSTEM\\CurrentControlSet\\Control\\Session Manager/PendingFileRenameOperations",
    "services/TPM/State",
    "services/TermService/State",
    "services/mpsdrv/State",
}
CHANGES = {
    "RB-WIN-AV-001": {
        "defender/status/AntivirusSignatureLastUpdated",
        "defender/status/AntivirusSignatureVersion",
        "defender/status/DefenderSignaturesOutOfDate",
        "defender/status/ProductStatus",
    },
    "RB-WIN-AV-002": {
        "defender/status/QuickScanEndTime",
        "defender/status/QuickScanStartTime",
        "services/WinDefend/ProcessId",
        "services/WinDefend/State",
    },
    "RB-WIN-AV-003": {
        "features/Windows-Defender/InstallState",
        "services/WdFilter/Driver",
        *(
            f"services/{name}/{key}"
            for name in ("WdFilter", "WdNisSvc", "WinDefend")
            for key in ("DisplayName", "Protected", "StartMode", "State")
        ),
    },
    "RB-WIN-AV-004": {"services/CSFalconService/ProcessId", "services/CSFalconService/State"},
    "RB-WIN-BACKUP-001": {
        "backup/jobs",
        "backup/summary/LastBackupTime",
        "backup/summary/LastSuccessfulBackupTime",
        "backup/summary/NumberOfVersions",
        SERVICES + "wbengine/Start",
        "services/wbengine/StartMode",
    },
    "RB-WIN-BACKUP-002": {
        "backup/jobs",
        "backup/summary/LastBackupResultDetailedHR",
        "backup/summary/LastBackupResultHR",
        "backup/summary/LastBackupTime",
        "backup/summary/LastSuccessfulBackupTime",
        "backup/summary/NumberOfVersions",
        "services/SQLWriter/ProcessId",
        "services/VendorBackup/ProcessId",  # leans on the writer, stops and starts with it
        "vss_writers",
    },
    "RB-WIN-BACKUP-003": {
        "services/VeeamEndpointBackupSvc/ProcessId",
        "services/VeeamEndpointBackupSvc/State",
    },
    "RB-WIN-ENC-001": {"volumes"},
    "RB-WIN-ENC-002": {"volumes"},
    "RB-WIN-ENC-003": {"volumes"},
    "RB-WIN-ENC-004": {
        PROTOCOLS + f"{name}\\Server/{value}"
        for name in ("SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2")
        for value in ("DisabledByDefault", "Enabled")
    },
    "RB-WIN-ENC-005": {
        LANMAN + "RequireSecuritySignature",
        LANMAN + "SMB1",
        "smb/server/EnableSMB1Protocol",
        "smb/server/RequireSecuritySignature",
    },
    "RB-WIN-FW-001": {
        "firewall/rules/PersistentStore",
        PROFILES + "DomainProfile/EnableFirewall",
        PROFILES + "PublicProfile/EnableFirewall",
        PROFILES + "StandardProfile/DefaultInboundAction",
    },
    "RB-WIN-FW-002": {
        PROFILES + "DomainProfile\\Logging/LogDroppedPackets",
        PROFILES + "StandardProfile\\Logging/LogFileSize",
    },
    "RB-WIN-FW-003": {
        "firewall/rules/PersistentStore",
        "services/MpsSvc/ProcessId",
        "services/MpsSvc/State",
    },
    "RB-WIN-LOG-001": {
        "audit/policy/{0CCE9215-69AE-11D9-BED3-505054503030}",
        "audit/policy/{0CCE9217-69AE-11D9-BED3-505054503030}",
        HKLM + "SYSTEM\\CurrentControlSet\\Control\\Lsa/SCENoApplyLegacyAuditPolicy",
    },
    "RB-WIN-LOG-002": {SERVICES + "EventLog\\Security/MaxSize"},
    "RB-WIN-LOG-003": {
        SERVICES + "EventLog/Start",
        "services/EventLog/ProcessId",
        "services/EventLog/StartMode",
        "services/EventLog/State",
    },
    "RB-WIN-LOG-004": {"local_groups/S-1-5-32-573/members", "services/WinRM/ProcessId"},
    "RB-WIN-LOG-005": {
        HKLM + "SOFTWARE\\Policies\\Microsoft\\Windows\\PowerShell\\ScriptBlockLogging"
        "/EnableScriptBlockLogging"
    },
    "RB-WIN-PATCH-001": {
        "com/wua/AutoUpdate/LastInstallationSuccessDate",
        "com/wua/search/Updates",
        *NEW_LEVEL,
    },
    # The database is a folder that is set aside; no setting is another one afterwards.
    "RB-WIN-PATCH-002": set(),
    "RB-WIN-PATCH-003": {"reboot/pending_lcu/package", "reboot/pending_lcu/ubr", *NEW_LEVEL},
    "RB-WIN-PATCH-004": {
        HKLM + "SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate\\AU/NoAutoUpdate",
        *(SERVICES + f"{name}/Start" for name in ("BITS", "UsoSvc", "wuauserv")),
        *(f"services/{name}/StartMode" for name in ("BITS", "UsoSvc", "wuauserv")),
    },
}
RUNBOOKS = load_runbooks(ROOT / "rules")
CONTROLLER = "10.0.0.5"
LET_IN = {"controller": CONTROLLER}
ALWAYS = {
    "name": "always",
    "rrule": "FREQ=DAILY;BYHOUR=0;BYMINUTE=0",
    # Until the end of the next day: what may take hours must fit in late in the evening, too.
    "duration_minutes": 2880,
    "time_zone": "UTC",
}
# What the shipped rules leave to the planner, which is not sure, or to a person.
SITE_RULES = [
    ("L1-SITE-001", "av_edr", "FAIL", "defender_missing", "RB-WIN-AV-003", {}),
    ("L1-SITE-002", "backup", "FAIL", "vss_writer_failed", "RB-WIN-BACKUP-002", {}),
    ("L1-SITE-003", "firewall", "FAIL", "firewall_service_down", "RB-WIN-FW-003", LET_IN),
    ("L1-SITE-004", "logging", "WARNING", "forwarding_broken", "RB-WIN-LOG-004", {}),
]


@dataclass
class Estate:
    """What was, and what three runs made of it."""

    clinic: Clinic
    before: dict[str, State]
    asked: list[str] = field(default_factory=list)
    after: dict[str, State] = field(default_factory=dict)
    before_again: dict[str, State] = field(default_factory=dict)
    again: dict[str, State] = field(default_factory=dict)
    attempts: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)


def name_of(runbook_id: str) -> str:
    return runbook_id.removeprefix("RB-WIN-").lower()


def repair_of(runbook_id: str) -> Repair:
    name = name_of(runbook_id).replace("-", "_")
    repairs: list[Repair] = importlib.import_module(f"integration.runbooks.test_{name}").REPAIRS
    return next(item for item in repairs if item.name == CASES[runbook_id])


def set_rules(clinic: Clinic) -> None:
    clinic.set_rules()
    file = clinic.rules / "l1_rules.yaml"
    rules = yaml.safe_load(file.read_text())
    kept = list(rules["rules"])
    for rule_id, check, status, code, runbook_id, parameters in SITE_RULES:
        runbook = RUNBOOKS[runbook_id]
        action = {
            "type": runbook.action_type.value,
            "runbook": runbook_id,
            "parameters": parameters,
        }
        kept.append(
            {
                "id": rule_id,
                "name": runbook.name,
                "pattern": {"check_type": check, "status": status, "finding_codes": code},
                "action": action,
                "hipaa_controls": list(runbook.hipaa_controls),
                "max_retries": 1,
                "cooldown_seconds": 1,
                "priority": 25,
            }
        )
    file.write_text(yaml.safe_dump({"rules": kept}))


@pytest.fixture(scope="module")
def estate(engine_settings, windows_collection, tmp_path_factory):
    repairs = {name_of(runbook_id): repair_of(runbook_id) for runbook_id in RUNBOOKS}
    variables = {
        name: {"compliance_policy_host": dict(item.site)} for name, item in repairs.items()
    }
    with open_clinic(
        engine_settings,
        tmp_path_factory.mktemp("every") / "clinic",
        {name: item.state for name, item in repairs.items()},
        variables=variables,
        files={name: item.files for name, item in repairs.items()},
    ) as clinic:
        set_rules(clinic)
        clinic.collections = windows_collection
        clinic.healing = {
            "l2_mode": "act",
            "maintenance_windows": [ALWAYS],
            "blast_radius": {"hosts_at_once": len(repairs)},
        }
        clinic.variables = {
            "compliance_controller_address": CONTROLLER,
            "healer_reboot_seconds": 300,
            "healer_settle_seconds": 0,
        }
        seen = Estate(clinic, {name: item.state for name, item in repairs.items()})
        clinic.heal("--limit", ",".join(map(name_of, sorted(ASKED))))
        seen.asked = clinic.approve_all()
        clinic.heal()
        seen.after = {name: clinic.state(name) for name in repairs}
        seen.attempts = attempts(clinic)
        for runbook_id, minutes in GOES_ON_MINUTES.items():
            clinic.pass_host_time(minutes, name_of(runbook_id))
        seen.before_again = {name: clinic.state(name) for name in repairs}
        clinic.heal()
        seen.again = {name: clinic.state(name) for name in repairs}
        yield seen


def attempts(clinic: Clinic) -> dict[str, list[tuple[Any, ...]]]:
    """Return host -> what was tried there: runbook, state, outcome, reason."""
    made: dict[str, list[tuple[Any, ...]]] = {}
    for name, *rest in clinic.rows(
        "SELECT host_id, runbook_id, state, outcome, reason FROM attempts ORDER BY created_at"
    ):
        made.setdefault(name, []).append(tuple(rest))
    return made


def changed(before: State, after: State) -> set[str]:
    return Repaired(state_before=before, state_after=after).changed_settings


def codes(state: dict[str, Any]) -> set[str]:
    return {item["code"] for item in state["findings"] if item["status"] != "PASS"}


def bundles_of(estate: Estate, runbook_id: str) -> list[dict[str, Any]]:
    """Return the bundles of the check that *runbook_id* mends on its host, the oldest first."""
    wanted = name_of(runbook_id), RUNBOOKS[runbook_id].check_type.value
    return [b for b in estate.clinic.bundles() if (b["host_id"], b["check"]) == wanted]


def test_every_shipped_runbook_has_its_host():
    assert set(RUNBOOKS) == set(CHANGES) == set(CASES)


def test_a_person_is_asked_about_what_disturbs_and_about_nothing_else(estate):
    assert estate.asked == sorted(ASKED)


@pytest.mark.parametrize("runbook_id", sorted(RUNBOOKS))
def test_it_repairs_its_fault_in_one_try_and_the_evidence_proves_it(estate, runbook_id):
    outcome = "partial" if runbook_id in GOES_ON_MINUTES else "success"
    assert estate.attempts[name_of(runbook_id)] == [(runbook_id, "succeeded", outcome, None)]
    *_asked, repaired, again = bundles_of(estate, runbook_id)
    assert repaired["outcome"] == outcome
    promised = set(RUNBOOKS[runbook_id].repairs)
    assert codes(repaired["pre_state"]) & promised
    assert not codes(repaired["post_state"]) & promised
    # A later run, which repaired nothing here, has seen the same.
    assert not codes(again["pre_state"]) & promised
    assert again["pre_state"]["status"] == "PASS"
    check = RUNBOOKS[runbook_id].check_type.value
    assert estate.clinic.rows(
        "SELECT status FROM incidents"  # noqa: S608 - both names are ours
        f" WHERE host_id = '{name_of(runbook_id)}' AND check_id = '{check}'"
    ) == [("RESOLVED",)]


@pytest.mark.parametrize("runbook_id", sorted(RUNBOOKS))
def test_it_changes_what_it_promises_and_nothing_else(estate, runbook_id):
    name = name_of(runbook_id)
    own = BY_CHECKS | (BY_RESTART if runbook_id in RESTARTED else set())

    assert changed(estate.before[name], estate.after[name]) - own == CHANGES[runbook_id]


def test_only_what_says_so_restarts_its_host_and_once(estate):
    boots = {name: state["reboot"].get("boots", 0) for name, state in estate.after.items()}

    assert {name: count for name, count in boots.items() if count} == dict.fromkeys(
        map(name_of, RESTARTED), 1
    )


def test_what_is_set_aside_is_kept(estate):
    windows = estate.clinic.folder / "patch-002.json.c" / "Windows"

    assert list(windows.glob("SoftwareDistribution.hipaa*"))


def test_another_run_repairs_nothing_and_changes_nothing(estate):
    assert attempts(estate.clinic) == estate.attempts
    assert {
        name: found
        for name, before in estate.before_again.items()
        if (found := changed(before, estate.again[name]) - BY_CHECKS)
    } == {}


def test_the_evidence_of_all_runs_verifies(estate):
    said = estate.clinic.verified()

    assert "verified: " in said
    assert "in 3 runs" in said
