# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a policy file with its comments: a parser of YAML drops them, and they name the sources.

A comment at the end of a line belongs to its key. A block of comment lines belongs to the key below
it, and to those that follow without a comment of their own and share the first or the last word of
its name, as warn_days and fail_days do; an empty line ends it.
``# key: value`` shows a key that has no default.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_KEY = re.compile(r"(?P<key>[a-z][a-z0-9_]*):(?P<rest>.*)")
_TRAILING = re.compile(r"\s#\s(?P<comment>.*)$")

LICENCE = "SPDX-License-Identifier"


@dataclass(frozen=True, slots=True)
class PolicyKey:
    """What a policy file says about one key."""

    comment: str = ""
    is_set: bool = False
    value: Any = None


def read_policy_keys(path: Path, names: Collection[str]) -> dict[str, PolicyKey]:
    """Return the keys of *path* that are among *names*, with their comments."""
    text = path.read_text(encoding="utf-8")
    values: dict[str, Any] = yaml.safe_load(text)
    comments = _comments(text, names)
    return {
        name: PolicyKey(comments.get(name, ""), name in values, values.get(name))
        for name in names
        if name in comments
    }


def read_file_comment(path: Path) -> str:
    """Return the first sentence of the comment that *path* begins with."""
    block: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") and LICENCE not in line:
            block.append(line.removeprefix("#").strip())
        elif block:
            break
    first, dot, _ = " ".join(block).partition(". ")
    return first + dot.strip()


def _comments(text: str, names: Collection[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    block: list[str] = []
    shared, owner = "", ""
    for line in text.splitlines():
        comment = line.removeprefix("#").strip() if line.startswith("#") else None
        match = _KEY.match(line if comment is None else comment)
        if match and match["key"] in names:
            key = match["key"]
            if block:
                shared, owner, block = " ".join(block), key, []
            trailing = _TRAILING.search(match["rest"])
            own = trailing["comment"] if trailing else ""
            is_shared = key == owner or (not own and _are_akin(key, owner))
            found[key] = _joined(shared if is_shared else "", own)
        elif comment is not None:
            block.append(comment)
        elif not line.strip():
            block, shared, owner = [], "", ""
    return found


def _are_akin(key: str, other: str) -> bool:
    words, others = key.split("_"), other.split("_")
    return words[0] == others[0] or words[-1] == others[-1]


def _joined(shared: str, own: str) -> str:
    return f"{shared.removesuffix('.')}; {own}" if shared and own else shared or own
