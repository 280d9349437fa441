# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a Windows firewall compliant, one line a rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.checks.firewall import (
    judge_firewall,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.firewall import (
    FirewallFacts,
    FirewallPolicy,
)
from unit.checks.documents import NOW, document, leaf_paths, list_of, probe, without

POLICY = FirewallPolicy(
    hipaa_controls=("164.312(e)(1)",),
    clock_skew_warn_seconds=300,
    clock_skew_error_seconds=86400,
    profiles_required=("domain", "private", "public"),
    inbound="block",
    outbound="allow",
    log_max_kb=16384,
    log_blocked_required=True,
    broad_rules_max=0,
    forbidden_inbound_ports=(3389,),
    accepted_third_party=(),
)
PROFILE = {
    "enabled": "on",
    "inbound": "block",
    "outbound": "allow",
    "log_blocked": "on",
    "log_allowed": "on",
    "log_max_kb": 16384,
    "allow_local_rules": "off",
    "excluded_interfaces": 0,
}
SETTING = {
    "policy_enabled": None,
    "policy_inbound": None,
    "policy_log_blocked": None,
    "policy_log_max_kb": None,
    "local_enabled": 1,
    "local_inbound": 1,
}
SERVICE = {"exists": True, "state": "Running", "start_mode": "Auto", "exit_code": 0}
NAMES = ("domain", "private", "public")
BROAD = {
    "name": "Allow all",
    "profiles": 0,
    "protocol": "Any",
    "ports": ["Any"],
    "any_port": True,
    "any_remote": True,
    "any_program": True,
}


def healthy():
    return {
        "profiles": probe(list_of(*({"name": name, **PROFILE} for name in NAMES))),
        "settings": probe(list_of(*({"name": name, **SETTING} for name in NAMES))),
        "services": probe(list_of(*({"name": name, **SERVICE} for name in ("MpsSvc", "BFE")))),
        "policy_state": probe({"current_profiles": 1, "modify_state": 0}),
        "connections": probe(list_of({"interface_index": 6, "category": "domain"})),
        "products": probe(list_of()),
        "security_center": probe(state="absent", hresult="0x8004100E"),
        "rules": probe(list_of()),
    }


def judge(probes, policy=POLICY, **host):
    return judge_firewall(FirewallFacts.parse(document("firewall", probes, **host)), policy, NOW)


def codes(check):
    return [item["code"] for item in check.details["findings"] if item["status"] != "PASS"]


def with_domain(**change):
    probes = healthy()
    probes["profiles"]["value"]["items"][0] |= change
    return probes


PROFILE_RULES = [
    pytest.param({}, "PASS", [], id="all-on-and-blocking"),
    pytest.param({"enabled": "off"}, "FAIL", ["active_profile_disabled"], id="active-one-off"),
    pytest.param(
        {"enabled": "not_configured"}, "FAIL", ["active_profile_disabled"], id="not-configured"
    ),
    pytest.param({"inbound": "allow"}, "FAIL", ["inbound_allowed"], id="open"),
    pytest.param({"inbound": "not_configured"}, "PASS", [], id="default-action-blocks"),
    pytest.param({"log_blocked": "off"}, "WARNING", ["log_blocked_off"], id="no-log"),
    pytest.param({"log_max_kb": 16383}, "WARNING", ["log_too_small"], id="log-one-too-small"),
    pytest.param({"log_allowed": "off"}, "PASS", [], id="allowed-log-is-information"),
    pytest.param(
        {"enabled": 1}, "WARNING", ["profiles_from_registry"], id="garbage-leaves-the-fallback"
    ),
]


@pytest.mark.parametrize(("change", "status", "expected"), PROFILE_RULES)
def test_one_profile_decides(change, status, expected):
    check = judge(with_domain(**change))

    assert (check.status, codes(check)) == (status, expected)


def test_a_profile_that_is_not_active_fails_less_severely():
    probes = healthy()
    probes["profiles"]["value"]["items"][2]["enabled"] = "off"

    check = judge(probes)

    assert codes(check) == ["inactive_profile_disabled"]
    assert check.details["findings"][0]["severity"] == "MEDIUM"


def test_a_required_profile_that_is_not_reported_is_an_error():
    probes = healthy()
    probes["profiles"] = probe(list_of({"name": "domain", **PROFILE}))

    assert codes(judge(probes)) == ["profile_unread", "profile_unread"]


def test_a_group_policy_owner_leaves_nothing_to_repair():
    probes = with_domain(enabled="off")
    probes["settings"]["value"]["items"][0]["policy_enabled"] = 0

    check = judge(probes)

    assert check.details["findings"][0]["gpo_managed"] is True
    assert check.remediation_available is False


def test_a_policy_key_on_a_workgroup_host_is_its_own():
    probes = with_domain(enabled="off")
    probes["settings"]["value"]["items"][0]["policy_enabled"] = 0

    check = judge(probes, computer={"part_of_domain": False, "domain_role": 2})

    assert check.remediation_available is True


def test_a_stopped_service_fails_although_the_registry_says_on():
    probes = healthy() | {"profiles": probe(state="error", hresult="0x800706D9")}
    probes["services"]["value"]["items"][0]["state"] = "Stopped"

    check = judge(probes)

    assert (check.status, codes(check)[0]) == ("FAIL", "firewall_service_down")


def test_the_registry_alone_never_passes():
    probes = healthy() | {"profiles": probe(state="timeout")}

    assert codes(judge(probes)) == ["profiles_from_registry"]


OWNER = {"name": "Sophos Firewall", "categories": [2]}


@pytest.mark.parametrize(
    ("accepted", "status"), [((), "WARNING"), (("sophos",), "PASS")], ids=["unknown", "accepted"]
)
def test_another_firewall_counts_when_the_site_accepts_it(accepted, status):
    probes = healthy() | {"products": probe(list_of(OWNER))}
    for profile in probes["profiles"]["value"]["items"]:
        profile["enabled"] = "off"

    check = judge(probes, POLICY.model_copy(update={"accepted_third_party": accepted}))

    assert check.status == status


def test_another_firewall_that_is_switched_off_protects_nobody():
    off = probe(list_of({"name": "Sophos Firewall", "product_state": 0x0000}))
    probes = healthy() | {"products": probe(list_of(OWNER)), "security_center": off}
    for profile in probes["profiles"]["value"]["items"]:
        profile["enabled"] = "off"

    check = judge(probes, POLICY.model_copy(update={"accepted_third_party": ("sophos",)}))

    assert check.status == "FAIL"


def switched_off():
    probes = healthy()
    for profile in probes["profiles"]["value"]["items"]:
        profile["enabled"] = "off"
    return probes


SOPHOS = POLICY.model_copy(update={"accepted_third_party": ("sophos",)})
CENTER = [
    pytest.param([("Sophos Firewall", 0x1000)], "PASS", id="on"),
    pytest.param([("SOPHOS FIREWALL", 0x0000)], "FAIL", id="off-in-other-letters"),
    pytest.param([("Sophos Endpoint", 0x0000)], "WARNING", id="off-under-another-name"),
    pytest.param([(None, 0x0000)], "WARNING", id="off-without-a-name"),
    pytest.param([], "WARNING", id="none-at-all"),
    pytest.param([("Sophos Endpoint", 0x0000), ("Other", 0x1000)], "PASS", id="another-is-on"),
]


@pytest.mark.parametrize(("listed", "status"), CENTER)
def test_a_client_whose_security_center_knows_no_firewall_that_is_on(listed, status):
    items = [{"name": name, "product_state": state} for name, state in listed]
    probes = switched_off() | {
        "products": probe(list_of(OWNER)),
        "security_center": probe(list_of(*items)),
    }

    assert judge(probes, SOPHOS).status == status


def test_another_firewall_whose_registration_was_not_read_is_no_proven_fault():
    probes = switched_off() | {"products": probe(state="timeout")}
    listed = list_of({"name": "Sophos Firewall", "product_state": 0x1000})

    check = judge(probes | {"security_center": probe(listed)}, SOPHOS)

    assert (check.status, codes(check)) == ("ERROR", ["probe_timeout"])
    assert judge(probes, SOPHOS).status == "FAIL"


def test_another_firewall_needs_the_filtering_engine():
    probes = switched_off() | {"products": probe(list_of(OWNER))}
    for service in probes["services"]["value"]["items"]:
        service |= {"state": "Stopped", "start_mode": "Disabled"}

    check = judge(probes, SOPHOS)

    findings = [item["scope"] for item in check.details["findings"] if item["status"] == "FAIL"]
    assert (codes(check), findings) == (["firewall_service_down"], ["BFE"])


@pytest.mark.parametrize("word", ["RPCEPMap", "RPC-EPMap", "rpcepmap"])
def test_the_endpoint_mapper_is_a_port_by_its_word(word):
    rule = BROAD | {"any_port": False, "any_program": False, "protocol": "TCP", "ports": [word]}
    probes = healthy() | {"rules": probe(list_of(rule))}

    forbidden = POLICY.model_copy(update={"forbidden_inbound_ports": (135,)})

    assert codes(judge(probes, forbidden)) == ["forbidden_port_open"]
    assert codes(judge(probes)) == []


def test_another_firewall_explains_only_profiles_that_are_seen_off():
    probes = healthy() | {"products": probe(list_of(OWNER))}
    probes["profiles"] = probe(list_of({"name": "domain", **PROFILE, "enabled": "off"}))

    check = judge(probes, POLICY.model_copy(update={"accepted_third_party": ("sophos",)}))

    assert codes(check) == ["active_profile_disabled", "profile_unread", "profile_unread"]


def test_no_profile_at_all_is_no_profile_that_is_off():
    probes = healthy() | {"products": probe(list_of(OWNER)), "profiles": probe(list_of())}

    check = judge(probes, POLICY.model_copy(update={"accepted_third_party": ("sophos",)}))

    assert check.status == "ERROR"


def test_a_profile_does_not_protect_the_interfaces_that_it_leaves_out():
    check = judge(with_domain(excluded_interfaces=2))

    assert (check.status, codes(check)) == ("WARNING", ["interface_excluded"])


@pytest.mark.parametrize("mode", ["Disabled", "Manual", None])
def test_a_service_that_runs_until_the_next_restart_is_a_warning(mode):
    probes = healthy()
    probes["services"]["value"]["items"][0]["start_mode"] = mode

    assert codes(judge(probes)) == ["firewall_start_mode"]


@pytest.mark.parametrize("key", ["policy_inbound", "local_inbound"])
def test_the_registry_proves_that_inbound_connections_are_allowed(key):
    probes = healthy() | {"profiles": probe(state="timeout")}
    probes["settings"]["value"]["items"][2][key] = 0

    check = judge(probes)

    assert check.status == "FAIL"
    assert codes(check)[0] == "inbound_allowed"
    assert check.details["findings"][0]["gpo_managed"] is (key == "policy_inbound")


def test_a_profile_that_is_off_is_told_before_what_it_would_let_in():
    probes = healthy() | {"profiles": probe(state="timeout")}
    probes["settings"]["value"]["items"][2] |= {"policy_enabled": 0, "policy_inbound": 1}

    assert codes(judge(probes)) == ["inactive_profile_disabled", "probe_timeout"]


RULES = [
    pytest.param({}, ["broad_allow_rule"], id="any-to-any"),
    pytest.param({"protocol": "ICMPv4"}, [], id="ping-opens-no-port"),
    pytest.param({"any_program": False}, [], id="one-program"),
    pytest.param(
        {"any_port": False, "protocol": "TCP", "ports": ["3389"]},
        ["forbidden_port_open"],
        id="remote-desktop-on-public",
    ),
    pytest.param(
        {"any_port": False, "protocol": "TCP", "ports": ["443", "3000-4000"]},
        ["forbidden_port_open"],
        id="remote-desktop-within-a-range",
    ),
    pytest.param(
        {"any_port": False, "protocol": "TCP", "ports": ["3390-4000", "RPC", "RPC-EPMap"]},
        [],
        id="a-range-beside-it",
    ),
    pytest.param(
        {"any_port": False, "protocol": "TCP", "ports": ["3389"], "profiles": 3},
        [],
        id="remote-desktop-not-on-public",
    ),
]


@pytest.mark.parametrize(("change", "expected"), RULES)
def test_rules_that_open_much_are_named(change, expected):
    assert codes(judge(healthy() | {"rules": probe(list_of(BROAD | change))})) == expected


def test_a_domain_member_on_a_public_network_is_a_warning():
    public = probe(list_of({"interface_index": 6, "category": "public"}))

    assert codes(judge(healthy() | {"connections": public})) == ["wrong_network_category"]


@given(data=st.data())
def test_removing_any_fact_never_improves_the_verdict(data):
    probes = data.draw(st.sampled_from([healthy(), with_domain(enabled="off")]))
    path = data.draw(st.sampled_from(leaf_paths(probes)))

    before, after = judge(probes).status, judge(without(probes, path)).status

    assert not (after == "PASS" and before != "PASS")
    # What is removed from a healthy host is noticed, unless it is absent by nature.
    assert after != "PASS" or path[0] == "security_center"


@given(order=st.permutations(NAMES))
def test_the_order_of_a_list_changes_nothing(order):
    probes = healthy()
    items = probes["profiles"]["value"]["items"]
    items[1]["log_blocked"] = "off"
    items.sort(key=lambda item: order.index(item["name"]))

    assert judge(probes).details["findings"] == [
        {
            "code": "log_blocked_off",
            "status": "WARNING",
            "severity": "LOW",
            "message": "blocked packets are not logged",
            "scope": "private",
            "observed": "off",
            "expected": "on",
            "gpo_managed": False,
        }
    ]
