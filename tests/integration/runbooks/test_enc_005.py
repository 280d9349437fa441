# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-ENC-005: SMB 1 goes off where nobody needs it, and signatures are required."""

from collections.abc import Callable

import pytest

from integration.runbooks.cases import broken, host, mended, registry, service
from lab.repairing import Repair
from lab.windows.states import State

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-ENC-005")]
RUNBOOK = "RB-WIN-ENC-005"
MEMBER = "healthy-2022-member"
KEY = r"SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters"
SMB1 = {"smb/server/EnableSMB1Protocol", f"registry/HKLM\\{KEY}/SMB1"}
SIGNING = {
    "smb/server/RequireSecuritySignature",
    f"registry/HKLM\\{KEY}/RequireSecuritySignature",
}
SET = "cmdlet:Set-SmbServerConfiguration"


def smb(**values: bool) -> Callable[[State], None]:
    """Return an edit of the configuration of the server."""

    def edit(state: State) -> None:
        state["smb"]["server"].update(values)

    return edit


def old_scanner(state: State) -> None:
    """Let a client be connected with NT LM 0.12."""
    state["smb"]["sessions"] = [
        {"SessionId": 1, "ClientComputerName": "10.0.0.77", "Dialect": "1.5", "NumOpens": 1}
    ]


def audited(state: State) -> None:
    """Let the audit log name a client that used SMB 1 last week."""
    state["eventlogs"]["Microsoft-Windows-SMBServer/Audit"] = {
        "IsEnabled": True,
        "LogMode": 0,
        "MaximumSizeInBytes": 8388608,
        "FileSize": 69632,
        "IsLogFull": False,
        "records": [
            {
                "TimeCreated": "2025-10-29T09:00:00Z",
                "ProviderName": "Microsoft-Windows-SMBServer",
                "Id": 3000,
                "Level": 4,
                "Data": {"ClientName": "10.0.0.77"},
            }
        ],
    }


OLD = smb(EnableSMB1Protocol=True)
OLD_VALUE = registry(KEY, SMB1=1)
UNSIGNED = smb(RequireSecuritySignature=False)
UNSIGNED_VALUE = registry(KEY, RequireSecuritySignature=0)
BOTH = host(MEMBER, OLD, OLD_VALUE, UNSIGNED, UNSIGNED_VALUE)


def others_meanwhile(state: State) -> None:
    """Have SMB 1 come back, and somebody else require signatures."""
    OLD(state)
    smb(RequireSecuritySignature=True)(state)
    registry(KEY, RequireSecuritySignature=1)(state)


REPAIRS = [
    Repair("both", BOTH, RUNBOOK, twice=True),
    Repair("scenario", host("encryption-U9"), RUNBOOK),
    Repair("only signing", host("healthy-2016-dc", UNSIGNED, UNSIGNED_VALUE), RUNBOOK),
    Repair(
        "the site does not sign",
        BOTH,
        RUNBOOK,
        site={"encryption": {"smb_signing_required": False}},
    ),
    Repair(
        "cut off", host(MEMBER, OLD, OLD_VALUE, old_scanner), RUNBOOK, {"cut_off_clients": True}
    ),
    Repair("healthy", host(MEMBER), RUNBOOK),
    Repair("connected", host(MEMBER, OLD, OLD_VALUE, old_scanner), RUNBOOK),
    Repair("audited", host(MEMBER, OLD, OLD_VALUE, audited), RUNBOOK),
    Repair(
        "no server",
        host(MEMBER, service("LanmanServer", State="Stopped")),
        RUNBOOK,
        {"smb1": "on"},
    ),
    Repair("refused", BOTH, RUNBOOK, before={"step:2": broken(SET), "rollback:1": mended(SET)}),
    Repair("signing goes again", BOTH, RUNBOOK, before={"validation": UNSIGNED}),
    Repair("smb 1 comes again", BOTH, RUNBOOK, before={"validation": OLD}),
    Repair(
        "others meanwhile",
        host(MEMBER, OLD, OLD_VALUE, UNSIGNED, UNSIGNED_VALUE),
        RUNBOOK,
        site={"encryption": {"smb_signing_required": False}},
        before={"validation": others_meanwhile},
    ),
    Repair(
        "was unset",
        host(MEMBER, OLD, registry(KEY, SMB1=None)),
        RUNBOOK,
        before={"recheck": OLD},
    ),
]


def test_smb_1_is_off_and_signatures_are_required(repaired):
    done = repaired["both"]

    assert done.outcome == "success", done.reason
    assert done.codes_before >= {"smb1_enabled", "smb_signing_not_required"}
    assert not done.codes_after & {"smb1_enabled", "smb_signing_not_required"}
    assert done.changed_settings == SMB1 | SIGNING


@pytest.mark.parametrize(
    ("case", "changed"),
    [
        ("scenario", SMB1),
        ("only signing", SIGNING),
        ("the site does not sign", SMB1),
        ("cut off", SMB1),
    ],
)
def test_only_what_the_findings_name_is_changed(repaired, case, changed):
    done = repaired[case]

    assert done.outcome == "success", done.reason
    assert done.changed_settings == changed


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("healthy", "already_good"),
        ("connected", "smb1_in_use"),
        ("audited", "smb1_in_use"),
        ("no server", "service_down"),
    ],
)
def test_it_refuses_and_changes_nothing(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("refused", reason)
    assert done.changed_settings == set()
    assert done.calls == []


def test_clients_are_counted_and_not_named(repaired):
    assert "10.0.0.77" not in str(repaired["connected"].precondition)
    assert repaired["connected"].precondition.answer.observed["smb1_sessions"] == 1


@pytest.mark.parametrize("case", ["refused", "was unset"])
def test_what_fails_or_did_not_help_is_taken_back(repaired, case):
    done = repaired[case]

    assert done.outcome == "failure"
    assert [ran.failure for _step, ran in done.rollback] == [None]
    assert done.changed_settings == set()


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("signing goes again", "signing_is_not_required"),
        ("smb 1 comes again", "smb1_is_on"),
    ],
)
def test_where_half_of_it_did_not_last_the_other_half_is_taken_back(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("failure", f"validation {reason}")
    assert [ran.failure for _step, ran in done.rollback] == [None]
    assert done.changed_settings == set()


def test_the_way_back_leaves_alone_what_was_not_its_to_change(repaired):
    done = repaired["others meanwhile"]

    assert (done.outcome, done.reason) == ("failure", "validation smb1_is_on")
    assert done.changed_settings == SIGNING


def test_a_second_run_has_nothing_to_do(repaired):
    again = repaired["both"].again

    assert (again.outcome, again.reason) == ("refused", "already_good")
    assert again.changed_settings == set()
