# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-LOG-002: logs are large enough, on, and writing; no record is lost for it."""

from collections.abc import Callable

import pytest

from integration.runbooks.cases import broken, host, mended, registry
from lab.repairing import Repair
from lab.windows.states import State
from lab.windows.states.registry import dword

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-LOG-002")]
RUNBOOK = "RB-WIN-LOG-002"
MEMBER = "healthy-2022-member"
SERVICE = r"SYSTEM\CurrentControlSet\Services\EventLog"
POLICY = r"SOFTWARE\Policies\Microsoft\Windows\EventLog"
SHELL = "Microsoft-Windows-PowerShell/Operational"


def security(state: State) -> None:
    """Make the Security log too small."""
    state["eventlogs"]["Security"].update(MaximumSizeInBytes=20971520, FileSize=20971520)
    state["registry"][f"HKLM\\{SERVICE}\\Security"]["MaxSize"] = dword(20971520)


def retaining(state: State) -> None:
    """Make the System log stop when it is full, which it is not yet."""
    state["eventlogs"]["System"]["LogMode"] = 2
    state["registry"][f"HKLM\\{SERVICE}\\System"]["Retention"] = dword(0xFFFFFFFF)


def switched_off(state: State) -> None:
    state["eventlogs"][SHELL]["IsEnabled"] = False


def full(drive: str) -> Callable[[State], None]:
    """Return an edit that leaves little room on *drive*."""

    def edit(state: State) -> None:
        volume = next(item for item in state["volumes"] if item["DriveLetter"] == drive)
        volume["FreeSpace"] = 100000000

    return edit


def logs_on(folder: str) -> Callable[[State], None]:
    """Return an edit after which the Security log lies in *folder*."""

    def edit(state: State) -> None:
        state["eventlogs"]["Security"]["LogFilePath"] = rf"{folder}\Security.evtx"

    return edit


def mounted(state: State) -> None:
    r"""Mount the volume D: in a folder of C: as well, as C:\Logs."""
    volume = next(item for item in state["volumes"] if item["DriveLetter"] == "D:")
    volume.update(Name="C:\\Logs\\", DriveLetter=None)


def stopped(state: State) -> None:
    state["services"]["EventLog"].update(State="Stopped", StartMode="Disabled")


NO_WRITE = "native:wevtutil.exe"
REPAIRS = [
    Repair("small", host(MEMBER, security), RUNBOOK, twice=True),
    Repair("stuck", host("logging-U4"), RUNBOOK),
    Repair("retaining", host(MEMBER, retaining), RUNBOOK),
    Repair("off", host("healthy-2016-member", switched_off), RUNBOOK),
    Repair("healthy", host(MEMBER), RUNBOOK),
    Repair(
        "policy says small",
        host(MEMBER, security, registry(rf"{POLICY}\Security", MaxSize=20480)),
        RUNBOOK,
    ),
    Repair(
        "policy says retain",
        host(MEMBER, retaining, registry(rf"{POLICY}\System", Retention=1)),
        RUNBOOK,
    ),
    Repair("no room", host(MEMBER, security, full("C:")), RUNBOOK),
    Repair("no room there", host(MEMBER, security, full("D:"), logs_on(r"d:\Logs")), RUNBOOK),
    Repair("room there", host(MEMBER, security, full("C:"), logs_on(r"D:\Logs")), RUNBOOK),
    Repair(
        "no room where it is mounted",
        host(MEMBER, security, full("D:"), mounted, logs_on(r"C:\Logs")),
        RUNBOOK,
    ),
    Repair("no such volume", host(MEMBER, security, logs_on(r"X:\Logs")), RUNBOOK),
    Repair("no service", host(MEMBER, security, stopped), RUNBOOK, {"security_kb": 196608}),
    Repair(
        "the site keeps copies",
        host(MEMBER, retaining),
        RUNBOOK,
        site={"logging": {"retention_modes": ["auto_backup"]}},
    ),
    Repair("no copy", host("logging-U4"), RUNBOOK, before={"step:1": broken(NO_WRITE, "denied")}),
    Repair(
        "second log fails",
        host(MEMBER, retaining, switched_off),
        RUNBOOK,
        before={
            # SHELL comes first: it is on when the System log cannot be opened.
            "step:3": broken("eventlog:System", "denied"),
            "rollback:1": mended("eventlog:System"),
        },
    ),
    Repair(
        "off in the end",
        host(MEMBER, retaining, switched_off),
        RUNBOOK,
        site={"logging": {"retention_modes": ["auto_backup"]}},
        before={"validation": switched_off},
    ),
    Repair("does not last", host(MEMBER, retaining), RUNBOOK, before={"recheck": retaining}),
]


def mode(state: State, log: str) -> tuple[int, bool, int]:
    """Return what a full log does, whether it is on, and its size."""
    kept = state["eventlogs"][log]
    return kept["LogMode"], kept["IsEnabled"], kept["MaximumSizeInBytes"]


def test_a_log_that_is_too_small_grows_and_nothing_else_changes(repaired):
    done = repaired["small"]

    assert done.outcome == "success", done.reason
    assert done.changed_settings == {f"registry/HKLM\\{SERVICE}\\Security/MaxSize"}
    assert mode(done.state_after, "Security") == (0, True, 201326592)
    assert [name for name in done.state_after["eventlogs"] if name != "Security"] == [
        name
        for name, log in done.state_before["eventlogs"].items()
        if name != "Security" and log == done.state_after["eventlogs"][name]
    ]


def test_a_stuck_log_writes_again_and_its_silence_stays_for_a_person(repaired):
    done = repaired["stuck"]

    assert done.outcome == "partial", done.reason
    assert done.codes_before > {"log_full_not_writing", "retention_mode", "log_too_small"}
    assert "log_gap" in done.codes_after
    assert not done.codes_after & {"log_full_not_writing", "retention_mode", "log_too_small"}
    assert mode(done.state_after, "Security") == (0, True, 201326592)


def test_a_full_log_is_copied_before_it_may_overwrite_and_nothing_is_cleared(repaired):
    copied, grown, configured = (ran for _step, ran in repaired["stuck"].steps)

    assert (copied.answer.changed, grown.answer.changed, configured.answer.changed) == (
        True,
        True,
        True,
    )
    calls = repaired["stuck"].calls
    assert calls.index("wevtutil") < calls.index("EventLogConfiguration.SaveChanges")
    cleared = {1102, 104}
    records = repaired["stuck"].state_after["eventlogs"]["Security"]["records"]
    assert [item for item in records if item["Id"] in cleared] == []


@pytest.mark.parametrize(
    ("case", "log", "expected"),
    [
        ("retaining", "System", (0, True, 33554432)),
        ("off", SHELL, (0, True, 67108864)),
    ],
)
def test_a_log_that_would_stop_or_is_off_is_set_up(repaired, case, log, expected):
    done = repaired[case]

    assert done.outcome == "success", done.reason
    assert mode(done.state_after, log) == expected


def test_a_site_that_keeps_copies_gets_copies(repaired):
    done = repaired["the site keeps copies"]

    # Security and Application overwrite, which this site does not take: all required logs change.
    assert {log: mode(done.state_after, log)[0] for log in ("Security", "System", SHELL)} == {
        "Security": 1,
        "System": 1,
        SHELL: 1,
    }


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("healthy", "already_good"),
        ("policy says small", "gpo_managed"),
        ("policy says retain", "gpo_managed"),
        ("no room", "disk_space_low"),
        ("no room there", "disk_space_low"),
        ("no room where it is mounted", "disk_space_low"),
        ("no such volume", "disk_space_low"),
        ("no service", "service_down"),
    ],
)
def test_it_refuses_and_changes_nothing(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("refused", reason)
    assert done.changed_settings == set()
    assert done.calls == []


def test_without_a_copy_nothing_is_changed(repaired):
    done = repaired["no copy"]

    assert (done.outcome, done.reason) == ("failure", "step 1")
    assert done.changed_settings == set()
    assert mode(done.state_after, "Security") == (2, True, 20971520)


@pytest.mark.parametrize("case", ["second log fails", "off in the end", "does not last"])
def test_what_fails_or_did_not_help_is_taken_back(repaired, case):
    done = repaired[case]

    assert done.outcome == "failure"
    assert [ran.failure for _step, ran in done.rollback] == [None]
    assert done.changed_settings == set()
    assert mode(done.state_after, "System") == mode(done.state_before, "System")
    assert mode(done.state_after, SHELL) == mode(done.state_before, SHELL)


def test_a_second_run_has_nothing_to_do(repaired):
    again = repaired["small"].again

    assert (again.outcome, again.reason) == ("refused", "already_good")
    assert again.changed_settings == set()


def test_the_room_that_counts_is_where_the_log_lies(repaired):
    assert repaired["room there"].precondition.answer.met
