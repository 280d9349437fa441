# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-FW-001: profiles are turned on, and a host that is lost comes back by itself."""

import pytest

from integration.runbooks.cases import (
    broken,
    firewall_rules,
    host,
    instances,
    mended,
    registry,
    revert_task,
    service,
)
from integration.runbooks.hosts_alone import after
from lab.repairing import Repair
from lab.windows.states import State
from lab.windows.states.baseline.network import rule

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-FW-001")]
RUNBOOK = "RB-WIN-FW-001"
MEMBER = "healthy-2022-member"
LOCAL = r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
POLICY = r"SOFTWARE\Policies\Microsoft\WindowsFirewall"
DOMAIN, PRIVATE = rf"{LOCAL}\DomainProfile", rf"{LOCAL}\StandardProfile"
PUBLIC = rf"{LOCAL}\PublicProfile"
ALONE = "\\HipaaRevert-RB-WIN-FW-001"
RULES = "firewall/rules/PersistentStore"
CONTROLLER = {"controller": "10.0.0.5", "management_port": 5985}
# The controller's packets come from another address than somebody wrote down.
WRONG = {"controller": "10.9.9.9", "management_port": 5985}
DOMAIN_OFF = registry(DOMAIN, EnableFirewall=0)
PUBLIC_OFF = registry(PUBLIC, EnableFirewall=0)
OPEN = registry(PRIVATE, DefaultInboundAction=0)
SQL_SERVER = r"C:\Program Files\Microsoft SQL Server\MSSQL16\MSSQL\Binn\sqlservr.exe"
# Rules that a Windows has, or a clinic may: none of them lets the database in.
OTHER_RULES = firewall_rules(
    rule("CoreNet-IGMP-In", "Core Networking - IGMP", "Any", Protocol="2", Program="System"),
    rule("SQL-Browser", "SQL Server Browser", "1433", Protocol="UDP"),
    rule("SQL-Public", "SQL Server, public", "1433", 4),
    rule("Scanner", "Scanner", "Any", Program=r"C:\Scanner\scanner.exe"),
    rule("Store", "Microsoft Store", "Any", Protocol="Any", Package="S-1-15-2-1609473798"),
)
PROGRAM_RULE = firewall_rules(
    rule("SQL", "SQL Server", "Any", Program=SQL_SERVER.replace("C:", "%SystemDrive%"))
)
RULE_FOR_RANGE = firewall_rules(rule("Databases", "Databases", ["80", "1400-1500"]))
RULES_BESIDE = firewall_rules(
    rule("Below", "Below", ["1000-1432", "IPHTTPSIn"]), rule("Above", "Above", "1434-65535")
)
RULE_FOR_ALL = firewall_rules(rule("All", "Allow all", "Any", Protocol="Any"))
MANAGEMENT = rule(
    "HIPAA-Mgmt-In",
    "Remote management for compliance repairs",
    "5985",
    RemoteAddress="10.0.0.5",
)
# What an earlier repair, or somebody, has left under the name of the rule.
OLD_RULES = {
    "of two controllers": {"RemoteAddress": ["10.0.0.6", "10.0.1.0/255.255.255.0"]},
    "that is off": {"Enabled": 2, "Profile": 3, "LocalPort": ["5985", "5986"]},
    "for all protocols": {"Protocol": "Any", "LocalPort": "Any", "RemoteAddress": "Any"},
    "that blocks": {"Action": 4, "Direction": 2, "Protocol": "UDP"},
}
STILL = "still ['active_profile_disabled']"
SET_PROFILE = "cmdlet:Set-NetFirewallProfile"


def no_winrm_rule(state: State) -> None:
    rules = state["firewall"]["rules"]["PersistentStore"]
    rules[:] = [item for item in rules if not item["Name"].startswith("WINRM")]


def sql_server(state: State) -> None:
    """Listen on a port that no rule lets in."""
    listener = {"InstanceID": "L1433", "LocalPort": 1433, "OwningProcess": 1500}
    state["network"]["tcp"].append(state["network"]["tcp"][0] | listener)
    instances("Win32_Process", {"Handle": "1500", "ProcessId": 1500, "ExecutablePath": SQL_SERVER})(
        state
    )


def other_firewall(state: State) -> None:
    state["com"]["fwproducts"] = [{"DisplayName": "Other Firewall", "RuleCategories": [2]}]


def others_meanwhile(state: State) -> None:
    """Have the profile of the domain go off again, and somebody else close the private one."""
    DOMAIN_OFF(state)
    registry(PRIVATE, DefaultInboundAction=1)(state)


REPAIRS = [
    Repair(
        "others meanwhile",
        host(MEMBER, DOMAIN_OFF, OPEN),
        RUNBOOK,
        {**CONTROLLER, "open": []},
        keeps=("step:2",),
        before={"validation": others_meanwhile},
    ),
    Repair(
        "off and open", host(MEMBER, DOMAIN_OFF, PUBLIC_OFF, OPEN), RUNBOOK, CONTROLLER, twice=True
    ),
    Repair("scenario off", host("firewall-U1"), RUNBOOK, CONTROLLER),
    Repair("scenario open", host("firewall-U2"), RUNBOOK, CONTROLLER),
    Repair("oldest windows", host("healthy-2016-workgroup", OPEN), RUNBOOK, CONTROLLER),
    Repair("no winrm rule", host(MEMBER, DOMAIN_OFF, no_winrm_rule), RUNBOOK, CONTROLLER),
    Repair(
        "lost",
        host(MEMBER, DOMAIN_OFF, no_winrm_rule),
        RUNBOOK,
        WRONG,
        keeps=("step:4",),
    ),
    Repair("healthy", host(MEMBER), RUNBOOK, CONTROLLER),
    Repair("policy says off", host("firewall-U3"), RUNBOOK, CONTROLLER),
    Repair(
        "policy lets in",
        host(MEMBER, OPEN, registry(rf"{POLICY}\PrivateProfile", DefaultInboundAction=0)),
        RUNBOOK,
        CONTROLLER,
    ),
    Repair(
        "no local rules",
        host(MEMBER, DOMAIN_OFF, registry(rf"{POLICY}\DomainProfile", AllowLocalPolicyMerge=0)),
        RUNBOOK,
        CONTROLLER,
    ),
    Repair("other product", host(MEMBER, DOMAIN_OFF, other_firewall), RUNBOOK, CONTROLLER),
    Repair("needed port", host(MEMBER, DOMAIN_OFF, sql_server), RUNBOOK, CONTROLLER),
    Repair(
        "rules of others", host(MEMBER, DOMAIN_OFF, sql_server, OTHER_RULES), RUNBOOK, CONTROLLER
    ),
    Repair(
        "ranges beside it",
        host(MEMBER, DOMAIN_OFF, sql_server, RULES_BESIDE),
        RUNBOOK,
        CONTROLLER,
    ),
    Repair(
        "a range is let in",
        host(MEMBER, DOMAIN_OFF, sql_server, RULE_FOR_RANGE),
        RUNBOOK,
        CONTROLLER,
        before={"step:1": broken("cmdlet:Register-ScheduledTask")},
    ),
    Repair(
        "program is let in",
        host(MEMBER, DOMAIN_OFF, sql_server, OTHER_RULES, PROGRAM_RULE),
        RUNBOOK,
        CONTROLLER,
    ),
    Repair(
        "all are let in",
        host(MEMBER, DOMAIN_OFF, sql_server, RULE_FOR_ALL),
        RUNBOOK,
        CONTROLLER,
        before={"step:1": broken("cmdlet:Register-ScheduledTask")},
    ),
    *(
        Repair(
            f"management rule {name}",
            host(MEMBER, DOMAIN_OFF, no_winrm_rule, firewall_rules(MANAGEMENT | values)),
            RUNBOOK,
            CONTROLLER,
        )
        for name, values in (
            ("is there", {}),
            ("of another controller", {"RemoteAddress": "10.0.0.6"}),
            ("for outbound", {"Direction": 2}),
            ("for another profile", {"Profile": 4}),
            ("for another protocol", {"Protocol": "UDP"}),
        )
    ),
    Repair(
        "no service",
        host(MEMBER, DOMAIN_OFF, service("MpsSvc", State="Stopped")),
        RUNBOOK,
        CONTROLLER,
    ),
    Repair(
        "no scheduler",
        host(MEMBER, DOMAIN_OFF, service("Schedule", State="Stopped")),
        RUNBOOK,
        CONTROLLER,
    ),
    Repair(
        "cannot arm",
        host(MEMBER, DOMAIN_OFF),
        RUNBOOK,
        CONTROLLER,
        before={"step:1": broken("cmdlet:Register-ScheduledTask")},
    ),
    Repair(
        "cannot let in",
        host(MEMBER, DOMAIN_OFF),
        RUNBOOK,
        CONTROLLER,
        before={"step:2": broken("cmdlet:New-NetFirewallRule")},
    ),
    Repair(
        "cannot set",
        host(MEMBER, DOMAIN_OFF),
        RUNBOOK,
        CONTROLLER,
        before={"step:3": broken(SET_PROFILE), "rollback:1": mended(SET_PROFILE)},
    ),
    Repair(
        "way back is lost",
        host(MEMBER, DOMAIN_OFF),
        RUNBOOK,
        CONTROLLER,
        before={"step:3": lambda state: state["tasks"].pop(ALONE)},
    ),
    Repair(
        "is off again",
        host(MEMBER, DOMAIN_OFF),
        RUNBOOK,
        CONTROLLER,
        before={"validation": DOMAIN_OFF},
    ),
    Repair(
        "way back is armed",
        host(MEMBER, DOMAIN_OFF),
        RUNBOOK,
        CONTROLLER,
        before={"validation": revert_task(RUNBOOK)},
    ),
    Repair(
        "host has gone back",
        host(MEMBER, DOMAIN_OFF),
        RUNBOOK,
        CONTROLLER,
        before={"step:4": DOMAIN_OFF},
    ),
    *(
        Repair(
            f"does not last beside a rule {name}",
            host(MEMBER, DOMAIN_OFF, no_winrm_rule, firewall_rules(MANAGEMENT | values)),
            RUNBOOK,
            CONTROLLER,
            before={"recheck": DOMAIN_OFF},
        )
        for name, values in OLD_RULES.items()
    ),
    Repair(
        "does not last",
        host(MEMBER, DOMAIN_OFF),
        RUNBOOK,
        CONTROLLER,
        before={"recheck": DOMAIN_OFF},
    ),
]


def rule_names(state: State) -> set[str]:
    return {item["Name"] for item in state["firewall"]["rules"]["PersistentStore"]}


def test_only_what_failed_is_changed_and_the_controller_is_let_in(repaired):
    done = repaired["off and open"]

    assert done.outcome == "success", done.reason
    assert done.changed_settings == {
        f"registry/HKLM\\{DOMAIN}/EnableFirewall",
        f"registry/HKLM\\{PUBLIC}/EnableFirewall",
        f"registry/HKLM\\{PRIVATE}/DefaultInboundAction",
        RULES,
    }
    assert rule_names(done.state_after) - rule_names(done.state_before) == {"HIPAA-Mgmt-In"}


@pytest.mark.parametrize("case", ["scenario off", "scenario open", "oldest windows"])
def test_the_check_proves_it(repaired, case):
    done = repaired[case]

    assert done.outcome == "success", done.reason
    codes = {"active_profile_disabled", "inactive_profile_disabled", "inbound_allowed"}
    assert done.codes_before & codes
    assert not done.codes_after & codes


def test_the_way_back_is_armed_before_anything_changes_and_disarmed_last(repaired):
    calls = repaired["off and open"].calls

    assert calls[0] == "Register-ScheduledTask"
    assert calls[-1] == "Unregister-ScheduledTask"
    assert calls.index("New-NetFirewallRule") < calls.index("Set-NetFirewallProfile")


def test_a_host_without_a_rule_of_its_own_stays_in_reach(repaired):
    done = repaired["no winrm rule"]

    assert done.outcome == "success", done.reason
    assert done.state_after["network"]["winrm_reachable"] is True


def test_a_host_that_is_lost_comes_back_within_the_time(repaired, tmp_path, pwsh):
    lost = repaired["lost"].kept["step:4"]
    assert lost["network"]["winrm_reachable"] is False

    waiting = after(lost, 9, tmp_path, str(pwsh))
    back = after(lost, 11, tmp_path, str(pwsh))

    assert waiting["network"]["winrm_reachable"] is False
    assert back["network"]["winrm_reachable"] is True
    assert back["registry"][f"HKLM\\{DOMAIN}"]["EnableFirewall"] == ["REG_DWORD", 0]
    assert "HIPAA-Mgmt-In" not in rule_names(back)
    assert ALONE not in back["tasks"]


def test_the_way_back_is_a_task_of_the_system_that_a_restart_does_not_lose(repaired):
    task = repaired["lost"].kept["step:4"]["tasks"][ALONE]

    assert task["Principal"]["UserId"] == "S-1-5-18"
    assert task["Triggers"][0]["Type"] == "Once"


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("healthy", "already_good"),
        ("policy says off", "gpo_managed"),
        ("policy lets in", "gpo_managed"),
        ("no local rules", "local_rules_ignored"),
        ("other product", "thirdparty_firewall"),
        ("needed port", "needed_port_closed"),
        ("rules of others", "needed_port_closed"),
        ("ranges beside it", "needed_port_closed"),
        ("no service", "service_down"),
        ("no scheduler", "scheduler_down"),
    ],
)
def test_it_refuses_and_changes_nothing(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("refused", reason)
    assert done.changed_settings == set()
    assert done.calls == []


@pytest.mark.parametrize("case", ["needed port", "rules of others", "ranges beside it"])
def test_a_port_that_would_be_closed_is_named(repaired, case):
    observed = repaired[case].precondition.answer.observed

    assert observed["closed_ports"] == [1433]


@pytest.mark.parametrize("case", ["program is let in", "all are let in", "a range is let in"])
def test_a_rule_for_the_program_that_listens_or_for_all_lets_it_in(repaired, case):
    assert repaired[case].precondition.answer.met
    assert repaired[case].precondition.answer.observed["closed_ports"] == []


def test_a_management_rule_that_lets_the_controller_in_is_left_alone(repaired):
    done = repaired["management rule is there"]

    assert done.outcome == "success", done.reason
    assert done.changed_settings == {f"registry/HKLM\\{DOMAIN}/EnableFirewall"}
    assert {"New-NetFirewallRule", "Set-NetFirewallRule"}.isdisjoint(done.calls)


@pytest.mark.parametrize(
    "case", ["of another controller", "for outbound", "for another profile", "for another protocol"]
)
def test_a_management_rule_that_keeps_the_controller_out_is_made_right(repaired, case):
    done = repaired[f"management rule {case}"]

    assert done.outcome == "success", done.reason
    assert done.state_after["network"]["winrm_reachable"] is True
    rules = done.state_after["firewall"]["rules"]["PersistentStore"]
    assert [item for item in rules if item["Name"] == "HIPAA-Mgmt-In"] == [MANAGEMENT]
    assert done.changed_settings == {f"registry/HKLM\\{DOMAIN}/EnableFirewall", RULES}


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("cannot arm", "step 1"),
        ("cannot let in", "step 2"),
        ("cannot set", "step 3"),
        ("way back is lost", "step 3"),
        ("is off again", "validation profile_is_not_on"),
        ("way back is armed", "validation revert_is_armed"),
        ("host has gone back", "step 4"),
        ("does not last", STILL),
        *((f"does not last beside a rule {name}", STILL) for name in OLD_RULES),
    ],
)
def test_what_fails_or_did_not_help_is_taken_back(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("failure", reason)
    assert [ran.failure for _step, ran in done.rollback] == [None]
    assert done.changed_settings == set()


def test_without_a_way_back_nothing_is_turned_on(repaired):
    assert "Set-NetFirewallProfile" not in repaired["cannot arm"].calls
    # The one call is that of the way back.
    assert repaired["way back is lost"].calls.count("Set-NetFirewallProfile") == 1


def test_a_second_run_has_nothing_to_do(repaired):
    again = repaired["off and open"].again

    assert (again.outcome, again.reason) == ("refused", "already_good")
    assert again.changed_settings == set()


def test_the_way_back_leaves_alone_what_was_not_its_to_change(repaired, tmp_path, pwsh):
    done = repaired["others meanwhile"]
    others_meanwhile(done.kept["step:2"])

    alone = after(done.kept["step:2"], 11, tmp_path, str(pwsh))

    for state in (done.state_after, alone):
        assert state["registry"][f"HKLM\\{PRIVATE}"]["DefaultInboundAction"][1] == 1
        assert state["registry"][f"HKLM\\{DOMAIN}"]["EnableFirewall"][1] == 0
