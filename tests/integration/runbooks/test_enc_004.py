# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies RB-WIN-ENC-004: SSL and old TLS go off on the server side, and TLS 1.2 stays on."""

import pytest

from integration.runbooks.cases import host, readonly, registry, service
from lab.repairing import Repair, Repaired
from lab.windows.states import State
from lab.windows.states.registry import string

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("RB-WIN-ENC-004")]
RUNBOOK = "RB-WIN-ENC-004"
MEMBER = "healthy-2022-member"
ROOT = r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols"
NET = r"SOFTWARE\Microsoft\.NETFramework\v4.0.30319"
NET32 = r"SOFTWARE\Wow6432Node\Microsoft\.NETFramework\v4.0.30319"
REBOOT = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending"
SQL = r"HKLM\SOFTWARE\Microsoft\Microsoft SQL Server"


def server(name: str, **values: int | None):
    return registry(rf"{ROOT}\{name}\Server", **values)


def path(name: str, value: str) -> str:
    return f"registry/HKLM\\{ROOT}\\{name}\\Server/{value}"


def reboot_pending(state: State) -> None:
    state["registry"][REBOOT] = {}


def sql_server(version: str):
    def edit(state: State) -> None:
        state["registry"][rf"{SQL}\Instance Names\SQL"] = {"EHR": string("MSSQL.EHR")}
        state["registry"][rf"{SQL}\MSSQL.EHR\Setup"] = {"Version": string(version)}

    return edit


SSL_ON = server("SSL 3.0", Enabled=1, DisabledByDefault=0)
OLD_ON = server("TLS 1.0", Enabled=0xFFFFFFFF, DisabledByDefault=0)
UNSET = server("TLS 1.1", Enabled=None, DisabledByDefault=None)
MODERN_OFF = server("TLS 1.2", Enabled=0, DisabledByDefault=1)
WRONG = host(MEMBER, SSL_ON, OLD_ON, UNSET, MODERN_OFF)


def others_meanwhile(state: State) -> None:
    """Have TLS 1.0 come back, and somebody else switch TLS 1.1 off."""
    OLD_ON(state)
    server("TLS 1.1", Enabled=0, DisabledByDefault=1)(state)


REPAIRS = [
    Repair("all wrong", WRONG, RUNBOOK, twice=True),
    Repair("by default", host("encryption-U9"), RUNBOOK),
    Repair("new sql server", host(MEMBER, OLD_ON, sql_server("16.0.4105.2")), RUNBOOK),
    Repair("healthy", host(MEMBER), RUNBOOK),
    Repair("pending reboot", host(MEMBER, OLD_ON, reboot_pending), RUNBOOK),
    Repair("cluster", host(MEMBER, OLD_ON, service("ClusSvc")), RUNBOOK),
    Repair("old sql server", host(MEMBER, OLD_ON, sql_server("12.0.6024.0")), RUNBOOK),
    Repair(
        "second write fails",
        host(MEMBER, SSL_ON, OLD_ON, readonly(rf"HKLM\{ROOT}\TLS 1.0")),
        RUNBOOK,
    ),
    Repair(
        "others meanwhile",
        host(MEMBER, OLD_ON, UNSET),
        RUNBOOK,
        {"by_default": []},
        before={"validation": others_meanwhile},
    ),
    Repair("does not last", WRONG, RUNBOOK, before={"recheck": OLD_ON}),
]
CODES = {"ssl_enabled", "legacy_tls_enabled", "tls10_enabled_default", "tls12_disabled"}


def registry_values(done: Repaired) -> set[str]:
    """Return the registry values that changed, without those that a restart itself clears."""
    return {
        item
        for item in done.changed_settings
        if item.startswith("registry/") and "PendingFileRenameOperations" not in item
    }


def test_old_protocols_are_off_and_tls_1_2_is_on(repaired):
    done = repaired["all wrong"]

    assert done.outcome == "success", done.reason
    assert done.codes_before >= CODES
    assert not done.codes_after & CODES
    protocols = {
        name: done.state_after["registry"][rf"HKLM\{ROOT}\{name}\Server"]["Enabled"][1]
        for name in ("SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2")
    }
    assert protocols == {"SSL 3.0": 0, "TLS 1.0": 0, "TLS 1.1": 0, "TLS 1.2": 1}


def test_nothing_but_these_protocols_and_net_changes(repaired):
    settings = registry_values(repaired["all wrong"])
    net = {item for item in settings if ".NETFramework" in item}

    assert settings - net == {
        path(name, value)
        for name in ("SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2")
        for value in ("Enabled", "DisabledByDefault")
    }
    assert {item.rsplit("/", 1)[0] for item in net} <= {
        f"registry/HKLM\\{NET}",
        f"registry/HKLM\\{NET32}",
    }


def test_the_host_is_restarted_once(repaired):
    before, after = (repaired["all wrong"].state_before, repaired["all wrong"].state_after)

    assert after["reboot"].get("boots", 0) - before["reboot"].get("boots", 0) == 1


@pytest.mark.parametrize("case", ["by default", "new sql server"])
def test_the_check_proves_it(repaired, case):
    done = repaired[case]

    assert done.outcome in {"success", "partial"}, done.reason
    assert done.codes_before & CODES
    assert not done.codes_after & CODES


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("healthy", "already_good"),
        ("pending reboot", "pending_reboot"),
        ("cluster", "cluster_node"),
        ("old sql server", "old_sql_server"),
    ],
)
def test_it_refuses_and_changes_nothing(repaired, case, reason):
    done = repaired[case]

    assert (done.outcome, done.reason) == ("refused", reason)
    assert done.changed_settings == set()
    assert done.calls == []


@pytest.mark.parametrize("case", ["second write fails", "does not last"])
def test_what_fails_or_did_not_help_is_taken_back(repaired, case):
    done = repaired[case]

    assert done.outcome == "failure"
    assert [ran.failure for _step, ran in done.rollback] == [None]
    assert registry_values(done) == set()


def test_the_way_back_leaves_alone_what_was_not_its_to_change(repaired):
    done = repaired["others meanwhile"]

    assert done.outcome == "failure"
    assert registry_values(done) == {
        path("TLS 1.1", "Enabled"),
        path("TLS 1.1", "DisabledByDefault"),
    }


def test_a_second_run_has_nothing_to_do(repaired):
    again = repaired["all wrong"].again

    assert (again.outcome, again.reason) == ("refused", "already_good")
    assert again.changed_settings == set()
