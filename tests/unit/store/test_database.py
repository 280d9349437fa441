# SPDX-License-Identifier: GPL-3.0-or-later
"""A database is opened as its URL says, keeps times in UTC, and never shows a password."""

import logging
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import insert, make_url, select, text
from sqlalchemy.exc import OperationalError

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.columns import NaiveTime
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.database import (
    DatabaseUnusable,
    connect,
    naming_errors,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.migrating import (
    open_database,
    prepare_database,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.schema import Site

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ROW = {
    "site_id": "clinic-001",
    "log_origin": "hipaa.compliance_agent/clinic-001",
    "tree_size": 0,
    "root": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    "checkpoint": "",
    "ingested_at": NOON,
}


def stored_time(database, moment: datetime) -> datetime:
    with database.writing() as session:
        session.execute(insert(Site), [{**ROW, "ingested_at": moment}])
    with database.reading() as session:
        return session.scalars(select(Site)).one().ingested_at


def test_a_time_comes_back_in_utc_whatever_zone_it_had(database):
    berlin = timezone(timedelta(hours=1))

    stored = stored_time(database, datetime(2026, 3, 2, 13, 0, tzinfo=berlin))

    assert stored.isoformat() == "2026-03-02T12:00:00+00:00"


def test_a_time_without_a_zone_is_refused(database):
    with pytest.raises(NaiveTime, match="2026-03-02T12:00:00"):
        stored_time(database, datetime(2026, 3, 2, 12, 0))  # noqa: DTZ001 - the point


def test_a_session_for_reading_cannot_write(database):
    with (
        pytest.raises(DatabaseUnusable, match=r"read-?only"),
        database.reading() as session,
    ):
        session.execute(insert(Site), [ROW])


def test_a_session_for_reading_sees_one_snapshot(database):
    with database.reading() as reader:
        assert reader.scalars(select(Site)).all() == []
        with database.writing() as writer:
            writer.execute(insert(Site), [ROW])

        assert reader.scalars(select(Site)).all() == []


def test_a_session_for_writing_is_the_only_writer_from_its_first_look(new_url):
    url = new_url("sqlite")
    database = prepare_database(url)
    with database.writing() as session, closing(sqlite3.connect(url[10:], timeout=0)) as other:
        assert session.scalars(select(Site)).all() == []

        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    database.close()


def test_a_session_that_fails_writes_nothing(database):
    def fail() -> None:
        with database.writing() as session:
            session.execute(insert(Site), [ROW])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    with database.reading() as session:
        assert session.scalars(select(Site)).all() == []


def test_a_row_that_breaks_a_rule_is_refused_by_the_database(database):
    with (
        pytest.raises(DatabaseUnusable, match="ck_sites_tree_size"),
        database.writing() as session,
    ):
        session.execute(insert(Site), [{**ROW, "tree_size": -1}])


def test_sqlite_is_set_up_to_be_read_while_it_is_written(new_url):
    database = prepare_database(new_url("sqlite"))

    with database.reading() as session:
        asked = {
            name: session.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout", "synchronous")
        }

    assert asked == {
        "journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 60_000, "synchronous": 2,
    }  # fmt: skip
    database.close()


def test_the_file_of_an_index_is_its_owners_alone(tmp_path):
    file = tmp_path / "index.sqlite3"

    prepare_database(f"sqlite:///{file}").close()

    assert stat.filemode(file.stat().st_mode) == "-rw-------"


def test_a_name_with_odd_letters_is_a_name(tmp_path):
    file = tmp_path / "a b?c#d%41.sqlite3"
    url = f"sqlite:///{tmp_path}/a b%3Fc#d%2541.sqlite3"

    prepare_database(url).close()

    assert [path.name for path in tmp_path.iterdir()] == [file.name]


SECRET = "fict!onal/secret"  # as it stands in the URL: fict%21onal%2Fsecret
WITH_SECRET = "postgresql+psycopg://agent:fict%21onal%2Fsecret@/index?host=/nowhere"


def test_no_error_shows_the_password_of_a_url(caplog):
    caplog.set_level(logging.DEBUG)

    with pytest.raises(DatabaseUnusable) as caught:
        open_database(WITH_SECRET)

    said = f"{caught.value} {caught.value!r} {caught.value.__context__!r} {caplog.text}"
    assert "agent:***@/index" in str(caught.value)
    assert SECRET not in said
    assert "fict%21onal%2Fsecret" not in said
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("quoted", [SECRET, "fict%21onal%2Fsecret"], ids=["plain", "in a URL"])
def test_a_driver_that_quotes_the_password_is_not_quoted(quoted):
    cause = RuntimeError(f"no route for password={quoted}\nsecond line")

    with pytest.raises(DatabaseUnusable) as caught, naming_errors(make_url(WITH_SECRET)):
        raise OperationalError("SELECT 1", {}, cause)

    assert "got 'no route for password=***'." in str(caught.value)


def test_the_repr_of_a_database_shows_no_password():
    database = connect(WITH_SECRET)

    assert repr(database) == "Database(postgresql+psycopg://agent:***@/index?host=%2Fnowhere)"
    assert SECRET not in f"{database.url!r}"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param("mysql://agent:fictional@db/x", "not supported; got 'mysql'", id="mysql"),
        pytest.param("postgresql://localhost/x", "got 'postgresql'", id="no-driver"),
        pytest.param("sqlite://", "in memory would be forgotten", id="memory"),
        pytest.param("sqlite:///:memory:", "in memory would be forgotten", id="memory-by-name"),
        pytest.param("agent:fictional", "cannot be read", id="no-url"),
        pytest.param("postgresql+psycopg://h:fictional/x", "cannot be read", id="no-port"),
    ],
)
def test_what_is_no_database_of_ours_is_refused_by_name(url, said):
    with pytest.raises(DatabaseUnusable) as caught:
        connect(url)

    assert said in str(caught.value)
    assert "fictional" not in str(caught.value)


def test_a_directory_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DatabaseUnusable, match="Make its directory"):
        prepare_database(f"sqlite:///{tmp_path}/missing/index.sqlite3")


def test_a_file_that_is_no_database_is_refused(tmp_path):
    file = tmp_path / "index.sqlite3"
    file.write_text("not a database, " * 100)

    with pytest.raises(DatabaseUnusable, match="file is not a database"):
        prepare_database(f"sqlite:///{file}")
