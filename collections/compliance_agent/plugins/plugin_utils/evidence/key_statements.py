# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed statements about keys: that one follows another, and that one must not be trusted. Pure.

A rotation is signed by both keys: the old one says who follows it, and the new one that its holder
agreed. Both sign the same text. Whom a reader may trust after it is for ``verify.py`` to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, model_validator

from ..errors import ComplianceError, DocumentNotCanonical
from ..instants import to_text
from ..models import ContractModel, Instant
from . import verify
from .canonical import canonical_json
from .keys import SiteKey
from .signing import sign_document

STATEMENT_VERSION = 1
ROTATION = "key_rotation"
REVOCATION = "key_revocation"

# What the signatures of a statement are not over.
_SIGNATURES = ("signature", "successor_signature")


class KeyStatementInvalid(ComplianceError):
    """A statement about a key is not what the specification has, or its signature is not valid."""

    code = "key_statement_invalid"


class RevocationReason(StrEnum):
    """Why a key must not be trusted any more."""

    COMPROMISED = "compromised"
    LOST = "lost"
    SUPERSEDED = "superseded"


def _whole_public_line(line: str) -> str:
    (key_id,) = verify.parse_keys(line)
    if not line.startswith("ed25519:") or not line.endswith(f" {key_id}"):
        raise ValueError("a public key is written ed25519:<base64> <key_id>")
    return line


KeyId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
PublicLine = Annotated[str, AfterValidator(_whole_public_line)]
# 64 bytes; that its spare bits are zero is for the verifier to see.
Signature = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{86}==$")]


class KeyRotation(ContractModel):
    """The new key signs from this leaf on; ``key_id`` is that of the old one."""

    schema_version: Literal[1]
    kind: Literal["key_rotation"]
    statement_id: str
    site_id: str
    issued_at: Instant
    key_id: KeyId
    old_key: PublicLine
    new_key: PublicLine
    successor_signature: Signature
    signature: Signature

    @property
    def new_key_id(self) -> str:
        """Return the name of the new key."""
        return self.new_key[-16:]

    @model_validator(mode="after")
    def _must_agree_with_itself(self) -> Self:
        if self.key_id != self.old_key[-16:] or self.key_id == self.new_key_id:
            raise ValueError("key_id is that of the old key, and the new key is another one")
        _refuse_misnamed(self, self.new_key_id)
        return self


class KeyRevocation(ContractModel):
    """``revoked_key_id`` is trusted for nothing that was signed at ``compromised_at`` or later."""

    schema_version: Literal[1]
    kind: Literal["key_revocation"]
    statement_id: str
    site_id: str
    issued_at: Instant
    key_id: KeyId
    revoked_key_id: KeyId
    compromised_at: Instant
    reason_code: RevocationReason
    signature: Signature

    @model_validator(mode="after")
    def _must_agree_with_itself(self) -> Self:
        if self.compromised_at > self.issued_at:
            raise ValueError("compromised_at is after issued_at: nobody knows that yet")
        _refuse_misnamed(self, self.revoked_key_id)
        return self


@dataclass(frozen=True, slots=True)
class Compromise:
    """What is known of a key that must not be trusted any more.

    *since* is the earliest instant at which somebody else may have had it, or at which it was not
    needed any more; what is below a second gets lost, which makes it earlier.
    """

    key_id: str
    since: datetime
    reason: RevocationReason


KeyStatement = KeyRotation | KeyRevocation
_PARSER: TypeAdapter[KeyStatement] = TypeAdapter(
    Annotated[KeyStatement, Field(discriminator="kind")]
)


def rotation_line(site_id: str, old: SiteKey, new: SiteKey, now: datetime) -> bytes:
    """Return the signed line, without newline, that says that *new* follows *old* from *now* on.

    Raises KeyStatementInvalid.
    """
    body = {
        **_head(ROTATION, site_id, new.key_id, now),
        "key_id": old.key_id,
        "old_key": old.public_line,
        "new_key": new.public_line,
    }
    successor = sign_document(body, new.signing_key)
    return _sealed({**body, "successor_signature": successor}, sign_document(body, old.signing_key))


def revocation_line(site_id: str, compromise: Compromise, signer: SiteKey, now: datetime) -> bytes:
    """Return the signed line, without newline, that tells of *compromise*.

    Raises KeyStatementInvalid.
    """
    body = {
        **_head(REVOCATION, site_id, compromise.key_id, now),
        "key_id": signer.key_id,
        "revoked_key_id": compromise.key_id,
        "compromised_at": to_text(compromise.since),
        "reason_code": compromise.reason.value,
    }
    return _sealed(body, sign_document(body, signer.signing_key))


def parse_key_statement(line: bytes) -> KeyStatement:
    """Return what *line*, without newline, says; raises KeyStatementInvalid.

    Its signatures are not looked at: see ``check_signatures``.
    """
    try:
        statement = _PARSER.validate_json(line)
        same = canonical_json(statement.to_dict())
    except (ValidationError, DocumentNotCanonical) as error:
        raise _invalid(_first_problem(error)) from error
    # One text for one statement: no doubled key, no other way to write a time.
    if same != line:
        raise _invalid("it is not in canonical form")
    return statement


def check_signatures(statement: KeyStatement, keys: Mapping[str, bytes]) -> None:
    """Return if every signature of *statement* is valid, else raise KeyStatementInvalid.

    *keys* are the public halves by key_id; a rotation brings its own. Valid is not trusted.
    """
    document = statement.to_dict()
    body = canonical_json({name: document[name] for name in document if name not in _SIGNATURES})
    signatures = {statement.key_id: statement.signature}
    if isinstance(statement, KeyRotation):
        keys = _public_halves(statement)
        signatures[statement.new_key_id] = statement.successor_signature
    for key_id, signature in signatures.items():
        if key_id not in keys:
            raise _invalid(f"it is signed by {key_id}, which is no key of this site")
        try:
            verify.check_signature(body, signature, keys[key_id])
        except verify.Rejected as rejected:
            raise _invalid(f"{statement.statement_id}: {rejected.reason}") from rejected


def _public_halves(rotation: KeyRotation) -> dict[str, bytes]:
    return verify.parse_keys(f"{rotation.old_key}\n{rotation.new_key}")


def _head(kind: str, site_id: str, subject: str, now: datetime) -> dict[str, Any]:
    issued_at = to_text(now)
    return {
        "schema_version": STATEMENT_VERSION,
        "kind": kind,
        "statement_id": _statement_id(issued_at, subject),
        "site_id": site_id,
        "issued_at": issued_at,
    }


def _statement_id(issued_at: str, subject: str) -> str:
    return f"KS-{issued_at.replace('-', '').replace(':', '')}-{subject}"


def _refuse_misnamed(statement: KeyStatement, subject: str) -> None:
    if statement.statement_id != _statement_id(to_text(statement.issued_at), subject):
        raise ValueError("statement_id is not that of its time and key")


def _sealed(document: Mapping[str, Any], signature: str) -> bytes:
    line = canonical_json({**document, "signature": signature})
    parse_key_statement(line)  # what we would not accept is never signed and stored
    return line


def _first_problem(error: ValidationError | DocumentNotCanonical) -> str:
    if isinstance(error, DocumentNotCanonical):
        return error.failed
    problem = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in problem["loc"][1:])
    return f"{where} {problem['msg']}".strip()


def _invalid(reason: str) -> KeyStatementInvalid:
    remedy = "Keep the file as it is, and compare it with your backup."
    return KeyStatementInvalid("no statement about a key", value=reason, remedy=remedy)
