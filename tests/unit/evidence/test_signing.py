# SPDX-License-Identifier: GPL-3.0-or-later
"""A signature is Ed25519 over the 32 bytes of the SHA-256 of the canonical text, in base64."""

from base64 import b64decode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import (
    DocumentNotCanonical,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.signing import (
    sign_document,
    signed_line,
)

# RFC 8032 section 7.1, test 1.
KEY = SigningKey(b64decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="))
DOCUMENT = {
    "pre_state": {"b": [1, -2], "a": True},
    "host_id": "pc-m\u00fcller",
    "nothing": None,
    "count": 7,
    "bundle_id": "EB-20260302-000001",
    "actions": [],
}
# Made with another implementation (the package cryptography) from the text written by hand.
SIGNATURE = (
    "mTHn1dBynEGLsqxVCs69u06IFSNNEGI+RogRT+b9ioEqDzdhkCTAm4l9hEjbfQgRd11wgIqK0Hqa1B4bcFHWCg=="
)


def test_a_document_has_the_signature_that_another_implementation_gives():
    assert sign_document(DOCUMENT, KEY) == SIGNATURE


def test_a_signed_line_is_the_canonical_text_with_its_signature_in_place():
    assert signed_line(DOCUMENT, KEY).decode() == (
        '{"actions":[],"bundle_id":"EB-20260302-000001","count":7,"host_id":"pc-m\u00fcller",'
        f'"nothing":null,"pre_state":{{"a":true,"b":[1,-2]}},"signature":"{SIGNATURE}"}}'
    )


def test_what_is_signed_is_the_digest_and_not_its_hexadecimal_text():
    digest = sha256(b'{"a":1}').digest()

    KEY.verify_key.verify(digest, b64decode(sign_document({"a": 1}, KEY)))


def test_a_document_that_is_not_canonical_gets_no_signature():
    with pytest.raises(DocumentNotCanonical):
        sign_document({"a": 1.5}, KEY)


@given(st.dictionaries(st.text("abcdefgh", min_size=1), st.integers(0, 9) | st.text("xyz")))
def test_what_was_signed_verifies_and_anything_else_does_not(document):
    public = bytes(KEY.verify_key)
    body = verify.canonical(dict(sorted(document.items())))

    verify.check_signature(body, sign_document(document, KEY), public)
    with pytest.raises(verify.Rejected):
        verify.check_signature(body, sign_document(document | {"more": 1}, KEY), public)
