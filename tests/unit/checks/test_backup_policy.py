# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site may state and ask of its backups, and which policy is refused."""

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.backup import (
    BackupPolicy,
    DumpFiles,
)
from unit.checks.backup_documents import (
    POLICY,
    changed,
    codes,
    healthy,
    judge,
    with_summary,
    without_wsb,
)
from unit.checks.documents import list_of, probe


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
