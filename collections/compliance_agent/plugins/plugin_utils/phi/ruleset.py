# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rules scrubbed: a version that people change, and a digest that changes by itself."""

import hashlib
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from types import ModuleType

from . import (
    compounds,
    credentials,
    dates,
    digit_groups,
    formats,
    identifiers,
    labels,
    names,
    numbers,
    paths,
    places,
    prose,
    protected,
    secret_forms,
    spelled,
    strict,
    stuck,
    tokens,
)
from .grammars import FORMS, WORDS
from .policies import rows
from .vocabulary import digests

RULESET_VERSION = "1.2.0"

_MODULES = (
    compounds, credentials, dates, digit_groups, formats, identifiers, labels, names, numbers,
    paths, places, prose, protected, secret_forms, spelled, strict, stuck, tokens,
)  # fmt: skip


@lru_cache(1)
def ruleset_sha256() -> str:
    """Return the SHA-256 over the patterns, the field table and the word lists."""
    parts = {
        "version": RULESET_VERSION,
        "fields": list(rows()),
        "forms": dict(FORMS),
        "words": dict(WORDS),
        "patterns": [
            [name, pattern.pattern, pattern.flags, *more]
            for module in _MODULES
            for name, pattern, more in _patterns(module)
        ],
        "lists": digests(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _patterns(module: ModuleType) -> Iterator[tuple[str, re.Pattern[str], list[str]]]:
    """Yield every pattern of *module*: those of its rules, and those that it keeps to itself."""
    for name, value in sorted(vars(module).items()):
        if isinstance(value, re.Pattern):
            yield name, value, []
    for rule in getattr(module, "RULES", ()):
        yield rule.name, rule.pattern, [rule.kind, *rule.needs]
