# SPDX-License-Identifier: GPL-3.0-or-later
"""The verifier's own Ed25519 accepts and refuses the same signatures as libsodium."""

from hashlib import sha512

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.bindings import crypto_core_ed25519_add, crypto_scalarmult_ed25519_base_noclamp
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.verify import (
    ed25519_verify,
)

ORDER = 2**252 + 27742317777372353535851937790883648493
PRIME = 2**255 - 19

# RFC 8032 section 7.1: public key, message, signature.
VECTORS = [
    pytest.param(
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        id="test-1",
    ),
    pytest.param(
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        id="test-2",
    ),
    pytest.param(
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        id="test-3",
    ),
]
KEY, MESSAGE, SIGNATURE = (bytes.fromhex(part) for part in VECTORS[2].values)

# The points of order 1, 2, 4 and 8, and texts of them beyond the prime.
SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0100000000000000000000000000000000000000000000000000000000000080",
]


def sodium_verify(key, message, signature):
    try:
        VerifyKey(key).verify(message, signature)
    except (BadSignatureError, ValueError):
        return False
    return True


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_the_vectors_of_the_rfc_verify(key, message, signature):
    parts = (bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature))

    assert ed25519_verify(*parts)


@pytest.mark.parametrize("place", [0, 31, 32, 63])
def test_a_changed_signature_does_not_verify(place):
    changed = bytearray(SIGNATURE)
    changed[place] ^= 1

    assert not ed25519_verify(KEY, MESSAGE, bytes(changed))


def test_another_message_does_not_verify():
    assert not ed25519_verify(KEY, MESSAGE + b"!", SIGNATURE)


def test_the_same_signature_in_a_second_text_does_not_verify():
    s = int.from_bytes(SIGNATURE[32:], "little") + ORDER
    second = SIGNATURE[:32] + s.to_bytes(32, "little")

    assert not ed25519_verify(KEY, MESSAGE, second)
    assert not sodium_verify(KEY, MESSAGE, second)


@pytest.mark.parametrize("point", SMALL_ORDER)
def test_a_key_of_small_order_fits_no_message(point):
    key = bytes.fromhex(point)
    # R = [5]B and S = 5 satisfy the equation for each message that the key's part drops out of.
    s = (5).to_bytes(32, "little")
    signature = crypto_scalarmult_ed25519_base_noclamp(s) + s

    assert not any(ed25519_verify(key, bytes([n]), signature) for n in range(16))
    assert not any(sodium_verify(key, bytes([n]), signature) for n in range(16))


def test_a_signature_whose_nonce_is_zero_is_refused():
    # R is the neutral point and S = h * a: the equation holds, and the key lies open.
    seed = bytes(32)
    public = bytes(SigningKey(seed).verify_key)
    secret = int.from_bytes(sha512(seed).digest()[:32], "little") & (2**254 - 8) | 2**254
    r = bytes.fromhex(SMALL_ORDER[0])
    h = int.from_bytes(sha512(r + public + b"m").digest(), "little")
    signature = r + (h * secret % ORDER).to_bytes(32, "little")

    assert not ed25519_verify(public, b"m", signature)
    assert not sodium_verify(public, b"m", signature)


@pytest.mark.parametrize("point", SMALL_ORDER)
def test_a_signature_with_a_point_of_small_order_is_refused(point):
    signature = bytes.fromhex(point) + SIGNATURE[32:]

    assert not ed25519_verify(KEY, MESSAGE, signature)
    assert not sodium_verify(KEY, MESSAGE, signature)


@pytest.mark.parametrize("multiple", range(2, 16))
def test_no_multiple_of_the_order_in_s_makes_a_second_text(multiple):
    # S < 2^256 leaves room for fifteen texts of one S.
    s = int.from_bytes(SIGNATURE[32:], "little") + multiple * ORDER
    other = SIGNATURE[:32] + s.to_bytes(32, "little")

    assert not ed25519_verify(KEY, MESSAGE, other)
    assert not sodium_verify(KEY, MESSAGE, other)


@pytest.mark.parametrize("in_key", range(8))
@pytest.mark.parametrize("in_nonce", range(8))
def test_points_of_mixed_order_are_judged_as_libsodium_does(in_key, in_nonce):
    # A multiple of the point of order 8 is added to the key and to R. With the factor of eight in
    # the equation, as RFC 8032 allows, all of these would verify; without it, as here, few do.
    secret, nonce = 1234567, 7654321
    key = mixed(secret, in_key)
    r = mixed(nonce, in_nonce)

    for message in map(bytes, ([n] for n in range(16))):
        h = int.from_bytes(sha512(r + key + message).digest(), "little") % ORDER
        signature = r + ((nonce + h * secret) % ORDER).to_bytes(32, "little")
        # The parts of small order in R and in [h]A must cancel each other out.
        cancels = (in_nonce + h * in_key) % 8 == 0
        assert ed25519_verify(key, message, signature) is cancels
        assert sodium_verify(key, message, signature) is cancels


def mixed(scalar, torsion):
    """Return the text of [scalar]B + [torsion]T, where T has order 8."""
    point = crypto_scalarmult_ed25519_base_noclamp(scalar.to_bytes(32, "little"))
    for _time in range(torsion):
        point = crypto_core_ed25519_add(point, bytes.fromhex(SMALL_ORDER[4]))
    return point


@pytest.mark.parametrize(
    "number", [PRIME + 3, 2**255 - 1, 2**256 - 1, 2], ids=["beyond", "all-ones", "full", "no-point"]
)
def test_a_key_that_is_no_text_of_a_point_is_refused(number):
    assert not ed25519_verify(number.to_bytes(32, "little"), MESSAGE, SIGNATURE)
    assert not sodium_verify(number.to_bytes(32, "little"), MESSAGE, SIGNATURE)


@pytest.mark.parametrize(("key", "signature"), [(KEY[:31], SIGNATURE), (KEY, SIGNATURE[:63])])
def test_a_cut_key_or_signature_is_refused(key, signature):
    assert not ed25519_verify(key, MESSAGE, signature)


@settings(deadline=None)  # one verification in plain Python takes some milliseconds
@given(st.binary(min_size=32, max_size=32), st.binary(), st.integers(0, 511))
def test_both_implementations_agree_on_right_and_spoilt_signatures(seed, message, bit):
    key = SigningKey(seed)
    public, signature = bytes(key.verify_key), key.sign(message).signature
    spoilt = bytearray(signature)
    spoilt[bit // 8] ^= 1 << bit % 8

    assert ed25519_verify(public, message, signature)
    assert ed25519_verify(public, message, bytes(spoilt)) is sodium_verify(
        public, message, bytes(spoilt)
    )


@settings(deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64))
def test_both_implementations_agree_on_noise(key, signature):
    assert ed25519_verify(key, b"noise", signature) is sodium_verify(key, b"noise", signature)
