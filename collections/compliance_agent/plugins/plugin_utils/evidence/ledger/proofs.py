# SPDX-License-Identifier: GPL-3.0-or-later
"""Write ``.tlog-proof`` files, c2sp.org/tlog-proof@v1: one entry is in a log, offline. Pure.

``verify.check_proof`` reads them. The extra data is not authenticated: it may help to find the
entry, and must not be believed.
"""

from base64 import b64encode
from collections.abc import Sequence

from ..verify import PROOF_HEADER


def proof_text(
    index: int, hashes: Sequence[bytes], checkpoint: bytes, extra: bytes | None = None
) -> bytes:
    """Return the proof that entry *index* is in the log at *checkpoint*, which is a signed note.

    *hashes* is the inclusion proof for the size that the checkpoint names, a leaf's sibling first.
    """
    lines = [PROOF_HEADER]
    if extra is not None:
        lines.append(f"extra {_base64(extra)}")
    lines += [f"index {index}", *map(_base64, hashes), "", ""]
    return "\n".join(lines).encode() + checkpoint


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")
