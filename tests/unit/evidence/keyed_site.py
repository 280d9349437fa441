# SPDX-License-Identifier: GPL-3.0-or-later
"""A site with a key and a log, without a run behind it: what keys are about needs no more."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.key_changes import (
    KeyKeeper,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.key_statements import (  # noqa: E501 - a name has no place to wrap
    Compromise,
    RevocationReason,
    parse_key_statement,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.keys import (
    SiteKey,
    create_first_key,
    load_key,
    publish_key,
    write_public_half,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.ledger.log import (
    SiteLog,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.site import (
    SiteDirectory,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.statements import (
    LedgerKind,
    ledger_entry,
)

SITE = "clinic-001"
MORNING = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)


@dataclass
class KeyedSite:
    """One site below *root*, with a first key; *now* is its clock."""

    root: Path
    now: datetime = MORNING
    first: SiteKey = field(init=False)

    def __post_init__(self) -> None:
        self.key_file.parent.mkdir(parents=True, exist_ok=True)
        self.first = create_first_key(self.key_file, self.directory)
        self.directory.prepare()
        publish_key(self.first, self.directory)
        write_public_half(self.first, self.key_file, SITE)

    @property
    def directory(self) -> SiteDirectory:
        return SiteDirectory(self.root / "evidence", SITE)

    @property
    def key_file(self) -> Path:
        return self.root / "keys" / "site.key"

    @property
    def keeper(self) -> KeyKeeper:
        return KeyKeeper(self.directory, self.key_file, lambda: self.now)

    def key(self) -> SiteKey:
        return load_key(self.key_file)

    def run(self, run_id: str, bundles: int = 2) -> None:
        """Enter what a run with so many bundles leaves in the log, signed by the key in use."""
        key, log = self.key(), SiteLog(self.directory.log, self.directory.log_origin)
        checkpoint = log.head(key.trusted)
        statement = {
            "run_id": run_id,
            "key_id": key.key_id,
            "sealed_at": self.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "log": {"first_index": checkpoint.head.size if checkpoint else 0},
            "bundles": {"count": bundles},
        }
        line = json.dumps(statement).encode()
        file = self.directory.coverage_file(self.now.strftime("%Y-%m-%d"), run_id)
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(line + b"\n")
        entries = [f'{{"id":"{run_id}-{at}","kind":"bundle"}}'.encode() for at in range(bundles)]
        entries.append(ledger_entry(LedgerKind.COVERAGE, f"CS-{run_id}", line))
        log.commit(log.plan(entries), [key.signing_key])

    def leaves(self, trusted: SiteKey) -> list[dict[str, str]]:
        """Return the leaves of the log as somebody sees it who trusts *trusted* only."""
        log = SiteLog(self.directory.log, self.directory.log_origin)
        checkpoint = log.head(trusted.trusted)
        return list(map(json.loads, log.entries(0, checkpoint.head.size if checkpoint else 0)))


def compromised(key, since=MORNING - timedelta(hours=10), reason="compromised"):
    return Compromise(key.key_id, since, RevocationReason(reason))


def statements(site):
    return [
        parse_key_statement(file.read_bytes().removesuffix(b"\n"))
        for file in sorted(site.directory.keys.glob("*.json"))
    ]


def kinds(site, trusted):
    return [leaf["kind"] for leaf in site.leaves(trusted)]


def key_files(site):
    return sorted(file.name for file in site.key_file.parent.iterdir())
