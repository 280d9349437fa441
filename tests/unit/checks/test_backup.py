# SPDX-License-Identifier: GPL-3.0-or-later
"""What proves that a Windows host is backed up, one line a rule."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.checks.backup_documents import (
    WRITER,
    codes,
    event,
    healthy,
    idle,
    installed,
    judge,
    service,
    veeam,
    with_summary,
    without_wsb,
)
from unit.checks.documents import NOW, leaf_paths, list_of, probe, without

NO_PLAN = {
    "is_configured": False,
    "schedule_times": 0,
    "has_system_state": False,
    "volumes": list_of(),
    "targets": list_of(),
}
NEVER = {
    "next_backup_at": None,
    "version_count": 0,
    "last_success_at": None,
    "last_backup_at": None,
}
CLIENT = {"product_type": 1, "build": 26100, "installation_type": "Client"}
OLD = {"last_success_at": "2025-11-01T04:40:00Z"}


def notes(check):
    return [item["code"] for item in check.details["findings"] if item["status"] == "PASS"]


def finished(hours, seconds=0):
    """Return the summary of a job that ended as long ago."""
    at = (NOW - timedelta(hours=hours, seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"last_success_at": at, "last_backup_at": at}


WSB_RULES = [
    pytest.param({}, "PASS", [], id="last-night"),
    pytest.param(finished(26), "PASS", [], id="26-hours"),
    pytest.param(finished(26, 1), "WARNING", ["backup_too_old"], id="26-hours-and-a-second"),
    pytest.param(finished(48), "WARNING", ["backup_too_old"], id="48-hours"),
    pytest.param(finished(48, 1), "FAIL", ["backup_too_old"], id="48-hours-and-a-second"),
    pytest.param(
        {"last_success_at": None, "last_backup_at": None}, "FAIL", ["backup_too_old"], id="never"
    ),
    pytest.param(
        {"result": 0x807800C5, "detailed_result": 0x800701B1},
        "WARNING",
        ["last_job_failed", "target_missing"],
        id="failed-after-a-fresh-success",
    ),
    pytest.param(
        OLD | {"result": 0x8078011E, "detailed_result": 0x80070005},
        "FAIL",
        ["backup_too_old", "last_job_failed", "target_denied"],
        id="denied",
    ),
    pytest.param(
        OLD | {"result": 0x807800C5, "detailed_result": 0x80070070},
        "FAIL",
        ["backup_too_old", "last_job_failed", "target_full"],
        id="full",
    ),
    pytest.param(
        OLD | {"result": 0x807800A1, "detailed_result": 0x800423F4},
        "FAIL",
        ["backup_too_old", "last_job_failed", "vss_writer_failed"],
        id="writer",
    ),
    pytest.param(
        OLD | {"result": 0x80780049, "detailed_result": 0},
        "FAIL",
        ["backup_too_old", "last_job_failed"],
        id="unknown-cause",
    ),
    pytest.param({"result": None}, "WARNING", ["last_job_failed"], id="no-result"),
    pytest.param({"version_count": 3}, "PASS", [], id="3-versions"),
    pytest.param({"version_count": 2}, "WARNING", ["too_few_versions"], id="2-versions"),
    pytest.param({"next_backup_at": None}, "WARNING", ["no_schedule"], id="no-next-backup"),
    pytest.param(
        {"next_backup_at": "2025-11-04T08:00:00Z"}, "WARNING", ["no_schedule"], id="next-is-past"
    ),
    pytest.param(
        {"last_backup_at": "2025-11-04T08:00:00Z"},
        "WARNING",
        ["conflicting_evidence"],
        id="a-success-that-is-older-than-the-last-job",
    ),
]


@pytest.mark.parametrize(("change", "status", "expected"), WSB_RULES)
def test_windows_server_backup(change, status, expected):
    check = judge(with_summary(**change))

    assert (check.status, codes(check)) == (status, expected)


def test_a_failure_in_the_log_contradicts_a_good_summary():
    newest = event(5, "2025-11-04T08:00:00Z", "0x8078011e", "0x80070005")

    check = judge(healthy() | {"wsb_events": probe(list_of(newest))})

    assert codes(check) == ["conflicting_evidence"]


def test_nothing_configured_fails_most_severely_on_a_server():
    probes = with_summary(**NEVER) | {"wsb_policy": probe(dict(NO_PLAN))}

    check = judge(probes)

    assert (check.status, codes(check)) == ("FAIL", ["no_backup_configured"])
    assert check.details["findings"][0]["severity"] == "CRITICAL"


def test_no_product_at_all():
    assert codes(judge(without_wsb())) == ["no_backup_product"]
    assert judge(without_wsb(), os=CLIENT).details["findings"][0]["severity"] == "HIGH"


def test_shadow_copies_are_no_backup():
    copies = probe({"copies": 5, "newest_at": "2025-11-04T07:00:00Z"})

    check = judge(without_wsb() | {"shadow_copies": copies})

    assert (check.status, notes(check)) == ("FAIL", ["only_shadow_copies"])


@pytest.mark.parametrize("name", ["products", "feature"])
def test_no_product_is_unproven_while_a_source_is_unread(name):
    check = judge(without_wsb() | {name: probe(state="denied", hresult="0x80041003")})

    assert (check.status, codes(check)) == ("ERROR", ["probe_denied"])


def test_no_product_is_unproven_when_the_collector_looked_for_other_names():
    assert judge(without_wsb() | {"products": installed(patterns=1)}).status == "ERROR"


JOBS = [
    pytest.param("2025-11-03T09:00:00Z", "PASS", [], id="24-hours"),
    pytest.param("2025-11-03T08:59:59Z", "FAIL", ["job_hung"], id="24-hours-and-a-second"),
    pytest.param(None, "WARNING", ["conflicting_evidence"], id="since-nobody-knows-when"),
]


@pytest.mark.parametrize(("started_at", "status", "expected"), JOBS)
def test_a_running_job(started_at, status, expected):
    probes = with_summary(operation="BackupInProgress")
    probes["wsb_job"] = probe({"state": "Running", "type": "Backup", "started_at": started_at})

    check = judge(probes)

    assert (check.status, codes(check)) == (status, expected)


def with_services(**change):
    """Return a healthy host, whose services are changed by name; None takes one off the list."""
    rows = {name: idle(name) for name in ("wbengine", "VSS", "swprv")} | change
    return healthy() | {"services": probe(list_of(*(row for row in rows.values() if row)))}


DISABLED = {"exists": True, **service("wbengine", "Stopped", "Disabled")}
GONE = {"exists": False, "state": None, "start_mode": None, "exit_code": None}
NO_MODE = {"start_mode": None}
SERVICES = [
    pytest.param({}, "PASS", [], id="idle-is-normal"),
    pytest.param({"wbengine": DISABLED}, "FAIL", ["backup_service_disabled"], id="disabled"),
    pytest.param(
        {"VSS": {"exists": True, **service("VSS", "Stopped", "Manual", 1053)}},
        "WARNING",
        ["backup_service_disabled"],
        id="failed-to-start",
    ),
    pytest.param({"VSS": idle("VSS") | GONE}, "WARNING", ["probe_absent"], id="gone"),
    pytest.param(
        {"wbengine": idle("wbengine") | GONE}, "WARNING", ["probe_absent"], id="no-engine"
    ),
    pytest.param({"VSS": idle("VSS") | NO_MODE}, "WARNING", ["probe_error"], id="says-nothing"),
    pytest.param({"VSS": None}, "WARNING", ["probe_missing"], id="not-reported"),
    pytest.param({"wbengine": None}, "WARNING", ["probe_missing"], id="engine-not-reported"),
]


@pytest.mark.parametrize(("change", "status", "expected"), SERVICES)
def test_services_that_are_idle_most_of_the_time(change, status, expected):
    check = judge(with_services(**change))

    assert (check.status, codes(check)) == (status, expected)


def test_a_disabled_service_is_told_in_the_words_of_the_contract():
    check = judge(with_services(wbengine=DISABLED))

    assert "service not running" in check.message
    assert check.remediation_available is True


@pytest.mark.parametrize(
    ("state", "expected"), [(1, []), (5, []), (8, ["vss_writer_failed"])], ids=["1", "5", "8"]
)
def test_a_failed_writer_endangers_the_next_backup(state, expected):
    writers = probe(list_of({"id": WRITER, "state": state}))

    assert codes(judge(healthy() | {"writers": writers})) == expected


def test_a_success_that_is_still_to_come_proves_no_age():
    future = "2025-11-09T09:00:00Z"

    for probes in (
        with_summary(last_success_at=future, last_backup_at=future),
        veeam((4, future)),
    ):
        check = judge(probes)
        assert (check.status, codes(check)) == ("ERROR", ["conflicting_evidence"])


def test_the_log_stands_in_for_silent_cmdlets_and_never_passes():
    silent = probe(state="timeout", hresult="0x80131505")
    probes = healthy() | dict.fromkeys(("wsb_summary", "wsb_policy", "wsb_job"), silent)

    check = judge(probes)

    assert (check.status, set(codes(check))) == ("WARNING", {"probe_timeout"})


def test_silent_cmdlets_and_a_silent_log_are_an_error():
    silent = probe(state="denied", hresult="0x80070005")

    assert judge(healthy() | {"wsb_summary": silent, "wsb_events": silent}).status == "ERROR"


BASES = [healthy(), with_summary(**OLD), veeam((4, "2025-11-04T02:00:00Z")), without_wsb()]


@given(data=st.data())
def test_removing_any_fact_never_improves_the_verdict(data):
    probes = data.draw(st.sampled_from(BASES))
    path = data.draw(st.sampled_from(leaf_paths(probes)))

    before, after = judge(probes).status, judge(without(probes, path)).status

    assert not (after == "PASS" and before != "PASS")


@pytest.mark.parametrize(
    "path", [pytest.param(path, id=".".join(map(str, path))) for path in leaf_paths(healthy())]
)
def test_what_is_removed_from_a_healthy_host_is_noticed(path):
    # A member server has no directory, so there is no value to lose.
    assert judge(without(healthy(), path)).status != "PASS" or path == ("directory", "value")
