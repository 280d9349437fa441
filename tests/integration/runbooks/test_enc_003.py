# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-ENC-003: nothing is encrypted before its recovery password is kept."""

import json
import re
from collections.abc import Callable

import pytest

from integration.runbooks.cases import broken, host, registry, service, sleep_advances
from lab.repairing import Repair, Repaired
from lab.windows.states import State
from lab.windows.states.registry import string

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-ENC-003")]
RUNBOOK = "RB-WIN-ENC-003"
SERVER, CLIENT = "healthy-2022-member", "healthy-win11-member"
FVE = r"SOFTWARE\Policies\Microsoft\FVE"
VERSION = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
REBOOT = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending"
BACKED_UP = {"backup_verdict": "PASS"}
JOIN = r"HKLM\SYSTEM\CurrentControlSet\Control\CloudDomainJoin\JoinInfo\0123456789ABCDEF"
TO_ENTRA = "BackupToAAD-BitLockerKeyProtector"
TO_DIRECTORY = "Invoke-CimMethod BackupRecoveryInformationToActiveDirectory"
PASSWORD = re.compile(r"[0-9]{6}-[0-9]{6}")


def plain(*letters: str) -> Callable[[State], None]:
    """Return an edit that decrypts these volumes."""

    def edit(state: State) -> None:
        for item in state["volumes"]:
            if item["DriveLetter"] in letters:
                item["bitlocker"].update(
                    PersistentVolumeID="",
                    ProtectionStatus=0,
                    ConversionStatus=0,
                    EncryptionMethod=0,
                    EncryptionPercentage=0,
                    EncryptionFlags=0,
                    IsVolumeInitializedForProtection=False,
                    AutoUnlock=False,
                    protectors=[],
                    escrow=[],
                )

    return edit


def no_feature(state: State) -> None:
    state["features"]["BitLocker"]["InstallState"] = 2


def no_tpm(state: State) -> None:
    state["tpm"] = None
    state["services"].pop("TPM", None)


def joined(state: State) -> None:
    """Join the host to Entra ID."""
    state["registry"][JOIN] = {}


def tpm_not_ready(state: State) -> None:
    state["tpm"]["ready"] = False


def reboot_pending(state: State) -> None:
    state["registry"][REBOOT] = {}


def on_battery(state: State) -> None:
    state["cim"]["root/cimv2"]["Win32_Battery"] = [{"DeviceID": "BAT0", "BatteryStatus": 1}]


def home_edition(state: State) -> None:
    state["registry"][VERSION]["EditionID"] = string("Core")


def no_controller(state: State) -> None:
    state["network"]["dc_reachable"] = False


def locked(state: State) -> None:
    state["volumes"][0]["bitlocker"]["LockStatus"] = 1


NO_POLICY = registry(FVE, OSActiveDirectoryBackup=None)


def low_battery(state: State) -> None:
    state["cim"]["root/cimv2"]["Win32_Battery"] = [{"DeviceID": "BAT0", "BatteryStatus": 5}]


WEAK = registry(FVE, EncryptionMethodWithXtsOs=3)
WEAK_DATA = registry(FVE, EncryptionMethodWithXtsFdv=3)
REPAIRS = [
    Repair("client", host(CLIENT, plain("C:")), RUNBOOK, BACKED_UP, twice=True),
    Repair("server", host(SERVER, plain("C:", "D:"), sleep_advances), RUNBOOK, BACKED_UP),
    Repair("only data", host(SERVER, plain("D:")), RUNBOOK, BACKED_UP),
    Repair("not installed", host(SERVER, plain("C:", "D:"), no_feature), RUNBOOK, BACKED_UP),
    Repair("healthy", host(CLIENT), RUNBOOK, {**BACKED_UP, "windows": ["C:"]}),
    Repair("no tpm", host("encryption-U5"), RUNBOOK, BACKED_UP),
    Repair("tpm not ready", host(CLIENT, plain("C:"), tpm_not_ready), RUNBOOK, BACKED_UP),
    Repair("nobody to keep it", host(CLIENT, plain("C:"), NO_POLICY), RUNBOOK, BACKED_UP),
    Repair("pending reboot", host(CLIENT, plain("C:"), reboot_pending), RUNBOOK, BACKED_UP),
    Repair("on battery", host(CLIENT, plain("C:"), on_battery), RUNBOOK, BACKED_UP),
    Repair("cluster", host(SERVER, plain("C:"), service("ClusSvc")), RUNBOOK, BACKED_UP),
    Repair("home edition", host(CLIENT, plain("C:"), home_edition), RUNBOOK, BACKED_UP),
    Repair("weak method", host(CLIENT, plain("C:"), WEAK), RUNBOOK, BACKED_UP),
    Repair("low battery", host(CLIENT, plain("C:"), low_battery), RUNBOOK, BACKED_UP),
    Repair("weak data method", host(SERVER, plain("D:"), WEAK_DATA), RUNBOOK, BACKED_UP),
    Repair(
        "windows first",
        host(SERVER, plain("C:", "D:")),
        RUNBOOK,
        {**BACKED_UP, "windows": ["D:"], "fixed": ["D:"]},
    ),
    Repair("locked", host(CLIENT, locked), RUNBOOK, {**BACKED_UP, "windows": ["C:"]}),
    Repair("directory out of reach", host(CLIENT, plain("C:"), no_controller), RUNBOOK, BACKED_UP),
    Repair("entra", host(CLIENT, plain("C:"), joined, NO_POLICY), RUNBOOK, BACKED_UP),
    Repair(
        "entra refuses",
        host(CLIENT, plain("C:"), joined, broken(f"cmdlet:{TO_ENTRA}", "error")),
        RUNBOOK,
        BACKED_UP,
    ),
    # The call succeeds, and no record says that anybody keeps it.
    Repair(
        "entra is silent",
        host(CLIENT, plain("C:"), joined, broken(f"cmdlet:{TO_ENTRA}", "empty")),
        RUNBOOK,
        BACKED_UP,
    ),
    Repair("tpm is lost", host(CLIENT, plain("C:")), RUNBOOK, BACKED_UP, before={"step:4": no_tpm}),
]


def bitlocker(state: State, letter: str) -> State:
    found = next(item for item in state["volumes"] if item["DriveLetter"] == letter)
    volume: State = found["bitlocker"]
    return volume


def test_the_volume_of_windows_is_encrypted_with_its_tpm_after_a_restart(repaired):
    done = repaired["client"]

    assert done.outcome == "success", done.reason
    assert "os_volume_unencrypted" in done.codes_before
    assert "os_volume_unencrypted" not in done.codes_after
    volume = bitlocker(done.state_after, "C:")
    assert sorted(item["type"] for item in volume["protectors"]) == [1, 3]
    assert (volume["ConversionStatus"], volume["EncryptionMethod"], volume["EncryptionFlags"]) == (
        2,
        7,
        0,
    )
    assert done.state_after["reboot"]["boots"] == 1


def test_data_volumes_follow_and_are_unlocked_by_the_volume_of_windows(repaired):
    done = repaired["server"]

    assert done.outcome == "success", done.reason
    volume = bitlocker(done.state_after, "D:")
    assert sorted(item["type"] for item in volume["protectors"]) == [2, 3]
    assert (volume["ConversionStatus"], volume["AutoUnlock"]) == (2, True)
    assert bitlocker(done.state_after, "C:")["ProtectionStatus"] == 1


def test_a_data_volume_alone_needs_no_restart(repaired):
    done = repaired["only data"]

    assert done.outcome == "success", done.reason
    assert done.changed_settings == {"volumes"}
    assert bitlocker(done.state_after, "C:") == bitlocker(done.state_before, "C:")


def test_bitlocker_is_installed_and_the_host_restarted_before_the_rest(repaired):
    done = repaired["not installed"]

    assert done.outcome in {"success", "partial"}, done.reason
    assert done.codes_before >= {"bitlocker_not_installed"}
    assert "bitlocker_not_installed" not in done.codes_after
    assert "os_volume_unencrypted" not in done.codes_after
    assert done.state_after["reboot"]["boots"] == 2


@pytest.mark.parametrize(
    ("case", "keeper"),
    [
        ("client", TO_DIRECTORY),
        ("server", TO_DIRECTORY),
        ("only data", TO_DIRECTORY),
        ("entra", TO_ENTRA),
    ],
)
def test_the_password_is_kept_elsewhere_before_anything_is_encrypted(repaired, case, keeper):
    calls = repaired[case].calls
    begun = [number for number, call in enumerate(calls) if "Encrypt" in call]

    assert calls.index(keeper) < begun[0]


def test_of_a_host_that_is_joined_to_entra_id_that_keeps_it(repaired):
    done = repaired["entra"]

    assert done.outcome == "success", done.reason
    assert TO_DIRECTORY not in done.calls
    volume = bitlocker(done.state_after, "C:")
    passwords = [item["id"] for item in volume["protectors"] if item["type"] == 3]
    assert [item["protector"] for item in volume["escrow"]] == passwords
    assert [item["target"] for item in volume["escrow"]] == ["AAD"]


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("healthy", "already_good"),
        ("no tpm", "no_tpm"),
        ("tpm not ready", "tpm_not_ready"),
        ("nobody to keep it", "no_escrow_channel"),
        ("pending reboot", "pending_reboot"),
        ("on battery", "on_battery"),
        ("low battery", "on_battery"),
        ("cluster", "cluster_node"),
        ("home edition", "unsupported_edition"),
        ("weak method", "weak_method_required"),
        ("weak data method", "weak_method_required"),
        ("windows first", "windows_volume_first"),
        ("locked", "volume_locked"),
    ],
)
def test_it_refuses_and_changes_nothing(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("refused", reason)
    assert done.changed_settings == set()
    assert done.calls == []


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("directory out of reach", "step 3"),
        ("entra refuses", "step 3"),
        ("entra is silent", "step 3"),
        ("tpm is lost", "step 4"),
    ],
)
def test_what_fails_encrypts_nothing_and_takes_no_protector_away(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("failure", reason)
    assert done.rollback == []
    volume = bitlocker(done.state_after, "C:")
    assert volume["ConversionStatus"] == 0
    assert [item["type"] for item in volume["protectors"]] == [3]
    assert done.changed_settings <= {"volumes", "tpm"} | {
        item for item in done.changed_settings if item.startswith(("services/TPM", "tpm/"))
    }


def said(done: Repaired) -> str:
    """Return all that the scripts of a repair answered."""
    every = [done.precondition, done.validation, *(ran for _step, ran in done.steps)]
    return json.dumps([ran.to_dict() for ran in every if ran is not None])


@pytest.mark.parametrize("case", [item.name for item in REPAIRS])
def test_no_recovery_password_is_ever_read_or_told(repaired, case):
    assert repaired[case].state_after["audit_trail"] == []
    assert PASSWORD.search(said(repaired[case])) is None


def test_without_a_proven_backup_it_does_not_begin(repair_again):
    with pytest.raises(Exception, match="backup_verdict"):
        repair_again(Repair("no backup", host(CLIENT, plain("C:")), RUNBOOK))


def test_a_second_run_has_nothing_to_do(repaired):
    again = repaired["client"].again

    assert (again.outcome, again.reason) == ("refused", "already_good")
    assert again.changed_settings == set()
