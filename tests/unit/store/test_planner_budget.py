# SPDX-License-Identifier: GPL-3.0-or-later
"""The counters of the planner's model in a database: kept, shared, and never overdrawn."""

import multiprocessing
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event, select

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.budget import (
    Breaker,
    Quota,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.database import (
    DatabaseUnusable,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.migrating import (
    open_database,
    prepare_database,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.planner_budget import (
    DatabaseBudget,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.planner_tables import (
    PlannerCallsRow,
)

SITE, TODAY = "clinic-001", date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOST = Quota(SITE, "host fs01", 2, TODAY)


@pytest.fixture
def budget(database):
    return DatabaseBudget(database)


def counted(database):
    """Return what every counter has seen."""
    with database.reading() as session:
        rows = session.scalars(select(PlannerCallsRow))
        return {(row.site_id, row.day, row.counter): row.calls for row in rows}


def test_a_limit_of_two_lets_two_pass(budget):
    assert [budget.claim([HOST]) for _ in range(3)] == [None, None, HOST]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Quota("clinic-002", "host fs01", 2, TODAY), id="another-site"),
        pytest.param(Quota(SITE, "host dc01", 2, TODAY), id="another-host"),
        pytest.param(Quota(SITE, "host fs01", 2, TODAY + timedelta(days=1)), id="the-next-day"),
        pytest.param(Quota(SITE, "host fs01", 2), id="of-all-time"),
    ],
)
def test_a_counter_is_its_site_its_day_and_its_name(other, budget):
    for _ in range(2):
        budget.claim([HOST])

    assert budget.claim([other]) is None
    assert budget.claim([HOST]) == HOST


@pytest.mark.parametrize("full_first", [True, False], ids=["full-first", "full-last"])
def test_a_refused_claim_counts_nothing(full_first, budget, database):
    full = Quota(SITE, "a" if full_first else "z", 1, TODAY)
    budget.claim([full])
    before = counted(database)

    assert budget.claim([HOST, full, Quota(SITE, "m", 9)]) == full
    assert counted(database) == before == {(SITE, "2026-03-02", full.counter): 1}


def test_a_limit_of_none_is_no_call(budget, database):
    nothing = Quota(SITE, "host fs01", 0, TODAY)

    assert budget.claim([nothing]) == nothing
    assert counted(database) == {}


def test_a_lower_limit_holds_from_now_on(budget):
    budget.claim([HOST])

    stricter = Quota(SITE, "host fs01", 1, TODAY)

    assert budget.claim([stricter]) == stricter


def test_another_run_goes_on_counting(url):
    for expected in (None, None, HOST):
        database = prepare_database(url)
        assert DatabaseBudget(database).claim([HOST]) == expected
        database.close()


def test_days_long_past_are_forgotten_and_incidents_are_not(budget, database):
    budget.claim([HOST, Quota(SITE, "incident 1", 1)])
    budget.claim([Quota("clinic-002", "site", 9, TODAY)])

    budget.claim([Quota(SITE, "site", 9, TODAY + timedelta(days=31))])
    month = set(counted(database))
    budget.claim([Quota(SITE, "site", 9, TODAY + timedelta(days=32))])

    assert (SITE, "2026-03-02", "host fs01") in month
    assert set(counted(database)) == {
        (SITE, "", "incident 1"),
        ("clinic-002", "2026-03-02", "site"),
        (SITE, "2026-04-02", "site"),
        (SITE, "2026-04-03", "site"),
    }


def test_a_breaker_is_that_of_its_site_and_is_kept(budget):
    assert budget.breaker(SITE) == Breaker()

    budget.keep_breaker(SITE, Breaker(4))
    budget.keep_breaker(SITE, Breaker(5, NOON))

    assert budget.breaker(SITE) == Breaker(5, NOON)
    assert budget.breaker("clinic-002") == Breaker()


def test_a_claim_that_fails_half_way_counts_nothing(budget, database):
    def fail(_connection, _cursor, statement, *_rest):
        if statement.startswith("DELETE"):
            raise KeyboardInterrupt

    event.listen(database.engine, "before_cursor_execute", fail)
    with pytest.raises(KeyboardInterrupt):
        budget.claim([HOST])
    event.remove(database.engine, "before_cursor_execute", fail)

    assert counted(database) == {}


def test_counters_that_cannot_be_kept_say_so(budget, database):
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE planner_calls")

    with pytest.raises(DatabaseUnusable):
        budget.claim([HOST])


def claim_in_a_process(url, start, answers, turn) -> None:
    database = open_database(url)
    quotas = [Quota(SITE, "site", 7, TODAY), Quota(SITE, "host fs01", 5, TODAY)]
    start.wait(timeout=60)
    # In another order in each process: whoever waits for a row holds others already.
    ordered = quotas if turn else quotas[::-1]
    answers.put([DatabaseBudget(database).claim(ordered) is None for _ in range(10)])
    database.close()


def test_processes_that_race_for_the_last_calls_get_no_more_than_there_are(url):
    prepare_database(url).close()
    context = multiprocessing.get_context("spawn")
    start, answers = context.Barrier(2), context.Queue()
    processes = [
        context.Process(target=claim_in_a_process, args=(url, start, answers, turn))
        for turn in range(2)
    ]
    for process in processes:
        process.start()
    allowed = Counter(one for _ in processes for one in answers.get(timeout=120))
    for process in processes:
        process.join(timeout=60)

    database = open_database(url)
    kept = counted(database)
    database.close()
    assert [process.exitcode for process in processes] == [0, 0]
    assert allowed == {True: 5, False: 15}
    assert kept == {(SITE, "2026-03-02", "site"): 5, (SITE, "2026-03-02", "host fs01"): 5}
