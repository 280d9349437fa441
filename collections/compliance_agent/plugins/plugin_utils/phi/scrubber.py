# SPDX-License-Identifier: GPL-3.0-or-later
"""Take identifiers out of a document or a text, once, before it is signed, stored or shown.

Every value has the policy of its field (`policies`); what no policy knows is text in log mode,
where each word must justify itself. It fails closed: what cannot be scrubbed is replaced by
``<UNSCRUBBABLE>`` and flagged (E007), and so is a value in which a strict second pass still finds
an identifier.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ..errors import PhiDetected
from .fields import Field, FieldTree, Known, Scrub
from .inventory import SiteInventory
from .policies import Mode
from .ruleset import RULESET_VERSION, ruleset_sha256
from .tokens import UNSCRUBBABLE, Pseudonymizer
from .values import Change, ValueScrubber

LARGEST_DOCUMENT_BYTES = 5 * 1024 * 1024
DEEPEST_NESTING = 64
# Longer texts are rare and seldom repeat; to keep them would cost memory.
LONGEST_REMEMBERED_TEXT = 512
REMEMBERED_TEXTS = 2048


@dataclass(frozen=True, slots=True)
class ScrubResult:
    """A scrubbed document; *counts* says how many values of each kind were replaced.

    *is_flagged* is E007: something was found that the rules should have caught, or could not be
    scrubbed, and was taken out whole.
    """

    document: Any
    counts: Mapping[str, int]
    is_flagged: bool
    ruleset_version: str
    ruleset_sha256: str

    @property
    def error_code(self) -> str | None:
        """Return E007 if the result is flagged."""
        return PhiDetected.code if self.is_flagged else None


# No change of its own: a text that is not remembered.
_UNMET = Change(None)


class _TooLarge(Exception):
    """The document is over its limit: a way out of the walk."""


@dataclass(slots=True)
class _Tally:
    """What one document cost so far, and what was found in it."""

    room: int = LARGEST_DOCUMENT_BYTES
    counts: dict[str, int] = field(default_factory=dict)
    is_flagged: bool = False

    def add(self, change: Change) -> None:
        for kind in change.kinds:
            self.counts[kind] = self.counts.get(kind, 0) + 1
        self.is_flagged = self.is_flagged or change.is_flagged


class Scrubber:
    """Scrubs with the pseudonym key and the inventory of one site.

    *today* (UTC) tells a recent date from a birthday. One scrubber may serve several threads.
    """

    def __init__(self, key: bytes, inventory: SiteInventory | None = None, *, today: date) -> None:
        inventory = inventory or SiteInventory()
        self._values = ValueScrubber(Pseudonymizer(key), inventory, today)
        self._fields = FieldTree(self._remembering, self._values.key)

    def scrub_document(self, document: Any, root: str = "bundle") -> ScrubResult:
        """Return *document* (JSON values) without identifiers; *root* names its kind.

        Never raises for what it is given: see `ScrubResult.is_flagged`.
        """
        tally = _Tally()
        try:
            scrubbed = self._any(document, self._fields.root(root), tally, DEEPEST_NESTING)
        except _TooLarge:
            scrubbed = UNSCRUBBABLE
            tally.is_flagged = True
        return self._result(scrubbed, tally)

    def scrub_text(self, text: str) -> ScrubResult:
        """Return *text* without identifiers, as a line of a log or a message."""
        tally = _Tally()
        scrubbed = self._any(text, self._fields.text, tally, DEEPEST_NESTING)
        return self._result(scrubbed, tally)

    def scrub_prose(self, text: str) -> ScrubResult:
        """Return a note for orientation: without capitalised words, dates and numbers, too.

        Fields of prose in documents are replaced as a whole; this is for who must show something.
        """
        tally = _Tally()
        change = self._values.prose(text)
        if change is None:
            return self._result(text, tally)
        tally.add(change)
        return self._result(change.value, tally)

    def _result(self, document: Any, tally: _Tally) -> ScrubResult:
        return ScrubResult(
            document, tally.counts, tally.is_flagged, RULESET_VERSION, ruleset_sha256()
        )

    def _remembering(self, mode: Mode, grammar: str) -> tuple[Scrub, Known]:
        """Return the scrubbing of one kind of field, and the texts that it remembers."""
        known: Known = {}

        def scrub(text: str) -> Change | None:
            change = self._values.text(mode, grammar, text)
            if len(text) <= LONGEST_REMEMBERED_TEXT:
                if len(known) >= REMEMBERED_TEXTS:
                    known.clear()  # what comes often is met again at once
                known[text] = change
            return change

        return scrub, known

    def _any(self, value: Any, field: Field, tally: _Tally, depth: int) -> Any:
        kind = type(value)
        if kind is dict:
            return self._object(value, field, tally, depth)
        if kind is list or kind is tuple:
            return self._list(value, field, tally, depth)
        if kind is str:
            tally.room -= len(value)
            change = field.known.get(value, _UNMET)
            if change is _UNMET:
                change = field.scrub(value)
        else:
            tally.room -= 8
            change = self._values.scalar(value, field.policy, field.name)
        if tally.room < 0:
            raise _TooLarge
        if change is None:
            return value
        tally.add(change)
        return change.value

    def _object(self, value: dict[Any, Any], field: Field, tally: _Tally, depth: int) -> Any:
        if depth == 0:
            return self._refused(tally)
        scrubbed: dict[Any, Any] = {}
        for key, item in value.items():
            # The common cases stand here without a call: a host has thousands of values.
            child = field.children.get(key) or self._fields.child(field, key)
            if child.key_change is not None:
                tally.add(child.key_change)
            kind = type(item)
            if kind is str:
                tally.room -= len(item)
                change = child.known.get(item, _UNMET)
                if change is _UNMET:
                    change = child.scrub(item)
                if change is None:
                    scrubbed[child.key] = item
                else:
                    tally.add(change)
                    scrubbed[child.key] = change.value
            elif child.keeps_scalars and kind in _PLAIN:
                scrubbed[child.key] = item
            else:
                scrubbed[child.key] = self._any(item, child, tally, depth - 1)
        tally.room -= 8 * len(value)
        if tally.room < 0:
            raise _TooLarge
        if len(scrubbed) != len(value):
            # Two keys became one: no value may be lost without a word.
            return self._refused(tally)
        return scrubbed

    def _list(
        self, value: list[Any] | tuple[Any, ...], field: Field, tally: _Tally, depth: int
    ) -> Any:
        if depth == 0:
            return self._refused(tally)
        item = field.item or self._fields.item_of(field)
        return [self._any(one, item, tally, depth - 1) for one in value]

    def _refused(self, tally: _Tally) -> str:
        tally.is_flagged = True
        return UNSCRUBBABLE


_PLAIN = frozenset({int, bool, type(None)})
