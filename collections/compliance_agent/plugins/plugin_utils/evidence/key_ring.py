# SPDX-License-Identifier: GPL-3.0-or-later
"""Which keys a site has had, what was said about them, and which must not sign any more.

For display, and to refuse early. Whom to trust is decided by ``verify.py`` alone, from keys that
come from elsewhere: whoever can write the directory can put a public half into it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from ..errors import ComplianceError
from ..instants import to_text
from . import verify
from .key_statements import (
    KeyRevocation,
    KeyRotation,
    KeyStatement,
    KeyStatementInvalid,
    parse_key_statement,
)
from .keys import SiteKey
from .ledger.log import SiteLog
from .site import EvidenceDamaged, SiteDirectory
from .statements import LedgerKind

_FINISH = (
    "If a change of keys was cut off, run that `flask --app webui keys` command again; "
    "in AWX, paste the new key into the credential."
)
_ABOUT_KEYS = {LedgerKind.KEY_ROTATION.value, LedgerKind.KEY_REVOCATION.value}


class SigningKeyRevoked(ComplianceError):
    """The site has said that this key must not be trusted: what it signs now is worthless."""

    code = "signing_key_revoked"


class SigningKeyReplaced(ComplianceError):
    """The site has said that another key follows this one."""

    code = "signing_key_replaced"


@dataclass(frozen=True, slots=True)
class SignedRun:
    """A run as far as the ring needs it: its leaves are *first* to *last* of the log."""

    run_id: str
    key_id: str
    sealed_at: datetime
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class LoggedStatement:
    """A statement about a key; *index* is None until it is in the log."""

    index: int | None
    statement: KeyStatement


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The public lines by key_id, the statements in the order of the log, and the runs likewise."""

    public_lines: Mapping[str, str]
    statements: tuple[LoggedStatement, ...]
    runs: tuple[SignedRun, ...]

    def rotated_to(self, key_id: str) -> str | None:
        """Return the key that follows *key_id*, None if none does."""
        return next((item.new_key_id for item in self._rotations() if item.key_id == key_id), None)

    def rotated_from(self, key_id: str) -> str | None:
        """Return the key that *key_id* follows, None if it follows none."""
        return next((item.key_id for item in self._rotations() if item.new_key_id == key_id), None)

    def revocation(self, key_id: str) -> KeyRevocation | None:
        """Return the revocation of *key_id* with the earliest compromise, None if there is none."""
        return _earliest((item.statement for item in self.statements), key_id)

    def leaves(self, key_id: str) -> tuple[int, int] | None:
        """Return the first and the last index that *key_id* signed, None if it signed nothing."""
        runs = [(run.first, run.last) for run in self.runs if run.key_id == key_id]
        said = [
            (item.index, item.index)
            for item in self.statements
            if item.index is not None and item.statement.key_id == key_id
        ]
        places = runs + said
        return (min(places)[0], max(place[1] for place in places)) if places else None

    def runs_after(self, key_id: str, since: datetime) -> list[SignedRun]:
        """Return the runs that *key_id* signed once a time in the log had reached *since*."""
        reached, found = False, []
        for run in self.runs:
            reached = reached or run.sealed_at >= since
            if reached and run.key_id == key_id:
                found.append(run)
        return found

    def heir_after(self, key_id: str, since: datetime) -> str | None:
        """Return the key that *key_id* named as the next one at *since* or later, None if none."""
        heirs = (item for item in self._rotations() if item.key_id == key_id)
        return next((item.new_key_id for item in heirs if item.issued_at >= since), None)

    def _rotations(self) -> Iterator[KeyRotation]:
        for item in self.statements:
            if isinstance(item.statement, KeyRotation):
                yield item.statement


def read_key_ring(site: SiteDirectory) -> KeyRing:
    """Return what the ring of *site* holds; raises EvidenceDamaged and LogDamaged.

    Reads every coverage statement, but of the log only what no run entered: the statements about
    keys. The head is taken from any key of the ring, which is enough to look at it.
    """
    statements = read_key_statements(site)
    lines = read_public_lines(site, statements)
    runs = tuple(sorted(_read_runs(site), key=lambda run: run.first))
    log = SiteLog(site.log, site.log_origin)
    head = log.head(verify.parse_keys("\n".join(lines.values()))) if lines else None
    places = _places(log, runs, head.head.size if head else 0)
    logged = [LoggedStatement(places.get(item.statement_id), item) for item in statements]
    logged.sort(key=lambda item: (item.index is None, item.index or 0))
    return KeyRing(lines, tuple(logged), runs)


def read_key_statements(site: SiteDirectory) -> list[KeyStatement]:
    """Return the statements about keys that lie beside the evidence, by the time in their names.

    Raises EvidenceDamaged for one that cannot be read: it may be a revocation.
    """
    statements = []
    for file in sorted(site.keys.glob("*.json")):
        try:
            statement = parse_key_statement(file.read_bytes().removesuffix(b"\n"))
        except (OSError, KeyStatementInvalid) as error:
            raise _damaged(file, error) from error
        if (statement.site_id, statement.statement_id) != (site.site_id, file.stem):
            raise _damaged(file, f"it is {statement.statement_id} of {statement.site_id}")
        statements.append(statement)
    return statements


def read_public_lines(site: SiteDirectory, statements: Iterable[KeyStatement]) -> dict[str, str]:
    """Return the public lines beside the evidence and in *statements*, by key_id.

    Raises EvidenceDamaged.
    """
    lines: dict[str, str] = {}
    for statement in statements:
        if isinstance(statement, KeyRotation):
            lines |= {line[-16:]: line for line in (statement.old_key, statement.new_key)}
    for file in sorted(site.keys.glob("*.pub")):
        try:
            text = file.read_text(encoding="ascii").strip()
            (key_id,) = verify.parse_keys(text)
        except (OSError, ValueError) as error:
            raise _damaged(file, error) from error
        if key_id != file.stem:
            raise _damaged(file, f"it is the key {key_id}")
        lines[key_id] = text
    return lines


def refuse_revoked(site: SiteDirectory, key: SiteKey) -> None:
    """Return if *key* may sign for *site*; raises SigningKeyRevoked and SigningKeyReplaced.

    Reads the statements about keys, a handful of small files, and believes each one: a wrong
    refusal costs a run, a wrong signature costs the evidence. Raises EvidenceDamaged.
    """
    statements = read_key_statements(site)
    if revocation := _earliest(statements, key.key_id):
        raise SigningKeyRevoked(
            f"the signing key {key.key_id} is revoked for what was signed since "
            f"{to_text(revocation.compromised_at)}",
            value=revocation.reason_code.value,
            remedy=f"Use the key that follows it. {_FINISH}",
        )
    for statement in statements:
        if isinstance(statement, KeyRotation) and statement.key_id == key.key_id:
            raise SigningKeyReplaced(
                f"the signing key {key.key_id} was replaced at {to_text(statement.issued_at)}",
                value=statement.new_key_id,
                remedy=f"Use the key {statement.new_key_id}. {_FINISH}",
            )


def _earliest(statements: Iterable[KeyStatement], key_id: str) -> KeyRevocation | None:
    found = [
        item
        for item in statements
        if isinstance(item, KeyRevocation) and item.revoked_key_id == key_id
    ]
    return min(found, key=lambda item: item.compromised_at, default=None)


def _read_runs(site: SiteDirectory) -> Iterator[SignedRun]:
    for file in site.coverage.glob("*/*.json"):
        try:
            document = json.loads(file.read_bytes())
            first = document["log"]["first_index"]
            yield SignedRun(
                run_id=document["run_id"],
                key_id=document["key_id"],
                sealed_at=datetime.fromisoformat(document["sealed_at"]),
                first=first,
                last=first + document["bundles"]["count"],
            )
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise _damaged(file, error) from error


def _places(log: SiteLog, runs: Iterable[SignedRun], size: int) -> dict[str, int]:
    """Return the index of each statement about a key: they are what lies between the runs."""
    places: dict[str, int] = {}
    ends = [(-1, -1), *((run.first, run.last) for run in runs), (size, size)]
    for before, after in pairwise(ends):
        start, stop = before[1] + 1, min(after[0], size)
        for index, entry in enumerate(log.entries(start, stop) if start < stop else (), start):
            leaf = json.loads(entry)
            if leaf["kind"] in _ABOUT_KEYS:
                places[leaf["id"]] = index
    return places


def _damaged(file: Path, problem: object) -> EvidenceDamaged:
    return EvidenceDamaged(
        f"{file} cannot be read",
        value=str(problem),
        remedy="Run verify.py; restore the file from your backup.",
    )
