# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes Windows audit policy and event logs compliant, one line a rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.checks.documents import leaf_paths, list_of, probe, without
from unit.checks.logging_documents import (
    MEMBER,
    audited,
    cleared,
    codes,
    forwarded,
    healthy,
    judge,
    policy,
    silent,
    with_item,
    with_value,
)


def test_a_healthy_host_passes_without_a_finding():
    check = judge(healthy())

    assert (check.status, check.details["findings"]) == ("PASS", [])


AUDIT = [
    pytest.param("15", 3, "PASS", id="logon-both"),
    pytest.param("15", 1, "FAIL", id="logon-success-only"),
    pytest.param("15", 0, "FAIL", id="logon-unchanged-is-none"),
    pytest.param("15", 4, "FAIL", id="logon-none"),
    pytest.param("16", 1, "PASS", id="logoff-needs-success"),
    pytest.param("16", 2, "FAIL", id="logoff-failure-is-not-success"),
    pytest.param("17", 2, "PASS", id="lockout-needs-failure"),
    pytest.param("3F", 0, "FAIL", id="credential-validation"),
    pytest.param("24", 0, "WARNING", id="file-share-is-not-core"),
    pytest.param("2B", 0, "WARNING", id="process-creation-is-not-core"),
    pytest.param("15", 9, "ERROR", id="a-mask-that-windows-lacks"),
]


@pytest.mark.parametrize(("number", "value", "status"), AUDIT)
def test_the_core_of_the_audit_baseline_fails_and_the_rest_warns(number, value, status):
    assert judge(audited(number, value)).status == status


def test_a_subcategory_that_is_not_reported_is_an_error():
    audit = healthy()["audit_policy"]
    items = audit["value"]["settings"]["items"][1:]
    audit["value"]["settings"] = list_of(*items)

    assert codes(judge(healthy() | {"audit_policy": audit})) == ["audit_subcategory_unread"]


def test_a_domain_controller_needs_kerberos_and_directory_auditing():
    check = judge(healthy(), os={"product_type": 2})

    assert codes(check) == ["audit_subcategory_unread"] * 7


def test_a_group_policy_that_sets_the_subcategory_leaves_nothing_to_repair():
    probes = audited("15", 1)
    guids = list_of("0CCE9215-69AE-11D9-BED3-505054503030")
    probes["audit_owner"] = probe({"policy_guids": guids, "mdm_values": 0})

    check = judge(probes)

    assert check.details["findings"][0]["gpo_managed"] is True
    assert check.remediation_available is False


def test_a_local_policy_on_a_workgroup_host_is_its_own():
    probes = audited("15", 1)
    guids = list_of("0CCE9215-69AE-11D9-BED3-505054503030")
    probes["audit_owner"] = probe({"policy_guids": guids, "mdm_values": 0})

    assert judge(probes, computer={"part_of_domain": False}).remediation_available is True


def test_file_system_auditing_counts_where_the_site_asks_for_it():
    check = judge(healthy(), policy(file_system_auditing_required=True))

    assert codes(check) == ["audit_subcategory_unread"]


VALUES = [
    pytest.param(
        "audit_settings", {"force_subcategory": 0}, ["force_subcategory_off"], id="legacy"
    ),
    pytest.param(
        "audit_settings", {"force_subcategory": None}, ["force_subcategory_off"], id="legacy-unset"
    ),
    pytest.param("audit_settings", {"crash_on_audit_fail": 1}, ["crash_on_audit_fail"], id="halts"),
    pytest.param(
        "audit_settings", {"crash_on_audit_fail": 2}, ["crash_on_audit_fail"], id="has-halted"
    ),
    pytest.param("audit_policy", {"crash_on_audit_fail": 1}, ["crash_on_audit_fail"], id="option"),
    pytest.param("powershell", {"script_block": 0}, ["script_block_logging_off"], id="blocks-off"),
    pytest.param(
        "powershell", {"script_block": None}, ["script_block_logging_off"], id="blocks-unset"
    ),
    pytest.param("powershell", {"transcription": 1}, [], id="transcripts-are-information"),
]


@pytest.mark.parametrize(("source", "change", "expected"), VALUES)
def test_registry_values_that_weaken_the_audit_warn(source, change, expected):
    check = judge(with_value(source, **change))

    assert codes(check) == expected
    assert check.status == ("WARNING" if expected else "PASS")


LOGS = [
    pytest.param(0, {"max_bytes": 201326591}, "WARNING", ["log_too_small"], id="one-byte-short"),
    pytest.param(0, {"max_bytes": 20971520}, "WARNING", ["log_too_small"], id="exactly-20-mib"),
    pytest.param(0, {"max_bytes": 20971519}, "FAIL", ["log_too_small"], id="below-20-mib"),
    pytest.param(1, {"max_bytes": 1052672}, "WARNING", ["log_too_small"], id="system-small"),
    pytest.param(0, {"mode": "retain"}, "WARNING", ["retention_mode"], id="stops-when-full"),
    pytest.param(0, {"mode": "auto_backup"}, "WARNING", ["retention_mode"], id="fills-the-disk"),
    pytest.param(
        0,
        {"mode": "retain", "full": True},
        "FAIL",
        ["log_full_not_writing", "retention_mode"],
        id="full",
    ),
    pytest.param(0, {"full": True}, "PASS", [], id="circular-and-full-goes-on"),
    pytest.param(0, {"enabled": False}, "FAIL", ["log_disabled"], id="security-off"),
    pytest.param(4, {"enabled": False}, "WARNING", ["log_disabled"], id="powershell-off"),
    pytest.param(
        1,
        {"exists": False, "enabled": None, "mode": None, "max_bytes": None},
        "FAIL",
        ["log_missing"],
        id="no-system-log",
    ),
    pytest.param(0, {"max_bytes": -1}, "WARNING", ["logs_from_registry"], id="garbage"),
]


@pytest.mark.parametrize(("index", "change", "status", "expected"), LOGS)
def test_one_log_decides(index, change, status, expected):
    check = judge(with_item("logs", index, **change))

    assert (check.status, codes(check)) == (status, expected)


def test_a_size_from_group_policy_is_not_ours_to_repair():
    probes = with_item("logs", 0, max_bytes=20971520)
    probes["log_settings"] = with_item("log_settings", 0, policy_max_kb=20480)["log_settings"]

    assert judge(probes).remediation_available is False


def test_a_site_that_watches_the_disk_accepts_archives():
    probes = with_item("logs", 0, mode="auto_backup")

    assert judge(probes, policy(retention_modes=["circular", "auto_backup"])).status == "PASS"


@pytest.mark.parametrize(
    ("level", "expected"),
    [(90, []), (91, ["warning_level"]), (0, ["warning_level"]), (None, ["warning_level"])],
    ids=["at-90", "above-90", "never", "unset"],
)
def test_a_warning_comes_before_the_security_log_is_full(level, expected):
    assert codes(judge(with_item("log_settings", 0, warning_level=level))) == expected


def test_the_registry_alone_never_passes():
    assert codes(judge(healthy() | {"logs": probe(state="denied")})) == ["logs_from_registry"]


REGISTRY = [
    pytest.param({"policy_max_kb": 1024}, ["log_too_small", "logs_from_registry"], id="size"),
    pytest.param(
        {"policy_max_kb": 196608, "max_bytes": 1052672}, ["logs_from_registry"], id="size-mended"
    ),
    pytest.param({"policy_retention": "1"}, ["retention_mode", "logs_from_registry"], id="mode"),
    pytest.param(
        {"policy_retention": "0", "retention": -1}, ["logs_from_registry"], id="mode-mended"
    ),
]


@pytest.mark.parametrize(("change", "expected"), REGISTRY)
def test_in_the_registry_a_policy_wins_over_the_service(change, expected):
    probes = with_item("log_settings", 0, **change) | {"logs": probe(state="denied")}

    assert codes(judge(probes)) == expected


def test_without_registry_and_service_the_logs_are_unread():
    probes = healthy() | {"logs": probe(state="denied"), "log_settings": probe(state="denied")}

    assert judge(probes).status == "ERROR"


SERVICES = [
    pytest.param({"state": "Stopped", "start_mode": "Disabled"}, "FAIL", id="disabled"),
    pytest.param({"state": "Stopped"}, "FAIL", id="stopped"),
    pytest.param(
        {"exists": False, "state": None, "start_mode": None}, "WARNING", id="hidden-yet-it-answers"
    ),
    pytest.param({"state": "garbage"}, "WARNING", id="a-state-that-windows-lacks"),
    pytest.param({"start_mode": "Manual"}, "WARNING", id="runs-until-the-next-start"),
]


@pytest.mark.parametrize(("change", "status"), SERVICES)
def test_the_event_log_service_decides(change, status):
    assert judge(with_item("services", 0, **change)).status == status


def test_a_service_that_is_gone_and_answers_nothing_fails():
    probes = with_item("services", 0, exists=False, state=None, start_mode=None)
    probes["security_activity"] = probe(state="error", hresult="0x800706BA")

    assert codes(judge(probes)) == ["eventlog_service_down"]


def test_a_stopped_service_is_one_critical_fault():
    probes = with_item("services", 0, state="Stopped")
    for name in ("logs", "security_activity", "system_activity", "cleared_events"):
        probes[name] = probe(state="error", hresult="0x800706BA")

    check = judge(probes)

    assert codes(check) == ["eventlog_service_down"]
    assert check.details["findings"][0]["severity"] == "CRITICAL"


# What an unread source leads to on an otherwise healthy server.
UNREAD = [
    ("audit_policy", "ERROR"),
    ("audit_settings", "WARNING"),
    ("audit_owner", "WARNING"),
    ("logs", "WARNING"),
    ("log_settings", "WARNING"),
    ("services", "WARNING"),
    ("security_activity", "ERROR"),
    ("system_activity", "WARNING"),
    ("power_events", "WARNING"),
    ("cleared_events", "ERROR"),
    ("tamper_events", "WARNING"),
    ("powershell", "WARNING"),
    ("forwarding", "WARNING"),
    ("agents", "WARNING"),
]


@pytest.mark.parametrize("state", ["denied", "error", "timeout", "absent"])
@pytest.mark.parametrize(("source", "status"), UNREAD)
def test_an_unread_source_never_passes(source, status, state):
    assert judge(healthy() | {source: probe(state=state)}).status == status


def from_backup(probes, state="denied", hresult="0x80070522"):
    return probes | {
        "audit_policy": probe(state=state, hresult=hresult),
        "audit_policy_backup": probes["audit_policy"],
    }


# Without the mask that Windows lacks, which makes a reading unread: that is two findings then.
@pytest.mark.parametrize(("number", "value", "status"), AUDIT[:-1])
def test_the_second_source_of_the_audit_policy_is_judged_as_the_first(number, value, status):
    first, second = judge(audited(number, value)), judge(from_backup(audited(number, value)))

    assert second.status == status
    assert second.details["findings"] == first.details["findings"]


def test_the_verdict_says_which_source_answered_and_why_the_other_did_not():
    probes = judge(from_backup(healthy())).details["probes"]

    assert probes["audit_policy"]["state"] == "denied"
    assert probes["audit_policy"]["hresult"] == "0x80070522"
    assert probes["audit_policy_backup"]["state"] == "ok"


def test_an_audit_policy_that_neither_source_gave_is_an_error_for_both():
    probes = from_backup(healthy()) | {"audit_policy_backup": probe(state="timeout")}

    assert codes(judge(probes)) == ["probe_denied", "probe_timeout"]


def test_the_first_source_wins_where_both_answered():
    probes = healthy() | {"audit_policy_backup": audited("15", 0)["audit_policy"]}

    assert judge(probes).status == "PASS"


def test_facts_of_an_older_collector_have_one_source():
    probes = healthy()
    del probes["audit_policy_backup"]

    assert judge(probes).status == "PASS"


@pytest.mark.parametrize("source", ["forwarding_events", "forwarding_reader"])
@pytest.mark.parametrize(("state", "status"), [("absent", "PASS"), ("denied", "WARNING")])
def test_what_only_forwarding_has_may_be_absent_without_it(source, state, status):
    assert judge(healthy() | {source: probe(state=state)}).status == status


def test_a_filtered_token_is_an_error():
    assert codes(judge(healthy(), token={"integrity": "medium"})) == ["not_elevated"]


UNASKED = [
    ("forwarding_reader", "value"),
    ("audit_policy_backup",),
    ("audit_policy_backup", "value"),
]


@given(data=st.data())
def test_removing_any_fact_never_improves_the_verdict(data):
    samples = [
        healthy(),
        audited("15", 1),
        cleared(),
        with_item("logs", 0, mode="retain", full=True),
        silent("2025-11-04T02:10:00Z", "2025-11-04T08:55:00Z"),
        forwarded((105, "2025-11-04T08:59:00Z")),
    ]
    probes = data.draw(st.sampled_from(samples))
    path = data.draw(st.sampled_from(leaf_paths(probes)))

    before, after = judge(probes).status, judge(without(probes, path)).status

    assert not (after == "PASS" and before != "PASS")
    # What nobody asked for has no value to lose.
    assert after != "PASS" or path in UNASKED


@given(order=st.permutations(range(len(MEMBER))))
def test_the_order_of_a_list_changes_nothing(order):
    probes = audited("15", 1)
    items = probes["audit_policy"]["value"]["settings"]["items"]
    probes["audit_policy"]["value"]["settings"]["items"] = [items[index] for index in order]

    assert judge(probes).details["findings"] == [
        {
            "code": "audit_subcategory_missing",
            "status": "FAIL",
            "severity": "MEDIUM",
            "message": "required events are not audited",
            "scope": "Logon",
            "observed": "success",
            "expected": "success and failure",
            "gpo_managed": False,
        }
    ]


def test_accounts_with_audit_settings_of_their_own_may_be_left_out():
    probes = healthy()
    probes["audit_policy"]["value"]["user_rows"] = 2

    check = judge(probes)

    assert (check.status, codes(check)) == ("WARNING", ["per_user_audit"])
