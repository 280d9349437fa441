# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the index do again and again: open a site, ingest it, look at its digest."""

from datetime import UTC, datetime

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.site import (
    SiteDirectory,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.database import Database
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.digest import (
    SiteNotIndexed,
    index_digest,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.ingest import (
    Ingested,
    ingest,
    rebuild,
)
from unit.evidence.site_writer import SiteWriter, key, trusted

TOMORROW = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)


def clock() -> datetime:
    return TOMORROW


def directory(site: SiteWriter) -> SiteDirectory:
    return SiteDirectory(site.root, site.site_id)


def take(database: Database, site: SiteWriter, *signers) -> Ingested:
    """Ingest *site*, trusting its first key or *signers*."""
    return ingest(database, directory(site), trusted(*(signers or [key(1)])), clock)


def take_again(database: Database, site: SiteWriter, **options) -> Ingested:
    """Rebuild the index of *site*."""
    return rebuild(database, directory(site), trusted(key(1)), clock, **options)


def digest(database: Database, site: SiteWriter) -> str | None:
    """Return the digest of the index of *site*, None if there is none."""
    with database.reading() as session:
        try:
            return index_digest(session, site.site_id)
        except SiteNotIndexed:
            return None


def find(code: str, **parts: object) -> dict[str, object]:
    """Return a finding as a bundle holds it."""
    return {
        "code": code, "status": "FAIL", "severity": "HIGH", "message": "said by the test",
        "scope": "", "observed": None, "expected": None, "gpo_managed": False, **parts,
    }  # fmt: skip
