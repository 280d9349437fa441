# SPDX-License-Identifier: GPL-3.0-or-later
"""The Ed25519 key of a site: one private file, and a public half that everybody may hold.

A private file is one line ``ed25519-seed:<base64 of 32 bytes>``, mode 0600 and ours. A public one
is one line ``ed25519:<base64 of 32 bytes> <key_id>``. Keys travel by file path only, since
environments and variables end up in logs.
"""

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nacl.signing import SigningKey, VerifyKey

from ..durable import write_whole
from ..errors import ComplianceError
from ..secret_file import SecretFile, SecretFileUnusable
from . import verify
from .site import SiteDirectory

_SEED_LINE = re.compile(r"ed25519-seed:([A-Za-z0-9+/]{43}=)\n?")
# Everybody may read a public half, and should.
PUBLIC_MODE = 0o644


class SigningKeyUnusable(SecretFileUnusable):
    """The private key file is there but must not or cannot be used."""

    code = "signing_key_unusable"


class SigningKeyExists(ComplianceError):
    """There is a private key already, and it is never written over."""

    code = "signing_key_exists"


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
        if _secret_file(path).is_present():
            return load_key(path)
        return _make_first_key(path, site)


def create_first_key(path: Path, site: SiteDirectory) -> SiteKey:
    """Return the first key of *site*, made now; raises SigningKeyExists if there is one.

    Raises SigningKeyMissing and SigningKeyUnusable too; never writes over a file.
    """
    with site.locked("making the signing key"):
        if _secret_file(path).is_present():
            raise SigningKeyExists(
                f"{site.site_id} has a signing key already",
                value=str(path),
                remedy="Keep it; `keys show` describes it, `keys rotate` lets another one follow.",
            )
        return _make_first_key(path, site)


def load_key(path: Path) -> SiteKey:
    """Return the key in *path*; raises SigningKeyUnusable."""
    text = _secret_file(path).read()
    match = _SEED_LINE.fullmatch(text.decode("ascii", "replace"))
    if match is None:
        # Not the value: a damaged key is still a secret.
        remedy = "Restore it from your backup: one line ed25519-seed:<44 letters of base64>."
        raise SigningKeyUnusable(f"{path} is no signing key", remedy=remedy)
    return _site_key(SigningKey(b64decode(match[1])), is_new=False)


def create_key(path: Path) -> SiteKey:
    """Return a new key whose private half is in the new file *path*, whole and durable.

    Raises SigningKeyUnusable, also for a file that is there: none is ever written over.
    """
    key = SigningKey.generate()
    line = f"ed25519-seed:{b64encode(bytes(key)).decode('ascii')}\n"
    _secret_file(path).create(line.encode("ascii"))
    return _site_key(key, is_new=True)


def publish_key(key: SiteKey, site: SiteDirectory) -> Path:
    """Put the public half beside the evidence; return its path."""
    file = site.keys / f"{key.key_id}.pub"
    if not file.exists():
        _write_public(file, [key.public_line])
    return file


def public_half_file(key_file: Path, site_id: str) -> Path:
    """Return where the owner of *key_file* keeps the public half: beside it, by the site's name."""
    return key_file.with_name(f"{site_id}.pub")


def write_public_half(
    key: SiteKey, key_file: Path, site_id: str, *, instead_of: str | None = None
) -> Path:
    """Put the public half beside the private one; return its path.

    It is what `make verify` trusts on this machine, and what is to be published. Other keys in the
    file stay, but for the one that *instead_of* names: *key* vouches for it. Raises
    SigningKeyUnusable.
    """
    file = public_half_file(key_file, site_id)
    before = _public_lines(file)
    kept = [line for line in before if line[-16:] not in {key.key_id, instead_of}]
    if before != [key.public_line, *kept]:
        _write_public(file, [key.public_line, *kept])
    return file


def _make_first_key(path: Path, site: SiteDirectory) -> SiteKey:
    if site.has_evidence():
        raise SigningKeyMissing(
            f"{site.path} holds evidence, but its signing key is gone",
            value=str(path),
            remedy="Restore the key from your backup, or set HIPAA_SIGNING_KEY_FILE.",
        )
    if path.resolve().is_relative_to(site.root.resolve()):
        raise SigningKeyUnusable(
            f"a signing key below {site.root} would travel with the evidence",
            value=str(path),
            remedy="Set HIPAA_SIGNING_KEY_FILE to a file outside of it.",
        )
    former = public_half_file(path, site.site_id)
    if former.exists():
        raise SigningKeyMissing(
            f"{site.site_id} had a signing key: its public half is there, but it is gone",
            value=str(former),
            remedy="Restore the key from your backup. If its evidence is closed and kept elsewhere,"
            " keep this file with it.",
        )
    return create_key(path)


def _public_lines(file: Path) -> list[str]:
    try:
        keys = verify.read_keys([str(file)]) if file.exists() else {}
    except (OSError, ValueError) as error:
        raise SigningKeyUnusable(
            f"the public half {file} cannot be read",
            value=str(error),
            remedy="Move it away; `keys show` prints the public lines of the site.",
        ) from error
    return [public_line(VerifyKey(raw)) for raw in keys.values()]


def _write_public(file: Path, lines: Sequence[str]) -> None:
    try:
        write_whole(file, "".join(f"{line}\n" for line in lines).encode("ascii"), PUBLIC_MODE)
    except OSError as error:
        raise SigningKeyUnusable(
            f"the public half {file} cannot be written",
            value=error.strerror,
            remedy="Free the disk or make its directory writable.",
        ) from error


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
