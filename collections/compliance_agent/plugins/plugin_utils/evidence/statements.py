# SPDX-License-Identifier: GPL-3.0-or-later
"""Enter statements about keys in the log of a site, so that a crash never leaves one half entered.

1. The marker ``.entering`` names the statement; durable.
2. The statement is written to its place in ``keys/``; durable.
3. Its leaf is appended to the log and a checkpoint is signed.
4. The marker is removed.
Nobody appends to the log while there is a marker without calling `finish_statements` first. So if
the statement is in the log at all, it is the last leaf, and finishing does not search the log.
"""

from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from nacl.signing import SigningKey

from ..durable import sync_directory, write_whole
from ..errors import ComplianceError
from ..models import CheckId
from .canonical import canonical_json
from .key_statements import KeyRotation, KeyStatement, check_signatures, parse_key_statement
from .keys import SiteKey
from .ledger.log import SiteLog
from .site import EvidenceDamaged, EvidenceUnwritable, SiteDirectory

FILE_MODE = 0o640


class StatementUnfinished(ComplianceError):
    """A change of keys was cut off; only the command that began it can finish it."""

    code = "statement_unfinished"


class LedgerKind(StrEnum):
    """What a leaf of the log stands for."""

    BUNDLE = "bundle"
    COVERAGE = "coverage"
    KEY_ROTATION = "key_rotation"
    KEY_REVOCATION = "key_revocation"


def ledger_entry(
    kind: LedgerKind,
    entry_id: str,
    line: bytes,
    *,
    host_id: str | None = None,
    check: CheckId | None = None,
) -> bytes:
    """Return the text of the leaf for *line*, a signed line as it is stored, without newline.

    A bundle names its host and check, so that the log alone tells what is gone; nothing else has
    them. Raises ValueError for a leaf that the specification does not have.
    """
    if line.endswith(b"\n") or not line:
        raise ValueError("a leaf is made of a signed line without its newline")
    leaf = {"id": entry_id, "kind": kind.value, "sha256": sha256(line).hexdigest()}
    if (host_id is None, check is None) != (kind is not LedgerKind.BUNDLE,) * 2:
        raise ValueError(f"a leaf of kind {kind} with host {host_id!r} and check {check!r}")
    if host_id is not None and check is not None:
        leaf |= {"host_id": host_id, "check": check.value}
    return canonical_json(leaf)


def enter_statement(
    site: SiteDirectory, line: bytes, key: SiteKey, successor: SiteKey | None = None
) -> int:
    """Keep the signed *line* of a statement about keys and enter it in the log; return its index.

    The caller holds the lock of the site. *key* is the one in use, whose signature the checkpoint
    has now; *successor* signs the new checkpoint too where another key is to be used from here on,
    so that whoever trusts either can read the log. Raises StatementUnfinished, EvidenceUnwritable,
    EvidenceDamaged, LogDamaged and LogUnwritable.
    """
    finish_statements(site, key, successor)
    statement = _refuse_foreign(site, parse_key_statement(line), key, successor)
    file = statement_file(site, statement.statement_id)
    if file.exists():
        # The same key, rotated to and revoked within a second.
        raise EvidenceDamaged(
            "there is such a statement already",
            value=str(file),
            remedy="Run the same command again in a second.",
        )
    log = _open_log(site, key)
    growth = log.plan([_leaf(statement, line)])
    _write(_marker(site), statement.statement_id.encode("ascii"))
    _write(file, line)
    log.commit(growth, _signing_keys(key, successor))
    _remove_marker(site)
    return growth.before.size


def finish_statements(
    site: SiteDirectory, key: SiteKey, successor: SiteKey | None = None
) -> str | None:
    """Enter the statement that a crash kept out of the log; return its id, None if there is none.

    The caller holds the lock of the site. Raises StatementUnfinished for a change of the key in
    use, which needs the *successor* that signs with it; and as `enter_statement` does.
    """
    try:
        statement_id = _marker(site).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    file = statement_file(site, statement_id)
    if not file.exists():
        _remove_marker(site)  # the crash came before anything was said
        return None
    line = file.read_bytes().removesuffix(b"\n")
    statement = _refuse_foreign(site, parse_key_statement(line), key, successor)
    entry = _leaf(statement, line)
    log = _open_log(site, key)
    before = log.plan([]).before.size
    is_entered = before > 0 and log.entry(before - 1) == entry
    # By nothing if it is entered: that does what a crash left undone in the log itself.
    log.commit(log.plan([] if is_entered else [entry]), _signing_keys(key, successor))
    _remove_marker(site)
    return statement_id


def is_statement_unfinished(site: SiteDirectory) -> bool:
    """Return whether a crash may have kept a statement out of the log."""
    return _marker(site).exists()


def statement_file(site: SiteDirectory, statement_id: str) -> Path:
    """Return where the statement about a key lies."""
    return site.keys / f"{statement_id}.json"


def _leaf(statement: KeyStatement, line: bytes) -> bytes:
    return ledger_entry(LedgerKind(statement.kind), statement.statement_id, line)


def _refuse_foreign(
    site: SiteDirectory, statement: KeyStatement, key: SiteKey, successor: SiteKey | None
) -> KeyStatement:
    """Return *statement* if these keys signed it, of this site, and may enter it."""
    present = {item.key_id for item in (key, successor) if item is not None}
    needed = {statement.key_id}
    if isinstance(statement, KeyRotation):
        needed.add(statement.new_key_id)
    elif statement.revoked_key_id == statement.key_id and successor is None:
        needed.add("its successor")
    if statement.site_id != site.site_id or not needed <= present:
        raise StatementUnfinished(
            f"{statement.statement_id} of {statement.site_id} needs the keys {sorted(needed)}",
            value=sorted(present),
            remedy="Run the `flask --app webui keys` command again that was cut off.",
        )
    check_signatures(statement, key.trusted)
    return statement


def _open_log(site: SiteDirectory, key: SiteKey) -> SiteLog:
    # The key in use signed every head since it is in use: no other one counts here, since whoever
    # can write this directory could leave a key and a log of his own in it.
    log = SiteLog(site.log, site.log_origin)
    log.head(key.trusted)
    return log


def _signing_keys(key: SiteKey, successor: SiteKey | None) -> list[SigningKey]:
    return [item.signing_key for item in (key, successor) if item is not None]


def _marker(site: SiteDirectory) -> Path:
    return site.path / ".entering"


def _remove_marker(site: SiteDirectory) -> None:
    try:
        _marker(site).unlink(missing_ok=True)
        sync_directory(site.path)
    except OSError as error:
        raise _unwritable(site.path, error) from error


def _write(file: Path, line: bytes) -> None:
    try:
        write_whole(file, line + b"\n", FILE_MODE)
    except OSError as error:
        raise _unwritable(file, error) from error


def _unwritable(path: Path, error: OSError) -> EvidenceUnwritable:
    return EvidenceUnwritable(
        f"{path} cannot be written",
        value=error.strerror,
        remedy="Free the disk or mend its permissions, then run the same command again.",
    )
