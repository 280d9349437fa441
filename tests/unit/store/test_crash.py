# SPDX-License-Identifier: GPL-3.0-or-later
"""A crash at any statement leaves whole runs; two at once index each run once."""

import multiprocessing

import pytest
from sqlalchemy import event, select

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.indexing import Counts
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.ingest import (
    indexed_head,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.migrating import (
    open_database,
    prepare_database,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.schema import (
    Bundle,
    Run,
)
from unit.evidence.site_writer import SiteWriter, key
from unit.store.indexed import digest, find, take, take_again

# The size of the log before and behind each run, and behind the rotation that follows.
BOUNDARIES = {0, 3, 6, 7}


class Crash(BaseException):
    """What kills a program: nothing catches it."""


def crash_at(engine, number: int) -> list[str]:
    """Let *engine* raise Crash instead of its statement *number*; return what it was asked."""
    asked: list[str] = []

    def count(_connection, _cursor, statement, *_rest) -> None:
        asked.append(statement)
        if len(asked) == number:
            raise Crash(statement)

    event.listen(engine, "before_cursor_execute", count)
    return asked


@pytest.fixture
def rich_site(tmp_path) -> SiteWriter:
    def edit(bundle):
        bundle["pre_state"]["findings"] = [find("profile_off")]

    site, checks = SiteWriter(tmp_path / "evidence"), ("firewall", "backup")
    site.run("run-1", {"dc01": ["FAIL"]}, checks=checks, edit_bundle=edit)
    site.run("run-2", {"dc01": ["FAIL"]}, checks=checks, at="2026-03-02T14:00:00Z")
    site.rotate(key(2), at="2026-03-03T07:00:00Z")
    return site


def number_of_statements(url: str, site: SiteWriter) -> int:
    database = prepare_database(url)
    asked = crash_at(database.engine, -1)
    take(database, site)
    database.close()
    return len(asked)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_crash_at_any_statement_is_harmless_and_the_next_ingest_goes_on(
    engine, new_url, rich_site
):
    whole = prepare_database(new_url(engine))
    take(whole, rich_site)
    expected = digest(whole, rich_site)
    whole.close()
    statements = number_of_statements(new_url(engine), rich_site)
    assert statements > 15
    stopped_at = set()

    for number in range(1, statements + 1):
        url = new_url(engine)
        database = prepare_database(url)
        crash_at(database.engine, number)
        with pytest.raises(Crash):
            take(database, rich_site)
        database.close()
        again = open_database(url)
        stopped_at.add(indexed_head(again, "clinic-001").size)
        with again.reading() as session:
            for run in session.scalars(select(Run)):
                bundles = session.scalars(
                    select(Bundle).where(Bundle.run_index == run.log_index)
                ).all()
                assert len(bundles) == run.bundles
        take(again, rich_site)
        assert digest(again, rich_site) == expected, f"after a crash at statement {number}"
        again.close()

    assert stopped_at == BOUNDARIES - {7}


def test_a_crash_before_the_commit_counts_as_not_done(database, rich_site):
    def crash(_connection) -> None:
        raise Crash("commit")

    event.listen(database.engine, "commit", crash)
    with pytest.raises(Crash):
        take(database, rich_site)
    event.remove(database.engine, "commit", crash)

    assert indexed_head(database, "clinic-001").size == 0
    assert take(database, rich_site).added == Counts(runs=2, bundles=4, key_statements=1)


def test_a_rebuild_that_crashes_leaves_the_index_as_it_was(database, rich_site):
    take(database, rich_site)
    before = digest(database, rich_site)
    crash_at(database.engine, 12)

    with pytest.raises(Crash):
        take_again(database, rich_site)

    assert digest(database, rich_site) == before


def ingest_in_a_process(url, root, start, results) -> None:
    database = open_database(url)
    start.wait(timeout=60)
    added = take(database, SiteWriter(root)).added
    results.put((added.runs, added.bundles))
    database.close()


def test_processes_that_ingest_at_once_never_index_a_run_twice(url, tmp_path):
    site = SiteWriter(tmp_path / "evidence")
    writers = 3
    for number in range(5):
        site.run(f"run-{number}", {"dc01": ["PASS"]}, at=f"2026-03-02T{number + 10}:00:00Z")
    prepare_database(url).close()
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(writers), context.Queue()
    processes = [
        context.Process(target=ingest_in_a_process, args=(url, site.root, start, results))
        for _ in range(writers)
    ]
    for process in processes:
        process.start()
    done = [results.get(timeout=120) for _ in processes]
    for process in processes:
        process.join(timeout=60)

    database = open_database(url)
    assert [process.exitcode for process in processes] == [0] * writers
    assert (sum(runs for runs, _ in done), sum(bundles for _, bundles in done)) == (5, 30)
    both = digest(database, site)
    take_again(database, site)
    assert digest(database, site) == both
    database.close()
