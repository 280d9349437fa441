# SPDX-License-Identifier: GPL-3.0-or-later
"""Scrub what goes to a log: the message, its arguments, the exception and the extra fields."""

import logging
from typing import Any

from .scrubber import Scrubber
from .tokens import UNSCRUBBABLE

# What logging itself puts on a record (Python documentation, "LogRecord attributes").
_OWN_FIELDS = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class ScrubbingFilter(logging.Filter):
    """Add it to a handler, so that it sees the records of every logger; it lets all of them pass.

    A record leaves with its message formed and scrubbed, and without the arguments and the
    exception object, which could still tell what the text no longer does.
    """

    def __init__(self, scrubber: Scrubber) -> None:
        super().__init__()
        self._scrubber = scrubber

    def filter(self, record: logging.LogRecord) -> bool:
        """Scrub *record* in place; return True."""
        record.msg = self._text(_message(record))
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        record.exc_info = None
        if record.exc_text:
            record.exc_text = self._text(record.exc_text)
        if record.stack_info:
            record.stack_info = self._text(record.stack_info)
        extra = {
            name: _as_json(value)
            for name, value in record.__dict__.items()
            if name not in _OWN_FIELDS
        }
        scrubbed = self._scrubber.scrub_document(extra, root="log").document if extra else {}
        for name in extra:
            del record.__dict__[name]
        if isinstance(scrubbed, dict):
            record.__dict__.update(scrubbed)
        return True

    def _text(self, text: str) -> str:
        # Line by line: a traceback is longer than one value may be.
        return "\n".join(str(self._scrubber.scrub_text(line).document) for line in text.split("\n"))


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        # Arguments that do not fit: logging would print them to the error stream, unscrubbed.
        return UNSCRUBBABLE


def _as_json(value: Any) -> Any:
    """Return *value* as JSON holds it; what JSON does not know becomes its text."""
    if isinstance(value, dict):
        return {str(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_as_json(item) for item in value]
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value)
