# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields met so far, as a tree: each path is decided once and then found by its key."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .policies import Mode, Policy, policy_for
from .values import Change

Scrub = Callable[[str], Change | None]
# What texts of one kind of field became; a text that is not there was not met.
Known = dict[str, Change | None]
# A document with more different paths than this is none of ours; the rest is decided each time.
MOST_FIELDS = 20_000

_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(slots=True)
class Field:
    """One path: what its texts go through, and what its key becomes."""

    path: str
    name: str
    policy: Policy
    scrub: Scrub
    known: Known
    key: Any
    key_change: Change | None = None
    keeps_scalars: bool = False
    children: dict[Any, "Field"] = field(default_factory=dict)
    item: "Field | None" = None


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
        self._keys: dict[Any, Change | None] = {}  # the same keys come below many others
        self._fields = 0
        self.text = self._make("text", "text", "text", Policy(Mode.LOG))

    def root(self, name: str) -> Field:
        """Return the root of the documents called *name*."""
        if name not in self._roots:
            self._roots[name] = self._make(name, name, name, policy_for(name))
        return self._roots[name]

    def child(self, parent: Field, key: Any) -> Field:
        """Return the field *key* below *parent*."""
        name = _segment(key)
        path = f"{parent.path}.{name}"
        child = self._make(path, name, key, policy_for(path))
        if key not in self._keys and len(self._keys) < MOST_FIELDS:
            self._keys[key] = self._scrub_key(key)
        change = self._keys[key] if key in self._keys else self._scrub_key(key)
        if change is not None:
            child.key, child.key_change = change.value, change
        if self._fields < MOST_FIELDS:
            parent.children[key] = child
        return child

    def item_of(self, parent: Field) -> Field:
        """Return the field of the items of a list."""
        path = f"{parent.path}[]"
        parent.item = self._make(path, parent.name, parent.key, policy_for(path))
        return parent.item

    def _make(self, path: str, name: str, key: Any, policy: Policy) -> Field:
        self._fields += 1
        kind = (policy.mode, policy.grammar)
        if kind not in self._scrubs:
            self._scrubs[kind] = self._scrub_for(*kind)
        keeps = policy.keeps_numbers and policy.mode is not Mode.DROP
        return Field(path, name, policy, *self._scrubs[kind], key, keeps_scalars=keeps)


def _segment(key: Any) -> str:
    """Return *key* as the table writes keys: snake case. A key of odd form matches no row."""
    if not isinstance(key, str) or not _PLAIN_KEY.fullmatch(key):
        return "?"
    return _HUMP.sub("_", key).replace("-", "_").lower()
