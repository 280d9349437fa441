# SPDX-License-Identifier: GPL-3.0-or-later
"""Sign evidence documents: canonical JSON, SHA-256, Ed25519, base64.

Verification is not here: ``verify.py``, which auditors hold too, is the only one there is.
"""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256

from nacl.signing import SigningKey
from pydantic import JsonValue

from .canonical import canonical_json

SIGNATURE = "signature"


def sign_document(document: Mapping[str, JsonValue], key: SigningKey) -> str:
    """Return the signature over *document*, which has no ``signature`` field: 64 bytes in base64.

    What Ed25519 signs are the 32 bytes of the SHA-256 digest, not their hexadecimal text.
    """
    return _sign(canonical_json(dict(document)), key)


def signed_line(document: Mapping[str, JsonValue], key: SigningKey) -> bytes:
    """Return *document* as one canonical line that carries its own signature, without newline.

    The line without its ``signature`` member is the text that was signed. The names of members
    are ASCII, and sorted as ASCII is.
    """
    return sign_members(*canonical_members(document), key)


def canonical_members(document: Mapping[str, JsonValue]) -> tuple[bytes, bytes]:
    """Return the canonical text of the members before and after the place of the signature."""
    before = canonical_json({name: document[name] for name in document if name < SIGNATURE})
    after = canonical_json({name: document[name] for name in document if name > SIGNATURE})
    return before[1:-1], after[1:-1]


def sign_members(before: bytes, after: bytes, key: SigningKey) -> bytes:
    """Return the line of the canonical members *before* and *after*, with their signature."""
    signature = _sign(b"{%b}" % _joined(before, after), key)
    return b"{%b}" % _joined(before, b'"signature":"%b"' % signature.encode(), after)


def _joined(*members: bytes) -> bytes:
    return b",".join(filter(None, members))


def _sign(body: bytes, key: SigningKey) -> str:
    return b64encode(key.sign(sha256(body).digest()).signature).decode("ascii")
