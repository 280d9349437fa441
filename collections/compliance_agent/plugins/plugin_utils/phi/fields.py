# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields met so far, as a tree: each path is decided once and then found by its key."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .policies import Mode, Policy, policy_for
from .values import Change

Scrub = Callable[[str], Change | None]
# What texts of one kind of field became; a text that is not there was not met.
Known = dict[str, Change | None]
# A document with more different paths than this is none of ours; the rest is decided each time.
MOST_FIELDS = 20_000

# Never written to.
_NO_CHILDREN: dict[Any, "Field"] = {}
_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(slots=True)
class Field:
    """One path: what its texts go through, and what its key becomes.

    A run keeps a thousand of them. So a path is made of its parents' when it is asked for, and
    fields without children share one empty table.
    """

    parent: "Field | None"
    segment: str
    name: str
    policy: Policy
    scrub: Scrub
    known: Known
    key: Any
    key_change: Change | None = None
    keeps_scalars: bool = False
    children: dict[Any, "Field"] = field(default_factory=lambda: _NO_CHILDREN)
    item: "Field | None" = None

    @property
    def path(self) -> str:
        """Return the path from the root, as the table writes it."""
        return self.segment if self.parent is None else f"{self.parent.path}{self.segment}"


class _Key(NamedTuple):
    """A key, how the table writes it, and what it becomes where it may not stay."""

    key: Any
    name: str
    segment: str
    change: Change | None


class FieldTree:
    """Makes the fields; *scrub_for* gives the scrubbing of a policy and what it remembers.

    *scrub_key* is that of keys.
    """

    def __init__(
        self,
        scrub_for: Callable[[Mode, str], tuple[Scrub, Known]],
        scrub_key: Callable[[Any], Change | None],
    ) -> None:
        self._scrub_for = scrub_for
        self._scrub_key = scrub_key
        self._scrubs: dict[tuple[Mode, str], tuple[Scrub, Known]] = {}
        self._roots: dict[str, Field] = {}
        self._keys: dict[Any, _Key] = {}  # the same keys come below many others
        self._fields = 0
        self.text = self._make(None, "text", "text", "text", Policy(Mode.LOG))

    def root(self, name: str) -> Field:
        """Return the root of the documents called *name*."""
        if name not in self._roots:
            self._roots[name] = self._make(None, name, name, name, policy_for(name))
        return self._roots[name]

    def child(self, parent: Field, key: Any) -> Field:
        """Return the field *key* below *parent*."""
        known = self._keys.get(key)
        if known is None:
            name = _segment(key)
            known = _Key(key, name, f".{name}", self._scrub_key(key))
            if len(self._keys) < MOST_FIELDS:
                self._keys[key] = known
        policy = policy_for(f"{parent.path}{known.segment}")
        child = self._make(parent, known.segment, known.name, known.key, policy)
        if known.change is not None:
            child.key, child.key_change = known.change.value, known.change
        if self._fields < MOST_FIELDS:
            if parent.children is _NO_CHILDREN:
                parent.children = {}
            parent.children[known.key] = child
        return child

    def item_of(self, parent: Field) -> Field:
        """Return the field of the items of a list."""
        policy = policy_for(f"{parent.path}[]")
        parent.item = self._make(parent, "[]", parent.name, parent.key, policy)
        return parent.item

    def _make(
        self, parent: Field | None, segment: str, name: str, key: Any, policy: Policy
    ) -> Field:
        self._fields += 1
        kind = (policy.mode, policy.grammar)
        if kind not in self._scrubs:
            self._scrubs[kind] = self._scrub_for(*kind)
        keeps = policy.keeps_numbers and policy.mode is not Mode.DROP
        return Field(parent, segment, name, policy, *self._scrubs[kind], key, keeps_scalars=keeps)


def _segment(key: Any) -> str:
    """Return *key* as the table writes keys: snake case. A key of odd form matches no row."""
    if not isinstance(key, str) or not _PLAIN_KEY.fullmatch(key):
        return "?"
    return _HUMP.sub("_", key).replace("-", "_").lower()
