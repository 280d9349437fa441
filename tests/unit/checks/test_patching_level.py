# SPDX-License-Identifier: GPL-3.0-or-later
"""How old the update level of a Windows host may be. Now is 2025-11-04, a Tuesday."""

from datetime import UTC, datetime

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.checks.patching import (
    judge_patching,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.patching import (
    PatchingFacts,
)
from unit.checks.documents import document, list_of, probe
from unit.checks.patching_documents import (
    POLICY,
    SETTINGS,
    UPDATE,
    found,
    healthy,
    judge,
    package,
    packages,
    scanned,
    search,
    site,
)

# UBR, install time of its package, now: the table has 4171 on 2025-09-15 and 4294 on 2025-10-14.
LEVELS = [
    pytest.param(4171, "2025-09-16T03:00:00Z", [], "2025-10-30", id="45-days-is-young-enough"),
    pytest.param(
        4171, "2025-09-16T03:00:00Z", ["lcu_aging"], "2025-10-31", id="46-days-and-a-newer-one"
    ),
    pytest.param(4171, "2025-09-16T03:00:00Z", ["lcu_aging"], "2025-11-04", id="50-days"),
    pytest.param(4171, "2025-09-16T03:00:00Z", ["lcu_too_old"], "2025-11-05", id="51-days"),
    pytest.param(4171, "2025-11-03T03:00:00Z", ["lcu_too_old"], "2025-11-05", id="installed-late"),
    pytest.param(4294, "2025-10-20T03:00:00Z", [], "2025-11-04", id="an-out-of-band-is-no-duty"),
    pytest.param(3932, "2025-10-20T03:00:00Z", ["lcu_too_old"], "2025-11-04", id="below-the-table"),
    pytest.param(4999, "2025-10-20T03:00:00Z", [], "2025-11-04", id="above-the-table-and-young"),
    pytest.param(
        4999, "2025-09-14T03:00:00Z", ["lcu_too_old"], "2025-11-04", id="above-the-table-and-old"
    ),
    pytest.param(4163, "2025-07-10T03:00:00Z", [], "2025-10-20", id="hotpatch-on-an-old-baseline"),
]


@pytest.mark.parametrize(("ubr", "installed_at", "expected", "day"), LEVELS)
def test_the_update_level_has_an_age(ubr, installed_at, expected, day):
    probes = healthy() | {
        "packages": packages(package(ubr=ubr, installed_at=installed_at)),
        "agent_dates": scanned(f"{day}T00:00:00Z"),
    }
    now = datetime.fromisoformat(f"{day}T09:00:00Z")
    facts = PatchingFacts.parse(document("patching", probes, os={"ubr": ubr}))

    codes = [code for _, code in found(judge_patching(facts, POLICY, now))]

    assert codes == expected


def test_46_days_are_good_while_no_newer_update_is_known():
    probes = healthy() | {"packages": packages(package(4999, installed_at="2025-09-19T03:00:00Z"))}

    assert found(judge(probes, os={"ubr": 4999})) == []


def test_46_days_are_a_warning_when_a_newer_update_is_offered():
    young = UPDATE | {"published_at": "2025-11-01T00:00:00Z"}
    probes = healthy() | {
        "packages": packages(package(4999, installed_at="2025-09-19T03:00:00Z")),
        "search": search(young),
    }

    assert found(judge(probes, os={"ubr": 4999})) == [("WARNING", "lcu_aging")]


@pytest.mark.parametrize(
    ("released_on", "expected"),
    [("2025-12-01", ["lcu_aging"]), ("2025-12-02", [])],
    ids=["known-today", "not-known-yet"],
)
def test_a_release_after_the_clock_of_the_host_is_not_known(released_on, expected):
    rows = ((4294, "2025-10-14", "lcu"), (4405, released_on, "lcu"))
    probes = healthy() | {"agent_dates": scanned("2025-12-01T00:00:00Z")}
    facts = PatchingFacts.parse(document("patching", probes))
    now = datetime(2025, 12, 1, 9, tzinfo=UTC)

    check = judge_patching(facts, site(lcu_releases={20348: rows}), now)

    assert [code for _, code in found(check)] == expected


BY_WSUS = probe(SETTINGS | {"use_wsus": 1, "wsus_scheme": "https"})
WSUS_SERVICE = {
    "service_id": "3da21691-e39d-4da6-8a4b-b43877bcb1b7",
    "is_default": True,
    "is_managed": True,
}
YOUNG = UPDATE | {"published_at": "2025-11-01T00:00:00Z"}
OPTIONAL = YOUNG | {"browse_only": True}
CACHED = probe(search()["value"] | {"online": False})
UNPROVEN = [("WARNING", "level_age_unknown")]
# The level was installed yesterday; what the table knows last, and what else the host says.
ABOVE = [
    pytest.param("2025-09-15", {"settings": BY_WSUS}, [], id="newer-than-a-row-of-50-days"),
    pytest.param("2025-09-14", {"settings": BY_WSUS}, UNPROVEN, id="newer-than-one-of-51-days"),
    pytest.param(None, {"settings": BY_WSUS}, UNPROVEN, id="no-row"),
    pytest.param(None, {}, [], id="microsoft-offers-nothing"),
    pytest.param(None, {"search": search(OPTIONAL)}, [], id="microsoft-offers-a-preview"),
    pytest.param(None, {"search": search(YOUNG)}, UNPROVEN, id="microsoft-offers-a-newer-one"),
    pytest.param(
        None,
        {
            "update_services": probe(list_of(WSUS_SERVICE)),
            "settings": probe(SETTINGS | {"wsus_scheme": "https"}),
        },
        UNPROVEN,
        id="a-server-of-the-site-by-default",
    ),
    pytest.param(None, {"search": CACHED}, UNPROVEN, id="the-cache-only"),
    pytest.param(
        None,
        {"search": search(result_code=3, warnings=["0x80240438"])},
        [*UNPROVEN, ("WARNING", "search_incomplete")],
        id="an-incomplete-answer",
    ),
    pytest.param(
        None,
        {"search": probe(state="denied", hresult="0x80070005")},
        [*UNPROVEN, ("WARNING", "wua_denied")],
        id="no-answer",
    ),
    pytest.param(
        None,
        {"settings": probe(state="timeout")},
        [("ERROR", "probe_timeout"), *UNPROVEN],
        id="nobody-knows-who-answered",
    ),
]


@pytest.mark.parametrize(("released_on", "change", "expected"), ABOVE)
def test_a_late_installation_does_not_make_a_level_young(released_on, change, expected):
    # An image may be years old on the day on which it is installed.
    rows = {20348: ((4294, released_on, "lcu"),)} if released_on else {}
    probes = healthy() | {"packages": packages(package(4999, installed_at="2025-11-03T03:00:00Z"))}

    check = judge(probes | change, site(lcu_releases=rows), os={"ubr": 4999})

    assert found(check) == expected


def test_25h2_takes_its_date_from_a_package_named_after_24h2():
    probes = healthy() | {"packages": packages(package(6899, build=26100))}
    policy = site(os_end_of_support={26200: (("*", "2027-10-12"),)})

    assert found(judge(probes, policy, os={"build": 26200, "ubr": 6899})) == []


def test_a_level_that_no_package_carries_is_a_contradiction():
    probes = healthy() | {"packages": packages(package(ubr=4171))}

    assert found(judge(probes)) == [("WARNING", "conflicting_evidence")]


def test_a_package_without_a_date_leaves_the_table():
    probes = healthy() | {"packages": packages(package(installed_at=None))}

    assert found(judge(probes)) == [("WARNING", "install_date_unknown")]


def test_neither_a_date_nor_a_row_is_an_error():
    probes = healthy() | {"packages": packages(package(4999, installed_at=None))}

    assert found(judge(probes, os={"ubr": 4999})) == [
        ("ERROR", "level_age_unknown"),
        ("WARNING", "install_date_unknown"),
    ]


def test_a_hotpatch_above_the_table_is_no_fault_when_the_site_attests_hotpatches():
    probes = healthy() | {"packages": packages(package(4294, installed_at="2025-07-10T03:00:00Z"))}

    check = judge(probes, site(hotpatch_enrolled=True), os={"ubr": 4999})

    assert ("WARNING", "hotpatch_level_unknown") in found(check)
    assert check.status == "WARNING"


def test_a_package_from_the_year_1601_has_no_date():
    # What Windows makes of a time that was never written.
    probes = healthy() | {"packages": packages(package(installed_at="1601-01-01T00:00:00Z"))}

    assert found(judge(probes)) == [("WARNING", "install_date_unknown")]


def test_an_update_level_that_was_installed_in_the_future_has_no_age():
    probes = healthy() | {
        "packages": packages(package(ubr=9999, installed_at="2025-12-24T00:00:00Z"))
    }

    check = judge(probes, os={"ubr": 9999})

    assert found(check) == [("ERROR", "level_age_unknown"), ("WARNING", "conflicting_evidence")]
