# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies what is observed on hosts that no scenario has: odd, and no error of any source.

Each is the healthy member but for one edit. The fault matrix breaks sources; here they all answer,
with what a collector could take for something else.
"""

import copy

import pytest

from integration.chain import Collection, from_json, observe, to_json
from integration.scenarios import frozen_states

pytestmark = pytest.mark.engine
MEMBER = "healthy-2022-member"
POLICIES = r"HKLM\SOFTWARE\Policies\Microsoft"
FIREWALL_POLICY = rf"{POLICIES}\WindowsFirewall"
SECURITY_UPDATES = "0fa1201d-4330-4fa8-8ae9-b877473b6441"


def update(**change):
    """Return a missing cumulative update that nobody rated; most of them are not."""
    return {
        "UpdateID": "5f0f9d3e-0000-4000-8000-000000000001",
        "Title": "2025-10 Cumulative Update (KB5066782)",
        "KB": ["5066782"],
        "LastDeploymentChangeTime": "2025-10-14T00:00:00Z",
        "CategoryIDs": [SECURITY_UPDATES],
    } | change


def missing_updates(*updates):
    def edit(state):
        state["com"]["wua"]["search"]["Updates"] = list(updates)

    return edit


def registry(*settings):
    """Each setting: key, name and number."""

    def edit(state):
        for key, name, number in settings:
            state["registry"].setdefault(key, {})[name] = ["REG_DWORD", number]

    return edit


# Name -> check, edit.
CASES = {
    "unrated-update": ("patching", missing_updates(update())),
    "unrated-beside-rated-update": (
        "patching",
        missing_updates(
            update(),
            update(
                UpdateID="5f0f9d3e-0000-4000-8000-000000000002",
                KB=["5066700"],
                MsrcSeverity="Important",
                LastDeploymentChangeTime="2025-11-01T00:00:00Z",
            ),
        ),
    ),
    "update-without-article-or-category": (
        "patching",
        missing_updates(update(KB=[], CategoryIDs=[], MsrcSeverity="Critical")),
    ),
    "private-policy": (
        "firewall",
        registry(
            (rf"{FIREWALL_POLICY}\PrivateProfile", "EnableFirewall", 0),
            (rf"{FIREWALL_POLICY}\PrivateProfile", "DefaultInboundAction", 0),
            (rf"{FIREWALL_POLICY}\PrivateProfile\Logging", "LogFileSize", 1024),
            (rf"{FIREWALL_POLICY}\PrivateProfile\Logging", "LogDroppedPackets", 0),
        ),
    ),
    "legacy-private-policy": (
        "firewall",
        registry((rf"{FIREWALL_POLICY}\StandardProfile", "EnableFirewall", 0)),
    ),
    # The legacy policy asks for on, and the newer one wins.
    "both-private-policies": (
        "firewall",
        registry(
            (rf"{FIREWALL_POLICY}\StandardProfile", "EnableFirewall", 1),
            (rf"{FIREWALL_POLICY}\PrivateProfile", "EnableFirewall", 0),
        ),
    ),
}


def rule(**change):
    """Return an edit that lets something in on every profile."""

    def edit(state):
        state["firewall"]["rules"]["PersistentStore"].append(
            {
                "Name": "Odd-In",
                "DisplayName": "Odd",
                "Enabled": 1,
                "Direction": 1,
                "Action": 2,
                "Profile": 0,
                "Protocol": "TCP",
                "LocalPort": "3000-4000",
                "RemotePort": "Any",
                "LocalAddress": "Any",
                "RemoteAddress": "Any",
                "Program": "Any",
            }
            | change
        )

    return edit


def excluded(state):
    key = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
    state["registry"][rf"{key}\DomainProfile"]["DisabledInterfaces"] = ["REG_SZ", "Ethernet,VPN"]


def bitlocker_records(change):
    """Return an edit that makes *change* of the records of escrow."""

    def edit(state):
        log = state["eventlogs"]["Microsoft-Windows-BitLocker/BitLocker Management"]
        log["records"] = [record | change(record) for record in log["records"]]

    return edit


def of_another_protector(record):
    return {"Data": record["Data"] | {"ProtectorGUID": "{00000000-0000-4000-8000-000000000001}"}}


def upper_case_and_bare(record):
    bare = record["Data"]["ProtectorGUID"].strip("{}").lower()
    return {"Data": record["Data"] | {"ProtectorGUID": bare}}


def applied_policy(state):
    """Audit records were lost, and a policy that was applied afterwards wrote 25 changes."""
    lost = {"TimeCreated": "2025-11-04T05:00:00Z", "Id": 1101}
    changes = [
        {"TimeCreated": f"2025-11-04T08:{minute:02}:00Z", "Id": 4719} for minute in range(25)
    ]
    source = {"ProviderName": "Microsoft-Windows-Security-Auditing", "Level": 0, "Data": {}}
    state["eventlogs"]["Security"]["records"] += [source | item for item in (lost, *changes)]


CASES |= {
    "endpoint-mapper": ("firewall", rule(LocalPort="RPCEPMap")),
    "lost-records-behind-changes": ("logging", applied_policy),
    "hidden-update": ("patching", missing_updates(update(IsHidden=True))),
    "port-range": ("firewall", rule()),
    "range-beside": ("firewall", rule(LocalPort="3390-4000")),
    "whole-internet": ("firewall", rule(LocalPort="3389", RemoteAddress="0.0.0.0/0.0.0.0")),
    "one-subnet": ("firewall", rule(LocalPort="3389", RemoteAddress="10.0.0.0/255.0.0.0")),
    "excluded-interfaces": ("firewall", excluded),
    # The policy that demands a backup is there.
    "escrow-of-another": ("encryption", bitlocker_records(of_another_protector)),
    "escrow-written-otherwise": ("encryption", bitlocker_records(upper_case_and_bare)),
    "already-in-the-directory": ("encryption", bitlocker_records(lambda _: {"Id": 783})),
    "directory-refused": ("encryption", bitlocker_records(lambda _: {"Id": 785})),
}
# Case -> status and codes.
VERDICTS = {
    "endpoint-mapper": ("WARNING", {"forbidden_port_open"}),
    "lost-records-behind-changes": ("WARNING", {"events_dropped"}),
    "hidden-update": ("FAIL", {"update_hidden"}),
    "port-range": ("WARNING", {"forbidden_port_open"}),
    "range-beside": ("PASS", set()),
    "whole-internet": ("WARNING", {"forbidden_port_open"}),
    "one-subnet": ("PASS", set()),
    "excluded-interfaces": ("WARNING", {"interface_excluded"}),
    "escrow-of-another": ("WARNING", {"escrow_unverified"}),
    "escrow-written-otherwise": ("PASS", set()),
    "already-in-the-directory": ("PASS", set()),
    "directory-refused": ("WARNING", {"escrow_failed"}),
}


@pytest.fixture(scope="module")
def verdict(once, engine_settings, tmp_path_factory):
    """Return a function that gives the verdict of a case; all run at its first use."""

    def compute():
        collections = []
        for name, (check, edit) in CASES.items():
            state = copy.deepcopy(frozen_states()[MEMBER])
            edit(state)
            collections.append(Collection(name, state, (check,)))
        return to_json(observe(engine_settings, tmp_path_factory.mktemp("rare"), collections))

    found = from_json(once("rare-states", compute))
    return lambda name: found[name][CASES[name][0]]


def owned(verdict, scope):
    """Return whether a policy owns each fault of *scope*, by code."""
    return {
        item["code"]: item["gpo_managed"]
        for item in verdict.findings
        if item["scope"] == scope and item["status"] != "PASS"
    }


def test_an_update_without_a_rating_is_judged_as_the_policy_says(verdict):
    found = verdict("unrated-update")

    assert found.probes["search"] == "ok"
    assert (found.status, found.concerns) == ("FAIL", {"critical_update_overdue"})


def test_an_update_without_a_rating_does_not_hide_the_others(verdict):
    found = verdict("unrated-beside-rated-update")

    waiting = [item["observed"] for item in found.findings if item["code"] == "updates_waiting"]
    assert found.concerns == {"critical_update_overdue"}
    assert waiting == [["KB5066700"]]


def test_an_update_may_lack_article_and_category(verdict):
    found = verdict("update-without-article-or-category")

    assert (found.status, found.concerns) == ("FAIL", {"critical_update_overdue"})


def test_the_policy_of_the_private_profile_owns_its_settings(verdict):
    assert owned(verdict("private-policy"), "private") == {
        "inactive_profile_disabled": True,
        "inbound_allowed": True,
        "log_too_small": True,
        "log_blocked_off": True,
    }


@pytest.mark.parametrize("name", ["legacy-private-policy", "both-private-policies"])
def test_a_legacy_policy_owns_them_as_well(verdict, name):
    assert owned(verdict(name), "private") == {"inactive_profile_disabled": True}


@pytest.mark.parametrize("name", VERDICTS)
def test_what_a_collector_could_overlook_is_judged(verdict, name):
    found = verdict(name)

    assert (found.status, found.concerns) == VERDICTS[name]
