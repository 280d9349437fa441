# SPDX-License-Identifier: GPL-3.0-or-later
"""What the verifier takes from the bytes of a bundle is what parsing it gives.

Facts are what a host said: any text and any names, as JSON wrote them. None of it may pose as what
stands before or after the facts. Where the bytes are not plain the line is parsed instead.
"""

import json
from base64 import b64decode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from unit.evidence.runs import Clinic
from unit.evidence.site_writer import SiteWriter, key, signed, trusted

OURS, FOREIGN = key(1), key(9)
PROVENANCE = {"key_id": "0" * 16, "run_bundles": 1, "run_id": "run-666"}
# The end of a pre_state, as a host would like it to be.
WISHED = {
    "provenance": PROVENANCE,
    "reason_code": "ok",
    "remediation_available": False,
    "schema_version": 2,
    "scrubbing": {
        "counts": {},
        "error_code": None,
        "ruleset_sha256": "6" * 64,
        "ruleset_version": "6",
    },
    "status": "PASS",
    "waiver": None,
}
WISHED_TEXT = json.dumps(WISHED, separators=(",", ":"), sort_keys=True)
WISHED_END = WISHED_TEXT[1:] + ',"signature":"' + "A" * 86 + '==","site_id":"x","timestamp":"y"}'
WISHED_HEAD = '{"actions":[],"bundle_id":"EB-20260302-000666","check":"backup","hipaa_controls":['


def a_bundle(**facts: object) -> dict:
    return {
        "actions": [],
        "bundle_id": "EB-20260302-000002",
        "check": "firewall",
        "hipaa_controls": ["164.312(e)(1)"],
        "host_id": "fs01",
        "outcome": "failure",
        "phi_scrubbed": True,
        "post_state": {},
        "pre_state": {
            "checked_at": "2026-03-02T11:59:00Z",
            "error_code": None,
            "facts": facts,
            "findings": [],
            "host": None,
            "message": "FAIL: said by the test",
            "policy": None,
            **WISHED,
            "provenance": {"key_id": "1" * 16, "run_bundles": 3, "run_id": "run-1"},
            "status": "FAIL",
        },
        "site_id": "clinic-001",
        "timestamp": "2026-03-02T12:00:00Z",
    }


def line_of(bundle: dict) -> bytes:
    return signed(bundle, OURS) + b"\n"


def agreed(line: bytes) -> bool:
    """Return whether *line* was skimmed; whatever was taken must be what parsing gives."""
    skimmed = verify.Skimmer().skim(line)
    if skimmed is None:
        return False
    parsed = verify.read_bundle(line)
    assert (skimmed.signed_digest, skimmed.sha256) == (parsed.signed_digest, parsed.sha256)
    taken, whole = dict(skimmed.document), parsed.document
    state = taken.pop("pre_state")
    assert taken == {name: whole[name] for name in taken}
    assert state == {name: whole["pre_state"][name] for name in state}
    return True


def test_what_the_walk_needs_is_taken():
    skimmed = verify.Skimmer().skim(line_of(a_bundle(profiles=[])))

    assert skimmed is not None
    assert skimmed.document["pre_state"] == {
        "checked_at": "2026-03-02T11:59:00Z",
        "error_code": None,
        "provenance": {"key_id": "1" * 16, "run_bundles": 3, "run_id": "run-1"},
        "reason_code": "ok",
        "remediation_available": False,
        "schema_version": 2,
        "scrubbing": WISHED["scrubbing"],
        "status": "FAIL",
        "waiver": None,
    }
    assert len(b64decode(skimmed.document.pop("signature"))) == 64
    assert {**skimmed.document, "pre_state": None} == {
        "bundle_id": "EB-20260302-000002",
        "check": "firewall",
        "host_id": "fs01",
        "outcome": "failure",
        "phi_scrubbed": True,
        "pre_state": None,
        "site_id": "clinic-001",
        "timestamp": "2026-03-02T12:00:00Z",
    }


def test_bundles_as_they_are_sealed_are_skimmed(tmp_path):
    file = Clinic(tmp_path).run(dc01="PASS", fs01="FAIL", pc01="WARNING", pc02="ERROR")

    assert [agreed(line) for line in file.read_bytes().splitlines(keepends=True)] == [True] * 4


HOSTILE = [
    pytest.param({"provenance": PROVENANCE}, id="provenance"),
    pytest.param({"a": 1, "provenance": PROVENANCE}, id="provenance-after-a-comma"),
    pytest.param({"zz": WISHED}, id="an-end"),
    pytest.param({"zz": {"a": 1, **WISHED}}, id="an-end-after-a-comma"),
    pytest.param({"a": 1, **WISHED}, id="an-end-at-the-top"),
    pytest.param({"zz": {"a": {"b": WISHED}}}, id="an-end-further-in"),
    pytest.param({"zz": [1, WISHED]}, id="an-end-in-a-list"),
    pytest.param({"zz": [WISHED, {"signature": "A" * 86 + "=="}]}, id="a-signature"),
    pytest.param({"zz": "," + WISHED_END}, id="text-of-an-end"),
    pytest.param({"zz": "," + WISHED_END + "\n"}, id="text-of-an-end-of-line"),
    pytest.param({"," + WISHED_END: WISHED_END}, id="name-of-an-end"),
    pytest.param({',"provenance': {"run_id": "run-666"}}, id="name-that-ends-so"),
    pytest.param({'\\","provenance': {"run_id": "run-666"}}, id="name-with-backslashes"),
    pytest.param({"zz": '\\,"provenance":{' + WISHED_TEXT}, id="text-with-backslashes"),
    pytest.param({"zz": WISHED_HEAD}, id="text-of-a-head"),
    pytest.param({"actions": [], "bundle_id": "EB-20260302-000666"}, id="head"),
    pytest.param({"site_id": "x", "timestamp": "y", "status": "PASS", "waiver": None}, id="foot"),
    pytest.param({"zz": "\u2028zürich\U0001f600"}, id="beyond-ascii"),
]


@pytest.mark.parametrize("facts", HOSTILE)
@pytest.mark.parametrize("place", ["facts", "host", "probes", "findings"])
def test_what_a_host_says_is_not_taken_for_what_we_say(facts, place):
    bundle = a_bundle()
    bundle["pre_state"][place] = [facts] if place == "findings" else facts

    assert agreed(line_of(bundle))


@pytest.mark.parametrize("place", ["facts", "host", "policy", "findings"])
@pytest.mark.parametrize("before", [{}, {"a": 1}], ids=["first", "after-a-comma"])
def test_a_bundle_that_has_no_end_does_not_borrow_that_of_a_host(place, before):
    bundle, said = a_bundle(), {**before, **WISHED}
    for name in WISHED:
        del bundle["pre_state"][name]
    bundle["pre_state"][place] = [said] if place == "findings" else said

    assert verify.Skimmer().skim(line_of(bundle)) is None


def changed(**changes: object):
    return lambda bundle: bundle.update(changes)


def changed_state(**changes: object):
    return lambda bundle: bundle["pre_state"].update(changes)


NOT_PLAIN = [
    pytest.param(changed(actions=["RB-WIN-FW-002"]), id="actions"),
    pytest.param(changed(post_state={"a": 1}), id="post-state"),
    pytest.param(changed(host_id="zürich"), id="host-beyond-ascii"),
    pytest.param(changed(host_id='fs"01'), id="host-with-a-quote"),
    pytest.param(changed(host_id=""), id="no-host"),
    pytest.param(changed(check="av_health"), id="check"),
    pytest.param(changed(phi_scrubbed=False), id="not-scrubbed"),
    pytest.param(changed(timestamp="2026-03-02T25:00:00Z"), id="hour"),
    pytest.param(changed(extra=1), id="member"),
    pytest.param(changed(zz=1), id="last-member"),
    pytest.param(changed_state(schema_version=1), id="first-release"),
    pytest.param(changed_state(schema_version=True), id="true"),
    pytest.param(changed_state(error_code="E007"), id="error-code"),
    pytest.param(changed_state(provenance=None), id="no-provenance"),
    pytest.param(changed_state(scrubbing=None), id="no-scrubbing"),
    pytest.param(changed_state(status="UNKNOWN"), id="status"),
    pytest.param(changed_state(qq=1), id="member-of-the-end"),
    pytest.param(changed_state(a=1), id="first-member-of-pre-state"),
]


@pytest.mark.parametrize("edit", NOT_PLAIN)
def test_what_is_not_plain_is_parsed(edit):
    bundle = a_bundle()
    edit(bundle)
    line = line_of(bundle)

    assert verify.Skimmer().skim(line) is None


NAMES = st.sampled_from(
    [
        *WISHED,
        "signature",
        "site_id",
        "timestamp",
        "facts",
        "pre_state",
        ',"provenance":{',
        '"',
        "\\",
    ]
)
TEXTS = st.sampled_from([WISHED_TEXT, WISHED_END, WISHED_HEAD, '"', "\\", "}", "{", ","]) | st.text(
    st.characters(max_codepoint=0x17F, categories=("L", "N", "P", "S")), max_size=4
)
SAID = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | TEXTS
    | st.sampled_from([WISHED, {"a": 1, **WISHED}]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | TEXTS, inner, max_size=4),
    max_leaves=12,
)
# Where the signer puts what a host said, and what else a signer who is broken might do to a bundle.
PLACES = st.sampled_from(["facts", "host", "probes", "findings", "message", "waiver", "a", "zz"])


@settings(max_examples=200, deadline=None)
@given(
    said=st.dictionaries(PLACES, SAID, max_size=3),
    gone=st.sets(st.sampled_from(list(WISHED)), max_size=1),
)
def test_bytes_and_parsing_agree_on_every_document(said, gone):
    bundle = a_bundle()
    bundle["pre_state"].update(said)
    for name in gone:
        bundle["pre_state"].pop(name)
    line = line_of(bundle)
    if not verify.unicodedata.is_normalized("NFC", line.decode()):
        return

    was_skimmed = agreed(line)

    assert was_skimmed or gone or set(said) & {"waiver", "a", "zz"}


@settings(max_examples=20, deadline=None)
@given(facts=st.lists(st.dictionaries(NAMES | TEXTS, SAID, max_size=3), min_size=4, max_size=6))
def test_both_ways_through_a_site_come_to_the_same(tmp_path_factory, facts):
    said = iter(facts)
    site = SiteWriter(tmp_path_factory.mktemp("hostile"))
    site.run(
        "run-1",
        {f"host{number}": ["PASS"] for number in range(len(facts))},
        checks=("firewall",),
        edit_bundle=lambda bundle: bundle["pre_state"].update(facts=next(said)),
    )
    if not verify.unicodedata.is_normalized("NFC", site.bundle_file("run-1").read_text("utf-8")):
        return
    reports = []
    for is_strict in (False, True):
        verifier = verify.Verifier(trusted(OURS), is_strict=is_strict)
        verifier.read_site(site.path)
        reports.append("\n".join(verify.report_json(verifier)))

    assert reports[0] == reports[1]
    assert json.loads(reports[0])["problems"] == []


SPOILT = [
    pytest.param(lambda b: b["pre_state"].update(status="FAIL"), "do not belong", id="outcome"),
    pytest.param(lambda b: b["pre_state"].update(checked_at=None), "without a", id="no-verdict"),
    pytest.param(lambda b: b["pre_state"].update(checked_at="2026-03-02"), "checked_at", id="time"),
    pytest.param(lambda b: b.update(site_id="clinic-002"), "is of site clinic-002", id="site"),
    pytest.param(lambda b: b.update(bundle_id="EB-20260303-000003"), "different days", id="day"),
    pytest.param(
        lambda b: b["pre_state"]["provenance"].update(run_id="run-2"), "of its run", id="run"
    ),
    pytest.param(
        lambda b: b["pre_state"]["provenance"].update(key_id="f" * 16), "not trusted", id="key"
    ),
    pytest.param(
        lambda b: b["pre_state"]["provenance"].pop("key_id"), "has no key_id", id="no-key"
    ),
]


@pytest.mark.parametrize(("edit", "said"), SPOILT)
@pytest.mark.parametrize("is_strict", [False, True], ids=["default", "strict"])
def test_what_a_broken_signer_did_to_a_line_within_a_file_is_explained(
    tmp_path, edit, said, is_strict
):
    site = SiteWriter(tmp_path)
    numbers = iter(range(1, 6))
    site.run(
        "run-1",
        {f"host{number}": ["PASS"] for number in range(5)},
        checks=("firewall",),
        edit_bundle=lambda bundle: edit(bundle) if next(numbers) == 3 else None,
    )
    verifier = verify.Verifier(trusted(OURS), is_strict=is_strict)

    verifier.read_site(site.path)

    assert any(item.line == 3 and said in item.reason for item in verifier.problems)


def test_another_key_never_fits_a_line_that_is_skimmed():
    line = signed(a_bundle(), FOREIGN) + b"\n"
    skimmed = verify.Skimmer().skim(line)
    assert skimmed is not None

    with pytest.raises(verify.Rejected, match="does not fit"):
        verify.check_digest(
            skimmed.signed_digest, skimmed.document["signature"], bytes(OURS.verify_key)
        )


@pytest.mark.parametrize("after", [b"", b"\n\n", b"\n}\n", b"}\n", b" \n"])
def test_a_line_that_does_not_end_where_it_should_is_parsed(after):
    line = signed(a_bundle(), OURS) + after

    assert verify.Skimmer().skim(line) is None
