# SPDX-License-Identifier: GPL-3.0-or-later
"""The Ed25519 key of a site: one private file, and a public half that everybody may hold.

A private file is one line ``ed25519-seed:<base64 of 32 bytes>``, mode 0600 and ours. A public one
is one line ``ed25519:<base64 of 32 bytes> <key_id>``. Keys travel by file path only, since
environments and variables end up in logs.
"""

import hashlib
import os
import re
import stat
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path

from nacl.signing import SigningKey, VerifyKey

from ..errors import ComplianceError
from .site import SiteDirectory, sync_directory

_SEED_LINE = re.compile(r"ed25519-seed:([A-Za-z0-9+/]{43}=)\n?")
# One line is 58 bytes; reading more than this only serves a wrong path.
_LARGEST_FILE = 4096


class SigningKeyUnusable(ComplianceError):
    """The private key file is there but must not or cannot be used."""

    code = "signing_key_unusable"


class SigningKeyMissing(ComplianceError):
    """There is no private key, and making one would orphan evidence that is there already."""

    code = "signing_key_missing"


@dataclass(frozen=True, slots=True)
class SiteKey:
    """The key in use; its ``repr`` shows the public half only."""

    key_id: str
    public_line: str
    is_new: bool
    _signing_key: SigningKey

    def __repr__(self) -> str:
        return f"SiteKey({self.public_line})"

    @property
    def signing_key(self) -> SigningKey:
        """Return the private half."""
        return self._signing_key

    @property
    def trusted(self) -> dict[str, bytes]:
        """Return the public half as ``verify.py`` takes it."""
        return {self.key_id: bytes(self._signing_key.verify_key)}


def default_key_file(site_id: str) -> Path:
    """Return where the private key of a site lies unless HIPAA_SIGNING_KEY_FILE says otherwise."""
    return Path("~/.config/hipaa-compliance-agent").expanduser() / f"{site_id}.key"


def key_id(public: VerifyKey) -> str:
    """Return the name of a key: the first 16 hexadecimal digits of the SHA-256 of its 32 bytes."""
    return hashlib.sha256(bytes(public)).hexdigest()[:16]


def public_line(public: VerifyKey) -> str:
    """Return the line that publishes a key: ``ed25519:<base64> <key_id>``."""
    return f"ed25519:{b64encode(bytes(public)).decode('ascii')} {key_id(public)}"


def open_or_create_key(path: Path, site: SiteDirectory) -> SiteKey:
    """Return the key of *site*, made now if this site has neither a key nor evidence.

    Raises SigningKeyUnusable and SigningKeyMissing; never writes over a file.
    """
    with site.locked("opening the signing key"):
        if os.path.lexists(path):
            return load_key(path)
        if site.has_evidence():
            raise SigningKeyMissing(
                f"{site.path} holds evidence, but its signing key is gone",
                value=str(path),
                remedy="Restore the key from your backup, or set HIPAA_SIGNING_KEY_FILE.",
            )
        return _create(path)


def load_key(path: Path) -> SiteKey:
    """Return the key in *path*; raises SigningKeyUnusable."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(descriptor, "rb") as stream:  # noqa: PTH123 - the checked file is the read one
            _refuse_exposed(path, os.fstat(stream.fileno()))
            text = stream.read(_LARGEST_FILE)
    except OSError as error:
        remedy = "Give this account the right to read it; a new key would not be the site's."
        raise SigningKeyUnusable(
            f"the signing key {path} cannot be read", value=error.strerror, remedy=remedy
        ) from error
    match = _SEED_LINE.fullmatch(text.decode("ascii", "replace"))
    if match is None:
        # Not the value: a damaged key is still a secret.
        remedy = "Restore it from your backup: one line ed25519-seed:<44 letters of base64>."
        raise SigningKeyUnusable(f"{path} is no signing key", remedy=remedy)
    return _site_key(SigningKey(b64decode(match[1])), is_new=False)


def publish_key(key: SiteKey, site: SiteDirectory) -> Path:
    """Put the public half beside the evidence; return its path."""
    file = site.keys / f"{key.key_id}.pub"
    if not file.exists():
        file.write_text(key.public_line + "\n", encoding="ascii")
    return file


def _create(path: Path) -> SiteKey:
    key = SigningKey.generate()
    line = f"ed25519-seed:{b64encode(bytes(key)).decode('ascii')}\n"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="ascii") as stream:  # noqa: PTH123 - 0600 from birth
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())
        sync_directory(path.parent)
    except OSError as error:
        remedy = "Make its directory writable, or set HIPAA_SIGNING_KEY_FILE."
        raise SigningKeyUnusable(
            f"the signing key {path} cannot be created", value=error.strerror, remedy=remedy
        ) from error
    return _site_key(key, is_new=True)


def _site_key(key: SigningKey, *, is_new: bool) -> SiteKey:
    return SiteKey(key_id(key.verify_key), public_line(key.verify_key), is_new, key)


def _refuse_exposed(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise SigningKeyUnusable(f"the signing key {path} is not a regular file")
    if status.st_uid != os.geteuid():
        remedy = f"Run as its owner, or give the file to user id {os.geteuid()}."
        raise SigningKeyUnusable(
            f"the signing key {path} belongs to somebody else",
            value=status.st_uid,
            remedy=remedy,
        )
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise SigningKeyUnusable(
            f"others can read or write the signing key {path}",
            value=f"{mode:04o}",
            remedy=f"Run: chmod 0600 {path}; if others have used this machine, make a new key.",
        )
