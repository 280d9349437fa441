# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of one lab run: an authority and one server certificate for all its addresses.

They live in a temporary directory for two days and are trusted by nobody who is not told to.
"""

import hashlib
import ipaddress
import shutil
import ssl
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from spnego.channel_bindings import GssChannelBindings

_VALID_BEFORE = timedelta(hours=1)  # a client's clock may be behind
_VALID_FOR = timedelta(days=2)
_AUTHORITY = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lab authority, not for use")])
_SERVER = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lab host")])


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where the PEM files are; *bindings* is what NTLM clients bind to over this certificate."""

    authority: Path
    chain: Path
    bindings: GssChannelBindings

    def server_context(self) -> ssl.SSLContext:
        """Return the context of the https listeners."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain)
        return context

    def remove(self) -> None:
        """Delete the certificates and the key."""
        shutil.rmtree(self.chain.parent)


def make_certificates(addresses: Iterable[str], now: datetime) -> TlsFiles:
    """Write an authority and a certificate for *addresses*, valid around *now*."""
    key, authority_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = (
        _builder(_AUTHORITY, authority_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    names = [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    server = (
        _builder(_SERVER, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(issuer, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    directory = Path(tempfile.mkdtemp(prefix="lab-tls-"))
    files = TlsFiles(directory / "authority.pem", directory / "server.pem", _bindings(server))
    files.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    files.chain.touch(mode=0o600)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    files.chain.write_bytes(private + server.public_bytes(serialization.Encoding.PEM))
    return files


def _builder(
    subject: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(_AUTHORITY)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _VALID_BEFORE)
        .not_valid_after(now + _VALID_FOR)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _bindings(certificate: x509.Certificate) -> GssChannelBindings:
    digest = hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).digest()
    # RFC 5929, section 4: the hash of the server's certificate.
    return GssChannelBindings(application_data=b"tls-server-end-point:" + digest)
