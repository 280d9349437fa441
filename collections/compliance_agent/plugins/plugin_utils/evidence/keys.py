# SPDX-License-Identifier: GPL-3.0-or-later
"""The Ed25519 key of a site: one private file, and a public half that everybody may hold.

A private file is one line ``ed25519-seed:<base64 of 32 bytes>``, mode 0600 and ours. A public one
is one line ``ed25519:<base64 of 32 bytes> <key_id>``. Keys travel by file path only, since
environments and variables end up in logs.
"""

import hashlib
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path

from nacl.signing import SigningKey, VerifyKey

from ..errors import ComplianceError
from ..secret_file import SecretFile, SecretFileUnusable
from .site import SiteDirectory

_SEED_LINE = re.compile(r"ed25519-seed:([A-Za-z0-9+/]{43}=)\n?")


class SigningKeyUnusable(SecretFileUnusable):
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
    with site.locked():
        if _secret_file(path).is_present():
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
    text = _secret_file(path).read()
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
    _secret_file(path).create(f"ed25519-seed:{b64encode(bytes(key)).decode('ascii')}\n".encode())
    return _site_key(key, is_new=True)


def _secret_file(path: Path) -> SecretFile:
    return SecretFile(
        path,
        "signing key",
        read_remedy="Give this account the right to read it; a new key would not be the site's.",
        create_remedy="Make its directory writable, or set HIPAA_SIGNING_KEY_FILE.",
        unusable=SigningKeyUnusable,
    )


def _site_key(key: SigningKey, *, is_new: bool) -> SiteKey:
    return SiteKey(key_id(key.verify_key), public_line(key.verify_key), is_new, key)
