# SPDX-License-Identifier: GPL-3.0-or-later
"""Types of columns that both engines store and sort alike."""

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import DateTime, Enum, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeDecorator

from ..errors import ComplianceError

WORD_LENGTH = 16
# A text that rows are ordered by: by code point, as SQLite does, whatever the locale of the server.
SORTED_TEXT = Text().with_variant(Text(collation="C"), "postgresql")


class NaiveTime(ComplianceError, DontWrapMixin):
    """A time without a zone was to be stored: nobody knows which instant it means."""

    code = "time_without_zone"


class UtcTime(TypeDecorator[datetime]):
    """An instant; aware and in UTC in Python, whatever the engine makes of it.

    SQLite stores no zone, and would take a local time for UTC without a word.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            remedy = "Report it: every time of this product is in UTC."
            raise NaiveTime("a time without a zone", value=value.isoformat(), remedy=remedy)
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


def word(kind: type[StrEnum], name: str) -> Enum:
    """Return the type of a column that holds a word of *kind*, and a check that it does.

    A native enumeration of PostgreSQL could not be extended by a migration in one transaction.
    """
    return Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=WORD_LENGTH,
        values_callable=lambda words: [item.value for item in words],
    )
