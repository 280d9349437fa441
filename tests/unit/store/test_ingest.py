# SPDX-License-Identifier: GPL-3.0-or-later
"""Ingest verifies first and believes then: each run once, and whole."""

import json
import os
import shutil
from hashlib import sha256

import pytest
from sqlalchemy import func, insert, select

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.site_lock import (
    hold_lock,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.verify import Head
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store import (
    ingest as ingest_module,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.evidence_index import (
    HostCheck,
    history,
    runs,
    site_evidence,
    sites,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.indexing import (
    Counts,
    index_unit,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.ingest import ingest
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.lines import (
    EvidenceChanged,
    stored_line,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.migrating import (
    prepare_database,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.schema import (
    INDEX_TABLES,
    KeyStatement,
    Run,
    Site,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.snapshot import (
    NOTHING,
    EvidenceRejected,
    LogRolledBack,
    SiteBusy,
    Snapshot,
    Unit,
    take_snapshot,
)
from unit.evidence.site_writer import (
    SiteWriter,
    key,
    leaf_hash,
    merkle_root,
    three_runs,
    trusted,
)
from unit.store.indexed import clock, digest, directory, find, take, take_again
from unit.store.rows import ROWS

EVENING = "2026-03-02T18:00:00Z"
NEXT_DAY = "2026-03-03T06:00:00Z"


def row_counts(database) -> dict[str, int]:
    with database.reading() as session:
        return {
            table.__tablename__: session.scalar(select(func.count()).select_from(table))
            for table in INDEX_TABLES
        }


def test_every_run_is_indexed_with_its_bundles(database, tmp_path):
    site = three_runs(tmp_path / "evidence")

    done = take(database, site)

    assert (done.site_id, done.head.size) == ("clinic-001", 43)
    assert done.added == Counts(runs=3, bundles=40, key_statements=0)
    assert row_counts(database) == {
        "latest_checks": 26, "findings": 0, "bundles": 40, "runs": 3, "key_statements": 0,
    }  # fmt: skip


def test_the_index_has_what_the_signed_line_says(database, site):
    def edit(bundle):
        if bundle["check"] == "firewall":
            bundle["pre_state"]["findings"] = [
                find("profile_off", scope="domain", gpo_managed=True),
                find("log_small", status="WARNING", severity="LOW", scope="größer"),
            ]

    site.run("run-1", {"dc01": ["FAIL"], "fs01": ["unreachable"]}, edit_bundle=edit)

    take(database, site)

    with database.reading() as session:
        firewall = history(session, HostCheck("clinic-001", "dc01", CheckId.FIREWALL))[0]
        silent = history(session, HostCheck("clinic-001", "fs01", CheckId.BACKUP))[0]
        [run] = runs(session, "clinic-001")
    assert (firewall.bundle_id, firewall.log_index) == ("EB-20260302-000005", 4)
    assert (firewall.status, firewall.outcome) == ("FAIL", "failure")
    assert (firewall.reason_code, firewall.error_code) == ("ok", None)
    assert firewall.message == "FAIL: said by the test"
    assert firewall.checked_at.isoformat() == "2026-03-02T11:59:00+00:00"
    assert firewall.sealed_at.isoformat() == "2026-03-02T12:00:00+00:00"
    assert firewall.controls == ("164.312(b)",)
    assert [
        (item.code, item.status, item.severity, item.scope, item.gpo_managed)
        for item in firewall.findings
    ] == [
        ("profile_off", "FAIL", "HIGH", "domain", True),
        ("log_small", "WARNING", "LOW", "größer", False),
    ]
    assert (silent.status, silent.reason_code, silent.error_code) == (
        "ERROR", "unreachable", "E004",
    )  # fmt: skip
    assert silent.checked_at is None
    assert (run.run_id, run.status, run.log_index) == ("run-1", "complete", 12)
    assert (run.expected, run.obtained, run.missing, run.not_scheduled, run.bundles) == (
        12, 6, 6, 0, 12,
    )  # fmt: skip


def test_a_row_leads_to_the_exact_line_that_was_signed(database, tmp_path):
    site = three_runs(tmp_path / "evidence")
    take(database, site)

    with database.reading() as session:
        found = site_evidence(session, "clinic-001", limit=100)

    assert len(found) == 40
    for bundle in found:
        line = stored_line(directory(site), bundle.place)
        assert json.loads(line)["bundle_id"] == bundle.bundle_id
        assert sha256(line[:-1]).hexdigest() == bundle.place.line_sha256


def test_a_line_that_was_changed_since_is_not_given_away(database, site):
    site.run("run-1", {"dc01": ["PASS"]})
    take(database, site)
    with database.reading() as session:
        bundle = site_evidence(session, "clinic-001")[0]
    file = site.bundle_file("run-1")
    file.write_bytes(file.read_bytes().replace(b'"success"', b'"Success"'))

    with pytest.raises(EvidenceChanged, match="is not what the log holds"):
        stored_line(directory(site), bundle.place)


def test_a_line_whose_file_is_gone_is_missed(database, site):
    site.run("run-1", {"dc01": ["PASS"]})
    take(database, site)
    with database.reading() as session:
        bundle = site_evidence(session, "clinic-001")[0]
    site.bundle_file("run-1").unlink()

    with pytest.raises(EvidenceChanged, match="No such file"):
        stored_line(directory(site), bundle.place)


def test_a_second_ingest_adds_nothing_and_says_so(database, tmp_path):
    site = three_runs(tmp_path / "evidence")
    take(database, site)
    before = digest(database, site)

    again = take(database, site)

    assert (again.added, again.head.size) == (Counts(), 43)
    assert digest(database, site) == before


def test_a_later_run_is_added_to_what_was_indexed(database, site):
    site.run("run-1", {"dc01": ["PASS"]})
    take(database, site)
    site.run("run-2", {"dc01": ["FAIL"], "fs01": ["PASS"]}, at=EVENING)

    done = take(database, site)

    assert (done.added, done.head.size) == (Counts(runs=1, bundles=12), 20)
    assert row_counts(database)["bundles"] == 18


@pytest.mark.parametrize("sizes", [(1, 1, 1), (42,), (43, 1), (50, 50, 50)], ids=str)
def test_indexing_run_by_run_gives_what_indexing_at_once_gives(new_url, tmp_path, sizes):
    """Across the border of a tile (256 entries) too."""
    site = SiteWriter(tmp_path / "evidence")
    stepwise = prepare_database(new_url("sqlite"))
    for number, size in enumerate(sizes):
        hosts = {f"pc{host:03d}": ["PASS"] for host in range(size)}
        site.run(f"run-{number}", hosts, at=f"2026-03-0{number + 2}T12:00:00Z")
        take(stepwise, site)
    at_once = prepare_database(new_url("sqlite"))
    take(at_once, site)

    assert digest(stepwise, site) == digest(at_once, site)
    stepwise.close()
    at_once.close()


def test_a_run_without_bundles_is_a_run(database, site):
    site.run("run-1", {"dc01": ["PASS"]})
    site.run("run-2", {}, at=EVENING, elsewhere=("dc01",))

    done = take(database, site)

    assert done.added == Counts(runs=2, bundles=6)


def test_statements_about_keys_are_indexed_and_trust_follows_them(database, site):
    site.run("run-1", {"dc01": ["PASS"]})
    site.rotate(key(2), at=EVENING)
    site.run("run-2", {"dc01": ["PASS"]}, at=NEXT_DAY)
    site.revoke(key(1), at="2026-03-03T07:00:00Z", compromised_at="2026-03-03T06:30:00Z")

    done = take(database, site)

    assert done.added == Counts(runs=2, bundles=12, key_statements=2)
    with database.reading() as session:
        rotation, revocation = session.scalars(
            select(KeyStatement).order_by(KeyStatement.log_index)
        ).all()
    assert (rotation.kind, rotation.key_id, rotation.subject_key_id, rotation.log_index) == (
        "key_rotation", "34750f98bd59fcfc", "6a3803d5f059902a", 7,
    )  # fmt: skip
    assert (revocation.kind, revocation.subject_key_id, revocation.reason_code) == (
        "key_revocation", "34750f98bd59fcfc", "compromised",
    )  # fmt: skip
    assert revocation.compromised_at.isoformat() == "2026-03-03T06:30:00+00:00"


def test_a_site_that_never_sealed_a_run_is_no_problem(database, site):
    (site.path / "keys").mkdir(parents=True)

    done = take(database, site)

    assert (done.head, done.added) == (NOTHING, Counts())
    assert digest(database, site) is None


def test_sites_do_not_mix(database, tmp_path):
    first = three_runs(tmp_path / "evidence")
    take(database, first)
    alone = digest(database, first)
    second = three_runs(tmp_path / "evidence", site_id="clinic-002")

    take(database, second)

    assert digest(database, first) == alone
    assert digest(database, second) != alone
    with database.reading() as session:
        assert [(site.site_id, site.runs, site.bundles) for site in sites(session)] == [
            ("clinic-001", 3, 40),
            ("clinic-002", 3, 40),
        ]


# What is not indexed.


def flip(path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))


def drop_last_line(path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


TAMPERING = {
    "a verdict changed": lambda site: flip(site.bundle_file("run-2"), b'"FAIL"', b'"PASS"'),
    "a bundle gone": lambda site: drop_last_line(site.bundle_file("run-2")),
    "all bundles of a run gone": lambda site: site.bundle_file("run-2").unlink(),
    "a statement gone": lambda site: site.coverage_file("run-2").unlink(),
    "a statement changed": lambda site: flip(
        site.coverage_file("run-2"), b'"obtained":12', b'"obtained":11'
    ),
    "the checkpoint of nobody": lambda site: flip(
        site.path / "log" / "checkpoint", "\u2014 ".encode(), "\u2014 x".encode()
    ),
    "an entry of the log changed": lambda site: flip(
        site.path / "log/tile/entries/000.p/20", b'"host_id":"fs01"', b'"host_id":"fs02"'
    ),
    "a tile gone": lambda site: (site.path / "log/tile/0/000.p/20").unlink(),
    "a run that is not in the log": lambda site: shutil.copy(
        site.bundle_file("run-2"), site.bundle_file("run-2").with_name("run-9.jsonl")
    ),
    # Verified as such it would pass, and show less.
    "a site that claims to be an export": lambda site: site.export(site.path, ["run-1", "run-2"]),
}


@pytest.mark.parametrize("tampering", TAMPERING)
def test_nothing_new_of_a_site_that_does_not_verify_is_indexed(database, site, tampering):
    site.run("run-1", {"dc01": ["PASS"]})
    take(database, site)
    before = digest(database, site)
    site.run("run-2", {"dc01": ["FAIL"], "fs01": ["PASS"]}, at=EVENING)
    TAMPERING[tampering](site)

    with pytest.raises(EvidenceRejected) as caught:
        take(database, site)

    assert caught.value.problems
    assert digest(database, site) == before


@pytest.mark.parametrize("tampering", TAMPERING)
def test_a_rebuild_from_evidence_that_does_not_verify_keeps_the_index(database, site, tampering):
    site.run("run-1", {"dc01": ["PASS"]})
    site.run("run-2", {"dc01": ["FAIL"], "fs01": ["PASS"]}, at=EVENING)
    take(database, site)
    before = digest(database, site)
    TAMPERING[tampering](site)

    with pytest.raises(EvidenceRejected):
        take_again(database, site)

    assert digest(database, site) == before


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_checkpoint_that_is_no_file_is_refused_and_never_waited_for(database, site, kind):
    site.run("run-1", {"dc01": ["PASS"]})
    head = site.path / "log" / "checkpoint"
    head.unlink()
    if kind == "pipe":
        os.mkfifo(head)
    else:
        head.symlink_to("/dev/zero")

    for attempt in (take, take_again):
        with pytest.raises(EvidenceRejected, match="no regular file"):
            attempt(database, site)


def test_a_compromise_that_reaches_back_to_what_is_indexed_is_heard(database, site):
    site.run("run-1", {"dc01": ["PASS"]})
    take(database, site)
    before = digest(database, site)
    site.rotate(key(2), at="2026-03-02T13:00:00Z")
    site.revoke(key(1), at="2026-03-02T14:00:00Z", compromised_at="2026-03-02T11:00:00Z")

    for attempt in (take, take_again):
        with pytest.raises(EvidenceRejected, match="compromised"):
            attempt(database, site)

    assert digest(database, site) == before


@pytest.mark.parametrize("signers", [[], [2]], ids=["no key", "another key"])
def test_without_the_key_of_the_site_nothing_is_indexed(database, site, signers):
    site.run("run-1", {"dc01": ["PASS"]})
    keys = trusted(*map(key, signers))
    with pytest.raises(EvidenceRejected, match="not trusted"):
        ingest(database, directory(site), keys, clock)

    assert digest(database, site) is None


def test_the_evidence_of_one_site_is_not_indexed_under_the_name_of_another(database, site):
    site.run("run-1", {"dc01": ["PASS"]})
    site.path.rename(site.path.with_name("clinic-002"))
    renamed = SiteWriter(site.root, site_id="clinic-002")

    with pytest.raises(EvidenceRejected, match="is the log of clinic-001"):
        take(database, renamed)

    assert digest(database, renamed) is None


def rolled_back(site: SiteWriter) -> None:
    """Put the site back to what it was after its first run."""
    site.bundle_file("run-2").unlink()
    site.coverage_file("run-2").unlink()
    shutil.rmtree(site.path / "log")
    del site.entries[7:]
    site.publish()


def test_a_log_that_was_put_back_is_an_error_and_changes_nothing(database, site):
    site.run("run-1", {"dc01": ["PASS"]})
    site.run("run-2", {"dc01": ["FAIL"]}, at=EVENING)
    take(database, site)
    before = digest(database, site)
    rolled_back(site)

    for attempt in (take, take_again):
        with pytest.raises(LogRolledBack, match="7 entries; 14 were indexed"):
            attempt(database, site)

    assert digest(database, site) == before


@pytest.mark.parametrize("runs_after", [1, 2, 3], ids=["shorter", "as long", "longer"])
def test_a_log_with_another_past_is_an_error_and_changes_nothing(database, site, runs_after):
    site.run("run-1", {"dc01": ["PASS"]})
    site.run("run-2", {"dc01": ["FAIL"]}, at=EVENING)
    take(database, site)
    before = digest(database, site)
    shutil.rmtree(site.path)
    rewritten = SiteWriter(site.root)
    for number in range(1, runs_after + 1):
        rewritten.run(f"run-{number}", {"dc01": ["PASS"]}, at=f"2026-03-0{number + 1}T12:00:00Z")

    for attempt in (take, take_again):
        with pytest.raises(LogRolledBack, match="does not continue what was indexed"):
            attempt(database, rewritten)

    assert digest(database, rewritten) == before


def test_evidence_that_is_gone_as_a_whole_is_an_error(database, site):
    site.run("run-1", {"dc01": ["PASS"]})
    take(database, site)
    before = digest(database, site)
    shutil.rmtree(site.path)

    with pytest.raises(LogRolledBack, match="0 entries; 7 were indexed"):
        take(database, site)

    assert digest(database, site) == before


def test_an_older_log_is_indexed_only_when_a_person_accepts_it(database, site):
    site.run("run-1", {"dc01": ["PASS"]})
    take(database, site)
    first = digest(database, site)
    site.run("run-2", {"dc01": ["FAIL"]}, at=EVENING)
    take(database, site)
    rolled_back(site)

    done = take_again(database, site, accept_older_log=True)

    assert (done.head.size, done.added) == (7, Counts(runs=1, bundles=6))
    assert digest(database, site) == first


def test_a_good_run_before_a_bad_one_waits_too(database, site):
    """The verifier speaks of all that is new; half of an answer would hide the other half."""
    site.run("run-1", {"dc01": ["PASS"]})
    site.run("run-2", {"dc01": ["FAIL"]}, at=EVENING)
    flip(site.bundle_file("run-2"), b'"FAIL"', b'"PASS"')

    with pytest.raises(EvidenceRejected):
        take(database, site)

    assert digest(database, site) is None


# Sealing goes on meanwhile.


def test_a_run_that_is_being_sealed_is_waited_for(site, tmp_path):
    site.run("run-1", {"dc01": ["PASS"]})
    log, older = site.path / "log", tmp_path / "older"
    shutil.copytree(log, older)
    site.run("run-2", {"dc01": ["FAIL"]}, at=EVENING)
    newer = log.rename(tmp_path / "newer")
    older.rename(log)
    lock = hold_lock(site.path / "lock", "sealing run-2")
    lock.__enter__()

    def finish(_seconds: float) -> None:
        shutil.rmtree(log)
        newer.rename(log)
        lock.__exit__(None, None, None)

    snapshot = take_snapshot(directory(site), trusted(key(1)), NOTHING, pause=finish)

    assert snapshot.head.size == 14


def test_a_site_that_is_sealed_all_the_time_is_busy_not_bad(site):
    site.run("run-1", {"dc01": ["PASS"]})
    (site.path / "bundles/2026-03-02/run-2.jsonl").write_bytes(b"")
    with hold_lock(site.path / "lock", "sealing run-2"), pytest.raises(SiteBusy):
        take_snapshot(directory(site), trusted(key(1)), NOTHING, pause=lambda _seconds: None)


def test_ingest_writes_nothing_to_the_evidence(database, site):
    site.run("run-1", {"dc01": ["PASS"]})
    before = {path: path.stat().st_mtime_ns for path in site.path.rglob("*")}

    take(database, site)

    assert {path: path.stat().st_mtime_ns for path in site.path.rglob("*")} == before


def test_a_log_that_changes_after_it_was_verified_is_not_indexed(site):
    site.run("run-1", {"dc01": ["PASS"]})
    snapshot = take_snapshot(directory(site), trusted(key(1)), NOTHING)
    flip(site.path / "log/tile/entries/000.p/7", b'"host_id":"dc01"', b'"host_id":"dc02"')

    with pytest.raises(EvidenceRejected, match="changed while it was indexed"):
        snapshot.leaves(snapshot.units[0])


OTHER_WORDS = {
    "a bundle of another host": ('"host_id":"dc01"', '"host_id":"dc02"', "another bundle"),
    "a bundle of another id": ("EB-20260302-000001", "EB-20260302-000009", "another bundle"),
    "a statement of another id": ('"CS-run-1"', '"CS-RUN-1"', "files|log holds|another place"),
    "a statement about a key": ('"coverage"', '"key_rotation"', "bundles stand before it"),
}


@pytest.mark.parametrize("case", OTHER_WORDS)
def test_rows_are_not_written_for_a_leaf_that_says_something_else(database, site, case):
    """The verifier refuses this before; here it is left out."""
    old, new, said = OTHER_WORDS[case]
    site.run("run-1", {"dc01": ["PASS"]}, checks=("firewall",))
    site.entries[:] = [entry.replace(old.encode(), new.encode()) for entry in site.entries]
    site.publish()
    digest_of_entries = sha256(b"".join(map(leaf_hash, site.entries))).digest()
    unit = Unit(NOTHING, Head(2, merkle_root(site.entries)), digest_of_entries)
    snapshot = Snapshot(directory(site), site.heads[-1].decode(), unit.after, (unit,))

    with database.writing() as session:
        session.execute(insert(Site), ROWS[Site])

    with pytest.raises(EvidenceChanged, match=said), database.writing() as session:
        index_unit(session, snapshot, unit)


def test_a_line_that_changes_after_it_was_verified_takes_its_run_with_it(
    database, site, monkeypatch
):
    site.run("run-1", {"dc01": ["PASS"]})
    site.run("run-2", {"dc01": ["FAIL"]}, at=EVENING)
    file = site.bundle_file("run-2")

    def look_and_change(*arguments, **options):
        snapshot = take_snapshot(*arguments, **options)
        flip(file, b'"EB-20260302-000012"', b'"EB-20260302-000013"')
        return snapshot

    monkeypatch.setattr(ingest_module, "take_snapshot", look_and_change)

    with pytest.raises(EvidenceChanged, match="line 6 is not the one in the log"):
        take(database, site)

    with database.reading() as session:
        assert [run.run_id for run in session.scalars(select(Run))] == ["run-1"]
    assert row_counts(database)["bundles"] == 6
