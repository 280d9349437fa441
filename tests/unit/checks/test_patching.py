# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a Windows host patched, one line a rule. Now is 2025-11-04, a Tuesday."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.checks.patching import (
    judge_patching,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.patching import (
    PatchingFacts,
)
from unit.checks.documents import document, leaf_paths, list_of, probe, without
from unit.checks.patching_documents import (
    DEFINITIONS,
    PENDING,
    POLICY,
    UPDATE,
    UPDATE_ID,
    event,
    found,
    healthy,
    informed,
    judge,
    package,
    packages,
    search,
    site,
)

OTHER = "cd5ffd1e-e932-4e3a-bf74-18bf0b1bbd83"


def test_a_patched_host_passes():
    assert found(judge(healthy())) == []


UPDATES = [
    pytest.param({}, [("FAIL", "critical_update_overdue")], id="critical-21-days"),
    pytest.param({"published_at": "2025-10-20T00:00:00Z"}, [], id="critical-15-days-is-in-time"),
    pytest.param(
        {"published_at": "2025-10-19T00:00:00Z"},
        [("FAIL", "critical_update_overdue")],
        id="critical-16-days",
    ),
    pytest.param({"severity": "important"}, [], id="important-21-days-is-in-time"),
    pytest.param(
        {"severity": "important", "published_at": "2025-10-05T00:00:00Z"},
        [],
        id="important-30-days-is-in-time",
    ),
    pytest.param(
        {"severity": "important", "published_at": "2025-10-04T00:00:00Z"},
        [("FAIL", "high_update_overdue")],
        id="important-31-days",
    ),
    pytest.param(
        {"severity": None}, [("FAIL", "critical_update_overdue")], id="unrated-counts-as-critical"
    ),
    pytest.param(
        {"severity": "low", "published_at": "2025-09-01T00:00:00Z"},
        [("WARNING", "minor_update_overdue")],
        id="minor-and-old",
    ),
    pytest.param({"severity": None, "category_ids": list_of(OTHER)}, [], id="closes-no-hole"),
    pytest.param({"category_ids": list_of(DEFINITIONS)}, [], id="definitions-are-not-judged-here"),
    pytest.param({"browse_only": True}, [], id="optional"),
    pytest.param(
        {"published_at": None}, [("WARNING", "update_date_unknown")], id="no-day-of-release"
    ),
    pytest.param({"is_hidden": True}, [("FAIL", "update_hidden")], id="hidden-21-days"),
    pytest.param(
        {"is_hidden": True, "published_at": "2025-11-01T00:00:00Z"},
        [("WARNING", "update_hidden")],
        id="hidden-in-time",
    ),
    pytest.param(
        {"is_hidden": True, "category_ids": list_of(OTHER), "severity": None},
        [],
        id="hidden-and-closes-no-hole",
    ),
    pytest.param(
        {"published_at": "2025-12-09T00:00:00Z"},
        [("WARNING", "update_date_unknown")],
        id="released-in-the-future",
    ),
]


@pytest.mark.parametrize(("change", "expected"), UPDATES)
def test_a_missing_update_has_its_time(change, expected):
    assert found(judge(healthy() | {"search": search(UPDATE | change)})) == expected


def test_updates_that_the_list_cut_are_told():
    young = UPDATE | {"published_at": "2025-11-01T00:00:00Z"}

    assert found(judge(healthy() | {"search": search(young, total=31)})) == [
        ("WARNING", "updates_cut")
    ]


SUPPORT = [
    pytest.param("Professional", {}, [("FAIL", "os_unsupported")], id="ended"),
    pytest.param("EnterpriseS", {}, [], id="another-edition-lives-on"),
    pytest.param("Professional", {"esu_until": date(2025, 11, 4)}, [], id="extended-to-today"),
    pytest.param(
        "Professional",
        {"esu_until": date(2025, 11, 3)},
        [("FAIL", "os_unsupported")],
        id="extended-to-yesterday",
    ),
    pytest.param(None, {}, [("WARNING", "os_support_unknown")], id="edition-unknown"),
]


@pytest.mark.parametrize(("edition", "statement", "expected"), SUPPORT)
def test_support_ends_by_build_and_edition(edition, statement, expected):
    host = {"build": 19045, "ubr": 4294, "edition_id": edition, "product_type": 1}

    assert found(judge(healthy(), site(**statement), os=host)) == expected


@pytest.mark.parametrize(
    ("now", "status"),
    [("2031-10-14", "in time"), ("2031-10-15", "ended")],
    ids=["last-day", "next"],
)
def test_the_last_day_of_support_is_still_good(now, status):
    facts = PatchingFacts.parse(document("patching", healthy()))

    check = judge_patching(facts, POLICY, datetime.fromisoformat(f"{now}T23:00:00Z"))

    codes = [code for _, code in found(check)]
    assert ("os_unsupported" in codes) is (status == "ended")


def failures(count, **change):
    return [event(20, f"2025-11-0{n + 1}T04:00:00Z", "0x800F081E", **change) for n in range(count)]


FAILURES = [
    pytest.param(failures(3), [("FAIL", "install_failing")], id="three-times"),
    pytest.param(failures(2), [("WARNING", "install_failed")], id="twice"),
    pytest.param(
        [*failures(3), event(19, "2025-11-04T05:00:00Z")], [], id="a-success-mends-all-before-it"
    ),
    pytest.param(
        [event(20, "2025-10-01T04:00:00Z", "0x800F081E")] * 3, [], id="long-ago-is-forgotten"
    ),
]


@pytest.mark.parametrize(("events", "expected"), FAILURES)
def test_failing_installs_are_named(events, expected):
    young = UPDATE | {"published_at": "2025-11-01T00:00:00Z"}
    probes = healthy() | {"events": probe(list_of(*events)), "search": search(young)}

    assert found(judge(probes)) == expected


def test_a_failing_driver_is_information():
    driver = failures(3, update_id="11111111-0000-4000-8000-000000000001", kbs=())

    check = judge(healthy() | {"events": probe(list_of(*driver))})

    assert found(check) == []
    assert informed(check) == ["install_failed"]


HISTORY = [
    pytest.param(0, [], id="not-begun"),
    pytest.param(1, [], id="under-way"),
    pytest.param(2, [], id="succeeded"),
    pytest.param(4, [("FAIL", "install_failing")], id="failed"),
    pytest.param(5, [("FAIL", "install_failing")], id="aborted"),
]


@pytest.mark.parametrize(("result_code", "expected"), HISTORY)
def test_the_history_shows_failures_too(result_code, expected):
    entry = {
        "operation": 1,
        "result_code": result_code,
        "hresult": "0x800F0922",
        "at": "2025-11-02T04:00:00Z",
        "update_id": UPDATE_ID,
        "kbs": list_of("5066782"),
    }
    history = probe({"total": 3, "entries": list_of(entry, entry, entry)})

    assert found(judge(healthy() | {"history": history})) == expected


# Not needed while the search answers, and refused to every remote session.
NATURALLY_ABSENT = {"cached_search", "agent_reboot"}


@given(data=st.data())
def test_removing_any_fact_never_improves_the_verdict(data):
    unrated = UPDATE | {"severity": None}
    failing = probe(list_of(*failures(3)))
    sick = healthy() | {"reboot": PENDING, "search": search(unrated), "events": failing}
    probes = data.draw(st.sampled_from([healthy(), sick]))
    path = data.draw(st.sampled_from(leaf_paths(probes)))

    before, after = judge(probes).status, judge(without(probes, path)).status

    assert not (after == "PASS" and before != "PASS")
    # What is removed from a healthy host is noticed, unless it is absent by nature.
    assert after != "PASS" or path[0] in NATURALLY_ABSENT


@given(data=st.data(), state=st.sampled_from(["denied", "timeout", "error", "absent"]))
def test_a_source_that_was_not_read_never_passes(data, state):
    name = data.draw(st.sampled_from(sorted(set(healthy()) - NATURALLY_ABSENT)))

    assert judge(healthy() | {name: probe(state=state)}).status != "PASS"


@given(order=st.permutations(range(4)))
def test_the_order_of_a_list_changes_nothing(order):
    rows = [package(), package(4171, state=80), package(4052, state=80), package(4405, state=64)]
    updates = [UPDATE | {"kbs": list_of(f"500000{n}"), "update_id": str(n)} for n in range(4)]
    probes = healthy() | {
        "packages": packages(*(rows[n] for n in order)),
        "search": search(*(updates[n] for n in order)),
    }

    scopes = [item["scope"] for item in judge(probes).details["findings"]]

    assert scopes == ["KB5000000", "KB5000001", "KB5000002", "KB5000003"]
