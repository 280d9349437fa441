# SPDX-License-Identifier: GPL-3.0-or-later
"""What the log of a site holds of each signed line."""

from enum import StrEnum
from hashlib import sha256

from ..models import CheckId
from .canonical import canonical_json


class LedgerKind(StrEnum):
    """What a leaf of the log stands for."""

    BUNDLE = "bundle"
    COVERAGE = "coverage"
    KEY_ROTATION = "key_rotation"
    KEY_REVOCATION = "key_revocation"


def ledger_entry(
    kind: LedgerKind,
    entry_id: str,
    line: bytes,
    *,
    host_id: str | None = None,
    check: CheckId | None = None,
) -> bytes:
    """Return the text of the leaf for *line*, a signed line as it is stored, without newline.

    A bundle names its host and check, so that the log alone tells what is gone; nothing else has
    them. Raises ValueError for a leaf that the specification does not have.
    """
    if line.endswith(b"\n") or not line:
        raise ValueError("a leaf is made of a signed line without its newline")
    leaf = {"id": entry_id, "kind": kind.value, "sha256": sha256(line).hexdigest()}
    if (host_id is None, check is None) != (kind is not LedgerKind.BUNDLE,) * 2:
        raise ValueError(f"a leaf of kind {kind} with host {host_id!r} and check {check!r}")
    if host_id is not None and check is not None:
        leaf |= {"host_id": host_id, "check": check.value}
    return canonical_json(leaf)
