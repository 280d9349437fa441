# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the index: how fast evidence is taken in, and whether a page costs more as it grows.

python -m bench.store                       100,000 bundles of 150 hosts, in a file of SQLite
python -m bench.store --bundles 20000 --url postgresql+psycopg://user@/empty_database

The seconds are those of this machine; the ratios mean something on another one.
"""

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy.orm import Session

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.clock import utc_now
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.site import (
    SiteDirectory,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store import evidence_index
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.database import Database
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.digest import (
    index_digest,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.ingest import ingest
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.migrating import (
    prepare_database,
)
from unit.evidence.site_writer import SiteWriter, key, trusted

HOSTS, CHECKS = 150, 6
STARTED = datetime(2026, 3, 2, tzinfo=UTC)
# A bundle of a real host has 5 to 20 KB, most of it facts that the index does not keep.
FACTS = {"probes": [{"name": f"probe-{number}", "state": "ok"} for number in range(90)]}
REPEATS = 15
# A page may not cost more because there is more behind it: 1.5 leaves room for noise.
QUERY_RATIO_MAX = 1.5

QUESTIONS: dict[str, Callable[[Session], object]] = {
    "latest_checks": lambda session: evidence_index.latest_checks(session, "clinic-001"),
    "history": lambda session: evidence_index.history(
        session, evidence_index.HostCheck("clinic-001", "pc007", CheckId.FIREWALL), limit=1
    ),
    "evidence": lambda session: evidence_index.evidence(session, limit=500),
}


def _fill(bundle: dict[str, Any]) -> None:
    bundle["pre_state"]["facts"] = FACTS


class BulkWriter(SiteWriter):
    """Writes tiles and checkpoint once, after many runs: they are computed naively each time."""

    is_open = False

    def publish(self, *signers: object) -> None:
        """Publish only what is complete."""
        if not self.is_open:
            super().publish(*signers)  # type: ignore[arg-type]  # as they come

    def add_runs(self, first: int, number: int) -> None:
        """Seal *number* runs of all hosts, an hour apart."""
        hosts = {f"pc{host:03d}": ["PASS", "FAIL", "WARNING"] for host in range(HOSTS)}
        self.is_open = True
        for run in range(first, first + number):
            at = (STARTED + timedelta(hours=run)).strftime("%Y-%m-%dT%H:%M:%SZ")
            self.run(f"run-{run}", hosts, at=at, edit_bundle=_fill)
        self.is_open = False
        self.publish()


def main() -> int:
    """Measure, print, and return 1 when a question costs more than its share."""
    parser = argparse.ArgumentParser(
        prog="bench.store",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--bundles", type=int, default=100_000)
    parser.add_argument("--url", help="an empty database; a file of SQLite by default")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="bench-store-") as name:
        folder = Path(name)
        database = prepare_database(options.url or f"sqlite:///{folder}/index.sqlite3")
        try:
            return _measure(BulkWriter(folder / "evidence"), database, options.bundles)
        finally:
            database.close()


def _measure(writer: BulkWriter, database: Database, bundles: int) -> int:
    site, keys = SiteDirectory(writer.root, writer.site_id), trusted(key(1))
    runs = max(2, bundles // (HOSTS * CHECKS))
    writer.add_runs(0, 1)
    size = len(writer.bundle_file("run-0").read_bytes()) // (HOSTS * CHECKS)
    ingest(database, site, keys, utc_now)
    few = _ask(database)
    writer.add_runs(1, runs - 1)
    added = (runs - 1) * HOSTS * CHECKS
    verifying, _ = _seconds(lambda: verify.Verifier(keys).read_site(site.path))
    ingesting, _ = _seconds(lambda: ingest(database, site, keys, utc_now))
    nothing, _ = _seconds(lambda: ingest(database, site, keys, utc_now))
    many = _ask(database)
    with database.reading() as session:
        digesting, _ = _seconds(lambda: index_digest(session, site.site_id))
    print(f"{database.engine.dialect.name}, bundles of {size} bytes, {HOSTS} hosts")
    print(f"ingest           {added / ingesting:8.0f} bundles/s, verification included")
    print(f"                 {ingesting / verifying:8.2f} x verification alone")
    print(f"zero new runs    {nothing:8.2f} s with {runs * HOSTS * CHECKS} bundles")
    print(f"digest           {runs * HOSTS * CHECKS / digesting:8.0f} bundles/s")
    is_good = True
    for name in QUESTIONS:
        ratio = many[name] / few[name]
        is_good = is_good and ratio <= QUERY_RATIO_MAX
        print(
            f"{name:16} {few[name] * 1000:8.2f} ms with {HOSTS * CHECKS} bundles, "
            f"{many[name] * 1000:.2f} ms with {runs * HOSTS * CHECKS}: "
            f"{ratio:.2f} x (target at most {QUERY_RATIO_MAX})"
        )
    return 0 if is_good else 1


def _ask(database: Database) -> dict[str, float]:
    """Return the seconds of each question, the least that it took: others use this machine too."""
    if database.engine.dialect.name == "postgresql":
        with database.engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")  # autovacuum would do it a minute later
    return {name: min(_cost(database, question)) for name, question in QUESTIONS.items()}


def _cost(database: Database, question: Callable[[Session], object]) -> list[float]:
    """Return the seconds of each time that *question* was asked, in a session of its own."""
    found = []
    for _ in range(REPEATS):
        with database.reading() as session:
            seconds, _ = _seconds(partial(question, session))
            found.append(seconds)
    return found


def _seconds(action: Callable[[], object]) -> tuple[float, object]:
    started = time.perf_counter()
    result = action()
    return time.perf_counter() - started, result


if __name__ == "__main__":
    sys.exit(main())
