# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rules scrubbed: a version that people change, and a digest that changes by itself."""

import hashlib
import json
from functools import lru_cache

from . import credentials, formats, identifiers, labels, places, protected, strict
from .grammars import FORMS, WORDS
from .policies import rows
from .vocabulary import digests

RULESET_VERSION = "1.0.0"


@lru_cache(1)
def ruleset_sha256() -> str:
    """Return the SHA-256 over the patterns, the field table and the word lists."""
    parts = {
        "version": RULESET_VERSION,
        "fields": list(rows()),
        "forms": dict(FORMS),
        "words": dict(WORDS),
        "patterns": [
            [rule.name, rule.kind, rule.pattern.pattern, rule.pattern.flags]
            for module in (protected, credentials, formats, labels, identifiers, places, strict)
            for rule in module.RULES
        ],
        "lists": digests(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
