# SPDX-License-Identifier: GPL-3.0-or-later
"""The digest of an index is that of its evidence: same evidence, same digest, anywhere."""

import random
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy import inspect as inspected

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.columns import UtcTime
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.database import Database
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.digest import (
    SiteNotIndexed,
    dump,
    index_digest,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.migrating import (
    prepare_database,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.schema import (
    INDEX_TABLES,
    Site,
)
from unit.evidence.site_writer import SiteWriter, key
from unit.store.indexed import find, take, take_again
from unit.store.rows import write_rows

# Of the rows written by hand; whoever changes what the digest is made of changes this.
DIGEST = "3b04e1ada707c64b5f82068940570e6a54984faae6ac2adba6f4242ada583fa9"
TABLES = (Site, *INDEX_TABLES)


@pytest.fixture
def by_hand(database) -> Database:
    write_rows(database)
    return database


def digest_of(database) -> str:
    with database.reading() as session:
        return index_digest(session, "clinic-001")


def make_site(root) -> SiteWriter:
    """Return a site that has a row in every table, and text beyond ASCII."""

    def edit(bundle):
        findings = [find("profile_off", scope="größer 😀"), find("rule_open", scope="b\0")]
        bundle["pre_state"]["findings"] = findings if bundle["host_id"] == "dc01" else []

    site = SiteWriter(root)
    site.run("run-1", {"dc01": ["FAIL"], "zürich": ["unreachable"]}, edit_bundle=edit)
    site.rotate(key(2), at="2026-03-02T13:00:00Z")
    site.run("run-2", {"dc01": ["PASS"]}, at="2026-03-02T14:00:00Z", edit_bundle=edit)
    site.revoke(key(1), at="2026-03-02T15:00:00Z", compromised_at="2026-03-02T14:30:00Z")
    return site


def test_the_digest_is_the_one_that_it_always_was_on_both_engines(by_hand):
    assert digest_of(by_hand) == DIGEST


def test_a_rebuild_gives_an_equal_digest(database, tmp_path):
    site = make_site(tmp_path / "evidence")
    take(database, site)
    before = digest_of(database)

    take_again(database, site)

    assert digest_of(database) == before


def test_both_engines_dump_the_same_bytes(new_url, tmp_path):
    site, dumped = make_site(tmp_path / "evidence"), []
    for engine in ("sqlite", "postgresql"):
        database = prepare_database(new_url(engine))
        take(database, site)
        with database.reading() as session:
            dumped.append(b"".join(dump(session, site.site_id)))
        database.close()

    assert dumped[0] == dumped[1]
    # The site, two runs, two statements about keys, 18 bundles, 12 pairs of host and check.
    assert dumped[0].count(b"\n") == 35


@pytest.mark.parametrize("seed", range(3))
def test_the_order_in_which_rows_were_written_does_not_matter(database, tmp_path, seed):
    take(database, make_site(tmp_path / "evidence"))
    before = digest_of(database)
    with database.writing() as session:
        tables = {
            table: [
                {column.key: getattr(row, column.key) for column in inspected(table).column_attrs}
                for row in session.scalars(select(table))
            ]
            for table in INDEX_TABLES
        }
        session.expunge_all()
        for table in INDEX_TABLES:
            session.execute(delete(table))
        for table, rows in reversed(tables.items()):
            random.Random(seed).shuffle(rows)  # noqa: S311 - an order, no secret
            session.execute(insert(table), rows)

    assert digest_of(database) == before


COLUMNS = [
    (table, column.key)
    for table in TABLES
    for column in table.__table__.columns
    if column.key not in {"checkpoint", "ingested_at"} and not column.primary_key
    # The keys that rows hang together by cannot be changed one at a time.
    if (table.__tablename__, column.key) != ("bundles", "run_index")
]
OTHER = {
    "status": {"runs": "interrupted", "bundles": "WARNING", "findings": "WARNING"},
    "check_id": "backup",
    "outcome": "partial",
    "severity": "LOW",
    "kind": {"key_statements": "key_revocation"},
    "log_index": 1,
    "controls": ["164.312(a)(1)"],
    "gpo_managed": True,
}


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda item: getattr(
    item, "__tablename__", item))  # fmt: skip
def test_every_column_that_the_evidence_gives_counts(new_url, table, column):
    database = prepare_database(new_url("sqlite"))
    write_rows(database)
    with database.writing() as session:
        row = session.scalars(select(table).order_by(*inspected(table).primary_key)).first()
        old = getattr(row, column)
        other = OTHER.get(column, _another(old, table.__table__.columns[column]))
        value = other[table.__tablename__] if isinstance(other, dict) else other
        assert value != old
        keys = [item == getattr(row, item.key) for item in inspected(table).primary_key]
        session.execute(update(table).where(*keys).values({column: value}))

    assert digest_of(database) != DIGEST
    database.close()


def _another(old, column):
    """Return a value of the type of *column* that is not *old*."""
    if column.type.python_type is int:
        return (old or 0) + 1
    if isinstance(column.type, UtcTime):
        return datetime(2027, 1, 1, tzinfo=UTC)
    return "other"


def test_the_time_of_ingest_and_the_signatures_of_the_head_do_not_count(by_hand):
    with by_hand.writing() as session:
        site = session.get(Site, "clinic-001")
        site.ingested_at = site.ingested_at.replace(year=2027)
        site.checkpoint = "signed once more"

    assert digest_of(by_hand) == DIGEST


def test_a_site_that_is_not_indexed_has_no_digest(database):
    with database.reading() as session, pytest.raises(SiteNotIndexed, match="clinic-009"):
        index_digest(session, "clinic-009")
