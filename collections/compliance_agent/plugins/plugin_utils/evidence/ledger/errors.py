# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with a log, one class for each thing that a caller can do about it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...errors import ComplianceError
from ..verify import Rejected


class LogDamaged(ComplianceError):
    """The log is not what was signed; nothing may be appended to it."""

    code = "log_damaged"


class LogUnwritable(ComplianceError):
    """The log could not be written; ``head`` says afterwards whether the entries are in it."""

    code = "log_unwritable"


class LogMoved(ComplianceError):
    """The log is not where it was planned from: read its head and plan again."""

    code = "log_moved"


class NotInLog(ComplianceError):
    """The log has no such entry, or was never of that size."""

    code = "not_in_log"


class EntryTooLong(ComplianceError):
    """An entry does not fit the two bytes that hold its length in a log."""

    code = "log_entry_too_long"


class NoteInvalid(ComplianceError):
    """A text, a name or a list of keys from which no signed note can be made."""

    code = "note_invalid"


@contextmanager
def reading(log: Path) -> Iterator[None]:
    """Turn what cannot be read, and what the verifier rejects, into LogDamaged."""
    try:
        yield
    except (Rejected, OSError) as error:
        raise LogDamaged(
            f"the log {log} is not what was signed",
            value=str(error),
            remedy="Run verify.py; restore the log from your backup before you check again.",
        ) from error


@contextmanager
def writing(log: Path) -> Iterator[None]:
    """Turn what the disk refuses into LogUnwritable."""
    try:
        yield
    except OSError as error:
        raise LogUnwritable(
            f"the log {log} could not be written",
            value=error.strerror,
            remedy="Free the disk or mend its permissions, then run the playbook again.",
        ) from error
