# SPDX-License-Identifier: GPL-3.0-or-later
"""The verifier accepts a site as it was sealed and nothing else, and says what is wrong and where.

What a forger does to files is in ``test_tamper.py``. Here are also signers who are broken or lie:
what they write has a signature that fits and a leaf in the log.
"""

import ast
import contextlib
import json
import os
import shutil
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from unit.evidence.site_writer import (
    DAY,
    SiteWriter,
    key,
    key_id,
    merkle_root,
    public_line,
    signed,
    three_runs,
    trusted,
)

OURS, FOREIGN = key(1), key(9)
HOSTS = {"dc01": ["PASS"], "fs01": ["FAIL"], "pc01": ["WARNING"]}


@pytest.fixture
def site(tmp_path) -> SiteWriter:
    return SiteWriter(tmp_path)


def verified(site: SiteWriter, **options) -> verify.Verifier:
    verifier = verify.Verifier(trusted(OURS))
    verifier.read_site(site.path, **options)
    return verifier


def problems(site: SiteWriter) -> tuple[int, list[str]]:
    """Return the exit code, and what is said of each problem, without the path of the site."""
    verifier = verified(site)
    said = [str(item).replace(f"{site.path}/", "") for item in verifier.problems]
    return verifier.exit_code(), said


def run_verifier(*arguments, options=(), script=verify.__file__):
    return subprocess.run(
        [sys.executable, *options, str(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


# What is verified.


def test_runs_of_several_days_and_shapes_verify_together(tmp_path):
    verifier = verified(three_runs(tmp_path))

    assert verifier.problems == []
    assert (verifier.runs, verifier.bundles, len(verifier.hosts)) == (3, 40, 5)


def test_the_head_that_was_verified_is_told(tmp_path):
    site = three_runs(tmp_path)

    verifier = verified(site)

    assert (verifier.size, verifier.root) == (43, merkle_root(site.entries))
    assert verifier.site_id == "clinic-001"


@pytest.mark.parametrize("hosts", [37, 42, 43, 85, 86, 128], ids=lambda n: f"{n * 6 + 1}-leaves")
def test_logs_around_the_width_of_a_tile_verify(site, hosts):
    site.run("run-1", {f"host{number:03d}": ["PASS"] for number in range(hosts)})

    assert problems(site) == (0, [])


def test_a_log_over_several_tiles_verifies_run_by_run(site):
    for number in range(9):
        site.run(f"run-{number}", {f"host{host:02d}": ["PASS"] for host in range(12)})

    verifier = verified(site)

    assert (verifier.exit_code(), verifier.runs, verifier.size) == (0, 9, 657)


def test_a_changed_hash_in_a_higher_tile_is_found(site):
    site.run("run-1", {f"host{number:02d}": ["PASS"] for number in range(50)})
    [tile] = site.path.glob("log/tile/1/000.p/1")
    tile.write_bytes(bytes(32))

    code, [said] = problems(site)

    assert code == 4
    assert said == "log: tile/1/000.p/1 does not fit what lies below it"


def test_a_run_for_no_check_of_some_hosts_verifies(site):
    site.run("run-1", HOSTS, checks=("backup",), elsewhere=("xray01",))

    assert problems(site) == (0, [])


def test_a_clock_that_was_set_back_verifies_if_it_is_said(site):
    site.run("run-1", HOSTS)
    site.run("run-2", HOSTS, at=f"{DAY}T11:00:00Z", behind=3600)

    assert problems(site) == (0, [])


def test_no_evidence_does_not_verify(site):
    site.path.mkdir()

    assert problems(site) == (7, [f"{site.path}: there are no bundles here"])


# A signer who is broken or lies: each line is signed and stands in the log.

STATEMENTS = [
    pytest.param({"expected": 24}, "expected is not six checks for each host", id="expected"),
    pytest.param({"obtained": 17}, "says another number of verdicts", id="obtained"),
    pytest.param({"status": "done"}, "status is not what a coverage statement", id="status"),
    pytest.param({"sealed_at": f"{DAY}T13:00:00Z"}, "another time of sealing", id="time"),
    pytest.param({"clock_set_back_seconds": 5}, "0 s before the statement", id="clock"),
    pytest.param({"statement_id": "CS-run-2"}, "statement_id is not made of", id="statement-id"),
    pytest.param({"site_id": "clinic-002"}, "is of site clinic-002", id="site"),
    pytest.param({"more": 1}, "not the fields of a coverage statement: more", id="field"),
    pytest.param({"kind": "order"}, "kind is not what a coverage statement", id="kind"),
    pytest.param({"schema_version": True}, "schema_version is not", id="true-is-no-one"),
    pytest.param(
        {
            "missing": [
                {
                    "host_id": "dc01",
                    "check": "backup",
                    "reason_code": "not_evaluated",
                    "error_code": None,
                }
            ]
        },
        "says something else of what is missing",
        id="missing",
    ),
    pytest.param(
        {"log": {"first_index": 1, "root_before": "A" * 43 + "="}}, "begins at entry 1", id="index"
    ),
    pytest.param(
        {"log": {"first_index": 0, "root_before": "A" * 43 + "="}}, "another root", id="root"
    ),
    pytest.param(
        {"bundles": {"count": 17, "first": "EB-20260302-000001", "last": "EB-20260302-000018"}},
        "says 17 bundles, but there are 18",
        id="count",
    ),
    pytest.param(
        {"bundles": {"count": 18, "first": "EB-20260302-000002", "last": "EB-20260302-000018"}},
        "names other bundles as the first and the last",
        id="first-bundle",
    ),
    pytest.param({"provenance": {"run_id": "run-7"}}, "provenance.run_id is not", id="provenance"),
]


@pytest.mark.parametrize(("changes", "said"), STATEMENTS)
def test_a_statement_that_does_not_fit_its_bundles_is_found(site, changes, said):
    site.run("run-1", HOSTS, edit_statement=lambda statement: statement.update(changes))

    code, found = problems(site)

    assert code in {4, 5}
    assert any(said in line for line in found), found


def scope(**changes):
    def edit(statement):
        statement["scope"].update(changes)

    return edit


def unscheduled(**changes):
    def edit(statement):
        statement["not_scheduled"].update(changes)

    return edit


def scrubbing(**changes):
    def edit(statement):
        statement["scrubbing"].update(changes)

    return edit


PARTS = [
    pytest.param(scope(hosts=4), 8, "is for 4 hosts, its bundles of 3", id="more-hosts"),
    pytest.param(scope(hosts=2), 4, "is for other hosts than its bundles", id="fewer-hosts"),
    pytest.param(scope(hosts_sha256="0" * 64), 4, "is for other hosts", id="other-hosts"),
    pytest.param(scope(inventory_sha256="0" * 64), 4, "not the inventory", id="other-inventory"),
    pytest.param(scope(inventory_hosts=4), 4, "are not the inventory", id="larger-inventory"),
    pytest.param(scope(checks=["backup"]), 4, "is for other checks", id="other-checks"),
    pytest.param(scope(checks=["av_edr", "patching"]), 4, "scope is not", id="order-of-checks"),
    pytest.param(unscheduled(hosts=["dc01"]), 4, "are not the inventory", id="host-both-ways"),
    pytest.param(unscheduled(checks=["backup"]), 4, "is for other checks", id="check-both-ways"),
    pytest.param(
        unscheduled(pairs=[{"host_id": "dc01", "check": "backup"}]), 4, "expected", id="pair"
    ),
    pytest.param(scrubbing(flagged=["EB-20260302-000001"]), 4, "of E007 than", id="flag"),
    pytest.param(scrubbing(counts={"address": 1}), 4, "of the scrubbing than", id="counts"),
    pytest.param(scrubbing(ruleset_version="2"), 4, "of the scrubbing than", id="ruleset"),
]


@pytest.mark.parametrize(("edit", "code", "said"), PARTS)
def test_a_part_of_a_statement_that_does_not_fit_is_found(site, edit, code, said):
    site.run("run-1", HOSTS, edit_statement=edit)

    found, lines = problems(site)

    assert found == code, lines
    assert any(said in line for line in lines), lines


def test_a_host_of_the_scope_without_any_bundle_is_a_missing_host(site):
    def hide(statement):
        # Four hosts were to be checked; the signer left out one, and all sums fit.
        statement["scope"].update(hosts=4, inventory_hosts=4)
        statement.update(expected=24, obtained=24)

    site.run("run-1", HOSTS, edit_statement=hide)

    assert "missing_host" in {problem.name for problem in verified(site).problems}


def test_a_pair_without_a_bundle_is_a_gap(site):
    def hide(statement):
        statement["not_scheduled"]["pairs"] = []

    site.run("run-1", HOSTS)
    line = site.bundle_file("run-1").read_bytes().splitlines()[-1]
    assert json.loads(line)["check"] == "encryption"
    # One host has one check less than the others, and nobody says why.
    site.run(
        "run-2",
        {"dc01": ["PASS"]},
        at=f"{DAY}T13:00:00Z",
        edit_statement=hide,
        edit_bundle=lambda bundle: (
            bundle.update(check="backup") if bundle["check"] == "encryption" else None
        ),
    )

    assert "gap" in {problem.name for problem in verified(site).problems}


def in_pre_state(**changes):
    return lambda bundle: bundle["pre_state"].update(changes)


BUNDLES = [
    pytest.param(
        lambda b: b.update(outcome="partial"), "outcome and pre_state.status", id="outcome"
    ),
    pytest.param(lambda b: b.update(phi_scrubbed=False), "phi_scrubbed is not true", id="scrubbed"),
    pytest.param(lambda b: b.update(timestamp="2026-03-03T12:00:00Z"), "run and day", id="day"),
    pytest.param(lambda b: b.update(timestamp=f"{DAY}T25:00:00Z"), "timestamp is not", id="hour"),
    pytest.param(lambda b: b.update(timestamp=f"{DAY}T24:00:00Z"), "timestamp is not", id="24"),
    pytest.param(lambda b: b.update(timestamp=f"{DAY}T23:59:60Z"), "timestamp is not", id="leap"),
    pytest.param(lambda b: b.update(timestamp=f"{DAY}T12:00:00.0Z"), "timestamp is not", id=".0"),
    pytest.param(lambda b: b.update(extra=1), "not the fields of a bundle: extra", id="field"),
    pytest.param(lambda b: b.update(actions=[1]), "actions is not what a bundle", id="actions"),
    pytest.param(in_pre_state(schema_version=1), "of a release that had no log", id="old-version"),
    pytest.param(in_pre_state(schema_version=3), "schema_version is none", id="new-version"),
    pytest.param(in_pre_state(checked_at=None), "without a verdict", id="pass-without-verdict"),
    pytest.param(in_pre_state(checked_at="now"), "checked_at is not what", id="checked-at"),
    pytest.param(
        lambda b: b["pre_state"]["provenance"].update(policy_sha256="0" * 64),
        "policy_sha256 is not that",
        id="policy",
    ),
    pytest.param(in_pre_state(schema_version=True), "schema_version is none", id="true"),
    pytest.param(in_pre_state(status=None), "outcome and pre_state.status", id="no-status"),
    pytest.param(in_pre_state(status=["PASS"]), "outcome and pre_state.status", id="odd-status"),
    pytest.param(in_pre_state(provenance=None), "provenance has no run_id", id="no-provenance"),
    pytest.param(
        in_pre_state(checked_at=None, reason_code="unreachable"),
        "without a verdict",
        id="unreached-pass",
    ),
    pytest.param(lambda b: b.update(bundle_id="EB-20260302-7"), "no id", id="bundle-id"),
    pytest.param(lambda b: b.update(bundle_id="EB-20260303-000001"), "different days", id="id-day"),
    pytest.param(lambda b: b.update(check="av_health"), "no check of ours", id="check"),
]


@pytest.mark.parametrize(("edit", "said"), BUNDLES)
def test_a_bundle_that_cannot_be_one_is_altered_though_it_is_signed(site, edit, said):
    site.run("run-1", {"dc01": ["PASS"]}, checks=("firewall",), edit_bundle=edit)

    code, lines = problems(site)

    assert code == 4, lines
    assert any(said in line for line in lines), lines


def test_what_nobody_observed_is_never_a_pass(site):
    def pretend(bundle):
        bundle["pre_state"].update(status="PASS")
        bundle.update(outcome="success")

    site.run("run-1", {"dc01": ["unreachable"]}, checks=("firewall",), edit_bundle=pretend)

    code, lines = problems(site)

    assert code == 4
    assert "without a verdict, status and reason_code say otherwise" in lines[0]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "PASS", "x", DAY]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=3,
)


def members(document: dict, path: tuple = ()) -> list[tuple]:
    """Return the path of each member at any depth."""
    found = []
    for name, value in document.items():
        found.append((*path, name))
        if isinstance(value, dict):
            found += members(value, (*path, name))
    return found


@settings(max_examples=150, deadline=None)
@given(data=st.data(), value=ANYTHING)
@pytest.mark.parametrize("what", ["bundle", "statement"])
def test_a_signer_who_writes_anything_does_not_stop_the_verifier(
    tmp_path_factory, what, data, value
):
    def edit(document):
        places = [path for path in members(document) if path[-1] != "run_bundles"]
        *path, name = data.draw(st.sampled_from(places))
        target = document
        for part in path:
            target = target[part]
        if data.draw(st.booleans()):
            target[name] = value
        else:
            del target[name]

    site = SiteWriter(tmp_path_factory.mktemp("odd"))
    site.run("run-1", {"dc01": ["PASS", "waived"]}, checks=("logging", "firewall"))
    with contextlib.suppress(KeyError, TypeError, AttributeError, ValueError):  # of the writer
        options = {"edit_bundle": edit} if what == "bundle" else {"edit_statement": edit}
        site.run("run-2", {"dc01": ["waived"]}, checks=("logging",), **options)

    verified(site)

    shutil.rmtree(site.root)


def replace(old: bytes, new: bytes):
    def spelling(text: bytes) -> bytes:
        assert old in text
        return text.replace(old, new, 1)

    return spelling


# The text that the signer signed is not the one text of its content. Which readings differ?
AMBIGUOUS = [
    pytest.param(b'"outcome":', b'"outcome":"failure","outcome":', "same key twice", id="double"),
    pytest.param(b'"facts":{', b'"facts":{"a":1,"a":2,', "same key twice", id="double-inside"),
    pytest.param(b'"facts":{', b'"facts":{"a":1.0,', "not a whole number", id="float"),
    pytest.param(b'"facts":{', b'"facts":{"a":1e3,', "not a whole number", id="exponent"),
    pytest.param(b'"facts":{', b'"facts":{"a":NaN,', "not a whole number", id="nan"),
    pytest.param(b'"facts":{', b'"facts":{"a":9007199254740993,', "beyond 2^53", id="big"),
    pytest.param(b'"facts":{', b'"facts":{"a":' + b"9" * 9999 + b",", "beyond 2^53", id="huge"),
    pytest.param(b'"facts":{', b'"facts":{"a":"\\ud800",', "surrogates not", id="surrogate"),
    pytest.param(b'"facts":{', b'"facts":{"a":"\xff",', "can't decode byte", id="not-utf-8"),
    pytest.param(b'"facts":{', b'"facts":{"a":"e\xcc\x81",', "normal form C", id="not-nfc"),
    pytest.param(b'"facts":{', b'"facts":{"a":"\x01",', "control character", id="control"),
    pytest.param(b'"facts":{', b'"facts":{"a":' + b"[" * 50_000 + b",", "", id="deep"),
]


@pytest.mark.parametrize(("old", "new", "said"), AMBIGUOUS)
@pytest.mark.parametrize("line", [1, 2], ids=["first-line", "another-line"])
def test_a_signed_text_that_readers_read_differently_is_altered(site, old, new, said, line):
    spelling = replace(old, new)
    lines = iter(range(1, 3))
    site.run(
        "run-1",
        {"dc01": ["PASS"]},
        checks=("logging", "firewall"),
        spelling=lambda text: spelling(text) if next(lines) == line else text,
    )

    code, found = problems(site)

    assert code == 4
    assert f"run-1.jsonl:{line}:" in found[0]
    assert said in found[0]


@pytest.mark.parametrize(("old", "new", "said"), AMBIGUOUS)
def test_a_strict_reading_finds_such_a_text_in_every_line(site, old, new, said):
    lines = iter(range(1, 4))
    site.run(
        "run-1",
        {"dc01": ["PASS"]},
        checks=("logging", "firewall", "backup"),
        spelling=lambda text: replace(old, new)(text) if next(lines) == 2 else text,
    )
    verifier = verify.Verifier(trusted(OURS), is_strict=True)

    verifier.read_site(site.path)

    assert [(item.code, item.line) for item in verifier.problems] == [(4, 2)]
    assert said in verifier.problems[0].reason


def test_a_sample_of_the_lines_within_a_file_is_parsed(site):
    site.run(
        "run-1",
        {f"host{number:02d}": ["PASS"] for number in range(60)},
        spelling=replace(b'"facts":{', b'"facts":{"a":1.0,'),
    )
    lines = site.bundle_file("run-1").read_bytes().splitlines()
    sampled = [
        number
        for number, line in enumerate(lines, start=1)
        if int(sha256(line).hexdigest()[:2], 16) < 8 or number in {1, 360}
    ]

    found = [item.line for item in verified(site).problems if item.line]

    assert found == sampled
    assert 5 < len(found) < 30


SPELLED = [
    pytest.param(b'"facts":{', b'"facts": {', id="space"),
    pytest.param(b'"check":"logging"', b'"check":"\\u006cogging"', id="escape"),
    pytest.param(b'"actions":[],"bundle_id"', b'"bundle_id"', id="order"),
]


@pytest.mark.parametrize(("old", "new"), SPELLED)
def test_a_signed_text_that_is_only_spelled_otherwise_is_altered(site, old, new):
    site.run("run-1", {"dc01": ["PASS"]}, checks=("logging",), spelling=replace(old, new))

    assert problems(site)[0] == 4


def test_a_second_object_after_the_bundle_is_altered(site):
    [first, *rest] = site.run("run-1", HOSTS)
    file = site.bundle_file("run-1")
    file.write_bytes(b"\n".join([first, rest[0] + rest[1], *rest[1:], b""]))

    assert problems(site)[0] in {3, 4}


def test_a_log_whose_numbers_have_a_gap_is_found(site):
    site.run("run-1", HOSTS)
    site.numbers[DAY] += 1
    site.run("run-2", HOSTS, at=f"{DAY}T13:00:00Z")

    code, lines = problems(site)

    assert code == 5
    assert lines[0].endswith("stands in the log where EB-20260302-000019 was due")


def test_a_day_that_does_not_begin_with_one_is_a_gap(site):
    site.run("run-1", HOSTS)
    site.numbers["2026-03-03"] = 4
    site.run("run-2", HOSTS, at="2026-03-03T12:00:00Z")

    code, lines = problems(site)

    assert code == 5
    assert (
        "EB-20260303-000005 dc01 patching: stands in the log where EB-20260303-000001" in lines[0]
    )


def test_the_first_run_of_a_site_begins_with_one(site):
    site.numbers[DAY] = 4
    site.run("run-1", HOSTS)

    code, lines = problems(site)

    assert code == 5
    assert lines == [
        "the first run in the log: EB-20260302-000001 to EB-20260302-000004 are missing before this"
    ]


def test_a_leaf_that_stands_twice_in_the_log_is_found(site):
    site.run("run-1", HOSTS)
    site.entries.insert(1, site.entries[0])
    shutil.rmtree(site.path / "log")
    site.publish()

    code, lines = problems(site)

    assert code == 4
    assert any("where EB-20260302-000002 was due" in line for line in lines)
    assert any("its lines are not the leaves of its run" in line for line in lines)


def test_a_leaf_that_is_none_of_ours_is_altered(site):
    site.run("run-1", HOSTS)
    site.enter(id="KS-../../secret", kind="key_rotation", sha256="0" * 64)
    site.publish()

    assert problems(site) == (4, ["log: entry 19 of the log has no id or no check of ours"])


def test_a_log_that_ends_within_a_run_is_a_gap(site):
    site.run("run-1", HOSTS)
    site.entries.pop()
    shutil.rmtree(site.path / "log")
    site.publish()

    code, lines = problems(site)

    assert code == 5
    assert "log: the log ends within a run: EB-20260302-000001 to EB-20260302-000018" in lines


# Evidence of the first release has no log.


def test_a_site_of_the_first_release_verifies_with_a_note(site):
    site.legacy_run("old-1", ["dc01", "fs01"], at="2026-03-01T12:00:00Z")
    site.legacy_run("old-2", ["dc01"], at=f"{DAY}T08:00:00Z")

    verifier = verified(site)

    assert (verifier.exit_code(), verifier.unlogged) == (0, 3)
    *_notes, said = verify.report_text(verifier)
    assert said == f"verified: 3 bundles of 2 hosts, signed by {key_id(OURS)}; no log"
    [note] = verifier.notes
    assert (note.name, note.text) == (
        "unlogged_bundles",
        "3 bundles from before the log: signatures and numbers only",
    )


def test_bundles_of_the_first_release_are_followed_by_the_log_on_the_same_day(site):
    site.legacy_run("old-1", ["dc01", "fs01"], at=f"{DAY}T08:00:00Z")
    site.run("run-1", HOSTS)

    assert problems(site) == (0, [])


def test_bundles_without_a_log_after_it_began_are_a_gap(site):
    site.run("run-1", HOSTS)
    site.legacy_run("old-1", ["dc01"], at=f"{DAY}T13:00:00Z")
    site.legacy_run("old-2", ["dc01"], at="2026-03-05T13:00:00Z")

    code, lines = problems(site)

    assert code == 5
    assert [line for line in lines if "is not in the log, and not from before it" in line] == lines
    assert len(lines) == 2


OLD_HARM = [
    pytest.param(lambda lines: lines[1:], "holds 2 of the 3 bundles", id="first-line"),
    pytest.param(lambda lines: lines[:-1], "holds 2 of the 3 bundles", id="last-line"),
    pytest.param(lambda lines: [lines[0], *lines], "same bundle_id occurs in", id="doubled"),
    pytest.param(lambda lines: [lines[0], lines[2]], "000002 is missing before this", id="middle"),
]


@pytest.mark.parametrize(("harm", "said"), OLD_HARM)
def test_harm_to_bundles_of_the_first_release_is_found(site, harm, said):
    site.legacy_run("old-1", ["dc01", "fs01", "pc01"], at=f"{DAY}T08:00:00Z")
    file = site.bundle_file("old-1")
    file.write_bytes(b"".join(harm(file.read_bytes().splitlines(keepends=True))))

    code, lines = problems(site)

    assert code == 5
    assert any(said in line for line in lines), lines


def test_a_lost_run_of_the_first_release_is_missed_by_the_log_of_the_same_day(site):
    site.legacy_run("old-1", ["dc01", "fs01"], at=f"{DAY}T08:00:00Z")
    site.run("run-1", HOSTS)
    site.bundle_file("old-1").unlink()

    assert problems(site)[0] == 5


# What is no problem, but should be known.


def test_what_should_be_known_is_noted(tmp_path):
    site = three_runs(tmp_path)
    site.run("run-4", {"dc01": ["PASS"]}, at="2026-03-03T05:00:00Z", behind=3600)
    (site.path / "journal").mkdir()
    (site.path / "journal" / "run-5.jsonl").write_text("{}")
    (site.path / "journal" / "run-4.damaged").write_text("{}")
    (site.path / ".sealing" / "run-6.ready").mkdir(parents=True)

    verifier = verified(site)

    assert verifier.exit_code() == 0
    assert [(note.name, Path(note.file).name) for note in verifier.notes] == [
        ("scrubbing_flagged", "run-2.json"),
        ("interrupted_run", "run-3.json"),
        ("clock_set_back", "run-4.json"),
        ("damaged_journal", "run-4.damaged"),
        ("unsealed_journal", "run-5.jsonl"),
        ("unfinished_sealing", "run-6.ready"),
    ]


# Only what is new.


def test_only_runs_after_a_head_are_read(tmp_path):
    site = three_runs(tmp_path)
    head = (24, merkle_root(site.entries[:24]))

    verifier = verified(site, after=head)

    assert (verifier.exit_code(), verifier.runs, verifier.bundles) == (0, 1, 18)
    assert (verifier.size, verifier.root) == (43, merkle_root(site.entries))


def test_nothing_is_read_where_nothing_is_new(tmp_path):
    site = three_runs(tmp_path)

    verifier = verified(site, after=(43, merkle_root(site.entries)))

    assert (verifier.exit_code(), verifier.runs, verifier.bundles) == (0, 0, 0)


def test_a_head_that_the_log_does_not_extend_is_a_gap(tmp_path):
    verifier = verified(three_runs(tmp_path), after=(24, bytes(32)))

    assert verifier.exit_code() == 5
    assert "the log does not extend this head of 24: it was rewritten" in str(verifier.problems[0])


def test_a_head_that_the_log_has_not_reached_is_a_gap(tmp_path):
    verifier = verified(three_runs(tmp_path), after=(50, bytes(32)))

    assert verifier.exit_code() == 5
    assert "the log was rolled back: it has 43 entries" in str(verifier.problems[0])


def test_a_revocation_before_the_head_still_counts(tmp_path):
    site = SiteWriter(tmp_path)
    site.run("run-1", HOSTS)
    site.rotate(key(2), at="2026-03-04T12:00:00Z")
    site.revoke(OURS, at="2026-03-05T12:00:00Z", compromised_at="2026-03-04T13:00:00Z")
    head = (len(site.entries), merkle_root(site.entries))
    site.signer = OURS
    site.run("run-2", HOSTS, at="2026-03-06T12:00:00Z")

    assert verified(site, after=head).exit_code() == 9


# A draft: a run that is in no log yet.


def draft(site: SiteWriter, **options) -> tuple[Path, Path]:
    site.run("run-1", HOSTS, **options)
    files = (site.bundle_file("run-1"), site.coverage_file("run-1"))
    target = site.root / "draft"
    target.mkdir()
    return tuple(shutil.copy(file, target / name) for file, name in zip(files, "bs", strict=True))


def test_a_draft_verifies_wherever_it_lies(site):
    assert verify.verify_draft(*draft(site), trusted(OURS)) == []


def test_a_draft_that_lost_a_line_does_not(site):
    bundles, statement = draft(site)
    bundles.write_bytes(b"".join(bundles.read_bytes().splitlines(keepends=True)[1:]))

    found = verify.verify_draft(bundles, statement, trusted(OURS))

    assert ("gap", "says 18 bundles, but there are 17") in {(p.name, p.reason) for p in found}


def test_a_draft_out_of_order_does_not(site):
    bundles, statement = draft(site)
    first, second, *rest = bundles.read_bytes().splitlines(keepends=True)
    bundles.write_bytes(b"".join([second, first, *rest]))

    assert verify.verify_draft(bundles, statement, trusted(OURS))[0].name == "gap"


def test_a_draft_of_another_key_does_not(site):
    assert {p.name for p in verify.verify_draft(*draft(site), trusted(FOREIGN))} == {"unknown_key"}


def test_a_draft_whose_statement_does_not_fit_does_not(site):
    files = draft(site, edit_statement=lambda statement: statement.update(obtained=17))

    assert {p.name for p in verify.verify_draft(*files, trusted(OURS))} == {"altered"}


def test_the_bundles_of_one_run_verify_alone(site):
    site.run("run-1", HOSTS)
    verifier = verify.Verifier(trusted(OURS))

    verifier.read_file(site.bundle_file("run-1"))

    assert (verifier.problems, verifier.bundles) == ([], 18)


@pytest.mark.parametrize("kept", [slice(1, None), slice(-1), slice(0, 0)])
def test_the_bundles_of_one_run_are_counted(site, kept):
    site.run("run-1", HOSTS)
    file = site.bundle_file("run-1")
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[kept]))
    verifier = verify.Verifier(trusted(OURS))

    verifier.read_file(file)

    assert verifier.exit_code() in {5, 7}


# The program, as an auditor starts it.


def test_the_program_verifies_with_a_key_file(site):
    site.run("run-1", HOSTS)
    public = site.root / "clinic-001.pub"
    public.write_text(public_line(OURS) + "\n")
    shutil.copy(verify.__file__, site.path / "verify.py")

    run = run_verifier(site.path, "--key", public, script=site.path / "verify.py")

    root = b64encode(merkle_root(site.entries)).decode()[:8]
    said = f"verified: 18 bundles of 3 hosts in 1 run, signed by {key_id(OURS)}; "
    said += f"log of 19 entries, root {root}...\n"
    assert (run.returncode, run.stdout, run.stderr) == (0, said, "")


@pytest.mark.parametrize("spelling", ["line", "bare"])
def test_a_key_may_be_given_as_text(site, spelling):
    site.run("run-1", HOSTS)
    line = public_line(OURS)
    given = line if spelling == "line" else line.removeprefix("ed25519:").split()[0]

    assert run_verifier(site.path, "--key", given).returncode == 0


def test_a_checkpoint_that_was_kept_is_given_by_its_file(tmp_path):
    site = three_runs(tmp_path)
    kept = tmp_path / "kept"
    kept.write_bytes(site.heads[0])

    run = run_verifier(site.path, "--key", public_line(OURS), "--checkpoint", kept)
    absent = run_verifier(site.path, "--key", public_line(OURS), "--checkpoint", tmp_path / "no")

    assert (run.returncode, absent.returncode) == (0, 5)


def test_without_a_key_nothing_is_called_verified(site):
    site.run("run-1", HOSTS)
    (site.path / "keys").mkdir()
    (site.path / "keys" / f"{key_id(OURS)}.pub").write_text(public_line(OURS))

    run = run_verifier(site.path)

    assert run.returncode == 6
    assert "no --key was given, so nothing was verified" in run.stdout
    assert key_id(OURS) in run.stdout
    assert "verified:" not in run.stdout


def test_with_another_key_nothing_is_called_verified(site):
    site.run("run-1", {"dc01": ["PASS"]})

    run = run_verifier(site.path, "--key", public_line(FOREIGN))

    assert run.returncode == 6
    assert run.stdout.endswith("NOT VERIFIED: 9 problems in 6 bundles of 1 host\n")


@pytest.mark.parametrize("given", ["", "x", public_line(FOREIGN)[:-1] + "x", "ed25519:AAAA"])
def test_a_key_that_is_none_is_wrong_usage(site, given):
    run = run_verifier(site.path, "--key", given)

    assert (run.returncode, run.stdout) == (2, "")


def test_a_directory_that_is_not_there_is_not_verified(tmp_path):
    run = run_verifier(tmp_path / "nowhere", "--key", public_line(OURS))

    assert run.returncode == 7
    assert run.stdout.endswith("NOT VERIFIED: 1 problem in 0 bundles of 0 hosts\n")


def test_a_program_reads_the_report_as_json(site):
    site.run("run-1", HOSTS, status="interrupted")
    file = site.bundle_file("run-1")
    file.write_bytes(file.read_bytes().replace(b'"outcome":"failure"', b'"outcome":"success"', 1))

    run = run_verifier(site.path, "--key", public_line(OURS), "--json")

    report = json.loads(run.stdout)
    assert report.pop("log") == {
        "size": 19,
        "root": verify.base64.b64encode(merkle_root(site.entries)).decode(),
    }
    assert report == {
        "verified": False,
        "exit_code": 3,
        "name": "bad_signature",
        "site_id": "clinic-001",
        "runs": 1,
        "bundles": 18,
        "unlogged_bundles": 0,
        "hosts": 3,
        "key_ids": [key_id(OURS)],
        "problems": [
            {
                "code": 3,
                "name": "bad_signature",
                "reason": "the signature does not fit the content",
                "file": str(file),
                "line": 7,
                "document_id": "EB-20260302-000007",
                "host_id": "fs01",
                "check": "patching",
            }
        ],
        "notes": [
            {
                "name": "interrupted_run",
                "text": "the run was killed before its end",
                "file": str(site.coverage_file("run-1")),
            }
        ],
    }


def test_an_escape_sequence_in_a_forged_line_is_not_printed(site):
    site.run("run-1", HOSTS)
    file = site.bundle_file("run-1")
    bundle = json.loads(file.read_bytes().splitlines()[0])
    del bundle["signature"]
    bundle["host_id"] = "\x1b[2Jdc01"
    file.write_bytes(signed(bundle, OURS) + b"\n")

    run = run_verifier(site.path, "--key", public_line(OURS))

    assert "\x1b" not in run.stdout
    assert "\\x1b[2Jdc01" in run.stdout


# -I and -S: no site-packages, so the verifier's own Ed25519 decides.
@pytest.mark.parametrize("options", [(), ("-I", "-S")], ids=["pynacl", "without"])
@pytest.mark.parametrize("spoil", [False, True], ids=["genuine", "forged"])
def test_a_machine_without_pynacl_comes_to_the_same_result(site, options, spoil):
    site.run("run-1", {"dc01": ["PASS"]}, checks=("logging", "firewall"))
    site.rotate(key(2), at="2026-03-03T12:00:00Z")
    file = site.bundle_file("run-1")
    if spoil:
        file.write_bytes(file.read_bytes().replace(b'"host":"dc01"', b'"host":"dc02"', 1))

    run = run_verifier(site.path, "--key", public_line(OURS), options=options)

    assert run.returncode == (3 if spoil else 0), run.stdout + run.stderr


def test_the_program_needs_the_standard_library_only_and_python_3_9():
    source = Path(verify.__file__).read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 9))

    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {
        a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names
    }
    foreign = {name.split(".")[0] for name in modules} - sys.stdlib_module_names
    assert foreign == {"nacl"}


FILES = ["bundles/*/run-1.jsonl", "coverage/*/run-1.json", "log/checkpoint", "log/tile/0/*.p/43"]


@pytest.mark.parametrize("pattern", FILES)
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_is_no_regular_file_is_unreadable_and_never_waited_for(tmp_path, pattern, kind):
    site = three_runs(tmp_path)
    [file] = site.path.glob(pattern)
    file.unlink()
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "device":
        file.symlink_to("/dev/zero")
    else:
        file.mkdir()

    checked = run_verifier(site.path, "--key", public_line(key(1)))

    assert checked.returncode == 7, checked.stdout
    assert "cannot be read" in checked.stdout
    assert "missing" not in checked.stdout


@pytest.mark.parametrize("folder", [".", "bundles", f"bundles/{DAY}", "coverage", "log", "keys"])
def test_a_folder_that_cannot_be_listed_is_unreadable_and_not_empty(tmp_path, monkeypatch, folder):
    site = three_runs(tmp_path)
    (site.path / "keys").mkdir(exist_ok=True)
    locked = str(site.path / folder)
    scandir = os.scandir

    def refuse(path):  # root, which tests may run as, can list every folder
        if os.fspath(path) == locked:
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    checked = verified(site)

    assert [(item.name, item.file) for item in checked.problems] == [("unreadable", locked)]
    assert checked.exit_code() == 7


def test_a_line_without_end_is_read_up_to_the_longest_that_could_be_signed(tmp_path):
    site = three_runs(tmp_path)
    os.truncate(site.bundle_file("run-1"), verify.LARGEST_LINE * 2)

    checked = verified(site)

    assert checked.exit_code() == 4
    assert "run-1.jsonl:19: the line is cut off" in "\n".join(map(str, checked.problems))


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437"])
def test_a_name_that_the_terminal_cannot_write_does_not_stop_the_report(tmp_path, encoding):
    site = three_runs(tmp_path)
    file = site.bundle_file("run-3")
    lines = file.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if "zürich".encode() not in line]
    file.write_bytes(b"".join(kept))

    command = [sys.executable, verify.__file__, site.path, "--key", public_line(key(1))]
    checked = subprocess.run(
        command, env={"PYTHONIOENCODING": encoding}, capture_output=True, check=False
    )

    assert (checked.returncode, checked.stderr) == (8, b"")
    assert b"rich: all 6 bundles of this host are missing" in checked.stdout
