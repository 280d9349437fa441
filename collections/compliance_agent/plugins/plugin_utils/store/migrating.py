# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a database to the tables of this release, and refuse one that is not there.

There is no way down: the index is made again from the evidence by any release, and the memory of
the healer is kept by a backup. A migration is one transaction; two at once wait.
"""

from collections.abc import Callable
from pathlib import Path

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from sqlalchemy import text

from ..errors import ComplianceError
from .database import Database, connect, create_file, naming_errors

_FOLDER = Path(__file__).parent / "migrations"
# Any number will do, as long as nothing else in the database takes an advisory lock by it.
_LOCK_NUMBER = 0x48495041


class DatabaseOutdated(ComplianceError):
    """The database has not the tables of this release."""

    code = "database_outdated"


class DatabaseTooNew(ComplianceError):
    """A later release has changed the tables; this one does not know how they look."""

    code = "database_too_new"


def prepare_database(url: str) -> Database:
    """Return the database at *url*, made and brought to this release.

    Raises DatabaseUnusable and DatabaseTooNew.
    """
    create_file(url)
    return _opened(url, upgrade)


def open_database(url: str) -> Database:
    """Return the database at *url*, which must be of this release.

    Raises DatabaseUnusable, DatabaseOutdated and DatabaseTooNew.
    """
    return _opened(url, _refuse_other_release)


def upgrade(database: Database) -> list[str]:
    """Bring *database* to this release; return the names of the steps that it took.

    Raises DatabaseUnusable and DatabaseTooNew.
    """
    script = ScriptDirectory(str(_FOLDER))
    with naming_errors(database.url), database.engine.begin() as connection:
        if connection.dialect.name == "postgresql":  # SQLite lets one writer begin
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER})"))
        context = MigrationContext.configure(connection)
        steps = _steps(script, context.get_current_revision())
        with Operations.context(context):
            for name in steps:
                revision = script.get_revision(name)
                revision.module.upgrade()
                context.stamp(script, name)
        return steps


def _opened(url: str, check: Callable[[Database], object]) -> Database:
    database = connect(url)
    try:
        check(database)
    except BaseException:
        database.close()
        raise
    return database


def _refuse_other_release(database: Database) -> None:
    with database.reading() as session:
        revision = MigrationContext.configure(session.connection()).get_current_revision()
    script = ScriptDirectory(str(_FOLDER))
    if _steps(script, revision):
        raise DatabaseOutdated(
            f"{database.name} has not the tables of this release",
            value=revision,
            remedy="Run: flask --app webui store ingest",
        )


def _steps(script: ScriptDirectory, revision: str | None) -> list[str]:
    """Return the revisions that follow *revision*, the first one first; raises DatabaseTooNew."""
    try:
        found = list(script.iterate_revisions("head", revision or "base"))
    except RevisionError:
        raise DatabaseTooNew(
            "a later release has written to this database",
            value=revision,
            remedy="Use that release. Another database would begin without the healer's memory.",
        ) from None
    return [item.revision for item in reversed(found)]
