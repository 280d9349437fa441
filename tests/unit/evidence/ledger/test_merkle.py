# SPDX-License-Identifier: GPL-3.0-or-later
"""Roots and proofs are those of RFC 6962, and nothing that differs in one bit is accepted."""

from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.ledger import merkle
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.verify import (
    Head,
    Rejected,
    RunningRoot,
    check_consistency,
    check_inclusion,
    leaf_hash,
    root_of,
)
from unit.evidence.ledger import naive
from unit.evidence.ledger.vectors import CONSISTENCY, INCLUSION, LEAVES, ROOTS

ENTRIES = [b"entry %d" % number for number in range(601)]
SIZES = st.integers(0, 600)
OTHER = bytes.fromhex(ROOTS[3])


@dataclass
class Subtrees:
    """A HashReader over entries in memory; refuses subtrees that they do not fill."""

    entries: list[bytes]

    def subtree(self, level: int, index: int) -> bytes:
        below = self.entries[index << level : (index + 1) << level]
        assert len(below) == 1 << level
        return naive.mth(below)


def head(entries) -> Head:
    return Head(len(entries), naive.mth(entries))


def hashes(texts) -> list[bytes]:
    return [bytes.fromhex(text) for text in texts]


def flips(proof):
    """Yield *proof* with each of its bits turned in turn."""
    for at, item in enumerate(proof):
        for bit in range(256):
            turned = int.from_bytes(item, "big") ^ 1 << bit
            yield [*proof[:at], turned.to_bytes(32, "big"), *proof[at + 1 :]]


def accepted(check, *arguments) -> bool:
    try:
        check(*arguments)
    except Rejected:
        return False
    return True


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_certificate_transparency(size):
    leaves = LEAVES[:size]

    assert root_of(map(leaf_hash, leaves)).hex() == ROOTS[size]
    assert merkle.root(size, Subtrees(leaves)).hex() == ROOTS[size]
    assert naive.mth(leaves).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_inclusion_proofs_are_those_of_certificate_transparency(index, size):
    proof = merkle.inclusion_proof(index, size, Subtrees(LEAVES[:size]))

    assert [item.hex() for item in proof] == INCLUSION[index, size]
    leaf, root = leaf_hash(LEAVES[index]), bytes.fromhex(ROOTS[size])
    check_inclusion(leaf, index, hashes(INCLUSION[index, size]), Head(size, root))


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_consistency_proofs_are_those_of_certificate_transparency(old, new):
    proof = merkle.consistency_proof(old, new, Subtrees(LEAVES[:new]))

    assert [item.hex() for item in proof] == CONSISTENCY[old, new]
    older, newer = (Head(size, bytes.fromhex(ROOTS[size])) for size in (old, new))
    check_consistency(older, newer, hashes(CONSISTENCY[old, new]))


def test_a_running_root_has_the_root_of_each_size_on_its_way():
    running = RunningRoot()

    for size, entry in enumerate(LEAVES, start=1):
        running.add(leaf_hash(entry))
        assert running.head() == Head(size, bytes.fromhex(ROOTS[size]))


def test_a_running_root_keeps_one_hash_for_each_bit_of_its_size():
    running = RunningRoot(map(leaf_hash, ENTRIES[:599]))

    assert len(running.peaks) == (599).bit_count() == 6


@given(SIZES)
@example(0)
@example(256)
def test_any_root_is_that_of_the_definition(size):
    assert root_of(map(leaf_hash, ENTRIES[:size])) == naive.mth(ENTRIES[:size])
    assert merkle.root(size, Subtrees(ENTRIES[:size])) == naive.mth(ENTRIES[:size])


@given(SIZES.filter(bool), st.data())
def test_any_inclusion_proof_is_that_of_the_definition_and_is_accepted(size, data):
    index = data.draw(st.integers(0, size - 1))

    proof = merkle.inclusion_proof(index, size, Subtrees(ENTRIES[:size]))

    assert proof == naive.path(index, ENTRIES[:size])
    check_inclusion(leaf_hash(ENTRIES[index]), index, proof, head(ENTRIES[:size]))


@given(SIZES, SIZES)
def test_any_consistency_proof_is_that_of_the_definition_and_is_accepted(one, other):
    old, new = sorted((one, other))

    proof = merkle.consistency_proof(old, new, Subtrees(ENTRIES[:new]))

    assert proof == (naive.proof(old, ENTRIES[:new]) if old else [])
    check_consistency(head(ENTRIES[:old]), head(ENTRIES[:new]), proof)


@given(SIZES.filter(bool), st.data())
def test_an_inclusion_proof_fits_no_other_place_entry_or_size(size, data):
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(-1, size + 1).filter(lambda number: number != index))
    proof, root = naive.path(index, ENTRIES[:size]), naive.mth(ENTRIES[:size])
    leaf = leaf_hash(ENTRIES[index])

    assert not accepted(check_inclusion, leaf, other, proof, Head(size, root))
    assert not accepted(check_inclusion, leaf_hash(b"other"), index, proof, Head(size, root))
    assert not accepted(check_inclusion, leaf, index, [*proof, OTHER], Head(size, root))
    assert not accepted(check_inclusion, leaf, index, [OTHER, *proof], Head(size, root))
    assert not accepted(check_inclusion, leaf, index, proof[:-1], Head(size, root)) or not proof


@given(SIZES, SIZES)
def test_a_consistency_proof_fits_no_other_history(one, two):
    old, new = sorted((one, two))
    proof = naive.proof(old, ENTRIES[:new]) if old else []
    older, newer = head(ENTRIES[:old]), head(ENTRIES[:new])
    forged = head([b"forged", *ENTRIES[1:new]])

    assert not accepted(check_consistency, older, newer, [*proof, OTHER])
    assert not accepted(check_consistency, older, newer, proof[:-1]) or not proof
    assert not accepted(check_consistency, Head(old, OTHER), newer, proof)
    if old:
        assert not accepted(check_consistency, older, forged, proof)
    if old < new:
        assert not accepted(check_consistency, newer, older, proof)


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_no_inclusion_proof_survives_a_turned_bit(index, size):
    leaf, whole = leaf_hash(LEAVES[index]), Head(size, bytes.fromhex(ROOTS[size]))
    proof = hashes(INCLUSION[index, size])

    assert [p for p in flips(proof) if accepted(check_inclusion, leaf, index, p, whole)] == []
    assert [p for p in flips([leaf]) if accepted(check_inclusion, *p, index, proof, whole)] == []


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_no_consistency_proof_survives_a_turned_bit(old, new):
    older, newer = (Head(size, bytes.fromhex(ROOTS[size])) for size in (old, new))
    proof = hashes(CONSISTENCY[old, new])

    assert [p for p in flips(proof) if accepted(check_consistency, older, newer, p)] == []
    for root in flips([older.root]):
        assert not accepted(check_consistency, Head(old, *root), newer, proof)
    for root in flips([newer.root]):
        assert not accepted(check_consistency, older, Head(new, *root), proof)


@pytest.mark.parametrize(
    ("old", "new", "proof"),
    [
        pytest.param(Head(0, OTHER), Head(5, bytes.fromhex(ROOTS[5])), [], id="empty-by-name-only"),
        pytest.param(Head(0, OTHER), Head(0, OTHER), [], id="empty-with-a-root"),
        pytest.param(Head(2, OTHER), Head(2, bytes.fromhex(ROOTS[2])), [], id="two-roots"),
        pytest.param(Head(1, bytes.fromhex(ROOTS[1])), Head(2, OTHER), [], id="no-proof"),
        pytest.param(Head(-1, OTHER), Head(2, OTHER), [], id="negative"),
    ],
)
def test_heads_without_a_proof_are_refused(old, new, proof):
    with pytest.raises(Rejected):
        check_consistency(old, new, proof)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_hash_of_another_length_is_refused(length):
    with pytest.raises(Rejected, match="does not have 32 bytes"):
        check_inclusion(leaf_hash(LEAVES[0]), 0, [bytes(length)], Head(2, OTHER))


def test_a_node_does_not_pass_for_a_leaf():
    node = naive.mth(LEAVES[:2])
    proof = hashes(INCLUSION[0, 8])[1:]

    with pytest.raises(Rejected, match="too short"):
        check_inclusion(node, 0, proof, Head(8, bytes.fromhex(ROOTS[8])))


def test_a_root_does_not_pass_for_that_of_a_smaller_log():
    proof = naive.path(3, LEAVES[:4])

    with pytest.raises(Rejected, match="too long"):
        check_inclusion(leaf_hash(LEAVES[3]), 1, proof, Head(2, bytes.fromhex(ROOTS[4])))


def test_a_root_does_not_pass_for_that_of_a_larger_log():
    older, larger = Head(2, bytes.fromhex(ROOTS[2])), Head(8, bytes.fromhex(ROOTS[4]))

    with pytest.raises(Rejected, match="too short"):
        check_consistency(older, larger, naive.proof(2, LEAVES[:4]))


def test_an_entry_never_passes_for_a_node():
    left, right = leaf_hash(b"left"), leaf_hash(b"right")

    assert leaf_hash(left + right) != root_of([left, right])


def test_sizes_grow_the_tree_on_one_edge_only():
    roots = [naive.mth(ENTRIES[:size]) for size in range(65)]

    for (old, before), (new, after) in pairwise(enumerate(roots)):
        proof = merkle.consistency_proof(old, new, Subtrees(ENTRIES[:new]))
        check_consistency(Head(old, before), Head(new, after), proof)
