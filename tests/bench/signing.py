# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of the time of a signed line is the signature, and how much all else.

The bodies are the six bundles of one healthy host, 6 to 12 KB each.
"""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from nacl.signing import SigningKey

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.bundles import (
    Frame,
    observed_bundle,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.canonical import (
    canonical_json,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.signing import (
    signed_line,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.probe import (
    parse_document,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.judges import (
    judge_document,
    load_policies,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.rules import default_rules_dir
from integration.connection.facts_backend import DOCUMENT

ROUNDS = 200


def signing_share() -> float:
    """Return the rate of canonical text and signature as a share of that of bare signatures."""
    key = SigningKey(bytes(32))
    bodies = _bodies()
    texts = [canonical_json(body) for body in bodies]
    bare = _seconds(lambda: [key.sign(sha256(text).digest()) for text in texts])
    whole = _seconds(lambda: [signed_line(body, key) for body in bodies])
    return bare / whole


def _bodies() -> list[dict[str, Any]]:
    facts = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    document = parse_document(facts)
    policies = load_policies(default_rules_dir(), list(CheckId))
    # The clock of the host is right, whenever this runs.
    checks = judge_document(document, policies, document.collected_at, document.collected_at)
    day = datetime(2026, 3, 2, tzinfo=UTC)
    frame = Frame("EB-20260302-000001", "bench-001", "host-0001", day, {"key_id": "0" * 16})
    bodies = [observed_bundle(frame, check, facts).to_dict() for check in checks]
    return [{name: body[name] for name in body if name != "signature"} for body in bodies]


def _seconds(work: Callable[[], object]) -> float:
    """Return the CPU of the fastest of some rounds: the others were disturbed."""
    fastest = float("inf")
    for _ in range(ROUNDS):
        started = time.thread_time()
        work()
        fastest = min(fastest, time.thread_time() - started)
    return fastest
