# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-LOG-001: what the baseline requires is audited, and nothing is audited less."""

from pathlib import Path

import pytest
import yaml

from integration.runbooks.cases import broken, host, mended, readonly, registry
from lab.repairing import Repair
from lab.windows.states import State

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-LOG-001")]
RUNBOOK = "RB-WIN-LOG-001"
RULES = Path(__file__).parents[3] / "rules"
MEMBER = "healthy-2022-member"
LSA = r"SYSTEM\CurrentControlSet\Control\Lsa"
FORCE = f"registry/HKLM\\{LSA}/SCENoApplyLegacyAuditPolicy"
LOGON = "{0CCE9215-69AE-11D9-BED3-505054503030}"
LOCKOUT = "{0CCE9217-69AE-11D9-BED3-505054503030}"
AUDIT_CSV = (
    "Machine Name,Policy Target,Subcategory,Subcategory GUID,Inclusion Setting,,Setting Value\r\n"
    f",System,Audit Logon,{LOGON},Success,,1\r\n"
)
POLICY_FILE = r"C:\Windows\System32\GroupPolicy\Machine\Microsoft\Windows NT\Audit\audit.csv"


def audits(**masks: int):
    """Return an edit of the audit policy: logon=1 audits successful logons only."""
    names = {"logon": LOGON, "lockout": LOCKOUT}

    def edit(state: State) -> None:
        state["audit"]["policy"].update({names[name]: mask for name, mask in masks.items()})

    return edit


LEGACY = registry(LSA, SCENoApplyLegacyAuditPolicy=None)
MDM = registry(r"SOFTWARE\Microsoft\PolicyManager\current\device\Audit", AccountLogon_Audit=1)


def others_meanwhile(state: State) -> None:
    """Have the setting for legacy policies go off again, and somebody else audit other things."""
    audits(logon=0, lockout=3)(state)
    registry(LSA, SCENoApplyLegacyAuditPolicy=0)(state)


REPAIRS = [
    Repair("lacks", host(MEMBER, audits(logon=1, lockout=4), LEGACY), RUNBOOK, twice=True),
    Repair("fresh install", host("logging-U1"), RUNBOOK),
    Repair("controller", host("healthy-2016-dc", audits(logon=2)), RUNBOOK),
    Repair("legacy only", host(MEMBER, registry(LSA, SCENoApplyLegacyAuditPolicy=0)), RUNBOOK),
    Repair("healthy", host(MEMBER), RUNBOOK),
    Repair("policy file", host(MEMBER, audits(logon=1)), RUNBOOK, files={POLICY_FILE: AUDIT_CSV}),
    Repair("mdm", host(MEMBER, audits(logon=1), MDM), RUNBOOK),
    Repair("unknown", host(MEMBER), RUNBOOK, {"subcategories": ["No Such Subcategory"]}),
    Repair(
        "no right to the key",
        host(MEMBER, audits(logon=1), LEGACY, readonly(f"HKLM\\{LSA}")),
        RUNBOOK,
    ),
    Repair(
        "tool fails",
        host(MEMBER, audits(logon=1), LEGACY),
        RUNBOOK,
        before={
            "step:3": broken("native:auditpol.exe"),
            "rollback:1": mended("native:auditpol.exe"),
        },
    ),
    Repair(
        "others meanwhile",
        host(MEMBER, audits(logon=2, lockout=0), LEGACY),
        RUNBOOK,
        before={"validation": others_meanwhile},
    ),
    Repair(
        "from nothing",
        host(MEMBER, audits(logon=0), LEGACY),
        RUNBOOK,
        before={"validation": LEGACY},
    ),
    Repair(
        "does not last",
        host(MEMBER, audits(logon=1, lockout=0), LEGACY),
        RUNBOOK,
        before={"recheck": audits(logon=0)},
    ),
]


def test_the_baseline_of_the_runbook_is_the_one_of_the_check():
    rows = yaml.safe_load((RULES / "data" / "logging" / "audit_baseline.yml").read_text())
    runbook = yaml.safe_load((RULES / "runbooks" / f"{RUNBOOK}.yml").read_text())

    assert runbook["parameters"]["baseline"]["default"] == [
        *(f"{row['guid']} {row['bits']} {row['name']}" for row in rows),
        "0CCE921D-69AE-11D9-BED3-505054503030 3 File System",
    ]


def test_what_is_lacking_is_added_and_nothing_else_changes(repaired):
    done = repaired["lacks"]

    assert done.outcome == "success", done.reason
    assert done.changed_settings == {FORCE, f"audit/policy/{LOGON}", f"audit/policy/{LOCKOUT}"}
    policy = done.state_after["audit"]["policy"]
    assert (policy[LOGON], policy[LOCKOUT]) == (3, 2)


@pytest.mark.parametrize("case", ["fresh install", "controller", "legacy only"])
def test_every_code_that_it_promises_to_mend_is_gone(repaired, case):
    done = repaired[case]

    assert done.outcome in {"success", "partial"}, done.reason
    assert done.codes_before & {"audit_subcategory_missing", "force_subcategory_off"}
    assert not done.codes_after & {"audit_subcategory_missing", "force_subcategory_off"}


@pytest.mark.parametrize("case", ["lacks", "fresh install", "controller"])
def test_nothing_is_audited_less_than_before(repaired, case):
    before = repaired[case].state_before["audit"]["policy"]
    after = repaired[case].state_after["audit"]["policy"]

    assert {guid for guid, mask in before.items() if mask & 3 & ~after[guid]} == set()


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("healthy", "already_good"),
        ("policy file", "gpo_managed"),
        ("mdm", "gpo_managed"),
        ("unknown", "unknown_subcategory"),
    ],
)
def test_it_refuses_and_changes_nothing(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("refused", reason)
    assert done.changed_settings == set()
    assert [call for call in done.calls if call != "auditpol"] == []


@pytest.mark.parametrize(
    "case", ["no right to the key", "tool fails", "from nothing", "does not last"]
)
def test_what_fails_or_did_not_help_is_taken_back(repaired, case):
    done = repaired[case]

    assert done.outcome == "failure"
    assert [ran.failure for _step, ran in done.rollback] == [None]
    assert done.changed_settings == set()


def test_the_way_back_takes_only_what_the_repair_has_added(repaired):
    done = repaired["others meanwhile"]

    assert (done.outcome, done.reason) == ("failure", "validation baseline_is_not_audited")
    assert done.changed_settings == {f"audit/policy/{LOCKOUT}"}
    assert done.state_after["audit"]["policy"][LOCKOUT] == 1


def test_a_second_run_has_nothing_to_do(repaired):
    again = repaired["lacks"].again

    assert (again.outcome, again.reason) == ("refused", "already_good")
    assert again.changed_settings == set()
