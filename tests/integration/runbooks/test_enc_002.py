# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-ENC-002: a recovery password is added and kept elsewhere, and never read.

No call and no policy proves that somebody keeps it, and no protector is taken away.
"""

import json
import re
from copy import deepcopy

import pytest

from integration.runbooks.cases import broken, host
from lab.repairing import Repair, Repaired
from lab.windows.states import State

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-ENC-002")]
RUNBOOK = "RB-WIN-ENC-002"
MISSING = "encryption-U6"
LOG = "Microsoft-Windows-BitLocker/BitLocker Management"
FVE = r"HKLM\SOFTWARE\Policies\Microsoft\FVE"
JOIN = r"HKLM\SYSTEM\CurrentControlSet\Control\CloudDomainJoin\JoinInfo\0123456789ABCDEF"
PASSWORD = re.compile(r"[0-9]{6}-[0-9]{6}")


def joined(state: State) -> None:
    """Join the host to Entra ID."""
    state["registry"][JOIN] = {}


def no_policy(state: State) -> None:
    state["registry"].pop(FVE, None)


def unrecorded(state: State) -> None:
    """Leave no record that anybody keeps a recovery password, and the policy that demands it."""
    state["eventlogs"][LOG]["records"] = []


def unescrowed(state: State) -> None:
    """Leave neither record nor policy."""
    no_policy(state)
    unrecorded(state)


def password_id(state: State) -> str:
    protectors = state["volumes"][0]["bitlocker"]["protectors"]
    return next(item["id"] for item in protectors if item["type"] == 3)


def escrow_failed(state: State) -> None:
    unescrowed(state)
    state["eventlogs"][LOG]["records"] += [
        {
            "TimeCreated": "2025-11-01T09:00:00Z",
            "ProviderName": "Microsoft-Windows-BitLocker-API",
            "Id": 846,
            "Level": 2,
            "Data": {"VolumeMountPoint": "C:", "ProtectorGUID": password_id(state)},
        }
    ]


def backup_only(state: State) -> None:
    """Let the directory keep what it is given, and demand nothing."""
    unescrowed(state)
    state["registry"][FVE] = {
        "OSActiveDirectoryBackup": ["REG_DWORD", 1],
        "FDVActiveDirectoryBackup": ["REG_DWORD", 1],
    }


def locked(state: State) -> None:
    state["volumes"][0]["bitlocker"]["LockStatus"] = 1


def no_controller(state: State) -> None:
    state["network"]["dc_reachable"] = False


def types(state: State) -> list[int]:
    return [item["type"] for item in state["volumes"][0]["bitlocker"]["protectors"]]


CLIENT = "healthy-win11-member"
REPAIRS = [
    Repair("directory", host(MISSING), RUNBOOK, twice=True),
    Repair("entra", host(MISSING, joined, unescrowed), RUNBOOK),
    Repair("only unverified", host(CLIENT, joined, unescrowed), RUNBOOK),
    Repair("failed last time", host(CLIENT, joined, escrow_failed), RUNBOOK),
    Repair("healthy", host(CLIENT), RUNBOOK, {"missing": ["C:"]}),
    Repair("nobody to keep it", host(MISSING, no_policy), RUNBOOK),
    Repair("no cloud command", host("healthy-2016-workgroup", joined, unescrowed), RUNBOOK),
    Repair("directory has it", host(CLIENT, backup_only), RUNBOOK),
    Repair("policy alone", host(CLIENT, unrecorded), RUNBOOK),
    Repair("locked", host(MISSING, locked), RUNBOOK, {"missing": ["C:"]}),
    Repair("directory out of reach", host(MISSING, no_controller), RUNBOOK),
    Repair(
        "entra refuses",
        host(CLIENT, joined, unescrowed),
        RUNBOOK,
        before={"step:2": broken("cmdlet:BackupToAAD-BitLockerKeyProtector", "error")},
    ),
    # The call succeeds, and no record says that anybody keeps it.
    Repair(
        "silent directory",
        host(MISSING),
        RUNBOOK,
        before={"step:2": broken(f"eventlog:{LOG}", "empty")},
    ),
]


@pytest.mark.parametrize("case", ["directory", "entra"])
def test_a_recovery_password_is_added_and_kept(repaired, case):
    done = repaired[case]

    assert done.outcome == "success", done.reason
    assert "no_recovery_password" in done.codes_before
    assert "no_recovery_password" not in done.codes_after
    assert sorted(types(done.state_after)) == [1, 3]
    assert done.changed_settings == {"volumes"}


@pytest.mark.parametrize(
    ("case", "target"),
    [
        ("directory", "AD"),
        ("entra", "AAD"),
        ("only unverified", "AAD"),
        ("failed last time", "AAD"),
        ("directory has it", "AD"),
        ("policy alone", "AD"),
    ],
)
def test_what_is_kept_is_the_protector_that_is_there(repaired, case, target):
    state = repaired[case].state_after
    escrow = state["volumes"][0]["bitlocker"]["escrow"][-1]

    assert (escrow["protector"], escrow["target"]) == (password_id(state), target)


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("only unverified", "escrow_unverified"),
        ("failed last time", "escrow_failed"),
        ("directory has it", "escrow_unverified"),
        ("policy alone", "escrow_unverified"),
    ],
)
def test_what_nothing_proved_is_proven_by_a_record(repaired, case, code):
    done = repaired[case]

    assert done.outcome == "success", done.reason
    assert code in done.codes_before
    assert not done.codes_after & {"escrow_unverified", "escrow_failed"}
    assert sorted(types(done.state_after)) == [1, 3]


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("healthy", "already_good"),
        ("nobody to keep it", "no_escrow_channel"),
        ("no cloud command", "no_escrow_channel"),
        ("locked", "volume_locked"),
    ],
)
def test_it_refuses_and_changes_nothing(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("refused", reason)
    assert done.changed_settings == set()
    assert done.calls == []


@pytest.mark.parametrize("case", ["directory out of reach", "silent directory", "entra refuses"])
def test_a_password_that_nobody_keeps_is_a_failure_and_stays(repaired, case):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("failure", "step 2")
    assert [step for step, _ran in done.steps] == [1, 2, 2, 2]
    assert (done.rollback, sorted(types(done.state_after))) == ([], [1, 3])
    assert done.changed_settings <= {"volumes", "tasks"}


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("directory out of reach", "escrow_failed"),
        ("entra refuses", "escrow_unverified"),
    ],
)
def test_the_check_does_not_pass_after_a_failure(repaired, case, code):
    done = repaired[case]

    assert done.verdict_after is not None
    assert done.verdict_after.status != "PASS"
    assert code in done.codes_after


def test_the_next_try_has_it_kept(repaired, repair_again):
    failed = deepcopy(repaired["directory out of reach"].state_after)
    failed["network"]["dc_reachable"] = True

    again = repair_again(Repair("again", failed, RUNBOOK))

    assert again.outcome == "success", again.reason
    assert sorted(types(again.state_after)) == [1, 3]


def said(done: Repaired) -> str:
    """Return all that the scripts of a repair answered."""
    every = [done.precondition, done.validation, *(ran for _step, ran in done.steps)]
    return json.dumps([ran.to_dict() for ran in every if ran is not None])


@pytest.mark.parametrize("case", [item.name for item in REPAIRS])
def test_no_recovery_password_is_ever_read_or_told(repaired, case):
    done = repaired[case]

    assert done.state_after["audit_trail"] == []
    assert PASSWORD.search(said(done)) is None


def test_a_second_run_has_nothing_to_do(repaired):
    again = repaired["directory"].again

    assert (again.outcome, again.reason) == ("refused", "already_good")
    assert again.changed_settings == set()
