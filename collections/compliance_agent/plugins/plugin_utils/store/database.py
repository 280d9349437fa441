# SPDX-License-Identifier: GPL-3.0-or-later
"""Open the database that a URL names: a file of SQLite, or PostgreSQL through psycopg.

A session either reads, from one snapshot, or writes; it ends with the block that it was opened for.
Errors of drivers do not leave this file, since they may quote what they were given.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionInTime
from sqlalchemy.orm import Session

from ..errors import ComplianceError

SQLITE, POSTGRESQL = "sqlite", "postgresql+psycopg"
# A transaction of ours indexes one run; of a thousand hosts that takes some seconds.
BUSY_TIMEOUT_SECONDS = 60
CONNECT_TIMEOUT_SECONDS = 10


class DatabaseUnusable(ComplianceError):
    """The database cannot be opened, read or written; the message never shows a password."""

    code = "database_unusable"


@dataclass(frozen=True, slots=True)
class Database:
    """One database; close it when the program ends. Its ``repr`` shows no password."""

    url: URL
    _writer: Engine
    _reader: Engine

    def __repr__(self) -> str:
        return f"Database({self.name})"

    @property
    def name(self) -> str:
        """Return the URL without its password."""
        return self.url.render_as_string(hide_password=True)

    @property
    def engine(self) -> Engine:
        """Return the engine whose transactions may write."""
        return self._writer

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that sees one snapshot and cannot write; raises DatabaseUnusable."""
        with self._session(self._reader) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session that is committed at the end, or not at all; raises DatabaseUnusable.

        On SQLite it is the only writer from the start: one that begins to write later can only fail
        when another wrote in between.
        """
        with self._session(self._writer) as session:
            yield session

    def close(self) -> None:
        """Close all connections."""
        self._writer.dispose()

    @contextmanager
    def _session(self, engine: Engine) -> Iterator[Session]:
        opened = Session(engine, expire_on_commit=False)
        with naming_errors(self.url), opened as session, session.begin():
            yield session


def connect(url: str) -> Database:
    """Return the database at *url*, which is not touched yet; raises DatabaseUnusable."""
    parsed = _parse(url)
    engine = create_engine(
        _driver_url(parsed),
        # Parameters are evidence; they belong neither in a log nor in an error.
        hide_parameters=True,
        pool_pre_ping=parsed.drivername != SQLITE,
    )
    if parsed.drivername == SQLITE:
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_on_sqlite)
        return Database(parsed, engine.execution_options(writes=True), engine)
    # One snapshot for everything that a page or a digest reads.
    reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return Database(parsed, engine, reader)


def create_file(url: str) -> None:
    """Make the file of an SQLite *url*, for its owner alone; others have nothing to make.

    The file appears whole, with its write-ahead log switched on: SQLite does not wait when two
    processes switch it on at once, but says that the database is locked. A file that is there is
    not opened, since closing it would take away the locks that this process has on it.
    Raises DatabaseUnusable.
    """
    parsed = _parse(url)
    if parsed.drivername != SQLITE or not parsed.database or Path(parsed.database).exists():
        return
    folder = Path(parsed.database).absolute().parent
    try:
        with TemporaryDirectory(prefix=".database-", dir=folder) as made:
            file = Path(made) / "new"
            os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            with closing(sqlite3.connect(file)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
            with suppress(FileExistsError):  # another process was first
                os.link(file, parsed.database)
    except (OSError, sqlite3.Error) as error:
        remedy = "Make its directory, or set HIPAA_DATABASE_URL."
        raise DatabaseUnusable(
            f"{parsed.database} cannot be made",
            value=getattr(error, "strerror", None) or str(error),
            remedy=remedy,
        ) from error


@contextmanager
def naming_errors(url: URL) -> Iterator[None]:
    """Turn what the driver raises into DatabaseUnusable, with its first line and no password."""
    try:
        yield
    except (DBAPIError, NoConnectionInTime) as error:
        reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        for secret in _secrets(url):
            reason = reason.replace(secret, "***")
        raise DatabaseUnusable(
            f"the database {url.render_as_string(hide_password=True)} cannot be used",
            value=reason,
            remedy="Look at HIPAA_DATABASE_URL, at the server, and at free space.",
        ) from None  # the driver's own error may quote what it was given


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        remedy = "Write sqlite:////absolute/path or postgresql+psycopg://user@host/database."
        raise DatabaseUnusable("the database URL cannot be read", remedy=remedy) from None
    if parsed.drivername not in {SQLITE, POSTGRESQL}:
        raise DatabaseUnusable(
            "this kind of database is not supported",
            value=parsed.drivername,
            remedy=f"Use {SQLITE} or {POSTGRESQL}.",
        )
    if parsed.drivername == SQLITE and (not parsed.database or parsed.database == ":memory:"):
        remedy = "Name a file: sqlite:////absolute/path."
        raise DatabaseUnusable("a database in memory would be forgotten", remedy=remedy)
    return parsed


def _driver_url(url: URL) -> URL:
    """Return what the driver gets for *url*."""
    if url.drivername == SQLITE:
        # By this form of a name SQLite opens what is there, and makes nothing by a typing error.
        path = quote(str(Path(str(url.database)).absolute()))
        return url.set(database=f"file:{path}", query={"mode": "rw", "uri": "true"})
    if "connect_timeout" in url.query:
        return url
    return url.update_query_dict({"connect_timeout": str(CONNECT_TIMEOUT_SECONDS)})


def _secrets(url: URL) -> list[str]:
    password = str(url.password or "")
    return [item for item in (password, quote(password, safe="")) if item]


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    # The driver would begin transactions when it sees fit: never before SELECT, late before INSERT.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA journal_mode = WAL")  # a page reads while a run is indexed
    # An index can be made again, but how far a log had come must survive a loss of power.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin_on_sqlite(connection: Connection) -> None:
    writes = bool(connection.get_execution_options().get("writes"))
    connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
