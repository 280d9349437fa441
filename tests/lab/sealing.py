# SPDX-License-Identifier: GPL-3.0-or-later
"""WinRM message encryption: SOAP inside multipart/encrypted ([MS-WSMV] 2.2.9.1)."""

import re
import struct

import spnego
from spnego.exceptions import SpnegoError

PROTOCOL = "application/HTTP-SPNEGO-session-encrypted"
CONTENT_TYPE = f'multipart/encrypted;protocol="{PROTOCOL}";boundary="Encrypted Boundary"'

_BOUNDARY = b"--Encrypted Boundary"
_OCTETS = b"\tContent-Type: application/octet-stream\r\n"
_LENGTH_BYTES = 4  # of the signature that precedes the sealed data, little endian


class SealBroken(ValueError):
    """A message that does not open with the connection's security context."""


def is_sealed(content_type: str) -> bool:
    """Tell if a Content-Type header announces a message that *unseal* opens."""
    return content_type.startswith("multipart/encrypted") and PROTOCOL in content_type


def unseal(context: spnego.ContextProxy, body: bytes) -> bytes:
    """Return the SOAP text of *body*; raise SealBroken if it is not what *context* sealed."""
    head, found, rest = body.partition(_OCTETS)
    announced = re.search(rb"Length=(\d+)", head)
    if not found or announced is None or len(rest) < _LENGTH_BYTES:
        raise SealBroken("not a multipart/encrypted message")
    rest = rest[: rest.rindex(_BOUNDARY)] if _BOUNDARY in rest else rest
    (length,) = struct.unpack_from("<I", rest)
    signature = rest[_LENGTH_BYTES : _LENGTH_BYTES + length]
    try:
        text = context.unwrap_winrm(signature, rest[_LENGTH_BYTES + length :])
    except (SpnegoError, ValueError, struct.error) as error:
        raise SealBroken("the message was not sealed by this connection") from error
    if len(text) != int(announced[1]):
        raise SealBroken(f"{len(text)} bytes came out, {int(announced[1])} were announced")
    return text


def seal(context: spnego.ContextProxy, text: bytes) -> bytes:
    """Return the multipart/encrypted body that carries *text*."""
    wrapped = context.wrap_winrm(text)
    original = f"type=application/soap+xml;charset=UTF-8;Length={len(text)}"
    return b"".join(
        (
            _BOUNDARY,
            f"\r\n\tContent-Type: {PROTOCOL}\r\n\tOriginalContent: {original}\r\n".encode(),
            _BOUNDARY,
            b"\r\n" + _OCTETS,
            struct.pack("<I", len(wrapped.header)),
            wrapped.header,
            wrapped.data,
            _BOUNDARY,
            b"--\r\n",
        )
    )
