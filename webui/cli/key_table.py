# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of a site as a document for a program and as a table for a person."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import ComplianceError
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.key_ring import (
    KeyRing,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.keys import load_key
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.instants import to_text

_HEADINGS = ("KEY", "FIRST", "LAST", "FOLLOWS", "FOLLOWED BY", "REVOKED SINCE")
_NOTHING = "-"


class KeyRow(TypedDict):
    """One key; an index is that of a leaf in the log, null where it signed none."""

    key_id: str
    public_key: str
    in_use: bool
    first_index: int | None
    last_index: int | None
    rotated_from: str | None
    rotated_to: str | None
    revoked_since: str | None
    revocation_reason: str | None


class StatementRow(TypedDict):
    """One statement about a key; *index* is null until it is in the log."""

    index: int | None
    statement_id: str
    kind: str


class RingDocument(TypedDict):
    """What ``keys show --json`` prints; *problem* says why the key in use is not known."""

    site_id: str
    in_use: str | None
    problem: str | None
    keys: list[KeyRow]
    statements: list[StatementRow]


def key_in_use(file: Path) -> tuple[str | None, str | None]:
    """Return the key_id of the private key in *file*, or None and why it cannot be known."""
    try:
        return load_key(file).key_id, None
    except ComplianceError as error:
        # An auditor's machine has no private key, and may look all the same.
        return None, str(error)


def describe_ring(
    site_id: str, ring: KeyRing, in_use: str | None, problem: str | None
) -> RingDocument:
    """Return what there is to say of *ring*, the keys in the order in which they began to sign."""
    rows = [_row(ring, key_id, in_use) for key_id in ring.public_lines]
    rows.sort(key=lambda row: (row["first_index"] is None, row["first_index"] or 0))
    return {
        "site_id": site_id,
        "in_use": in_use,
        "problem": problem,
        "keys": rows,
        "statements": [
            {
                "index": item.index,
                "statement_id": item.statement.statement_id,
                "kind": item.statement.kind,
            }
            for item in ring.statements
        ],
    }


def table_of(document: RingDocument) -> str:
    """Return *document* as text: a table of the keys, and their public lines."""
    rows = [_HEADINGS, *(_cells(row) for row in document["keys"])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    lines = [_aligned(row, widths) for row in rows]
    lines += ["", *(row["public_key"] for row in document["keys"])]
    if document["problem"]:
        lines += ["", f"Which key is in use is not known here: {document['problem']}"]
    elif document["in_use"] not in {row["key_id"] for row in document["keys"]}:
        lines += ["", f"The key that is set up here, {document['in_use']}, is none of this site."]
    pending = [item["statement_id"] for item in document["statements"] if item["index"] is None]
    lines += [f"Not in the log yet: {name}; run its command again." for name in pending]
    return "\n".join(lines)


def _row(ring: KeyRing, key_id: str, in_use: str | None) -> KeyRow:
    first, last = ring.leaves(key_id) or (None, None)
    revocation = ring.revocation(key_id)
    return {
        "key_id": key_id,
        "public_key": ring.public_lines[key_id],
        "in_use": key_id == in_use,
        "first_index": first,
        "last_index": last,
        "rotated_from": ring.rotated_from(key_id),
        "rotated_to": ring.rotated_to(key_id),
        "revoked_since": to_text(revocation.compromised_at) if revocation else None,
        "revocation_reason": revocation.reason_code.value if revocation else None,
    }


def _cells(row: KeyRow) -> tuple[str, ...]:
    revoked = row["revoked_since"]
    return (
        row["key_id"],
        _NOTHING if row["first_index"] is None else str(row["first_index"]),
        "in use"
        if row["in_use"]
        else _NOTHING
        if row["last_index"] is None
        else str(row["last_index"]),
        row["rotated_from"] or _NOTHING,
        row["rotated_to"] or _NOTHING,
        f"{revoked} ({row['revocation_reason']})" if revoked else _NOTHING,
    )


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
