# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry verdicts and facts from the worker that judged to the callback, as one text.

Ansible copies a result value by value, in the worker and again in the controller, and keeps those of
a whole batch. The four thousand values of a host would cost more than all else that the callback
does; a compressed text of a few kilobytes costs nothing.
"""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

KEY = "compliance_evidence"

_FASTEST = 1


def pack(checks: list[dict[str, Any]], facts: Mapping[str, Any]) -> str:
    """Return the text that *unpack* turns back into a result with both."""
    text = json.dumps({"compliance_checks": checks, "facts": facts}, separators=(",", ":"))
    return b64encode(zlib.compress(text.encode(), _FASTEST)).decode("ascii")


def unpack(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return *result* with what it carries in the place of what it shows.

    A damaged text leaves no verdicts: those that a result shows are without what proves them.
    """
    text = result.get(KEY)
    if not isinstance(text, str):
        return result
    try:
        carried = json.loads(zlib.decompress(b64decode(text, validate=True)))
    except (ValueError, zlib.error):
        carried = {"compliance_checks": None}
    return {**result, **carried}
