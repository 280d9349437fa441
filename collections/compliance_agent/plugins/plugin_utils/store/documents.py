# SPDX-License-Identifier: GPL-3.0-or-later
"""What the index takes from signed lines that were verified: lines in, rows out. Pure.

Only what lists and filters need is taken. Facts of a host stay where they are: in the evidence.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError

from ..errors import ComplianceError
from ..evidence.coverage import CoverageStatement
from ..models import CheckId, CheckStatus, HostName, Instant, Outcome, Severity
from .schema import KeyStatementKind


class EvidenceUnreadable(ComplianceError):
    """A line verified, but this release cannot make rows of it."""

    code = "evidence_unreadable"


@dataclass(frozen=True, slots=True)
class LinePlace:
    """Where a signed line lies: a file below the site, bytes in it, and the SHA-256 it has.

    *byte_length* counts the newline; the digest, which is that of the log, does not.
    """

    file: str
    byte_offset: int
    byte_length: int
    line_sha256: str


_Model = TypeVar("_Model", bound=BaseModel)


def _storable(value: str) -> str:
    # PostgreSQL has no text with NUL. A row is for finding the line, which keeps what was signed.
    return value.replace("\0", "\ufffd")


_Text = Annotated[str, AfterValidator(_storable)]


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class _Leaf(BaseModel):
    """A leaf of the log, with exactly the members that the specification gives it."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    id: str
    sha256: str


class BundleLeaf(_Leaf):
    kind: Literal["bundle"]
    host_id: HostName
    check: CheckId


class StatementLeaf(_Leaf):
    kind: Literal["coverage", "key_rotation", "key_revocation"]


class _Leaves(BaseModel):
    model_config = ConfigDict(strict=True)

    leaf: BundleLeaf | StatementLeaf


class _Finding(_Read):
    code: _Text
    status: CheckStatus
    severity: Severity
    scope: _Text
    gpo_managed: bool


class _State(_Read):
    status: CheckStatus
    reason_code: _Text
    error_code: _Text | None
    message: _Text
    checked_at: Instant | None
    findings: tuple[_Finding, ...]


def _none_if_empty(value: object) -> object:
    # A check acts on nothing: only a repair has a state after it.
    return value or None


class _Bundle(_Read):
    bundle_id: _Text
    site_id: str
    host_id: HostName
    timestamp: Instant
    check: CheckId
    outcome: Outcome
    hipaa_controls: tuple[_Text, ...]
    pre_state: _State
    post_state: Annotated[_State | None, BeforeValidator(_none_if_empty)]

    @property
    def final_state(self) -> _State:
        return self.post_state or self.pre_state


class _KeyStatement(_Read):
    statement_id: str
    kind: KeyStatementKind
    site_id: str
    issued_at: Instant
    key_id: str
    new_key: str | None = None
    revoked_key_id: str | None = None
    compromised_at: Instant | None = None
    reason_code: str | None = None


@dataclass(frozen=True, slots=True)
class BundleRows:
    """The row of a bundle and those of its findings, as columns by name."""

    bundle: dict[str, Any]
    findings: list[dict[str, Any]]


def read_leaf(entry: bytes) -> BundleLeaf | StatementLeaf:
    """Return what an entry of the log stands for; raises EvidenceUnreadable."""
    return _parse(_Leaves, b'{"leaf":%b}' % entry, "an entry of the log").leaf


def read_statement(line: bytes) -> CoverageStatement:
    """Return a coverage statement; raises EvidenceUnreadable."""
    return _parse(CoverageStatement, line, "a coverage statement")


def bundle_rows(line: bytes, log_index: int, run_index: int, place: LinePlace) -> BundleRows:
    """Return the rows of a bundle; raises EvidenceUnreadable."""
    bundle = _parse(_Bundle, line, f"the bundle at {place.file}:{place.byte_offset}")
    state, name = bundle.final_state, {"site_id": bundle.site_id, "log_index": log_index}
    row = {
        **name,
        "run_index": run_index,
        "bundle_id": bundle.bundle_id,
        "host_id": bundle.host_id,
        "check_id": bundle.check,
        "status": state.status,
        "outcome": bundle.outcome,
        "reason_code": state.reason_code,
        "error_code": state.error_code,
        "message": state.message,
        "checked_at": state.checked_at,
        "sealed_at": bundle.timestamp,
        "controls": list(bundle.hipaa_controls),
        "file": place.file,
        "byte_offset": place.byte_offset,
        "byte_length": place.byte_length,
        "line_sha256": place.line_sha256,
    }
    findings = [
        {
            **name,
            "position": position,
            "code": item.code,
            "status": item.status,
            "severity": item.severity,
            "scope": item.scope,
            "gpo_managed": item.gpo_managed,
        }
        for position, item in enumerate(state.findings)
    ]
    return BundleRows(row, findings)


def run_row(statement: CoverageStatement, log_index: int, place: LinePlace) -> dict[str, Any]:
    """Return the row of a coverage statement whose own leaf is *log_index*."""
    return {
        "site_id": statement.site_id,
        "log_index": log_index,
        "run_id": statement.run_id,
        "status": statement.status,
        "started_at": statement.started_at,
        "sealed_at": statement.sealed_at,
        "clock_set_back_seconds": statement.clock_set_back_seconds,
        "inventory_hosts": statement.scope.inventory_hosts,
        "hosts": statement.scope.hosts,
        "expected": statement.expected,
        "obtained": statement.obtained,
        "missing": len(statement.missing),
        "not_scheduled": statement.not_scheduled.count(statement.scope),
        "bundles": statement.bundles.count,
        "first_index": statement.log.first_index,
        "key_id": statement.key_id,
        "file": place.file,
        "line_sha256": place.line_sha256,
    }


def key_statement_row(line: bytes, log_index: int, place: LinePlace) -> dict[str, Any]:
    """Return the row of a statement about a key; raises EvidenceUnreadable."""
    statement = _parse(_KeyStatement, line, f"the statement {place.file}")
    # A public line is `ed25519:<base64> <key_id>`.
    named = statement.revoked_key_id or (statement.new_key or "").partition(" ")[2]
    return {
        "site_id": statement.site_id,
        "log_index": log_index,
        "statement_id": statement.statement_id,
        "kind": statement.kind,
        "issued_at": statement.issued_at,
        "key_id": statement.key_id,
        "subject_key_id": named,
        "compromised_at": statement.compromised_at,
        "reason_code": statement.reason_code,
        "file": place.file,
        "line_sha256": place.line_sha256,
    }


def _parse(model: type[_Model], text: bytes, what: str) -> _Model:
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        # Places only: what stands there may be somebody's data.
        places = sorted({".".join(map(str, item["loc"])) for item in error.errors()})
        raise EvidenceUnreadable(
            f"{what} is verified, but not of a form that this release knows",
            value=places,
            remedy="Index it with the release that sealed it, or a later one.",
        ) from None
