# SPDX-License-Identifier: GPL-3.0-or-later
"""Incidents are kept whole: one open for a pair, told of once, and a run counts once."""

import threading

import pytest
from sqlalchemy import event, func, inspect, select, text
from sqlalchemy.exc import IntegrityError

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.sightings import (
    IncidentKey,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckId,
    CheckStatus,
    IncidentStatus,
    Outcome,
    ResolutionLevel,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.healing_rows import (
    RecordUnknown,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.healing_tables import (
    HEALING_TABLES,
    IncidentRow,
    OutboxRow,
    Pair,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.migrating import (
    open_database,
    prepare_database,
)
from unit.healing.remembered import OFF, RELAPSE, at, fails, finding, passes, silent, verdict
from unit.store.memory import Memory
from unit.store.test_crash import Crash, crash_at


@pytest.fixture
def memory(database) -> Memory:
    return Memory(database)


def kinds(happened) -> list[str]:
    return [item.kind.value for _, item in happened]


def number_of(database, table) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_an_incident_is_kept_as_it_was_opened(memory):
    seen = fails(
        0, finding(OFF, scope="domain", gpo_managed=True), "inbound_allowed", bundle="EB-1"
    )
    memory.incidents.record([seen])

    kept = memory.incidents.get("incident-1")

    assert kept.findings == seen.findings
    assert kept.contract().to_dict() == {
        "incident_id": "incident-1", "site_id": "clinic-001", "host_id": "dc01",
        "check_type": "firewall", "severity": "HIGH", "status": "OPEN",
        "created_at": "2026-03-02T12:00:00Z", "resolved_at": None, "resolution_level": None,
        "runbook_id": None, "evidence_bundle_id": "EB-1",
    }  # fmt: skip


def test_its_message_is_written_with_it_and_is_the_contracts(memory):
    memory.opened()

    (message,) = memory.outbox.waiting()

    assert (message.topic, message.message) == (
        "event",
        {
            "event_type": "incident.created",
            "timestamp": "2026-03-02T12:00:00Z",
            "payload": {
                "incident_id": "incident-1",
                "site_id": "clinic-001",
                "host_id": "dc01",
                "check_type": "firewall",
                "severity": "HIGH",
            },
        },
    )


def test_what_is_given_at_once_counts_in_the_order_in_which_it_was_seen(memory):
    memory.incidents.record([passes(10), fails(5), fails(0)])

    [incident] = memory.incidents.newest()
    assert (incident.created_at, incident.resolved_at) == (at(0), at(10))
    assert incident.status is IncidentStatus.RESOLVED


def test_the_same_run_given_twice_changes_nothing_and_tells_nobody(memory):
    run = [fails(0), passes(0, key=IncidentKey("clinic-001", "dc01", CheckId.BACKUP))]

    assert kinds(memory.incidents.record(run)) == ["opened"]
    assert memory.incidents.record(run) == []
    assert len(memory.outbox.waiting()) == 1


def test_a_run_that_was_resolved_since_does_not_come_back_when_it_is_given_again(memory):
    first = fails(0)
    memory.incidents.record([first])
    memory.incidents.record([passes(5)])

    assert memory.incidents.record([first]) == []
    assert memory.incidents.get("incident-1").status is IncidentStatus.RESOLVED


def test_what_has_always_passed_leaves_no_row(memory):
    memory.incidents.record([passes(0)])

    assert number_of(memory.database, Pair) == 0


def test_a_second_fail_keeps_one_incident_with_what_was_found_last(memory):
    memory.opened()
    memory.incidents.record([fails(60, "inbound_allowed", "log_blocked_off")])

    assert number_of(memory.database, IncidentRow) == 1
    found = memory.incidents.get("incident-1").findings
    assert [item.code for item in found] == ["inbound_allowed", "log_blocked_off"]


def test_pairs_and_sites_do_not_mix(memory):
    others = [
        IncidentKey("clinic-002", "dc01", CheckId.FIREWALL),
        IncidentKey("clinic-001", "dc02", CheckId.FIREWALL),
        IncidentKey("clinic-001", "dc01", CheckId.BACKUP),
    ]
    memory.incidents.record([fails(0), *(fails(0, key=key) for key in others)])
    memory.incidents.record([passes(5)])

    still = {
        item.key for site in ("clinic-001", "clinic-002") for item in memory.incidents.to_heal(site)
    }
    assert still == set(others)


def test_the_engine_itself_refuses_a_second_open_incident_of_a_pair(memory):
    memory.opened()
    twin = text(
        "INSERT INTO incidents SELECT 'incident-9', site_id, host_id, check_id, severity, status, "
        "created_at, resolved_at, resolution_level, runbook_id, evidence_bundle_id, "
        "resolved_attempt_id, recurrence_count, last_status, reason FROM incidents"
    )

    with pytest.raises(IntegrityError), memory.database.engine.begin() as connection:
        connection.execute(twin)


def test_two_runs_at_once_open_one_incident(url, database):
    runs, failed = 4, []
    start = threading.Barrier(runs)
    keys = [IncidentKey("clinic-001", f"ws{n}", CheckId.FIREWALL) for n in range(5)]

    def run(number: int) -> None:
        mine = open_database(url)
        try:
            start.wait(timeout=30)
            store = Memory(mine, start=number * 100).incidents
            # Each in another order: two runs that wait for each other would never end.
            ordered = keys[number:] + keys[:number]
            store.record([fails(number / 60, key=key, run=f"run-{number}") for key in ordered])
        except BaseException as error:  # noqa: BLE001 - a thread must not hide what went wrong
            failed.append(error)
        finally:
            mine.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(runs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)

    assert failed == []
    assert (number_of(database, IncidentRow), number_of(database, OutboxRow)) == (5, 5)


def test_of_runs_at_once_a_single_one_reopens_an_incident(url, memory):
    keys = [IncidentKey("clinic-001", f"ws{number}", CheckId.FIREWALL) for number in range(20)]
    memory.incidents.record([fails(0, key=key) for key in keys])
    memory.incidents.record([passes(5, key=key) for key in keys])
    runs = 4
    start, happened, failed = threading.Barrier(runs), [], []

    def run(number: int) -> None:
        mine = open_database(url)
        store = Memory(mine, start=number * 100).incidents
        try:
            start.wait(timeout=30)
            for key in keys:
                happened.extend(kinds(store.record([fails(9, key=key, run=f"run-{number}")])))
        except BaseException as error:  # noqa: BLE001 - a thread must not hide what went wrong
            failed.append(error)
        finally:
            mine.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(runs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)

    assert failed == []
    assert happened.count("recurred") == len(keys)
    assert {item.recurrence_count for item in memory.incidents.to_heal("clinic-001")} == {1}


def test_a_warning_after_a_fail_stays_open_and_is_noted(memory):
    memory.opened()

    assert kinds(memory.incidents.record([verdict("WARNING", "x", minutes=5)])) == ["noted"]
    kept = memory.incidents.get("incident-1")
    assert (kept.status, kept.last_status) == ("OPEN", CheckStatus.WARNING)


def test_a_repair_that_comes_back_reopens_its_incident_and_makes_an_amendment_due(memory):
    memory.opened()
    memory.repaired(at(10), passes(10))
    assert memory.history.amendments_due("clinic-001") == []

    ((_, relapsed),) = memory.incidents.record([fails(60)])

    assert relapsed.relapse.bundle_id == "EB-20260302-001001"
    kept = memory.incidents.get("incident-1")
    assert (kept.status, kept.recurrence_count) == ("OPEN", 1)
    (due,) = memory.history.amendments_due("clinic-001")
    assert (due.attempt_id, due.bundle_id, due.outcome, due.relapsed_at) == (
        "attempt-1", "EB-20260302-001001", Outcome.FAILURE, at(60),
    )  # fmt: skip
    assert memory.attempts.get("attempt-1").outcome is Outcome.SUCCESS


def test_an_amendment_is_issued_once(memory):
    memory.opened()
    memory.repaired(at(10), passes(10))
    memory.incidents.record([fails(60)])

    memory.history.amended("attempt-1", "EB-20260302-009001")
    memory.history.amended("attempt-1", "EB-20260302-009002")

    assert memory.history.amendments_due("clinic-001") == []
    assert memory.attempts.get("attempt-1").amended_bundle_id == "EB-20260302-009001"


def test_a_relapse_before_the_bundle_is_sealed_is_amended_once_it_is(memory):
    memory.opened()
    done = memory.attempts.succeed(
        memory.rechecking(at(10)), passes(10), at(10), is_domain_member=False
    )
    ((_, relapsed),) = memory.incidents.record([fails(60)])
    assert relapsed.relapse.bundle_id is None
    assert memory.history.amendments_due("clinic-001") == []

    memory.history.sealed(done.attempt_id, "EB-20260302-001001", at(61))

    assert [item.bundle_id for item in memory.history.amendments_due("clinic-001")] == [
        "EB-20260302-001001"
    ]


def test_another_fault_in_the_soak_window_amends_nothing(memory):
    memory.opened()
    memory.repaired(at(10), passes(10))

    assert kinds(memory.incidents.record([fails(60, "inbound_allowed")])) == ["recurred"]
    assert memory.history.amendments_due("clinic-001") == []


def test_after_the_soak_window_a_new_incident_is_opened_and_told_of(memory):
    memory.opened()
    memory.repaired(at(10), passes(10))

    assert kinds(memory.incidents.record([fails(11 + RELAPSE.soak_minutes)])) == ["opened"]
    events = [item.message["event_type"] for item in memory.outbox.waiting()]
    assert events == ["incident.created", "healing.completed", "incident.created"]


def test_an_unreachable_host_is_tried_and_then_somebody_is_told(memory):
    story = []
    for minutes in (0, 1, 5, 20, 64, 65, 200):
        happened = memory.incidents.record([silent(minutes)])
        due = memory.rechecks.retries_due("clinic-001", at(minutes + 50))
        story.append((kinds(happened), len(due)))

    assert story == [
        (["retry"], 1),
        ([], 1),
        (["retry"], 1),
        (["retry"], 1),
        ([], 1),
        (["answered", "escalated"], 0),
        ([], 0),
    ]
    (ticket,) = memory.tickets.waiting("clinic-001")
    assert (ticket.ticket.code, ticket.revision) == ("unreachable", 1)


def test_tries_survive_a_restart(url, database):
    Memory(database).incidents.record([silent(0)])
    again = open_database(url)

    assert kinds(Memory(again).incidents.record([silent(5)])) == ["retry"]
    with again.reading() as session:
        assert session.scalars(select(Pair.retry_tries)).all() == [2]
    again.close()


def test_a_host_that_answers_takes_its_ticket_back(memory):
    for minutes in (0, 5, 20, 65):
        memory.incidents.record([silent(minutes)])

    memory.incidents.record([fails(90)])

    assert memory.tickets.waiting("clinic-001") == []
    assert memory.tickets.get("ticket-1").closed_by == "host_answers"
    (left,) = memory.incidents.to_heal("clinic-001")
    assert (left.created_at, left.last_status, left.reason) == (at(65), "FAIL", None)


def test_lists_are_of_one_status_newest_first_and_bounded(memory):
    for number in range(3):
        key = IncidentKey("clinic-001", f"ws{number}", CheckId.FIREWALL)
        memory.incidents.record([fails(number, key=key)])
    key = IncidentKey("clinic-001", "ws1", CheckId.FIREWALL)
    memory.incidents.record([passes(9, key=key)])

    def hosts(**asked) -> list[str]:
        return [item.host_id for item in memory.incidents.newest(**asked)]

    assert hosts() == ["ws2", "ws1", "ws0"]
    assert hosts(status=IncidentStatus.OPEN) == ["ws2", "ws0"]
    assert hosts(limit=1) == ["ws2"]


def test_the_planner_is_told_of_the_last_ten_incidents_of_a_host(memory):
    soak = RELAPSE.soak_minutes
    for number in range(12):
        memory.incidents.record([fails(number * 2 * soak)])
        memory.incidents.record([passes(number * 2 * soak + 1)])

    recent = memory.incidents.recent("clinic-001", "dc01")

    assert len(recent) == 10
    assert [item.created_at for item in recent[::9]] == [at(22 * soak), at(4 * soak)]


def test_an_incident_that_is_not_there_is_named(memory):
    with pytest.raises(RecordUnknown, match="no such incident; got 'incident-7'"):
        memory.incidents.get("incident-7")


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_crash_at_any_statement_leaves_an_incident_with_its_message_or_neither(engine, new_url):
    def story(database) -> None:
        memory = Memory(database)
        memory.incidents.record(
            [fails(0), silent(0, key=IncidentKey("clinic-001", "a", CheckId.BACKUP))]
        )
        memory.incidents.record([passes(5)])

    url = new_url(engine)
    Memory(prepare_database(url)).database.close()
    counted = open_database(url)
    asked = crash_at(counted.engine, -1)
    story(counted)
    counted.close()
    for number in range(1, len(asked) + 1):
        url = new_url(engine)
        database = prepare_database(url)
        crash_at(database.engine, number)
        with pytest.raises(Crash):
            story(database)
        database.close()
        again = open_database(url)
        assert number_of(again, IncidentRow) == number_of(again, OutboxRow)
        story(again)
        assert (number_of(again, IncidentRow), number_of(again, OutboxRow)) == (1, 1)
        assert Memory(again).incidents.newest()[0].status is IncidentStatus.RESOLVED
        again.close()


def test_a_resolution_names_who_and_which_runbook(memory):
    memory.opened()
    memory.repaired(at(10), passes(10))

    kept = memory.incidents.get("incident-1").contract()

    assert (kept.status, kept.resolution_level, kept.runbook_id, kept.evidence_bundle_id) == (
        "RESOLVED", ResolutionLevel.L1, "RB-WIN-FW-001", "EB-20260302-001001",
    )  # fmt: skip


def test_no_table_has_a_place_for_credentials_variables_or_messages(database):
    with database.engine.connect() as connection:
        asked = inspect(connection)
        columns = {
            f"{table.__tablename__}.{column['name']}"
            for table in HEALING_TABLES
            for column in asked.get_columns(table.__tablename__)
        }
    suspicious = ("message", "text", "observed", "expected", "password", "user", "vars", "facts",
                  "stdout", "output", "error", "document")  # fmt: skip

    assert {name for name in columns if any(word in name for word in suspicious)} == {
        "outbox.message", "outbox.message_key", "outbox.last_error",
    }  # fmt: skip
    # What holds values: a plan's own parameters and old values, both only until the attempt ends.
    assert {"attempts.parameters", "attempt_steps.saved", "decisions.record"} <= columns


def test_reading_never_writes(memory):
    memory.opened()
    asked = []
    event.listen(
        memory.database.engine, "before_cursor_execute", lambda *seen: asked.append(seen[2])
    )

    memory.incidents.newest()
    memory.incidents.get("incident-1")
    memory.tickets.waiting("clinic-001")
    memory.rechecks.due("clinic-001", at(999))

    assert [sql for sql in asked if not sql.startswith(("SELECT", "PRAGMA", "BEGIN"))] == []
