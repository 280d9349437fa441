# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-PATCH-004: automatic updates are turned on where nobody else decides that."""

from collections.abc import Callable

import pytest

from integration.runbooks.cases import host, readonly, registry, service
from lab.repairing import Repair
from lab.windows.states import State
from lab.windows.states.registry import string

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-PATCH-004")]
RUNBOOK = "RB-WIN-PATCH-004"
POLICY = r"SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate"
USER = r"SOFTWARE\Microsoft\WindowsUpdate\UX\Settings"
SERVICES = r"registry/HKLM\SYSTEM\CurrentControlSet\Services"
OFF = registry(POLICY + r"\AU", NoAutoUpdate=1)
DEVICE_OFF = registry(r"SOFTWARE\Microsoft\PolicyManager\current\device\Update", AllowAutoUpdate=5)
WORKGROUP, MEMBER = "healthy-2022-workgroup", "healthy-2022-member"
DISABLED = {
    "wuauserv": service("wuauserv", StartMode="Disabled"),
    "UsoSvc": service("UsoSvc", StartMode="Disabled", DelayedAutoStart=False),
    "BITS": service("BITS", StartMode="Disabled"),
}
# What a refresh of group policy leaves behind besides the settings.
REFRESH = {"gpo/last_refresh"}


def paused(until: str) -> Callable[[State], None]:
    def edit(state: State) -> None:
        state["registry"][f"HKLM\\{USER}"].update(
            PauseUpdatesStartTime=string("2025-10-31T08:00:00Z"),
            PauseUpdatesExpiryTime=string(until),
            PauseQualityUpdatesEndTime=string(until),
            ActiveHoursStart=string("7"),
        )

    return edit


def policy_disables_the_service(state: State) -> None:
    state["gpo"].setdefault("services", {})["UsoSvc"] = "Disabled"


def policy_pause(state: State) -> None:
    values = state["registry"][f"HKLM\\{POLICY}"]
    values["PauseQualityUpdatesStartTime"] = string("2025-10-30T00:00:00Z")


REPAIRS = [
    Repair("repairs", host(WORKGROUP, OFF, *DISABLED.values()), RUNBOOK, twice=True),
    Repair("never check", host(WORKGROUP, registry(POLICY + r"\AU", AUOptions=1)), RUNBOOK),
    Repair("access off", host(WORKGROUP, registry(POLICY, DisableWindowsUpdateAccess=1)), RUNBOOK),
    Repair("pause by policy", host(WORKGROUP, policy_pause), RUNBOOK),
    Repair("paused", host(MEMBER, paused("2025-11-20T08:00:00Z")), RUNBOOK),
    Repair("pause is over", host(MEMBER, paused("2025-11-03T08:00:00Z")), RUNBOOK),
    Repair("member", host(MEMBER, DISABLED["wuauserv"]), RUNBOOK),
    Repair("healthy", host(MEMBER), RUNBOOK),
    Repair("policy says no", host(MEMBER, OFF), RUNBOOK),
    Repair("device says no", host(WORKGROUP, DEVICE_OFF), RUNBOOK),
    Repair("managed", host(WORKGROUP, OFF, service("CcmExec")), RUNBOOK),
    Repair("hidden", host(WORKGROUP, lambda state: state["services"].pop("BITS")), RUNBOOK),
    Repair("taken back", host(MEMBER, DISABLED["UsoSvc"], policy_disables_the_service), RUNBOOK),
    Repair("refused write", host(WORKGROUP, OFF, readonly(f"HKLM\\{POLICY}")), RUNBOOK),
    Repair(
        "second value fails",
        host(WORKGROUP, OFF, paused("2025-11-20T08:00:00Z"), readonly(f"HKLM\\{USER}")),
        RUNBOOK,
    ),
    Repair(
        "second service fails",
        host(WORKGROUP, DISABLED["wuauserv"], DISABLED["BITS"]),
        RUNBOOK,
        before={"step:3": service("BITS", ConfigProtected=True)},
    ),
    Repair(
        "second step fails",
        host(WORKGROUP, OFF, DISABLED["BITS"]),
        RUNBOOK,
        before={"step:3": service("BITS", ConfigProtected=True)},
    ),
]


def test_what_switches_updates_off_is_taken_away_and_the_check_proves_it(repaired):
    done = repaired["repairs"]

    assert done.outcome == "success", done.reason
    assert {"auto_update_disabled", "update_service_disabled"} <= done.codes_before
    assert not {"auto_update_disabled", "update_service_disabled"} & done.codes_after
    assert done.changed_settings == {
        rf"registry/HKLM\{POLICY}\AU/NoAutoUpdate",
        *(f"services/{name}/StartMode" for name in DISABLED),
        *(f"{SERVICES}\\{name}/Start" for name in DISABLED),
    }
    modes = {name: done.state_after["services"][name]["StartMode"] for name in DISABLED}
    assert modes == {"wuauserv": "Manual", "UsoSvc": "Auto", "BITS": "Manual"}


@pytest.mark.parametrize(
    ("case", "code", "value"),
    [
        ("never check", "auto_update_disabled", rf"{POLICY}\AU/AUOptions"),
        ("access off", "auto_update_disabled", f"{POLICY}/DisableWindowsUpdateAccess"),
        ("pause by policy", "updates_paused", f"{POLICY}/PauseQualityUpdatesStartTime"),
    ],
)
def test_local_policy_belongs_to_a_workgroup_host(repaired, case, code, value):
    done = repaired[case]

    assert done.outcome == "success", done.reason
    assert code in done.codes_before - done.codes_after
    assert done.changed_settings == {f"registry/HKLM\\{value}"}


def test_a_pause_in_the_settings_ends_and_their_other_values_stay(repaired):
    done = repaired["paused"]

    assert done.outcome == "success", done.reason
    assert done.changed_settings - REFRESH == {
        f"registry/HKLM\\{USER}/PauseUpdatesStartTime",
        f"registry/HKLM\\{USER}/PauseUpdatesExpiryTime",
        f"registry/HKLM\\{USER}/PauseQualityUpdatesEndTime",
    }


def test_a_disabled_service_of_a_domain_member_is_not_owned_by_policy(repaired):
    done = repaired["member"]

    assert done.outcome == "success", done.reason
    assert [ran.answer.note for step, ran in done.steps if step == 4] == ["policy_applied"]


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("healthy", "already_good"),
        ("pause is over", "already_good"),
        ("policy says no", "gpo_managed"),
        ("device says no", "gpo_managed"),
        ("managed", "managed_elsewhere"),
        ("hidden", "service_missing"),
    ],
)
def test_it_refuses_and_changes_nothing(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("refused", reason)
    assert (done.calls, done.changed_settings) == ([], set())


def test_what_a_group_policy_takes_back_is_no_success(repaired):
    done = repaired["taken back"]

    assert (done.outcome, done.reason) == ("failure", "step 4")
    assert done.changed_settings - REFRESH == set()


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("refused write", "step 2"),
        ("second value fails", "step 2"),
        ("second step fails", "step 3"),
        ("second service fails", "step 3"),
    ],
)
def test_what_failed_half_way_is_taken_back(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("failure", reason)
    assert [ran.failure for _step, ran in done.rollback] == [None, None]
    assert done.changed_settings - {"services/BITS/ConfigProtected"} == set()


def test_a_second_run_has_nothing_to_do(repaired):
    again = repaired["repairs"].again

    assert (again.outcome, again.reason) == ("refused", "already_good")
    assert again.changed_settings == set()
