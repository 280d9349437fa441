# SPDX-License-Identifier: GPL-3.0-or-later
"""The key that makes the pseudonyms of a site: 32 random bytes in one private file.

The file is one line ``pseudonym-key:<base64 of 32 bytes>``, mode 0600 and ours. It is another key
than the one that signs: whoever verifies a signature must not be able to test a guess.
"""

import re
from base64 import b64decode, b64encode
from pathlib import Path
from secrets import token_bytes

from ..secret_file import SecretFile, SecretFileUnusable
from .tokens import KEY_BYTES

_LINE = re.compile(r"pseudonym-key:([A-Za-z0-9+/]{43}=)\n?")


class PseudonymKeyUnusable(SecretFileUnusable):
    """The file of the pseudonym key is there but must not or cannot be used."""

    code = "pseudonym_key_unusable"


def load_or_create_pseudonym_key(path: Path) -> bytes:
    """Return the 32 bytes in *path*, made now if nothing has this name.

    Raises PseudonymKeyUnusable; never writes over a file. A lost key is no lost evidence: only
    pseudonyms before and after it no longer match, so a new one may be made.
    """
    file = SecretFile(
        path,
        "pseudonym key",
        read_remedy="Give this account the right to read it; a new key breaks correlation.",
        create_remedy="Make its directory writable.",
        unusable=PseudonymKeyUnusable,
    )
    if not file.is_present():
        key = token_bytes(KEY_BYTES)
        file.create(f"pseudonym-key:{b64encode(key).decode('ascii')}\n".encode())
        return key
    match = _LINE.fullmatch(file.read().decode("ascii", "replace"))
    if match is None:
        # Not the value: a damaged key is still a secret.
        remedy = "Restore it from your backup: one line pseudonym-key:<44 letters of base64>."
        raise PseudonymKeyUnusable(f"{path} is no pseudonym key", remedy=remedy)
    return b64decode(match[1])
