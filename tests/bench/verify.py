# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare verifying a site with nothing but Ed25519 over the same bodies.

python -m bench.verify              2,000 bundles of 5 to 20 KB, as the collectors write them
python -m bench.verify --bundles N

Prints the cost of a bundle, and two ratios: of the whole walk along the log, and of the verifier's
function for one line. Both implementations take turns, so that what else the machine does hits
both; only the ratios mean something on another machine.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from nacl.signing import SigningKey, VerifyKey

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from unit.evidence.site_writer import SiteWriter, key, trusted

RATIO_MIN = 0.60
ROUNDS = 5
SMALLEST, LARGEST = 5_000, 20_000
RUN_HOSTS = 50


def facts(random: Random) -> dict[str, Any]:
    """Return facts as collectors give them: readings with a source, a state and a value."""
    wanted = random.randint(SMALLEST, LARGEST) - 1_500
    found: dict[str, Any] = {}
    size = 0
    while size < wanted:
        reading = {
            "elapsed_ms": random.randint(0, 900),
            "hresult": random.choice([None, "0x80070005"]),
            "source": f"registry:SOFTWARE\\Policies\\Microsoft\\Windows\\{random.randint(1, 99)}",
            "state": random.choice(["ok", "absent", "denied"]),
            "value": {
                "enabled": random.choice([True, False]),
                "items": [{"hotfix_id": f"KB{random.randint(5_000_000, 5_999_999)}"}],
                "last_seen_at": "2026-02-27T22:51:15Z",
                "ubr": random.randint(1, 9_999),
            },
        }
        found[f"reading_{len(found):03d}"] = reading
        size += len(json.dumps(reading, separators=(",", ":"))) + 16
    return found


def make_site(folder: Path, bundles: int) -> tuple[SiteWriter, list[bytes]]:
    """Return a site with so many bundles (at least), and their lines."""
    random = Random(1)  # noqa: S311 - the same bodies each time
    site, lines = SiteWriter(folder), list[bytes]()
    while len(lines) < bundles:
        number = len(site.runs)
        hosts = {f"host{index:02d}": ["PASS"] for index in range(RUN_HOSTS)}
        lines += site.run(f"run-{number}", hosts, edit_bundle=lambda bundle: _fill(bundle, random))
    return site, lines


def _fill(bundle: dict[str, Any], random: Random) -> None:
    bundle["pre_state"]["facts"] = facts(random)


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU time that *work* takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


def bare(bodies: Sequence[tuple[bytes, bytes]], public: VerifyKey) -> None:
    """Verify the signatures alone."""
    for body, signature in bodies:
        public.verify(sha256(body).digest(), signature)


def whole(site: SiteWriter) -> None:
    """Verify the site as an auditor does."""
    verifier = verify.Verifier(trusted(key(1)))
    verifier.read_site(site.path)
    if verifier.problems:
        raise SystemExit(str(verifier.problems[0]))


def by_line(lines: Sequence[bytes], public: bytes) -> None:
    """Verify lines without a log around them."""
    for line in lines:
        read = verify.read_bundle(line)
        verify.check_digest(read.signed_digest, read.document["signature"], public)
        verify.check_bundle_content(read.document)


def bodies_of(lines: Sequence[bytes], signer: SigningKey) -> list[tuple[bytes, bytes]]:
    """Return what was signed, and the signatures."""
    bodies = []
    for line in lines:
        before, _member, rest = line.partition(b',"signature":"')
        body = before + rest[rest.index(b",") :]
        bodies.append((body, signer.sign(sha256(body).digest()).signature))
    return bodies


def main() -> int:
    """Print the costs; 1 if the whole is slower than it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundles", type=int, default=2_000)
    options = parser.parse_args()
    with TemporaryDirectory(prefix="bench-verify-") as folder:
        site, lines = make_site(Path(folder), options.bundles)
        signer = key(1)
        bodies = bodies_of(lines, signer)
        stored = [line + b"\n" for line in lines]
        public = signer.verify_key
        best = dict.fromkeys(("bare", "line", "whole"), float("inf"))
        for _round in range(ROUNDS):
            costs = {
                "bare": seconds(lambda: bare(bodies, public)),
                "line": seconds(lambda: by_line(stored, bytes(public))),
                "whole": seconds(lambda: whole(site)),
            }
            best = {name: min(best[name], costs[name]) for name in best}
    size = sum(map(len, lines)) / len(lines)
    print(f"{len(lines)} bundles of {size / 1000:.1f} KB on average")
    for name, cost in best.items():
        each = cost / len(lines) * 1e6
        print(f"{name:6} {each:8.1f} us a bundle, {best['bare'] / cost:5.0%} of the rate of bare")
    ratio = best["bare"] / best["whole"]
    print(f"whole: {ratio:.0%} of bare, wanted {RATIO_MIN:.0%}")
    return 0 if ratio >= RATIO_MIN else 1


if __name__ == "__main__":
    sys.exit(main())
