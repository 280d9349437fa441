# SPDX-License-Identifier: GPL-3.0-or-later
"""What proves that a Windows host is backed up, one line a rule."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.checks.backup import (
    judge_backup,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.backup import (
    BackupPolicy,
    DumpFiles,
    EventSource,
    Product,
    SuccessEvents,
    parse_facts,
)
from unit.checks.documents import NOW, document, leaf_paths, list_of, probe, without

VEEAM_LOG = EventSource(log="Veeam Agent", provider="Veeam Agent", ids=(190,))
POLICY = BackupPolicy(
    hipaa_controls=("164.308(a)(7)(ii)(A)",),
    clock_skew_warn_seconds=300,
    clock_skew_error_seconds=86400,
    provider="auto",
    max_age_warn_hours=26,
    max_age_fail_hours=48,
    business_days_aware=False,
    min_versions=3,
    require_schedule=True,
    require_system_state=True,
    same_disk_target="fail",
    hung_job_hours=24,
    restore_test_required=False,
    restore_test_max_age_days=30,
    restore_test_last=None,
    external_last_success=None,
    exception_reason=None,
    exception_expires=None,
    dump_files=(),
    success_events=(),
    products=(
        Product(
            name="Veeam Agent",
            provider="veeam_agent",
            services=("VeeamEndpointBackupSvc",),
            events=VEEAM_LOG,
        ),
        Product(name="Datto", provider="datto", services=("DattoBackupAgentService",), events=None),
    ),
)
SUMMARY = {
    "next_backup_at": "2025-11-05T04:30:00Z",
    "version_count": 101,
    "last_success_at": "2025-11-04T04:30:00Z",
    "last_backup_at": "2025-11-04T04:30:00Z",
    "result": 0,
    "detailed_result": 0,
    "operation": "NoOperationInProgress",
    "target_path": None,
}
PLAN = {
    "is_configured": True,
    "schedule_times": 1,
    "has_system_state": True,
    "volumes": list_of("C:", "D:"),
    "targets": list_of(
        {"type": "Disk", "path": r"\\?\Volume{61776c53-3eeb-447b-b38e-a6cd3bee7fbb}"}
    ),
}
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
WRITER = "{e8132975-6f93-4464-a53e-1050253ae220}"
NO_COMMAND = probe(state="absent", hresult="0x80070002")
CLIENT = {"product_type": 1, "build": 26100, "installation_type": "Client"}
CONTROLLER = {"product_type": 2}
OLD = {"last_success_at": "2025-11-01T04:40:00Z"}


def service(name, state="Running", start_mode="Auto", exit_code=0):
    return {"name": name, "state": state, "start_mode": start_mode, "exit_code": exit_code}


def idle(name):
    return {"exists": True, **service(name, "Stopped", "Manual", 1077)}


def healthy():
    return {
        "wsb_summary": probe(dict(SUMMARY)),
        "wsb_policy": probe(dict(PLAN)),
        "wsb_job": probe({"state": "Unknown", "type": "None", "started_at": None}),
        "wsb_events": probe(list_of(event(4, "2025-11-04T05:10:00Z"))),
        "disks": probe(
            list_of(
                {"path": "C:\\", "disk": 0},
                {"path": "D:\\", "disk": 1},
                {"path": "E:\\", "disk": 2},
            )
        ),
        "services": probe(list_of(idle("wbengine"), idle("VSS"), idle("swprv"))),
        "products": installed(),
        "product_events": probe(list_of()),
        "feature": probe({"install_state": 1}),
        "dumps": probe(list_of()),
        "shadow_copies": probe({"copies": 0, "newest_at": None}),
        "writers": probe(list_of({"id": WRITER, "state": 1})),
        "directory": probe(state="absent"),
    }


def event(number, at, result=None, detailed=None):
    return {"id": number, "at": at, "result": result, "detailed_result": detailed}


def installed(*services, patterns=2):
    return probe({"patterns": patterns, "services": list_of(*services)})


def with_summary(**change):
    probes = healthy()
    probes["wsb_summary"]["value"] |= change
    return probes


def without_wsb():
    gone = dict.fromkeys(("wsb_summary", "wsb_policy", "wsb_job"), NO_COMMAND)
    probes = healthy() | gone | {"feature": probe({"install_state": 2})}
    probes["wsb_events"] = probe(state="absent", hresult="0x80073A9F")
    return probes


def veeam(*results, **host):
    """Return a host with Veeam Agent, whose log tells (level, time), newest first."""
    events = probe(list_of(*({"level": level, "at": at} for level, at in results)))
    return without_wsb() | {
        "products": installed(service("VeeamEndpointBackupSvc", **host)),
        "product_events": probe(list_of({"product": "Veeam Agent", "events": events})),
    }


def judge(probes, policy=POLICY, **host):
    return judge_backup(parse_facts(document("backup", probes, **host)), policy, NOW)


def changed(**values):
    return POLICY.model_copy(update=values)


def codes(check):
    return [item["code"] for item in check.details["findings"] if item["status"] != "PASS"]


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


SERVICES = [
    pytest.param(idle("wbengine"), "PASS", [], id="idle-is-normal"),
    pytest.param(
        {"exists": True, **service("wbengine", "Stopped", "Disabled")},
        "FAIL",
        ["backup_service_disabled"],
        id="disabled",
    ),
    pytest.param(
        {"exists": True, **service("VSS", "Stopped", "Manual", 1053)},
        "WARNING",
        ["backup_service_disabled"],
        id="failed-to-start",
    ),
]


@pytest.mark.parametrize(("item", "status", "expected"), SERVICES)
def test_services_that_are_idle_most_of_the_time(item, status, expected):
    check = judge(healthy() | {"services": probe(list_of(item))})

    assert (check.status, codes(check)) == (status, expected)


def test_a_disabled_service_is_told_in_the_words_of_the_contract():
    item = {"exists": True, **service("wbengine", "Stopped", "Disabled")}

    check = judge(healthy() | {"services": probe(list_of(item))})

    assert "service not running" in check.message
    assert check.remediation_available is True


def test_the_engine_of_another_product_does_not_matter():
    item = {"exists": True, **service("wbengine", "Stopped", "Disabled")}
    probes = veeam((4, "2025-11-04T02:00:00Z")) | {"services": probe(list_of(item))}

    assert judge(probes).status == "PASS"


@pytest.mark.parametrize(
    ("state", "expected"), [(1, []), (5, []), (8, ["vss_writer_failed"])], ids=["1", "5", "8"]
)
def test_a_failed_writer_endangers_the_next_backup(state, expected):
    writers = probe(list_of({"id": WRITER, "state": state}))

    assert codes(judge(healthy() | {"writers": writers})) == expected


TARGETS = [
    pytest.param("E:\\", "fail", "PASS", id="another-disk"),
    pytest.param("d:", "fail", "FAIL", id="a-source-disk"),
    pytest.param("D:\\", "warn", "WARNING", id="a-source-disk-that-the-site-allows"),
    pytest.param("\\\\nas\\backup", "fail", "PASS", id="a-share"),
]


@pytest.mark.parametrize(("path", "mode", "status"), TARGETS)
def test_a_copy_lies_on_another_disk(path, mode, status):
    plan = PLAN | {"targets": list_of({"type": "Volume", "path": path})}

    check = judge(healthy() | {"wsb_policy": probe(plan)}, changed(same_disk_target=mode))

    assert check.status == status


@pytest.mark.parametrize("order", [(1, 2), (2, 1)], ids=["source-first", "source-last"])
def test_a_target_that_lies_on_several_disks_may_share_one(order):
    rows = [{"path": "C:\\", "disk": 0}, {"path": "D:\\", "disk": 1}]
    rows += [{"path": "E:\\", "disk": disk} for disk in order]
    plan = PLAN | {"targets": list_of({"type": "Volume", "path": "E:\\"})}

    check = judge(healthy() | {"wsb_policy": probe(plan), "disks": probe(list_of(*rows))})

    assert codes(check) == ["same_disk_target"]


@pytest.mark.parametrize(
    ("volumes", "path", "expected"),
    [
        pytest.param(["C:"], "F:\\", ["probe_error"], id="target-not-listed"),
        pytest.param(["C:", "G:"], "E:\\", ["probe_error"], id="source-not-listed"),
        pytest.param(["C:", "G:"], "C:\\", ["probe_error", "same_disk_target"], id="known-anyway"),
        pytest.param(["C:", "G:"], "\\\\nas\\backup", [], id="a-share"),
        pytest.param(["C:"], "\\\\?\\Volume{0}\\", ["probe_error"], id="volume-not-listed"),
    ],
)
def test_a_disk_that_is_not_listed_leaves_the_question_open(volumes, path, expected):
    target = {"type": "Volume", "path": path}
    plan = PLAN | {"volumes": list_of(*volumes), "targets": list_of(target)}

    assert sorted(codes(judge(healthy() | {"wsb_policy": probe(plan)}))) == expected


def test_a_plan_without_a_target_was_not_read_whole():
    plan = PLAN | {"targets": list_of()}

    assert codes(judge(healthy() | {"wsb_policy": probe(plan)})) == ["probe_error"]


def test_a_directory_that_was_never_saved_contradicts_the_plan():
    probes = healthy() | {"directory": probe({"last_backup_at": None})}

    assert codes(judge(probes, os=CONTROLLER)) == ["system_state_unverified"]


def test_a_directory_that_is_saved_only_in_the_future_proves_nothing():
    future = probe({"last_backup_at": "2026-11-04T09:00:00Z"})
    probes = veeam((4, "2025-11-04T02:00:00Z")) | {"directory": future}

    check = judge(probes, os=CONTROLLER)

    assert (check.status, codes(check)) == ("ERROR", ["conflicting_evidence"])


def test_a_domain_controller_needs_its_system_state():
    probes = healthy() | {"wsb_policy": probe(PLAN | {"has_system_state": False})}

    assert codes(judge(probes, os=CONTROLLER)) == ["system_state_missing"]
    assert codes(judge(probes)) == []


@pytest.mark.parametrize(
    ("saved_at", "expected"),
    [("2025-11-02T09:00:00Z", []), ("2025-11-02T08:59:59Z", ["system_state_too_old"])],
    ids=["48-hours", "48-hours-and-a-second"],
)
def test_the_directory_knows_when_it_was_saved(saved_at, expected):
    probes = veeam((4, "2025-11-04T02:00:00Z")) | {"directory": probe({"last_backup_at": saved_at})}

    assert codes(judge(probes, os=CONTROLLER)) == expected


@pytest.mark.parametrize(
    "directory",
    [probe(state="absent"), probe({"last_backup_at": None})],
    ids=["not-asked", "never-saved"],
)
def test_a_domain_controller_whose_state_nothing_shows_does_not_pass(directory):
    probes = veeam((4, "2025-11-04T02:00:00Z")) | {"directory": directory}

    assert codes(judge(probes, os=CONTROLLER)) == ["system_state_unverified"]


def test_the_system_state_lies_on_the_drive_of_windows():
    plan = PLAN | {
        "volumes": list_of(),
        "has_system_state": True,
        "targets": list_of({"type": "Volume", "path": "C:\\"}),
    }

    assert codes(judge(healthy() | {"wsb_policy": probe(plan)})) == ["same_disk_target"]


def test_a_success_that_is_still_to_come_proves_no_age():
    future = "2025-11-09T09:00:00Z"

    for probes in (
        with_summary(last_success_at=future, last_backup_at=future),
        veeam((4, future)),
    ):
        check = judge(probes)
        assert (check.status, codes(check)) == ("ERROR", ["conflicting_evidence"])


@pytest.mark.parametrize(
    "results", [[(4, "2025-09-01T02:00:00Z")], []], ids=["stopped", "never-began"]
)
def test_a_fresh_success_does_not_cover_a_product_that_stopped(results):
    probes = healthy()
    silent = veeam(*results)
    probes |= {"products": silent["products"], "product_events": silent["product_events"]}

    check = judge(probes)

    scopes = [item["scope"] for item in check.details["findings"] if item["status"] != "PASS"]
    assert (check.status, codes(check), scopes) == ("WARNING", ["product_too_old"], ["Veeam Agent"])


VEEAM_RULES = [
    pytest.param([(4, "2025-11-04T02:00:00Z")], "PASS", [], id="succeeded"),
    pytest.param([(3, "2025-11-04T02:00:00Z")], "WARNING", ["last_job_warned"], id="warned"),
    pytest.param(
        [(2, "2025-11-04T02:00:00Z"), (4, "2025-11-03T20:00:00Z")],
        "WARNING",
        ["last_job_failed"],
        id="failed-after-a-fresh-success",
    ),
    pytest.param(
        [(2, "2025-11-03T23:10:00Z"), (4, "2025-11-01T23:05:00Z")],
        "FAIL",
        ["backup_too_old", "last_job_failed"],
        id="failed-for-days",
    ),
    pytest.param([], "FAIL", ["backup_too_old"], id="never"),
]


@pytest.mark.parametrize(("results", "status", "expected"), VEEAM_RULES)
def test_a_product_that_logs_its_results(results, status, expected):
    check = judge(veeam(*results))

    assert (check.status, codes(check)) == (status, expected)


@pytest.mark.parametrize(
    ("at", "status"), [("2025-11-04T02:00:00Z", "WARNING"), ("2025-11-01T02:00:00Z", "FAIL")]
)
def test_a_stopped_agent_is_a_fault_once_there_is_no_fresh_success(at, status):
    check = judge(veeam((4, at), state="Stopped"))

    assert (check.status, "backup_agent_stopped" in codes(check)) == (status, True)


def test_an_unread_log_is_no_proof():
    unread = probe(state="timeout", hresult="0x800705B4")
    events = probe(list_of({"product": "Veeam Agent", "events": unread}))

    assert judge(veeam() | {"product_events": events}).status == "ERROR"


def test_a_product_without_documented_events_is_unverified():
    datto = installed(service("DattoBackupAgentService"))

    assert codes(judge(without_wsb() | {"products": datto})) == ["success_unverified"]


def test_the_site_can_name_the_log_of_a_product():
    named = SuccessEvents(product="Datto", log="Datto", provider="Datto", ids=(1,))
    events = probe(list_of({"level": 4, "at": "2025-11-04T02:00:00Z"}))
    probes = without_wsb() | {
        "products": installed(service("DattoBackupAgentService")),
        "product_events": probe(list_of({"product": "Datto", "events": events})),
    }

    assert judge(probes, changed(success_events=(named,))).status == "PASS"


def test_the_log_stands_in_for_silent_cmdlets_and_never_passes():
    silent = probe(state="timeout", hresult="0x80131505")
    probes = healthy() | dict.fromkeys(("wsb_summary", "wsb_policy", "wsb_job"), silent)

    check = judge(probes)

    assert (check.status, set(codes(check))) == ("WARNING", {"probe_timeout"})


def test_silent_cmdlets_and_a_silent_log_are_an_error():
    silent = probe(state="denied", hresult="0x80070005")

    assert judge(healthy() | {"wsb_summary": silent, "wsb_events": silent}).status == "ERROR"


def test_another_provider_is_not_believed():
    assert codes(judge(healthy(), changed(provider="veeam_agent"))) == ["no_backup_product"]


@pytest.mark.parametrize("provider", ["veeam_agent", "wsb"])
def test_a_dump_does_not_stand_in_for_the_product_that_the_site_names(provider):
    wanted = DumpFiles(path="D:\\Dumps", pattern="*.bak", max_age_hours=24, min_bytes=1)
    dump = {
        "path": "D:\\Dumps",
        "pattern": "*.bak",
        "newest_at": "2025-11-04T02:00:00Z",
        "bytes": 9,
    }
    probes = without_wsb() | {"dumps": probe(list_of(dump))}

    check = judge(probes, changed(provider=provider, dump_files=(wanted,)))

    assert (check.status, codes(check)) == ("FAIL", ["no_backup_product"])


EXTERNAL = [
    pytest.param(datetime(2025, 11, 4, 2, tzinfo=UTC), "PASS", [], id="fresh"),
    pytest.param(datetime(2025, 11, 1, 2, tzinfo=UTC), "FAIL", ["backup_too_old"], id="old"),
    pytest.param(None, "ERROR", ["external_unattested"], id="not-attested"),
    pytest.param(datetime(2025, 11, 5, tzinfo=UTC), "ERROR", ["external_unattested"], id="future"),
]


@pytest.mark.parametrize(("at", "status", "expected"), EXTERNAL)
def test_a_backup_from_outside_is_attested(at, status, expected):
    check = judge(without_wsb(), changed(provider="external", external_last_success=at))

    assert (check.status, codes(check)) == (status, expected)


@pytest.mark.parametrize(
    ("expires", "status"), [(date(2025, 11, 4), "PASS"), (date(2025, 11, 3), "FAIL")]
)
def test_an_exception_ends(expires, status):
    policy = changed(
        provider="none_with_exception", exception_reason="kiosk", exception_expires=expires
    )

    assert judge(without_wsb(), policy).status == status


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (date(2025, 10, 5), []),
        (date(2025, 10, 4), ["restore_test_too_old"]),
        (date(2025, 11, 5), ["restore_test_missing"]),
        (None, ["restore_test_missing"]),
    ],
    ids=["30-days", "31-days", "future", "none"],
)
def test_a_required_restore_test(last, expected):
    policy = changed(restore_test_required=True, restore_test_last=last)

    assert codes(judge(healthy(), policy)) == expected
    assert codes(judge(healthy(), changed(restore_test_last=last))) == []


DUMPS = [
    pytest.param("2025-11-03T09:00:00Z", 100, "PASS", [], id="fresh-and-large"),
    pytest.param("2025-11-03T08:59:59Z", 100, "FAIL", ["dump_too_old"], id="old"),
    pytest.param("2025-11-04T02:00:00Z", 99, "FAIL", ["dump_too_small"], id="small"),
    pytest.param(None, None, "FAIL", ["dump_missing"], id="missing"),
    pytest.param(
        "2025-11-09T02:00:00Z",
        100,
        "ERROR",
        ["conflicting_evidence", "conflicting_evidence"],
        id="still-to-come",
    ),
]


@pytest.mark.parametrize(("at", "size", "status", "expected"), DUMPS)
def test_a_required_dump(at, size, status, expected):
    wanted = DumpFiles(path="D:\\Dumps", pattern="*.bak", max_age_hours=24, min_bytes=100)
    dump = {"path": "D:\\Dumps", "pattern": "*.bak", "newest_at": at, "bytes": size}

    check = judge(healthy() | {"dumps": probe(list_of(dump))}, changed(dump_files=(wanted,)))

    assert (check.status, codes(check)) == (status, expected)


@pytest.mark.parametrize(
    ("then", "status"),
    [("2025-10-31T07:00:00Z", "WARNING"), ("2025-10-30T06:00:00Z", "FAIL")],
    ids=["50-hours-without-the-weekend", "75-hours-without-the-weekend"],
)
def test_a_weekend_can_be_left_out(then, status):
    probes = with_summary(last_success_at=then, last_backup_at=then)
    policy = changed(business_days_aware=True, max_age_fail_hours=60)

    assert judge(probes, policy).status == status
    assert judge(probes, changed(max_age_fail_hours=60)).status == "FAIL"


REFUSED = [
    pytest.param({"max_age_warn_hours": 49}, "max_age_warn_hours", id="limits-in-the-wrong-order"),
    pytest.param({"provider": "tape"}, "tape", id="unknown-provider"),
    pytest.param({"provider": "none_with_exception"}, "exception_reason", id="no-reason"),
    pytest.param({"restore_test_last": "yesterday"}, "restore_test_last", id="no-date"),
]


@pytest.mark.parametrize(("change", "match"), REFUSED)
def test_a_policy_that_contradicts_itself_is_refused(change, match):
    with pytest.raises(ValidationError, match=match):
        BackupPolicy.model_validate(POLICY.model_dump() | change)


def test_dates_and_instants_arrive_as_text():
    change = {"restore_test_last": "2025-10-28", "external_last_success": "2025-11-04T02:00:00Z"}

    policy = BackupPolicy.model_validate(POLICY.model_dump() | change)

    assert policy.restore_test_last == date(2025, 10, 28)
    assert policy.external_last_success == datetime(2025, 11, 4, 2, tzinfo=UTC)


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


@given(order=st.permutations([(2, "03"), (4, "02"), (3, "01")]))
def test_the_order_of_a_list_changes_nothing(order):
    check = judge(veeam(*((level, f"2025-11-04T{hour}:00:00Z") for level, hour in order)))

    assert codes(check) == ["last_job_failed"]
