# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions of the pages: right answers, in order, in pages, at a cost that does not grow."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, event, insert, text

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckId,
    CheckStatus,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.evidence_index import (
    HostCheck,
    evidence,
    history,
    latest_checks,
    runs,
    site_evidence,
    sites,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.schema import (
    Bundle,
    BundleFinding,
    LatestCheck,
    Run,
    Site,
)
from unit.evidence.site_writer import SiteWriter, three_runs
from unit.store.indexed import take, take_again

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FIREWALL = CheckId.FIREWALL


@pytest.fixture
def clinic(database, tmp_path) -> SiteWriter:
    """Return a site whose dc01 was seen three times, fs01 twice, pc01 once."""
    site = SiteWriter(tmp_path / "evidence")
    checks = ("firewall", "logging")
    everywhere = {"dc01": ["FAIL"], "fs01": ["PASS"], "pc01": ["unreachable"]}
    site.run("run-1", everywhere, checks=checks)
    site.run("run-2", {"dc01": ["PASS"], "fs01": ["WARNING"]}, checks=checks,
             at="2026-03-02T13:00:00Z")  # fmt: skip
    site.run("run-3", {"dc01": ["PASS", "collector_failed"]}, checks=checks,
             at="2026-03-02T14:00:00Z")  # fmt: skip
    take(database, site)
    return site


def brief(bundles) -> list[tuple[str, str, str]]:
    return [(item.host_id, item.check_id.value, item.status.value) for item in bundles]


def ids(bundles) -> list[int]:
    return [int(item.bundle_id.rpartition("-")[2]) for item in bundles]


@pytest.mark.usefixtures("clinic")
def test_the_latest_checks_are_the_newest_of_each_host_and_check(database):
    with database.reading() as session:
        found = latest_checks(session, "clinic-001")

    assert brief(found) == [
        ("dc01", "firewall", "PASS"),
        ("dc01", "logging", "ERROR"),
        ("fs01", "firewall", "WARNING"),
        ("fs01", "logging", "WARNING"),
        ("pc01", "firewall", "ERROR"),
        ("pc01", "logging", "ERROR"),
    ]


def test_newest_is_what_the_log_holds_last_even_if_the_clock_was_set_back(database, site):
    site.run("run-1", {"dc01": ["PASS"]}, at="2026-03-02T14:00:00Z", checks=("firewall",))
    site.run("run-2", {"dc01": ["FAIL"]}, at="2026-03-02T13:00:00Z", checks=("firewall",),
             behind=3600)  # fmt: skip
    take(database, site)

    with database.reading() as session:
        assert brief(latest_checks(session, "clinic-001")) == [("dc01", "firewall", "FAIL")]


@pytest.mark.usefixtures("clinic")
def test_the_latest_checks_come_in_pages(database):
    with database.reading() as session:
        first = latest_checks(session, "clinic-001", limit=4)
        last = (first[-1].host_id, first[-1].check_id)
        second = latest_checks(session, "clinic-001", limit=4, after=last)

    assert brief(second) == [("pc01", "firewall", "ERROR"), ("pc01", "logging", "ERROR")]
    assert (len(first), len(second)) == (4, 2)


@pytest.mark.usefixtures("clinic")
def test_history_is_of_one_check_of_one_host_newest_first(database):
    pair = HostCheck("clinic-001", "dc01", FIREWALL)

    with database.reading() as session:
        whole = history(session, pair)
        first = history(session, pair, limit=2)
        rest = history(session, pair, limit=2, before=first[-1].log_index)

    assert brief(whole) == [
        ("dc01", "firewall", "PASS"), ("dc01", "firewall", "PASS"), ("dc01", "firewall", "FAIL"),
    ]  # fmt: skip
    assert first + rest == whole


def test_evidence_is_of_all_sites_by_time(database, clinic):
    other = SiteWriter(clinic.root, site_id="clinic-000")
    other.run("run-1", {"dc01": ["PASS"]}, at="2026-03-02T13:30:00Z", checks=("firewall",))
    take(database, other)

    with database.reading() as session:
        found = evidence(session)
        failed = evidence(session, status=CheckStatus.FAIL)

    assert [(item.site_id, int(item.bundle_id[-2:])) for item in found] == [
        ("clinic-001", 12), ("clinic-001", 11), ("clinic-000", 1), ("clinic-001", 10),
        ("clinic-001", 9), ("clinic-001", 8), ("clinic-001", 7), ("clinic-001", 6),
        ("clinic-001", 5), ("clinic-001", 4), ("clinic-001", 3), ("clinic-001", 2),
        ("clinic-001", 1),
    ]  # fmt: skip
    assert brief(failed) == [("dc01", "logging", "FAIL"), ("dc01", "firewall", "FAIL")]


@pytest.mark.parametrize("status", [None, CheckStatus.PASS])
def test_pages_of_evidence_neither_skip_nor_repeat(database, tmp_path, status):
    """Two sites that seal in the same second, so that the time alone tells nothing."""
    for name in ("clinic-001", "clinic-002"):
        take(database, three_runs(tmp_path / "evidence", site_id=name))
    pages, cursor = [], None

    with database.reading() as session:
        while page := evidence(session, limit=7, before=cursor, status=status):
            pages += page
            cursor = page[-1].cursor
        whole = evidence(session, limit=1000, status=status)

    assert pages == whole
    assert len(whole) == (80 if status is None else 38)


@pytest.mark.usefixtures("clinic")
def test_the_evidence_and_runs_of_one_site_come_newest_first(database):
    with database.reading() as session:
        first = site_evidence(session, "clinic-001", limit=5)
        second = site_evidence(session, "clinic-001", limit=5, before=first[-1].log_index)
        listed = runs(session, "clinic-001", limit=2)
        rest = runs(session, "clinic-001", limit=2, before=listed[-1].log_index)

    assert ids(first + second) == [12, 11, 10, 9, 8, 7, 6, 5, 4, 3]
    assert [run.run_id for run in listed + rest] == ["run-3", "run-2", "run-1"]


@pytest.mark.usefixtures("clinic")
def test_sites_tell_how_far_they_are_indexed(database):
    with database.reading() as session:
        [site] = sites(session)

    assert (site.site_id, site.tree_size, site.runs, site.bundles) == ("clinic-001", 15, 3, 12)
    assert site.ingested_at.isoformat() == "2026-03-04T09:30:00+00:00"


def test_hosts_are_ordered_by_code_point_on_both_engines(database, site):
    site.run("run-1", {name: ["PASS"] for name in ("b", "a_1", "a-2", "B", "ä", "a.3")},
             checks=("firewall",))  # fmt: skip
    take(database, site)

    with database.reading() as session:
        found = [item.host_id for item in latest_checks(session, "clinic-001")]

    assert found == ["B", "a-2", "a.3", "a_1", "b", "ä"]


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_list_without_a_sensible_limit_is_refused(database, limit):
    with database.reading() as session, pytest.raises(ValueError, match="1 to 1000"):
        evidence(session, limit=limit)


def test_the_table_of_latest_checks_is_what_the_bundles_say(database, clinic):
    take_again(database, clinic)

    with database.reading() as session:
        naive = session.execute(
            text("SELECT host_id, check_id, MAX(log_index) FROM bundles GROUP BY host_id, check_id")
        ).all()
        kept = session.execute(text("SELECT host_id, check_id, log_index FROM latest_checks")).all()

    assert sorted(map(tuple, naive)) == sorted(map(tuple, kept))


# What an answer costs.

HOSTS, RUNS = 50, 40


@pytest.fixture
def crowded(database):
    """Return an index of 12,000 bundles, written without evidence."""
    checks = list(CheckId)
    places = [
        (run, run * (HOSTS * 6 + 1) + host * 6 + number, f"pc{host:03d}", check)
        for run in range(RUNS)
        for host in range(HOSTS)
        for number, check in enumerate(checks)
    ]
    common = {"site_id": "clinic-001", "file": "-", "line_sha256": "-"}
    with database.writing() as session:
        session.execute(insert(Site), [{
            "site_id": "clinic-001", "log_origin": "-", "tree_size": 1, "root": "-",
            "checkpoint": "-", "ingested_at": NOON,
        }])  # fmt: skip
        session.execute(insert(Run), [{
            **common, "log_index": run * (HOSTS * 6 + 1) + HOSTS * 6, "run_id": f"run-{run}",
            "status": "complete", "started_at": NOON, "sealed_at": NOON + timedelta(hours=run),
            "clock_set_back_seconds": 0, "inventory_hosts": HOSTS, "hosts": HOSTS,
            "expected": HOSTS * 6, "obtained": HOSTS * 6, "missing": 0, "not_scheduled": 0,
            "bundles": HOSTS * 6, "first_index": run * (HOSTS * 6 + 1), "key_id": "-",
        } for run in range(RUNS)])  # fmt: skip
        session.execute(insert(Bundle), [{
            **common, "log_index": at, "run_index": run * (HOSTS * 6 + 1) + HOSTS * 6,
            "bundle_id": f"EB-{at}", "host_id": host, "check_id": check,
            "status": "FAIL" if at % 100 == 0 else "PASS", "outcome": "success",
            "reason_code": "ok", "error_code": None, "message": "-", "checked_at": None,
            "sealed_at": NOON + timedelta(hours=run), "controls": [], "byte_offset": 0,
            "byte_length": 1,
        } for run, at, host, check in places])  # fmt: skip
        session.execute(insert(BundleFinding), [{
            "site_id": "clinic-001", "log_index": at, "position": 0, "code": "ok",
            "status": "PASS", "severity": "INFO", "scope": "", "gpo_managed": False,
        } for _run, at, _host, _check in places])  # fmt: skip
        session.execute(insert(LatestCheck), [
            {"site_id": "clinic-001", "host_id": host, "check_id": check, "log_index": at}
            for run, at, host, check in places if run == RUNS - 1
        ])  # fmt: skip
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
    return database


QUESTIONS = {
    "latest": lambda session: latest_checks(session, "clinic-001"),
    "latest, second page": lambda session: latest_checks(
        session, "clinic-001", 50, ("pc020", FIREWALL)
    ),
    "history": lambda session: history(
        session, HostCheck("clinic-001", "pc007", FIREWALL), before=9000
    ),
    "evidence": evidence,
    "evidence, second page": lambda session: evidence(session, before=evidence(session)[-1].cursor),
    "evidence by status": lambda session: evidence(session, status=CheckStatus.FAIL),
    "site evidence": lambda session: site_evidence(session, "clinic-001", before=5000),
    "runs": lambda session: runs(session, "clinic-001"),
}


def plans(database, question) -> tuple[int, list[str]]:
    """Return how many statements *question* takes, and each step of how they are executed."""
    asked = []

    def note(_connection, _cursor, statement, parameters, *_rest) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    with database.reading() as session:
        question(session)
    event.remove(Engine, "before_cursor_execute", note)
    word = "EXPLAIN QUERY PLAN" if database.engine.dialect.name == "sqlite" else "EXPLAIN"
    with database.engine.connect() as connection:
        steps = [
            str(row[-1])
            for statement, parameters in asked
            for row in connection.exec_driver_sql(f"{word} {statement}", parameters)
        ]
    return len(asked), steps


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_question_reads_a_table_from_end_to_end_or_sorts_it(crowded, name):
    asked, steps = plans(crowded, QUESTIONS[name])

    sorts_or_scans = [
        step
        for step in steps
        if "Seq Scan on bundles" in step
        or "Seq Scan on findings" in step
        or step.startswith(("SCAN bundles", "SCAN findings", "USE TEMP B-TREE"))
        if " USING INDEX" not in step
    ]
    assert steps
    assert sorts_or_scans == []
    assert asked <= (4 if "second" in name else 2)


def test_findings_are_fetched_for_the_whole_list_at_once(crowded):
    few, _ = plans(crowded, lambda session: latest_checks(session, "clinic-001", 5))
    many, _ = plans(crowded, lambda session: latest_checks(session, "clinic-001", 300))

    assert (few, many) == (2, 2)
