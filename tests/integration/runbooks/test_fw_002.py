# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-FW-002: blocked packets are logged where no policy decides about it."""

import pytest

from integration.runbooks.cases import broken, host, mended, registry
from lab.repairing import Repair
from lab.windows.states import State
from lab.windows.states.registry import string

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-FW-002")]
RUNBOOK = "RB-WIN-FW-002"
LOCAL = r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
POLICY = r"SOFTWARE\Policies\Microsoft\WindowsFirewall"
DOMAIN, PRIVATE = rf"{LOCAL}\DomainProfile\Logging", rf"{LOCAL}\StandardProfile\Logging"
OFF = registry(DOMAIN, LogDroppedPackets=0)
SMALL = registry(PRIVATE, LogFileSize=4096)
PUBLIC = rf"{LOCAL}\PublicProfile\Logging"
SET_PROFILE = "cmdlet:Set-NetFirewallProfile"


def elsewhere(state: State) -> None:
    state["registry"][f"HKLM\\{DOMAIN}"]["LogFilePath"] = string(r"C:\NoSuchFolder\fw.log")


def stopped(state: State) -> None:
    state["services"]["MpsSvc"].update(State="Stopped", StartMode="Disabled")


def others_meanwhile(state: State) -> None:
    """Have the log of the domain profile go off again, and other logs grow."""
    OFF(state)
    registry(PRIVATE, LogFileSize=32000)(state)
    registry(PUBLIC, LogFileSize=20000)(state)


MEMBER = "healthy-2022-member"
REPAIRS = [
    Repair("repairs", host(MEMBER, OFF, SMALL), RUNBOOK, twice=True),
    Repair("oldest windows", host("healthy-2016-workgroup", OFF), RUNBOOK),
    Repair(
        "the site wants less", host(MEMBER, SMALL), RUNBOOK, site={"firewall": {"log_max_kb": 8192}}
    ),
    Repair("healthy", host(MEMBER), RUNBOOK),
    Repair(
        "policy says off",
        host(MEMBER, OFF, registry(rf"{POLICY}\DomainProfile\Logging", LogDroppedPackets=0)),
        RUNBOOK,
    ),
    Repair(
        "policy says small",
        host(MEMBER, SMALL, registry(rf"{POLICY}\PrivateProfile\Logging", LogFileSize=1024)),
        RUNBOOK,
    ),
    Repair("no folder", host(MEMBER, OFF, elsewhere), RUNBOOK),
    Repair("no service", host(MEMBER, OFF, stopped), RUNBOOK),
    Repair(
        "second profile fails",
        host(MEMBER, OFF, SMALL),
        RUNBOOK,
        before={
            # The log of the domain profile is on when that of the private one cannot grow.
            "step:2": broken(SET_PROFILE, "denied", spares=1),
            "rollback:1": mended(SET_PROFILE),
        },
    ),
    Repair(
        "others meanwhile",
        host(MEMBER, OFF, SMALL),
        RUNBOOK,
        before={"validation": others_meanwhile},
    ),
    Repair("does not last", host(MEMBER, OFF, SMALL), RUNBOOK, before={"recheck": OFF}),
]


def test_each_profile_gets_what_it_lacks_and_no_more(repaired):
    done = repaired["repairs"]

    assert done.outcome == "success", done.reason
    assert done.changed_settings == {
        f"registry/HKLM\\{DOMAIN}/LogDroppedPackets",
        f"registry/HKLM\\{PRIVATE}/LogFileSize",
    }
    assert done.codes_before == {"log_blocked_off", "log_too_small"}
    assert done.codes_after == set()


def test_it_works_on_the_oldest_windows(repaired):
    assert repaired["oldest windows"].outcome == "success"


def test_the_log_grows_to_what_the_site_asks_for(repaired):
    done = repaired["the site wants less"]

    assert done.outcome == "success", done.reason
    assert done.state_after["registry"][f"HKLM\\{PRIVATE}"]["LogFileSize"] == ["REG_DWORD", 8192]


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("healthy", "already_good"),
        ("policy says off", "gpo_managed"),
        ("policy says small", "gpo_managed"),
        ("no folder", "log_folder_missing"),
        ("no service", "service_down"),
    ],
)
def test_it_refuses_and_changes_nothing(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("refused", reason)
    assert done.changed_settings == set()
    assert done.calls == []


def test_what_windows_refuses_is_a_failure_that_leaves_the_host_as_it_was(repaired):
    done = repaired["second profile fails"]

    assert (done.outcome, done.reason) == ("failure", "step 2")
    assert done.calls == ["Set-NetFirewallProfile", "Set-NetFirewallProfile"]
    assert done.changed_settings == set()


def test_what_did_not_help_is_taken_back(repaired):
    done = repaired["does not last"]

    assert done.outcome == "failure"
    assert [ran.failure for _step, ran in done.rollback] == [None]
    assert done.changed_settings == set()


def test_the_way_back_makes_no_log_smaller_that_somebody_else_let_grow(repaired):
    done = repaired["others meanwhile"]

    assert (done.outcome, done.reason) == ("failure", "validation still_not_logged")
    assert done.changed_settings == {
        f"registry/HKLM\\{PRIVATE}/LogFileSize",
        f"registry/HKLM\\{PUBLIC}/LogFileSize",
    }


def test_a_second_run_has_nothing_to_do(repaired):
    again = repaired["repairs"].again

    assert (again.outcome, again.reason) == ("refused", "already_good")
    assert again.changed_settings == set()
