# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry verdicts and facts from the worker that judged to the journal, as one text.

Ansible copies a result value by value, in the worker and again for the callbacks, and keeps those
of a whole batch. The four thousand values of a host would cost more than all else that the callback
does; a compressed text of a few kilobytes costs nothing, and is unpacked once, when it is sealed.
"""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from ..errors import DocumentNotCanonical
from .canonical import load_nfc

KEY = "compliance_evidence"
# Where a result has the verdicts that a playbook may act on.
CHECKS_KEY = "compliance_checks"

_FASTEST = 1


def pack(checks: list[dict[str, Any]], facts: Mapping[str, Any]) -> str:
    """Return the text from which *unpack* makes both again."""
    both = {"checks": checks, "facts": facts}
    text = json.dumps(both, ensure_ascii=False, separators=(",", ":")).encode()
    return b64encode(zlib.compress(text, _FASTEST)).decode("ascii")


def unpack(text: str) -> dict[str, Any]:
    """Return ``checks`` and ``facts`` with every text in Unicode normal form C.

    Raises DocumentNotCanonical for a text that was damaged.
    """
    try:
        carried: dict[str, Any] = load_nfc(zlib.decompress(b64decode(text, validate=True)).decode())
    except (ValueError, zlib.error) as error:
        raise DocumentNotCanonical("what a worker sent cannot be read") from error
    return carried
