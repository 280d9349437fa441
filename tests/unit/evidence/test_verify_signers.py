# SPDX-License-Identifier: GPL-3.0-or-later
"""The verifier believes no signer who is broken or lies, and says what is wrong and where.

What they write has a signature that fits and a leaf in the log. What a forger does to files is in
``test_tamper.py``.
"""

import contextlib
import json
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unit.evidence.site_writer import DAY, SiteWriter
from unit.evidence.verifying import HOSTS, problems, verified


@pytest.fixture
def site(tmp_path) -> SiteWriter:
    return SiteWriter(tmp_path)


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
