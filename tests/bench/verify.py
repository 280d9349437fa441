# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare verifying a site with nothing but Ed25519 over the same bodies.

python -m bench.verify              2,000 bundles of 5 to 20 KB, as the collectors write them
python -m bench.verify --bundles N --largest BYTES

Prints the cost of a bundle, and the rates of the whole walk along the log, of the same with every
bundle parsed (--strict), and of the two functions for one line. All take turns, so that what else
the machine does hits each; only the ratios mean something on another machine.
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
PARTLY_SCRUBBED = 0.2
POLICY_SHA256 = sha256(b"null").hexdigest()  # of the policy that the writer puts in


def facts(random: Random, largest: int) -> dict[str, Any]:
    """Return facts as collectors give them: readings with a source, a state and a value."""
    wanted = random.randint(SMALLEST, largest) - 2_000
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


def make_site(folder: Path, bundles: int, largest: int = LARGEST) -> tuple[SiteWriter, list[bytes]]:
    """Return a site with so many bundles (at least), and their lines."""
    random = Random(1)  # noqa: S311 - the same bodies each time
    site, lines = SiteWriter(folder), list[bytes]()
    while len(lines) < bundles:
        number = len(site.runs)
        hosts = {f"host{index:02d}": ["PASS"] for index in range(RUN_HOSTS)}
        lines += site.run(
            f"run-{number}", hosts, edit_bundle=lambda bundle: _fill(bundle, random, largest)
        )
    return site, lines


def _fill(bundle: dict[str, Any], random: Random, largest: int) -> None:
    state = bundle["pre_state"]
    state["facts"] = facts(random, largest)
    if random.random() < PARTLY_SCRUBBED:
        state["scrubbing"]["counts"] = {"address": random.randint(1, 9), "user": 1}
    state["provenance"] |= {
        "ansible_version": "2.19.0",
        "collector_sha256": sha256(bundle["check"].encode()).hexdigest(),
        "policy_sha256": POLICY_SHA256,
        "policy_version": "1",
        "rules_sha256": "8" * 64,
    }


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU time that *work* takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


def bare(bodies: Sequence[tuple[bytes, bytes]], public: VerifyKey) -> None:
    """Verify the signatures alone."""
    for body, signature in bodies:
        public.verify(sha256(body).digest(), signature)


def whole(site: SiteWriter, *, is_strict: bool = False) -> None:
    """Verify the site as an auditor does."""
    verifier = verify.Verifier(trusted(key(1)), is_strict=is_strict)
    verifier.read_site(site.path)
    if verifier.problems:
        raise SystemExit(str(verifier.problems[0]))


def by_line(
    read: Callable[[bytes], verify.Line | None], lines: Sequence[bytes], public: bytes
) -> None:
    """Verify lines without a log around them."""
    for line in lines:
        found = read(line)
        if found is None:
            raise SystemExit("a line was not taken from its bytes")
        verify.check_digest(found.signed_digest, found.document["signature"], public)


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
    parser.add_argument("--largest", type=int, default=LARGEST, help="bytes of a bundle")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="bench-verify-") as folder:
        site, lines = make_site(Path(folder), options.bundles, options.largest)
        signer = key(1)
        bodies = bodies_of(lines, signer)
        stored = [line + b"\n" for line in lines]
        public = signer.verify_key
        works = {
            "bare": lambda: bare(bodies, public),
            "skimmed": lambda: by_line(verify.Skimmer().skim, stored, bytes(public)),
            "parsed": lambda: by_line(verify.read_bundle, stored, bytes(public)),
            "whole": lambda: whole(site),
            "strict": lambda: whole(site, is_strict=True),
        }
        best = dict.fromkeys(works, float("inf"))
        for _round in range(ROUNDS):
            best = {name: min(best[name], seconds(work)) for name, work in works.items()}
    size = sum(map(len, lines)) / len(lines)
    print(f"{len(lines)} bundles of {size / 1000:.1f} KB on average")
    for name, cost in best.items():
        each = cost / len(lines) * 1e6
        print(f"{name:7} {each:8.1f} us a bundle, {best['bare'] / cost:5.0%} of the rate of bare")
    ratio = best["bare"] / best["whole"]
    print(f"whole: {ratio:.0%} of bare, wanted {RATIO_MIN:.0%}")
    return 0 if ratio >= RATIO_MIN else 1


if __name__ == "__main__":
    sys.exit(main())
