# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes the encryption of a host compliant at rest, one line a rule."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from unit.checks.documents import NOW, leaf_paths, list_of, probe, without
from unit.checks.encryption_documents import (
    C_DEVICE,
    C_PASSWORD,
    C_VOLUME,
    D_DEVICE,
    D_PASSWORD,
    D_VOLUME,
    GONE_PASSWORD,
    codes,
    fixed,
    healthy,
    judge,
    policy,
    record,
    with_c,
)

OS_VOLUME_RULES = [
    pytest.param({}, "PASS", [], id="encrypted-and-protected"),
    pytest.param(
        {"conversion": 0, "protection": 0, "method": 0, "protectors": list_of()},
        "FAIL",
        ["os_volume_unencrypted"],
        id="decrypted",
    ),
    pytest.param(
        {"conversion": 2, "protection": 0, "percentage": 43},
        "WARNING",
        ["encryption_in_progress"],
        id="encrypting",
    ),
    pytest.param({"conversion": 4, "protection": 0}, "FAIL", ["encryption_paused"], id="paused"),
    pytest.param(
        {"conversion": 3, "protection": 0}, "FAIL", ["volume_decrypting"], id="decrypting"
    ),
    pytest.param({"protection": 0}, "FAIL", ["protection_suspended"], id="suspended-since-unknown"),
    pytest.param(
        {"protection": 0, "protectors": list_of()},
        "FAIL",
        ["protection_not_activated"],
        id="clear-key-from-the-factory",
    ),
    pytest.param({"protection": 2}, "WARNING", ["volume_locked"], id="locked"),
    pytest.param({"method": 5}, "FAIL", ["weak_method"], id="hardware-encryption"),
    pytest.param({"method": 1}, "FAIL", ["weak_method"], id="diffuser"),
    pytest.param({"method": 3}, "WARNING", ["method_outdated"], id="aes-128"),
    pytest.param({"method": 4294967295}, "FAIL", ["weak_method"], id="unknown-method"),
    pytest.param(
        {"protectors": list_of(1)}, "FAIL", ["no_recovery_password"], id="no-recovery-password"
    ),
    pytest.param({"protectors": list_of(2, 3)}, "WARNING", ["no_tpm_protector"], id="usb-key-only"),
    pytest.param({"protectors": None}, "ERROR", ["volume_unread"], id="protectors-unread"),
    pytest.param({"conversion": None}, "ERROR", ["volume_unread"], id="conversion-unread"),
]


@pytest.mark.parametrize(("change", "status", "expected"), OS_VOLUME_RULES)
def test_the_volume_of_windows_decides(change, status, expected):
    check = judge(with_c(**change))

    assert (check.status, codes(check)) == (status, expected)


def test_a_laptop_without_encryption_is_critical():
    probes = with_c(conversion=0, protection=0)

    check = judge(probes, computer={"is_portable": True})

    assert check.details["findings"][0]["severity"] == "CRITICAL"


def suspended(hours):
    at = (NOW - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    probes = with_c(protection=0)
    probes["events"]["value"] = list_of(
        *probes["events"]["value"]["items"], record("suspended", drive="C:", at=at)
    )
    return probes


@pytest.mark.parametrize(("hours", "status"), [(11, "WARNING"), (24, "WARNING"), (25, "FAIL")])
def test_a_suspension_may_last_a_day(hours, status):
    assert judge(suspended(hours)).status == status


def test_a_suspension_of_unknown_age_may_wait_for_a_reboot():
    probes = with_c(protection=0)
    probes["pending_reboot"] = probe({"servicing": True, "update": False})

    assert judge(probes).status == "WARNING"


def test_a_mounted_volume_that_bitlocker_does_not_list_is_unread():
    probes = healthy()
    probes["fixed_volumes"] = probe(
        list_of(fixed(C_DEVICE, "C:"), fixed(D_DEVICE, "D:"), fixed("\\\\?\\Volume{e}\\", "E:"))
    )

    assert codes(judge(probes)) == ["volume_unread"]


def test_the_volume_of_windows_is_judged_without_a_letter_too():
    probes = with_c(drive=None, protection=0, conversion=0, method=0, protectors=list_of())
    probes["fixed_volumes"] = probe(list_of(fixed(D_DEVICE, "D:")))

    check = judge(probes)

    assert check.status == "FAIL"
    assert "os_volume_unencrypted" in codes(check)


def test_a_list_of_volumes_without_that_of_windows_is_not_whole():
    check = judge(healthy() | {"fixed_volumes": probe(list_of())})

    assert (check.status, codes(check)) == ("WARNING", ["conflicting_evidence"])


def test_no_volume_at_all_never_passes():
    probes = healthy() | {"volumes": probe(list_of()), "fixed_volumes": probe(list_of())}

    assert judge(probes).status == "ERROR"


ABSENT = probe(state="absent", hresult="0x8004100E")
NAMESPACE_RULES = [
    pytest.param({"install_state": 2}, 3, "FAIL", "bitlocker_not_installed", id="server-without"),
    pytest.param({"install_state": None}, 3, "FAIL", "bitlocker_not_installed", id="core-without"),
    pytest.param({"install_state": 1}, 3, "ERROR", "probe_absent", id="installed-but-silent"),
    pytest.param({"install_state": 2}, 1, "ERROR", "probe_absent", id="client-always-has-it"),
]


@pytest.mark.parametrize(("feature", "product", "status", "code"), NAMESPACE_RULES)
def test_a_missing_namespace_proves_something_only_on_a_server(feature, product, status, code):
    probes = healthy() | {"volumes": ABSENT, "feature": probe(feature)}

    check = judge(probes, os={"product_type": product})

    assert (check.status, codes(check)[0]) == (status, code)


COMPENSATING = {"compensating": "hypervisor", "compensating_evidence": "VMENC-2025-07"}
COVER_RULES = [
    pytest.param(COMPENSATING, "PASS", id="hypervisor"),
    pytest.param(COMPENSATING | {"compensating_expires": "2025-11-04"}, "PASS", id="last-day"),
    pytest.param(COMPENSATING | {"compensating_expires": "2025-11-03"}, "FAIL", id="expired"),
    pytest.param(
        {"exception_reason": "Imaging console, replaced in May", "exception_expires": "2026-05-31"},
        "WARNING",
        id="exception",
    ),
    pytest.param({}, "FAIL", id="nothing"),
]


@pytest.mark.parametrize(("cover", "status"), COVER_RULES)
def test_a_site_can_cover_what_bitlocker_does_not(cover, status):
    probes = healthy() | {"volumes": ABSENT, "feature": probe({"install_state": 2})}

    assert judge(probes, policy(**cover)).status == status


def test_a_compensating_control_needs_a_proof():
    with pytest.raises(ValidationError, match="compensating_evidence"):
        policy(compensating="san")


@pytest.mark.parametrize(
    "change",
    [{"protection": 3}, {"protectors": list_of(), "recovery": list_of()}],
    ids=["unknown-number", "nothing-unlocks-it"],
)
def test_a_protection_that_cannot_be_is_none(change):
    check = judge(with_c(**change))

    assert (check.status, codes(check)) == ("ERROR", ["volume_unread"])


def test_a_suspension_that_is_still_to_come_has_no_age():
    assert judge(suspended(-72)).status == "FAIL"


AT_FIRST, LATER = "2025-02-01T10:00:00Z", "2025-10-01T10:00:00Z"
KEPT, REFUSED = "escrowed", "escrow_failed"
# What BitLocker recorded of the recovery passwords of C:, and what follows.
ESCROW_RULES = [
    pytest.param([record(KEPT, C_PASSWORD)], [], id="kept"),
    pytest.param([], ["escrow_unverified"], id="no-record-though-a-policy-demands-it"),
    pytest.param([record(KEPT, GONE_PASSWORD)], ["escrow_unverified"], id="another-was-kept"),
    pytest.param([record(KEPT, drive="C:")], [], id="kept-though-no-protector-is-named"),
    pytest.param([record(KEPT, drive="D:")], ["escrow_unverified"], id="another-volume"),
    pytest.param(
        [record(KEPT, drive="C:", at=LATER), record(REFUSED, C_PASSWORD, at=AT_FIRST)],
        ["escrow_failed"],
        id="the-protector-is-named-elsewhere",
    ),
    pytest.param([record("suspended", drive="C:")], ["escrow_unverified"], id="another-event"),
    pytest.param([record(REFUSED, C_PASSWORD)], ["escrow_failed"], id="refused"),
    pytest.param(
        [record(KEPT, C_PASSWORD, at=AT_FIRST), record(REFUSED, C_PASSWORD, at=LATER)],
        ["escrow_failed"],
        id="refused-later",
    ),
    pytest.param(
        [record(KEPT, C_PASSWORD, at=LATER), record(REFUSED, C_PASSWORD, at=AT_FIRST)],
        [],
        id="kept-later",
    ),
    pytest.param(
        [record(KEPT, C_PASSWORD), record(REFUSED, C_PASSWORD)], [], id="kept-in-the-same-second"
    ),
]


@pytest.mark.parametrize(("records", "found"), ESCROW_RULES)
def test_escrow_is_what_a_record_of_the_protector_shows(records, found):
    probes = healthy()
    probes["events"] = probe(list_of(*records, record(KEPT, D_PASSWORD)))

    assert codes(judge(probes)) == found


def test_one_recovery_password_that_is_kept_is_enough():
    probes = with_c(protectors=list_of(1, 3, 3), recovery=list_of(GONE_PASSWORD, C_PASSWORD))

    assert judge(probes).status == "PASS"


def test_a_site_may_attest_what_no_record_shows():
    probes = healthy()
    probes["events"] = probe(list_of())

    assert codes(judge(probes)) == ["escrow_unverified", "escrow_unverified"]
    assert judge(probes, policy(escrow_attested="KB-112")).status == "PASS"


def test_no_digest_of_a_protector_is_in_a_finding():
    probes = healthy()
    probes["events"] = probe(list_of(record(REFUSED, C_PASSWORD)))

    told = str(judge(probes).details)

    assert C_PASSWORD not in told
    assert D_PASSWORD not in told


@given(data=st.data())
def test_removing_any_fact_never_improves_the_verdict(data):
    sick = with_c(conversion=0, protection=0)
    probes = data.draw(st.sampled_from([healthy(), sick, suspended(25)]))
    path = data.draw(st.sampled_from(leaf_paths(probes)))

    before, after = judge(probes).status, judge(without(probes, path)).status

    assert not (after == "PASS" and before != "PASS")
    assert after != "PASS"


@given(order=st.permutations([0, 1]))
def test_the_order_of_volumes_changes_nothing(order):
    probes = with_c(method=3)
    items = probes["volumes"]["value"]["items"]
    probes["volumes"]["value"]["items"] = [items[index] for index in order]

    assert [item["scope"] for item in judge(probes).details["findings"]] == ["C:"]


def nameless(**change):
    return D_VOLUME | {"drive": None, "device_id": "\\\\?\\Volume{r}\\"} | change


DECRYPTED = {
    "conversion": 0,
    "protection": 0,
    "method": 0,
    "protectors": list_of(),
    "recovery": list_of(),
}


def test_a_partition_that_may_hold_no_data_is_no_proven_fault():
    probes = healthy() | {
        "volumes": probe(list_of(C_VOLUME, D_VOLUME, nameless(**DECRYPTED))),
        "fixed_volumes": probe(state="timeout"),
    }

    check = judge(probes)

    assert (check.status, codes(check)[0]) == ("ERROR", "volume_unread")


PORTABLE = {"is_portable": True, "is_virtual": False}
LAYERS = [
    pytest.param("hypervisor", PORTABLE, "FAIL", id="no-hypervisor-below-a-laptop"),
    pytest.param("san", PORTABLE, "FAIL", id="no-network-storage-below-a-laptop"),
    pytest.param("cloud_sse", PORTABLE, "FAIL", id="no-cloud-below-a-laptop"),
    pytest.param("sed", PORTABLE, "PASS", id="a-disk-that-encrypts"),
    pytest.param("hypervisor", PORTABLE | {"is_virtual": True}, "PASS", id="virtual"),
    pytest.param("hypervisor", {}, "PASS", id="in-a-rack"),
]


@pytest.mark.parametrize(("layer", "computer", "status"), LAYERS)
def test_what_encrypts_below_windows_is_not_below_a_laptop(layer, computer, status):
    rules = policy(compensating=layer, compensating_evidence="CHG-1")
    probes = healthy()
    probes["volumes"] = probe(list_of(C_VOLUME | DECRYPTED, D_VOLUME))

    check = judge(probes, rules, computer=computer)

    assert check.status == status
    assert ("conflicting_evidence" in codes(check)) == (status == "FAIL")
