# SPDX-License-Identifier: GPL-3.0-or-later
"""What the search for updates proves, and how old it may be. Now is 2025-11-04, a Tuesday."""

import pytest

from unit.checks.documents import probe
from unit.checks.patching_documents import (
    SETTINGS,
    UPDATE,
    found,
    healthy,
    informed,
    judge,
    package,
    packages,
    scanned,
    search,
)

SEARCHES = [
    pytest.param(
        probe(state="denied", hresult="0x80070005"), [("WARNING", "wua_denied")], id="denied"
    ),
    pytest.param(probe(state="timeout"), [("WARNING", "probe_timeout")], id="too-slow"),
    pytest.param(
        probe(state="error", hresult="0x8024402C"),
        [("ERROR", "update_source_unreachable")],
        id="no-such-server",
    ),
    pytest.param(
        probe(state="error", hresult="0x80072EE2"),
        [("ERROR", "update_source_unreachable")],
        id="server-timed-out",
    ),
    pytest.param(
        probe(state="error", hresult="0x80248007"), [("ERROR", "search_failed")], id="broken-agent"
    ),
    pytest.param(
        probe(state="absent", hresult="0x80040154"), [("ERROR", "search_failed")], id="no-agent"
    ),
    pytest.param(
        search(result_code=3, warnings=["0x80240438"]),
        [("WARNING", "search_incomplete")],
        id="with-errors",
    ),
    pytest.param(search(result_code=4), [("ERROR", "search_failed")], id="failed"),
    pytest.param(
        search(result_code=4, warnings=["0x80244022"]),
        [("ERROR", "update_source_unreachable")],
        id="failed-to-reach",
    ),
    pytest.param(search(result_code=5), [("ERROR", "search_failed")], id="aborted"),
    pytest.param({"state": "ok"}, [("ERROR", "search_failed")], id="malformed"),
]


@pytest.mark.parametrize(("answer", "expected"), SEARCHES)
def test_a_search_that_did_not_answer_never_passes(answer, expected):
    assert found(judge(healthy() | {"search": answer})) == expected


def test_a_refused_search_is_an_error_when_the_level_is_unknown_too():
    probes = healthy() | {"search": probe(state="denied", hresult="0x80070005")}

    check = judge(probes | {"packages": probe(state="denied")}, os={"ubr": None})

    assert check.status == "ERROR"


def test_the_cache_still_proves_what_is_overdue():
    probes = healthy() | {
        "search": probe(state="error", hresult="0x8024402C"),
        "cached_search": search(UPDATE),
    }

    assert found(judge(probes)) == [
        ("FAIL", "critical_update_overdue"),
        ("ERROR", "update_source_unreachable"),
    ]


SCANS = [
    pytest.param("2025-11-01T09:00:00Z", [], id="3-days"),
    pytest.param("2025-10-31T09:00:00Z", [("WARNING", "scan_too_old")], id="4-days"),
    pytest.param("2025-10-28T09:00:00Z", [("WARNING", "scan_too_old")], id="7-days"),
    pytest.param("2025-10-27T09:00:00Z", [("FAIL", "scan_too_old")], id="8-days"),
    pytest.param(None, [("FAIL", "scan_too_old")], id="never"),
    pytest.param("2025-11-09T09:00:00Z", [("WARNING", "conflicting_evidence")], id="future"),
]


@pytest.mark.parametrize(("instant", "expected"), SCANS)
def test_automatic_updates_search_often(instant, expected):
    assert found(judge(healthy() | {"agent_dates": scanned(instant)})) == expected


def test_an_old_scan_outweighs_an_unreachable_source():
    probes = healthy() | {
        "agent_dates": scanned("2025-10-20T04:11:00Z"),
        "search": probe(state="error", hresult="0x8024402C"),
    }

    assert found(judge(probes))[0] == ("FAIL", "scan_too_old")


def test_the_dates_of_an_old_build_stand_in_for_the_agent():
    probes = healthy() | {
        "agent_dates": probe(state="error"),
        "legacy_dates": scanned("2025-11-04T00:00:00Z"),
    }

    assert found(judge(probes)) == [("WARNING", "probe_error")]


WSUS_SETTINGS = probe(SETTINGS | {"use_wsus": 1, "wsus_scheme": "http"})


def test_a_server_of_the_site_that_offers_nothing_proves_nothing():
    probes = healthy() | {
        "settings": WSUS_SETTINGS,
        "packages": packages(package(3932, installed_at="2025-07-30T03:00:00Z")),
    }

    assert found(judge(probes, os={"ubr": 3932})) == [
        ("FAIL", "lcu_too_old"),
        ("WARNING", "wsus_offers_nothing"),
    ]


def test_a_current_host_may_be_offered_nothing():
    check = judge(healthy() | {"settings": WSUS_SETTINGS})

    assert found(check) == []
    assert informed(check) == ["wsus_without_tls"]
