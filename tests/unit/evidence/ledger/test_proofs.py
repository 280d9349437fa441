# SPDX-License-Identifier: GPL-3.0-or-later
"""A .tlog-proof shows offline that one entry is in a log: c2sp.org/tlog-proof@v1.

The example of the specification has its signatures elided and an extra line that is no base64, so
it cannot verify; its other lines are read below.
"""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.ledger import proofs
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.ledger.notes import (
    signed_checkpoint,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.verify import (
    Head,
    LogProof,
    Rejected,
    check_proof,
    parse_proof,
)
from unit.evidence.ledger.places import FIRST, FOREIGN_KEY, KEY, ORIGIN, TRUSTED, flips
from unit.evidence.ledger.vectors import INCLUSION, LEAVES, ROOTS

HASHES = [bytes.fromhex(text) for text in INCLUSION[5, 8]]
CHECKPOINT = signed_checkpoint(ORIGIN, Head(8, bytes.fromhex(ROOTS[8])), [KEY])
PROOF = proofs.proof_text(5, HASHES, CHECKPOINT)
EXAMPLE = """\
c2sp.org/tlog-proof@v1
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=

example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=
"""


def test_a_proof_is_this_text():
    assert PROOF == (
        b"c2sp.org/tlog-proof@v1\n"
        b"index 5\n"
        b"vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=\n"
        b"yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=\n"
        b"037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=\n"
        b"\n"
        b"hipaa.compliance_agent/clinic-001\n"
        b"8\n"
        b"XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
        b"\n"
        b"\xe2\x80\x94 hipaa.compliance_agent/clinic-001 0rmwwB7BXrew6R5XW0kOT4A+3AZh7RXpZvmxwf5VU"
        b"X45sdWWKS2XUwJCKp+n0O86g2Q/6JiZNKvUdYHvKXhEi55BFwQ=\n"
    )


def test_a_proof_verifies_and_names_who_signed():
    checkpoint = check_proof(PROOF, LEAVES[5], ORIGIN, TRUSTED)

    assert checkpoint.head.size == 8
    assert checkpoint.signers == (FIRST,)


def test_the_parts_of_a_proof_come_back():
    text = proofs.proof_text(5, HASHES, CHECKPOINT, b"firewall of dc01")

    assert parse_proof(text) == LogProof(5, tuple(HASHES), CHECKPOINT, b"firewall of dc01")
    assert parse_proof(PROOF) == LogProof(5, tuple(HASHES), CHECKPOINT, None)


def test_an_empty_extra_line_is_not_the_same_as_none():
    assert parse_proof(proofs.proof_text(0, [], CHECKPOINT, b"")).extra == b""


def test_the_only_entry_of_a_log_needs_no_hash():
    checkpoint = signed_checkpoint(ORIGIN, Head(1, bytes.fromhex(ROOTS[1])), [KEY])

    check_proof(proofs.proof_text(0, [], checkpoint), LEAVES[0], ORIGIN, TRUSTED)


def test_the_lines_of_the_specification_are_read():
    proof = parse_proof(EXAMPLE.encode())

    assert proof.index == 73_894
    assert len(proof.hashes) == 5
    assert proof.checkpoint.startswith(b"example.com/fancylog\n109482\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v2\n", id="a-version"),
        pytest.param("c2sp.org/tlog-proof@v1\n", "", id="no-header"),
        pytest.param("index 73894\n", "", id="no-index"),
        pytest.param("index 73894", "index 073894", id="a-leading-zero"),
        pytest.param("index 73894", "index -5", id="negative"),
        pytest.param("index 73894", "index many", id="no-number"),
        pytest.param("index 73894", "index 1234567890123", id="thirteen-digits"),
        pytest.param("index 73894", "extra YWdl6\nindex 73894", id="extra-no-base64"),
        pytest.param("index 73894", "index 73894\nextra YWdl", id="extra-after-index"),
        pytest.param("gSKy", "!!!!", id="a-hash-no-base64"),
        pytest.param("gSKy", "", id="a-short-hash"),
        pytest.param("gSKy", "gSKygSKy", id="a-long-hash"),
        pytest.param("gSKy", "\u00fcSKy", id="not-ascii"),
        pytest.param("5vk=\n\n", "5vk=\n", id="no-blank-line"),
    ],
)
def test_what_is_no_proof_is_refused(old, new):
    assert old in EXAMPLE

    with pytest.raises(Rejected):
        parse_proof(EXAMPLE.replace(old, new, 1).encode())


@pytest.mark.parametrize(
    ("entry", "origin"),
    [
        pytest.param(LEAVES[4], ORIGIN, id="another-entry"),
        pytest.param(LEAVES[5] + b" ", ORIGIN, id="a-longer-entry"),
        pytest.param(LEAVES[5], "hipaa.compliance_agent/other", id="another-site"),
    ],
)
def test_a_proof_is_of_one_entry_in_one_log(entry, origin):
    with pytest.raises(Rejected):
        check_proof(PROOF, entry, origin, TRUSTED)


def test_a_proof_under_a_foreign_key_is_refused():
    head = Head(8, bytes.fromhex(ROOTS[8]))
    forged = proofs.proof_text(5, HASHES, signed_checkpoint(ORIGIN, head, [FOREIGN_KEY]))

    with pytest.raises(Rejected, match="not trusted"):
        check_proof(forged, LEAVES[5], ORIGIN, TRUSTED)


def test_no_proof_survives_a_turned_bit():
    for spoilt in flips(PROOF):
        with pytest.raises(Rejected):
            check_proof(spoilt, LEAVES[5], ORIGIN, TRUSTED)


def test_no_proof_survives_being_cut():
    for end in range(len(PROOF)):
        with pytest.raises(Rejected):
            check_proof(PROOF[:end], LEAVES[5], ORIGIN, TRUSTED)
