# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry verdicts and facts from the worker that judged to the journal, as one encrypted text.

Ansible copies a result value by value, in the worker and again for the callbacks, and keeps those
of a whole batch. The four thousand values of a host would cost more than all else that the callback
does; a compressed text of a few kilobytes costs nothing, and is unpacked once, when it is sealed.
It is encrypted because nobody has scrubbed it yet: with ``-v`` Ansible shows it on the screen, AWX
keeps it in its database, and the journal of a killed run lies on the disk until it is sealed.
"""

import hmac
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from ..errors import DocumentNotCanonical
from ..instants import to_text
from .canonical import load_nfc

KEY = "compliance_evidence"
# Where a result has the verdicts that a playbook may act on.
CHECKS_KEY = "compliance_checks"

# Twice the time of the fastest for three quarters of the size, which Ansible keeps for each host.
_LEVEL = 5


class Carrier:
    """Packs and unpacks with *key*, 32 secret bytes (XSalsa20-Poly1305, as PyNaCl has it)."""

    def __init__(self, key: bytes) -> None:
        self._box = SecretBox(key)

    def pack(
        self, checks: list[dict[str, Any]], facts: Mapping[str, Any], asked_at: datetime
    ) -> str:
        """Return the text from which `unpack` makes all again.

        *asked_at* is when the host was asked, by the clock of the controller.
        """
        document = {"checks": checks, "facts": facts, "asked_at": to_text(asked_at)}
        return self.pack_document(document)

    def pack_document(self, document: Mapping[str, Any]) -> str:
        """Return the text from which `unpack` makes *document* again."""
        try:
            text = orjson.dumps(document)
        except orjson.JSONEncodeError:
            # Half a surrogate pair, or a number beyond 64 bits: for the seal to refuse by name.
            text = json.dumps(document).encode()
        return self._encrypt(zlib.compress(text, _LEVEL))

    def unpack(self, text: str) -> dict[str, Any]:
        """Return what was packed, with every text in Unicode normal form C.

        Raises DocumentNotCanonical for a text that was damaged or is not of this key.
        """
        try:
            carried: dict[str, Any] = load_nfc(zlib.decompress(self._decrypt(text)).decode())
        except (ValueError, zlib.error) as error:
            raise DocumentNotCanonical("what a worker sent cannot be read") from error
        return carried

    def hand_over(self, text: str, other: "Carrier") -> str:
        """Return *text* as *other* would have packed it; raises DocumentNotCanonical."""
        return other._encrypt(self._decrypt(text))  # noqa: SLF001 - of this class

    def _encrypt(self, packed: bytes) -> str:
        return b64encode(self._box.encrypt(packed)).decode("ascii")

    def _decrypt(self, text: str) -> bytes:
        try:
            return bytes(self._box.decrypt(b64decode(text, validate=True)))
        except (CryptoError, ValueError) as error:
            raise DocumentNotCanonical("what a worker sent cannot be read") from error


def journal_carrier(secret: bytes, run_id: str) -> Carrier:
    """Return what packs the journal of a run: whoever has the site's *secret* can unpack it."""
    return Carrier(hmac.digest(secret, f"journal {run_id}".encode(), "sha256"))
