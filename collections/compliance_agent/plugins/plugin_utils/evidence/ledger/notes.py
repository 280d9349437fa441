# SPDX-License-Identifier: GPL-3.0-or-later
"""Write signed notes and checkpoints: c2sp.org/signed-note and tlog-checkpoint, Ed25519. Pure.

Several keys may sign one note, so that after a rotation both the old and the new one vouch for the
log. Reading and verifying is in ``verify.py``.
"""

from base64 import b64encode
from collections.abc import Sequence

from nacl.signing import SigningKey

from ..verify import Head, is_note_name, note_key_hash
from .errors import NoteInvalid


def signed_checkpoint(origin: str, head: Head, keys: Sequence[SigningKey]) -> bytes:
    """Return the checkpoint that says: the log *origin* was at *head*; raises NoteInvalid."""
    return signed_note(checkpoint_text(origin, head), origin, keys)


def checkpoint_text(origin: str, head: Head) -> str:
    """Return the three lines that a checkpoint signs."""
    return f"{origin}\n{head.size}\n{b64encode(head.root).decode('ascii')}\n"


def signed_note(text: str, name: str, keys: Sequence[SigningKey]) -> bytes:
    """Return *text* with a signature by each of *keys*, under *name*.

    Ed25519 signs the text itself here; a bundle signs the SHA-256 of its text. Raises NoteInvalid.
    """
    if not is_note_name(name):
        raise NoteInvalid("the name of a signer must have no space and no plus", value=name)
    if not text.endswith("\n") or any(letter < " " and letter != "\n" for letter in text):
        raise NoteInvalid("the text of a note must end in a newline and have no control character")
    if not keys:
        raise NoteInvalid("a note needs a key to sign it")
    lines = [f"\u2014 {name} {_signature(text.encode(), name, key)}\n" for key in keys]
    return "".join([text, "\n", *lines]).encode()


def _signature(text: bytes, name: str, key: SigningKey) -> str:
    key_hash = note_key_hash(name, bytes(key.verify_key))
    return b64encode(key_hash + key.sign(text).signature).decode("ascii")
