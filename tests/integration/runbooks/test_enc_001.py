# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-ENC-001: protection is resumed where nobody can be locked out by it."""

from collections.abc import Callable
from typing import Any

import pytest

from integration.runbooks.cases import host
from lab.repairing import Repair
from lab.windows.states import State

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-ENC-001")]
RUNBOOK = "RB-WIN-ENC-001"
SUSPENDED = "encryption-U2"
LOG = "Microsoft-Windows-BitLocker/BitLocker Management"
REBOOT = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending"


def volume(letter: str, **values: Any) -> Callable[[State], None]:
    """Return an edit of what BitLocker knows of a volume."""

    def edit(state: State) -> None:
        found = next(item for item in state["volumes"] if item["DriveLetter"] == letter)
        found["bitlocker"].update(values)

    return edit


def without_protector(letter: str, *types: int) -> Callable[[State], None]:
    """Return an edit that takes the protectors of these types away."""

    def edit(state: State) -> None:
        found = next(item for item in state["volumes"] if item["DriveLetter"] == letter)
        kept = [item for item in found["bitlocker"]["protectors"] if item["type"] not in types]
        found["bitlocker"]["protectors"] = kept

    return edit


def unescrowed(state: State) -> None:
    """Leave no record that anybody keeps a recovery password; a policy that demands it stays."""
    kept = [item for item in state["eventlogs"][LOG]["records"] if item["Id"] not in {784, 845}]
    state["eventlogs"][LOG]["records"] = kept


def escrow_fails_later(state: State) -> None:
    state["eventlogs"][LOG]["records"].append(
        {
            "TimeCreated": "2025-11-01T09:00:00Z",
            "ProviderName": "Microsoft-Windows-BitLocker-API",
            "Id": 846,
            "Level": 2,
            "Data": {
                "VolumeMountPoint": "C:",
                "ProtectorGUID": state["volumes"][0]["bitlocker"]["protectors"][1]["id"],
            },
        }
    )


def reboot_pending(state: State) -> None:
    state["registry"][REBOOT] = {}


OFF = volume("C:", ProtectionStatus=0)
REFUSES = volume("D:", return_values={"EnableKeyProtectors": 0x80310021})
ATTESTED = {"encryption": {"escrow_attested": "vault procedure 12, reviewed 2025-10"}}
REPAIRS = [
    Repair("suspended", host(SUSPENDED), RUNBOOK, twice=True),
    Repair("attested", host(SUSPENDED, unescrowed), RUNBOOK, site=ATTESTED),
    Repair("healthy", host("healthy-2022-member"), RUNBOOK, {"volumes": ["C:"]}),
    Repair("pending reboot", host(SUSPENDED, reboot_pending), RUNBOOK),
    Repair("not kept elsewhere", host(SUSPENDED, unescrowed), RUNBOOK),
    Repair("keeping it failed", host(SUSPENDED, escrow_fails_later), RUNBOOK),
    Repair("no recovery password", host(SUSPENDED, without_protector("C:", 3)), RUNBOOK),
    Repair("no tpm protector", host(SUSPENDED, without_protector("C:", 1)), RUNBOOK),
    Repair("locked", host(SUSPENDED, volume("C:", LockStatus=1)), RUNBOOK, {"volumes": ["C:"]}),
    Repair("encrypting", host("encryption-U4"), RUNBOOK, {"volumes": ["C:"]}),
    Repair(
        "windows refuses",
        host(SUSPENDED, volume("C:", return_values={"EnableKeyProtectors": 0x80310021})),
        RUNBOOK,
    ),
    Repair(
        "second volume fails",
        host("healthy-2022-member", OFF, volume("D:", ProtectionStatus=0), REFUSES),
        RUNBOOK,
    ),
    Repair("does not last", host(SUSPENDED), RUNBOOK, before={"validation": OFF}),
]


def protection(state: State) -> dict[str, int]:
    return {item["DriveLetter"]: item["bitlocker"]["ProtectionStatus"] for item in state["volumes"]}


@pytest.mark.parametrize("case", ["suspended", "attested"])
def test_protection_is_on_again_and_the_check_proves_it(repaired, case):
    done = repaired[case]

    assert done.outcome == "success", done.reason
    assert "protection_suspended" in done.codes_before
    assert "protection_suspended" not in done.codes_after
    assert done.changed_settings == {"volumes"}
    assert protection(done.state_after) == {"C:": 1}
    assert done.calls == ["Invoke-CimMethod EnableKeyProtectors"]


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("healthy", "already_good"),
        ("pending reboot", "pending_reboot"),
        ("not kept elsewhere", "escrow_unproven"),
        ("keeping it failed", "escrow_unproven"),
        ("no recovery password", "no_recovery_password"),
        ("no tpm protector", "no_unlock_protector"),
        ("locked", "volume_locked"),
        ("encrypting", "not_fully_encrypted"),
    ],
)
def test_it_refuses_and_changes_nothing(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("refused", reason)
    assert done.changed_settings == set()
    assert done.calls == []


def test_what_windows_refuses_is_a_failure(repaired):
    done = repaired["windows refuses"]

    assert (done.outcome, done.reason) == ("failure", "step 1")
    assert done.steps[-1][1].hresult == "0x80310021"
    assert done.changed_settings == set()


def test_protection_that_was_resumed_is_never_suspended_again(repaired):
    done = repaired["second volume fails"]

    assert done.outcome == "failure"
    assert done.rollback == []
    assert protection(done.state_after) == {"C:": 1, "D:": 0}


def test_the_live_state_counts_and_not_what_the_step_says(repaired):
    assert (repaired["does not last"].outcome, repaired["does not last"].reason) == (
        "failure",
        "validation protection_is_off",
    )


@pytest.mark.parametrize("case", [item.name for item in REPAIRS])
def test_no_recovery_password_is_ever_read(repaired, case):
    assert repaired[case].state_after["audit_trail"] == []


def test_a_second_run_has_nothing_to_do(repaired):
    again = repaired["suspended"].again

    assert (again.outcome, again.reason) == ("refused", "already_good")
    assert again.changed_settings == set()
