# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare sealing with what it cannot do without: ``python -m bench.sealing``.

The bodies are bundles of a healthy host, all different. Bare signing is SHA-256 and PyNaCl over the
ready canonical text. Sign and append takes the same text, signs it, makes the stored line and its
leaf, and appends all leaves to a log on disk. The last column begins with the document: it checks
that it can be signed and writes its canonical form too.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from nacl.signing import SigningKey

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.bundles import (
    Frame,
    bundle_id,
    observed_bundle,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.canonical import (
    canonical_json,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.drafts import (
    bundle_entry,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.ledger.log import (
    SiteLog,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.signing import (
    canonical_members,
    sign_members,
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

# Sign and append at 40 % of the rate of bare signing, or faster.
TARGET = 0.40
ROUNDS = 5


def make_documents(count: int) -> Iterator[dict[str, Any]]:
    """Yield *count* different bundles, unsigned, of the six checks in turn."""
    facts = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    document = parse_document(facts)
    policies = load_policies(default_rules_dir(), list(CheckId))
    now = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    checks = judge_document(document, policies, now, now)
    for number in range(count):
        host = f"pc{number // len(checks):05}"
        frame = Frame(bundle_id("2026-03-02", number + 1), "bench-001", host, now, {"run_id": "x"})
        yield deepcopy(observed_bundle(frame, checks[number % len(checks)], facts))


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of *work*."""
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> int:
    """Measure, print, and return 1 when the ratio is under its target."""
    parser = argparse.ArgumentParser(
        prog="bench.sealing",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--bundles", type=int, default=1200)
    count = parser.parse_args().bundles
    key = SigningKey.generate()
    documents = list(make_documents(count))
    bodies = [canonical_json(document) for document in documents]
    members = [canonical_members(document) for document in documents]
    ratios = []
    for number in range(1, ROUNDS + 1):
        bare = seconds(lambda: [key.sign(sha256(body).digest()) for body in bodies])
        append = _in_folder(lambda folder: _seal(documents, members, key, folder))
        whole = _in_folder(
            lambda folder: _seal(documents, map(canonical_members, documents), key, folder)
        )
        ratios.append(bare / append)
        each = [f"{spent * 1e6 / count:6.1f} us" for spent in (bare, append, whole)]
        print(f"{number}  bare {each[0]}, sign and append {each[1]}, from the document {each[2]}")
    size = sum(map(len, bodies)) / count
    print(f"bodies of {size:.0f} bytes; {median(ratios):.2f} x bare signing (target {TARGET})")
    return 0 if median(ratios) >= TARGET else 1


def _in_folder(work: Callable[[Path], object]) -> float:
    with TemporaryDirectory(prefix="bench-") as folder:
        return seconds(lambda: work(Path(folder)))


def _seal(
    documents: list[dict[str, Any]],
    members: Iterable[tuple[bytes, bytes]],
    key: SigningKey,
    folder: Path,
) -> None:
    log = SiteLog(folder, "hipaa.compliance_agent/bench-001")
    log.head({})
    entries = []
    for document, (before, after) in zip(documents, members, strict=True):
        line = sign_members(before, after, key)
        names = (document["bundle_id"], document["host_id"], document["check"])
        entries.append(bundle_entry(line, *names))
    log.commit(log.plan(entries), [key])


if __name__ == "__main__":
    sys.exit(main())
