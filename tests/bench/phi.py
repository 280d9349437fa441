# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the scrubber on one core: kilobytes of event text and typed bundles per second of CPU.

Run as ``python -m bench.phi``. Event text is made of the lines of the unit tests' corpora with
another time and record number in each, so that no line comes twice and remembering texts does not
help; then with four of five lines repeated, as events do. Bundles are those of the demo, if it was
run in this folder.
"""

import itertools
import json
import random
import resource
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.inventory import (
    SiteInventory,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.scrubber import Scrubber
from unit.phi.corpora import read_corpus

ROOT = Path(__file__).parents[2]
TODAY = date(2025, 11, 28)
EVENT_BYTES = 10 * 1024 * 1024
REPEATED_SHARE = 0.8
BUNDLE_ROUNDS = 20


def event_lines(size: int) -> Iterator[str]:
    """Yield *size* bytes of lines, no two alike; one in twenty holds identifiers."""
    events = itertools.cycle(line.text for line in read_corpus("operations.txt"))
    people = itertools.cycle(line.text for line in read_corpus("handwritten.txt"))
    for number in itertools.count():
        moment = datetime(2025, 11, 1, tzinfo=UTC) + timedelta(seconds=7 * number)
        text = next(people if number % 20 == 0 else events)
        line = f"{moment:%Y-%m-%dT%H:%M:%SZ} {text} (event record {number})"
        if size <= 0:
            return
        size -= len(line.encode())
        yield line


def repeated(lines: Iterable[str]) -> Iterator[str]:
    """Yield as many lines, four of five of them seen before."""
    seen: list[str] = []
    chance = random.Random(2)  # noqa: S311 - the same text each time
    for line in lines:
        if seen and chance.random() < REPEATED_SHARE:
            yield chance.choice(seen[-1000:])
        else:
            seen.append(line)
            yield line


def demo_bundles() -> list[dict[str, Any]]:
    """Return the bundles of the last demo; none if it was not run here."""
    files = sorted(ROOT.glob("evidence/**/bundles/*/*.jsonl"))
    return [json.loads(line) for file in files[-1:] for line in file.read_text().splitlines()]


def scrubber() -> Scrubber:
    hosts = [f"{name}01" for name in ("dc", "ehr", "fs", "core", "laptop", "praxis", "xray")]
    inventory = SiteInventory.of(hosts=[*hosts, "reception01"], domains=["clinic.local", "CLINIC"])
    return Scrubber(bytes(32), inventory, today=TODAY)


def measure_text(name: str, lines: list[str]) -> None:
    """Print how much text passes in a second of CPU."""
    size = sum(len(line.encode()) for line in lines)
    one = scrubber()
    began = time.process_time()
    for line in lines:
        one.scrub_text(line)
    seconds = time.process_time() - began
    print(
        f"{name}: {size / 1024 / seconds:,.0f} KB a second, "
        f"{seconds:.1f} s for {size / 2**20:.1f} MB"
    )


def measure_bundles(bundles: list[dict[str, Any]]) -> None:
    """Print how many typed bundles pass in a second of CPU, and what a host costs."""
    one = scrubber()
    for bundle in bundles:
        one.scrub_document(bundle)
    began = time.process_time()
    for _ in range(BUNDLE_ROUNDS):
        for bundle in bundles:
            one.scrub_document(bundle)
    seconds = (time.process_time() - began) / BUNDLE_ROUNDS
    hosts = len({bundle["host_id"] for bundle in bundles})
    print(
        f"typed bundles, warm: {len(bundles) / seconds:,.0f} a second, "
        f"{seconds / hosts * 1000:.2f} ms a host"
    )


def resident_mib() -> float:
    """Return the memory of this process now, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def main() -> None:
    """Measure, the small things first: memory is never given back."""
    before = resident_mib()
    if bundles := demo_bundles():
        measure_bundles(bundles)
        print(f"memory after typed bundles: {resident_mib() - before:+.1f} MiB")
    else:
        print("typed bundles: run `make demo` first")
    scrubber().scrub_text("The quick brown fox")
    print(f"memory with the large word list: {resident_mib() - before:+.1f} MiB")
    lines = list(event_lines(EVENT_BYTES))
    held = resident_mib()
    measure_text("event text, each line once", lines)
    print(f"memory while scrubbing it: {resident_mib() - held:+.1f} MiB")
    measure_text("event text, 80 % repeated", list(repeated(lines)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak of the process with all texts in it: {peak:.0f} MiB")


if __name__ == "__main__":
    main()
