# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes the encryption of a host compliant on the wire, one line a rule."""

import pytest

from unit.checks.documents import list_of, probe
from unit.checks.encryption_documents import (
    codes,
    healthy,
    judge,
    policy,
)


def test_tls_12_that_nobody_is_offered_is_off():
    probes = healthy()
    probes["protocols"]["value"]["items"][4] |= {"enabled": None, "disabled_by_default": 1}

    assert codes(judge(probes)) == ["tls12_disabled"]


@pytest.mark.parametrize(
    ("reject", "found"), [(True, []), (None, []), (False, ["share_not_encrypted"])]
)
def test_encryption_that_a_client_may_decline_is_none(reject, found):
    probes = healthy() | {"shares": probe(list_of({"name": "Scans", "encrypt_data": True}))}
    probes["smb"]["value"]["reject_unencrypted"] = reject

    assert codes(judge(probes, policy(ephi_shares=("Scans",)))) == found


TRANSIT_RULES = [
    pytest.param("protocols", 0, {"enabled": 1}, "FAIL", "ssl_enabled", id="ssl2"),
    pytest.param(
        "protocols", 1, {"enabled": 4294967295}, "FAIL", "ssl_enabled", id="ssl3-all-bits"
    ),
    pytest.param("protocols", 1, {"enabled": None}, "PASS", None, id="ssl3-is-off-by-default"),
    pytest.param(
        "protocols", 2, {"enabled": None}, "WARNING", "tls10_enabled_default", id="tls10-default"
    ),
    pytest.param("protocols", 3, {"enabled": 1}, "WARNING", "legacy_tls_enabled", id="tls11-on"),
    pytest.param("protocols", 4, {"enabled": 0}, "FAIL", "tls12_disabled", id="tls12-off"),
    pytest.param("smb", None, {"smb1": True}, "FAIL", "smb1_enabled", id="smb1"),
    pytest.param(
        "smb",
        None,
        {"signing_required": False},
        "WARNING",
        "smb_signing_not_required",
        id="signing",
    ),
    pytest.param("remote_desktop", None, {"network_level": 0}, "WARNING", "rdp_nla_off", id="nla"),
    pytest.param(
        "remote_desktop", None, {"network_level": 0, "denied": 1}, "PASS", None, id="rdp-is-off"
    ),
    pytest.param(
        "remote_desktop",
        None,
        {"security_layer": 1, "policy_security_layer": 2},
        "PASS",
        None,
        id="rdp-policy-wins",
    ),
    pytest.param("winrm", None, {"policy_unencrypted": 1}, "FAIL", "winrm_unencrypted", id="winrm"),
    pytest.param(
        "winrm", None, {"local_unencrypted": 1}, "PASS", None, id="winrm-policy-wins-over-local"
    ),
]


@pytest.mark.parametrize(("source", "index", "change", "status", "code"), TRANSIT_RULES)
def test_transit_is_judged_by_what_is_in_force(source, index, change, status, code):
    probes = healthy()
    value = probes[source]["value"]
    target = value if index is None else value["items"][index]
    target |= change

    check = judge(probes)

    assert (check.status, codes(check)) == (status, [code] if code else [])


def test_smb_falls_back_to_the_registry_with_a_warning():
    probes = healthy() | {"smb": probe(state="timeout")}

    assert codes(judge(probes)) == ["probe_timeout"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["clear-first", "clear-last"])
def test_every_share_of_a_name_must_encrypt(order):
    # On a cluster each role has shares of its own, and two of them may have one name.
    shares = [{"name": "Charts", "encrypt_data": False}, {"name": "charts", "encrypt_data": True}]
    probes = healthy() | {"shares": probe(list_of(*(shares[index] for index in order)))}

    assert codes(judge(probes, policy(ephi_shares=("charts",)))) == ["share_not_encrypted"]


def test_a_share_with_ephi_must_encrypt():
    probes = healthy() | {"shares": probe(list_of({"name": "Scans", "encrypt_data": False}))}

    check = judge(probes, policy(ephi_shares=("scans", "Charts")))

    assert codes(check) == ["share_not_encrypted", "share_missing"]


@pytest.mark.parametrize(
    ("in_registry", "expected"), [(1, ["conflicting_evidence"]), (0, []), (None, [])]
)
def test_an_old_protocol_that_comes_back_with_a_restart_is_told(in_registry, expected):
    probes = healthy() | {"smb_registry": probe({"smb1": in_registry, "signing_required": 1})}

    assert codes(judge(probes)) == expected
