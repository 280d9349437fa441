# SPDX-License-Identifier: GPL-3.0-or-later
"""Several healers at once, and healers that die: one acts, and nothing is used twice or half."""

import multiprocessing
import threading
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select, text

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import Outcome
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gate_claims import Claim
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gate_tables import (
    ApprovalRow,
    RepairClaimRow,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gates import Gate
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.migrating import (
    open_database,
    prepare_database,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.run_identity import (
    identify_run,
)
from unit.healing.repairs import LOGGING, NOON, policy, request, runbook

MINUTE = timedelta(minutes=1)
ASKS = {"requires_approval": True}
BOOKS = {LOGGING: runbook()}


def gate(database, run_id="run-1", **site) -> Gate:
    return Gate(database, policy(**site), BOOKS, identify_run(run_id))


def code(answer) -> str:
    return "claimed" if isinstance(answer, Claim) else answer.code.value


def at_once(url, calls) -> list[object]:
    """Return what *calls* say, each with a database of its own, started at the same moment."""
    start, answers = threading.Barrier(len(calls)), [None] * len(calls)

    def run(place, call):
        database = open_database(url)
        try:
            start.wait(timeout=60)
            answers[place] = call(database)
        except BaseException as error:  # noqa: BLE001 - a thread must not hide what went wrong
            answers[place] = error
        finally:
            database.close()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return answers


@pytest.fixture
def prepared(url) -> str:
    prepare_database(url).close()
    return url


def test_of_many_that_claim_one_host_one_gets_it(prepared):
    calls = [
        lambda database, number=number: gate(database, f"run-{number}").claim(request(), NOON)
        for number in range(6)
    ]

    answers = Counter(map(code, at_once(prepared, calls)))

    assert answers == {"claimed": 1, "host_busy": 5}


def test_of_many_hosts_no_more_are_taken_at_once_than_the_policy_says(prepared):
    calls = [
        lambda database, number=number: gate(database).claim(request(f"pc{number:02}"), NOON)
        for number in range(6)
    ]

    assert Counter(map(code, at_once(prepared, calls))) == {"claimed": 3, "site_busy": 3}


def test_of_many_hosts_one_goes_first(prepared):
    careful = {"blast_radius": {"canary": True}}
    calls = [
        lambda database, number=number: gate(database, **careful).claim(
            request(f"pc{number:02}"), NOON
        )
        for number in range(5)
    ]

    assert Counter(map(code, at_once(prepared, calls))) == {"claimed": 1, "canary_running": 4}


def test_one_answer_counts_when_two_are_given_at_once(prepared):
    database = open_database(prepared)
    waiting = gate(database).request_approval(request(does=ASKS), NOON)
    calls = [
        lambda other: gate(other).approve(waiting.approval_id, "carol", NOON),
        lambda other: gate(other).refuse(waiting.approval_id, "dave", NOON),
    ]

    answers = at_once(prepared, calls)

    kinds = Counter(type(answer).__name__ for answer in answers)
    database.close()
    assert kinds == {"Approval": 1, "ApprovalClosed": 1}


def is_waited_for(database, thread) -> bool:
    """Return whether *thread* waits for an advisory lock; raises if nothing happens in time."""
    wanted = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    for _ in range(6000):
        with database.reading() as session:
            if session.scalar(wanted):
                return True
        thread.join(timeout=0.01)
        if not thread.is_alive():
            return False
    raise TimeoutError("neither done nor waiting")


@pytest.mark.parametrize("scope", ["clinic-001", "*"])
def test_the_switch_reports_that_it_is_on_when_no_claim_is_under_way(new_url, scope):
    # SQLite has one writer at a time, so there is nothing to see.
    url, seen = new_url("postgresql"), []
    prepare_database(url).close()
    claiming, killing = open_database(url), open_database(url)
    decided, may_commit = threading.Event(), threading.Event()

    def pause(_connection) -> None:
        decided.set()
        may_commit.wait(timeout=60)

    def kill() -> None:
        gate(killing).kill(scope, "dave", "a bad patch", NOON)
        with killing.reading() as session:
            seen.extend(session.scalars(select(RepairClaimRow.host_id)).all())

    event.listen(claiming.engine, "commit", pause)
    threads = [
        threading.Thread(target=lambda: gate(claiming).claim(request(), NOON)),
        threading.Thread(target=kill),
    ]
    threads[0].start()
    assert decided.wait(timeout=60)
    threads[1].start()
    watching = open_database(url)
    waited = is_waited_for(watching, threads[1])
    may_commit.set()
    for thread in threads:
        thread.join(timeout=60)
    for database in (claiming, killing, watching):
        database.close()

    assert (waited, seen) == (True, ["fs01"])


def heal_in_a_process(url, run_id, start, answers) -> None:
    database = open_database(url)
    start.wait(timeout=60)
    answers.put((run_id, code(gate(database, run_id).claim(request(), NOON))))
    database.close()


def test_of_processes_that_heal_one_host_exactly_one_acts(prepared):
    context = multiprocessing.get_context("spawn")
    start, answers = context.Barrier(3), context.Queue()
    processes = [
        context.Process(target=heal_in_a_process, args=(prepared, f"run-{number}", start, answers))
        for number in range(3)
    ]
    for process in processes:
        process.start()
    said = dict(answers.get(timeout=120) for _ in processes)
    for process in processes:
        process.join(timeout=60)

    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert sorted(said.values()) == ["claimed", "host_busy", "host_busy"]


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


def approved(database) -> None:
    waiting = gate(database).request_approval(request(does=ASKS), NOON)
    gate(database).approve(waiting.approval_id, "carol", NOON)


def test_a_claim_that_crashes_at_any_statement_has_used_up_nothing(prepared):
    database = open_database(prepared)
    approved(database)
    database.close()
    whole = open_database(prepared)
    statements = 0
    for number in range(1, 100):
        crashing = open_database(prepared)
        asked = crash_at(crashing.engine, number)
        try:
            claim = gate(crashing).claim(request(does=ASKS), NOON)
        except Crash:
            statements += 1
        else:
            assert len(asked) < number
            break
        finally:
            crashing.close()
        with whole.reading() as session:
            assert session.scalars(select(RepairClaimRow)).all() == []
            assert session.scalars(select(ApprovalRow.state)).all() == ["approved"]
    whole.close()

    assert statements > 8
    assert isinstance(claim, Claim)


HOSTS = ("fs01", "fs02")
OUTCOMES = [Outcome.SUCCESS, Outcome.FAILURE, None, None]  # None: it goes on
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("repair"),
            st.integers(0, 1),
            st.sampled_from(HOSTS),
            st.sampled_from(["free", "approved", "not approved"]),
            st.sampled_from(OUTCOMES),
        ),
        st.tuples(st.just("release"), st.sampled_from(HOSTS), st.sampled_from(OUTCOMES[:2])),
        st.tuples(st.just("wait"), st.sampled_from([-30, 119, 121, 500])),
        st.tuples(st.just("stop"), st.sampled_from(HOSTS)),
    ),
    min_size=8,
    max_size=20,
)


class Model:
    """Two healers, two hosts, and what must hold whatever they do in whatever order.

    One host at once, one try that fails, and two hours from one try to the next.
    """

    def __init__(self, database, site_id):
        limits = {"blast_radius": {"hosts_at_once": 1}}
        self.gates = [gate(database, f"run-{number}", **limits) for number in range(2)]
        self.site_id, self.now = site_id, NOON
        self.held, self.touched, self.failed = {}, {}, Counter()
        self.used = []

    def asked(self, host, *, needs_person=True):
        return request(
            host,
            site_id=self.site_id,
            does=ASKS if needs_person else {},
            max_retries=0,
            cooldown_seconds=7200,
        )

    def repair(self, healer, host, terms, outcome):
        if terms == "approved":
            self.approve(host)
        needs_person = terms != "free"
        answer = self.gates[healer].claim(self.asked(host, needs_person=needs_person), self.now)
        if not isinstance(answer, Claim):
            return
        assert self.held == {}
        assert self.failed[host] == 0
        assert host not in self.touched or self.now - self.touched[host] >= 120 * MINUTE
        assert (answer.approval_id is not None) == needs_person
        assert answer.approval_id not in self.used
        self.used += [answer.approval_id] if needs_person else []
        self.held[host] = answer
        self.touch(host)
        if outcome is not None:
            self.release(host, outcome)

    def release(self, host, outcome):
        if host in self.held:
            self.gates[0].release(self.held.pop(host), outcome, self.now)
            self.failed[host] = self.failed[host] + 1 if outcome is Outcome.FAILURE else 0
            self.touch(host)

    def touch(self, host):
        self.touched[host] = max(self.now, self.touched.get(host, self.now))

    def wait(self, minutes):
        self.now += minutes * MINUTE  # also back: clocks are set

    def approve(self, host):
        waiting = self.gates[0].request_approval(self.asked(host), self.now)
        if waiting.state == "pending":
            self.gates[0].approve(waiting.approval_id, "carol", self.now)

    def stop(self, host):
        self.gates[0].kill(self.site_id, "dave", "a bad patch", self.now)
        assert code(self.gates[1].claim(self.asked(host), self.now)) == "kill_switch"
        self.gates[0].unkill(self.site_id, "dave", self.now)


NUMBERS = iter(range(1_000_000))


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Return one database for all examples, each of which has a site of its own."""
    database = prepare_database(f"sqlite:///{tmp_path_factory.mktemp('gate')}/gate.sqlite3")
    yield database
    database.close()


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(steps=STEPS)
def test_in_any_order_of_events_no_limit_is_passed(kept, steps):
    model = Model(kept, f"clinic-{next(NUMBERS)}")

    for name, *arguments in steps:
        getattr(model, name)(*arguments)

    with kept.reading() as session:
        rows = session.scalars(
            select(RepairClaimRow).where(
                RepairClaimRow.site_id == model.site_id, RepairClaimRow.released_at.is_(None)
            )
        ).all()
    assert {row.host_id for row in rows} == set(model.held)
