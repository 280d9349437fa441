# SPDX-License-Identifier: GPL-3.0-or-later
"""A database becomes that of this release, twice at once too, and schema.py says what it has."""

import multiprocessing
import threading
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store import (
    gate_tables,
    migrating,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.database import (
    DatabaseUnusable,
    connect,
    create_file,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.digest import (
    index_digest,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.healing_tables import (
    HEALING_TABLES,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.migrating import (
    DatabaseOutdated,
    DatabaseTooNew,
    open_database,
    prepare_database,
    upgrade,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.planner_tables import (
    PLANNER_TABLES,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.schema import Base
from unit.store.rows import write_rows

TABLES = {
    "alembic_version", "bundles", "findings", "key_statements", "latest_checks", "runs", "sites",
    "approvals", "dead_runs", "kill_switches", "queued_repairs", "repair_claims",
    *(table.__tablename__ for table in (*HEALING_TABLES, *PLANNER_TABLES)),
}  # fmt: skip
# Importing them is what enters their tables in the metadata.
MODULES_OF_TABLES = (gate_tables,)
STEPS = ["0001", "0002", "0003", "0004", "0005"]
OPENERS, ROUNDS = 4, 20


def index_text(index: dict[str, object]) -> str:
    """Return all that is known of an index, its condition as SQL."""
    options = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
    return str({**index, "dialect_options": options})


def described(url: str) -> dict[str, object]:
    """Return what the database at *url* says of its tables, names of constraints included."""
    engine = create_engine(url)
    with engine.connect() as connection:
        asked = inspect(connection)
        found = {
            table: {
                "columns": [(c["name"], str(c["type"]), c["nullable"]) for c in
                            asked.get_columns(table)],
                "primary key": asked.get_pk_constraint(table),
                "foreign keys": sorted(map(str, asked.get_foreign_keys(table))),
                "unique": sorted(map(str, asked.get_unique_constraints(table))),
                "checks": sorted(map(str, asked.get_check_constraints(table))),
                "indexes": sorted(map(index_text, asked.get_indexes(table))),
            }
            for table in asked.get_table_names()
            if table != "alembic_version"
        }  # fmt: skip
    engine.dispose()
    return found


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_migrated_database_is_what_the_schema_says(engine, new_url):
    migrated, made = new_url(engine), new_url(engine)
    create_file(made)
    direct = connect(made)

    prepare_database(migrated).close()
    Base.metadata.create_all(direct.engine)
    direct.close()

    assert set(described(made)) == TABLES - {"alembic_version"}
    assert described(migrated) == described(made)


def test_alembic_finds_nothing_left_to_migrate(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, Base.metadata) == []


def test_every_constraint_has_a_name_of_ours(database):
    with database.engine.connect() as connection:
        asked = inspect(connection)
        names = [
            item["name"]
            for table in TABLES - {"alembic_version"}
            for item in (
                asked.get_pk_constraint(table),
                *asked.get_foreign_keys(table),
                *asked.get_unique_constraints(table),
                *asked.get_check_constraints(table),
                *(i for i in asked.get_indexes(table) if not i.get("duplicates_constraint")),
            )
        ]

    assert [name for name in names if not str(name).startswith(("pk_", "fk_", "uq_", "ck_", "ix_"))
            ] == []  # fmt: skip
    assert len(names) == len(set(names)) == 101


def test_a_second_upgrade_does_nothing(url):
    database = prepare_database(url)

    assert upgrade(database) == []
    database.close()


def test_a_database_of_an_earlier_release_keeps_what_it_has(url):
    create_file(url)
    database = connect(url)
    script = ScriptDirectory(str(Path(migrating.__file__).parent / "migrations"))
    with database.engine.begin() as connection:
        context = MigrationContext.configure(connection)
        with Operations.context(context):
            script.get_revision("0001").module.upgrade()
        context.stamp(script, "0001")
    write_rows(database)
    with database.reading() as session:
        before = index_digest(session, "clinic-001")

    assert upgrade(database) == STEPS[1:]

    with database.reading() as session:
        assert index_digest(session, "clinic-001") == before
    database.close()


def test_two_upgrades_at_once_make_the_tables_once(url):
    create_file(url)
    databases = [connect(url) for _ in range(4)]
    start, steps, failed = threading.Barrier(4), [], []

    def run(database):
        try:
            start.wait(timeout=30)
            steps.extend(upgrade(database))
        except BaseException as error:  # noqa: BLE001 - a thread must not hide what went wrong
            failed.append(error)

    threads = [threading.Thread(target=run, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    for database in databases:
        database.close()

    assert (failed, steps) == ([], STEPS)


def prepare_in_a_process(folder: Path, start: Barrier, failed: "multiprocessing.Queue[str]"):
    for number in range(ROUNDS):
        start.wait(60)
        try:
            prepare_database(f"sqlite:///{folder / str(number)}").close()
        except DatabaseUnusable as error:
            failed.put(str(error))
    failed.put("")


def test_many_processes_may_open_a_new_file_at_once(tmp_path):
    """As the workers of a first run of Ansible do."""
    context = multiprocessing.get_context("spawn")
    start, failed = context.Barrier(OPENERS), context.Queue()
    openers = [
        context.Process(target=prepare_in_a_process, args=(tmp_path, start, failed))
        for _ in range(OPENERS)
    ]

    for opener in openers:
        opener.start()
    said = [failed.get(timeout=120) for _ in openers]
    for opener in openers:
        opener.join()

    assert said == [""] * OPENERS
    assert {path.name for path in tmp_path.iterdir()} == set(map(str, range(ROUNDS)))


def test_a_crash_while_the_tables_are_made_leaves_none(url, monkeypatch):
    create_file(url)
    database = connect(url)
    monkeypatch.setattr(MigrationContext, "stamp", _crash)

    with pytest.raises(KeyboardInterrupt):
        upgrade(database)

    with database.engine.connect() as connection:
        assert inspect(connection).get_table_names() == []
    monkeypatch.undo()
    assert upgrade(database) == STEPS
    database.close()


def _crash(*_arguments):
    raise KeyboardInterrupt


def test_a_database_without_tables_is_refused_with_the_command_that_makes_them(url):
    create_file(url)

    with pytest.raises(DatabaseOutdated, match="flask --app webui store ingest"):
        open_database(url)


def test_a_database_that_is_not_there_is_not_made_by_looking(tmp_path):
    file = tmp_path / "index.sqlite3"

    with pytest.raises(DatabaseUnusable, match="unable to open database file"):
        open_database(f"sqlite:///{file}")

    assert not file.exists()


@pytest.mark.parametrize("opener", [open_database, prepare_database])
def test_a_database_of_a_later_release_is_left_alone(opener, database, url):
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(DatabaseTooNew, match="got '9999'"):
        opener(url)
