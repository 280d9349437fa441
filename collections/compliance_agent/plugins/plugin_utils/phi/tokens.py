# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands where an identifier stood: ``<TYPE:8 hex digits>``, the same for the same value.

The digits are the first 32 bits of HMAC-SHA256 under the key of the site, so that one person can be
followed through the evidence of a site, and nobody without the key can test a guess. That is a
pseudonym, not de-identification in the sense of 45 CFR 164.514: who has the key can test guesses.
"""

import hashlib
import hmac
import re
from enum import StrEnum

from ..errors import ComplianceError

KEY_BYTES = 32
UNSCRUBBABLE = "<UNSCRUBBABLE>"


class PseudonymKeyInvalid(ComplianceError):
    """The key of a pseudonymizer is not 32 bytes."""

    code = "pseudonym_key_invalid"


class Kind(StrEnum):
    """What was replaced, as far as the rule that found it knows."""

    ACCOUNT = "ACCOUNT"
    ADDRESS = "ADDRESS"
    AGE = "AGE"
    CARD = "CARD"
    DATE = "DATE"
    DROPPED = "DROPPED"
    EMAIL = "EMAIL"
    FILE = "FILE"
    GEO = "GEO"
    HOST = "HOST"
    ID = "ID"
    IP = "IP"
    MAC = "MAC"
    MRN = "MRN"
    NAME = "NAME"
    NUMBER = "NUMBER"
    PHONE = "PHONE"
    PLATE = "PLATE"
    PROSE = "PROSE"
    SECRET = "SECRET"  # noqa: S105 - the name of a kind
    SERIAL = "SERIAL"
    SSN = "SSN"
    URL = "URL"
    USER = "USER"
    VIN = "VIN"
    WORD = "WORD"


# Only our own kinds: a stranger's text in angle brackets is no token.
TOKEN = re.compile(rf"<(?:{'|'.join(Kind)}):[0-9a-f]{{8}}>|{UNSCRUBBABLE}")
_NO_LETTERS = re.compile(r"[^0-9]+")
_BY_DIGITS = frozenset({Kind.PHONE, Kind.SSN, Kind.CARD})


class Pseudonymizer:
    """Makes tokens under one key of 32 bytes; raises PseudonymKeyInvalid for any other length."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            remedy = "Read it with load_or_create_pseudonym_key."
            raise PseudonymKeyInvalid("a pseudonym key is 32 bytes", value=len(key), remedy=remedy)
        self._mac = hmac.new(key, digestmod=hashlib.sha256)

    def __repr__(self) -> str:
        return "Pseudonymizer()"

    def token(self, kind: Kind, value: str) -> str:
        """Return the token of *value*; upper and lower case, and runs of spaces, make one."""
        mac = self._mac.copy()
        mac.update(f"{kind}\0{_normal(kind, value)}".encode())
        return f"<{kind}:{mac.hexdigest()[:8]}>"


def is_token(text: str) -> bool:
    """Return whether *text* is one token and nothing else."""
    return TOKEN.fullmatch(text) is not None


def _normal(kind: Kind, value: str) -> str:
    if kind in _BY_DIGITS:
        return _NO_LETTERS.sub("", value)
    return " ".join(value.casefold().split())
