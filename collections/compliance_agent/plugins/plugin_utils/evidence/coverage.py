# SPDX-License-Identifier: GPL-3.0-or-later
"""The coverage statement of a run: what it was to cover, what came of it, where it stands. Pure.

A list of bundles proves what was done; only a statement of what was expected shows what was not.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any, Literal, Self

from pydantic import Field, JsonValue, model_validator

from ..models import CheckId, ContractModel, HostName, Instant
from .bundles import Reason
from .canonical import canonical_json

STATEMENT_VERSION = 1
KIND = "coverage"

Count = Annotated[int, Field(ge=0)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
RootText = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{43}=$")]


class RunStatus(StrEnum):
    """Whether the run came to its end, or was killed and sealed later from its journal."""

    COMPLETE = "complete"
    INTERRUPTED = "interrupted"


class Scope(ContractModel):
    """The hosts of the inventory that the play names, and those of them that the run was for."""

    inventory_hosts: Count
    inventory_sha256: Digest
    hosts: Count
    hosts_sha256: Digest
    checks: tuple[CheckId, ...]


class Pair(ContractModel):
    host_id: HostName
    check: CheckId


class NotScheduled(ContractModel):
    """What of the inventory and of the six checks this run was not for.

    *pairs* are those of the remaining hosts and checks: one run may hold plays of different scope.
    """

    hosts: tuple[HostName, ...]
    checks: tuple[CheckId, ...]
    pairs: tuple[Pair, ...]

    def count(self, scope: Scope) -> int:
        """Return how many pairs of host and check that makes."""
        in_other_hosts = len(self.hosts) * len(CheckId)
        return in_other_hosts + scope.hosts * len(self.checks) + len(self.pairs)


class MissingPair(Pair):
    """A host and check that was scheduled and has no verdict."""

    reason_code: Reason
    error_code: str | None


class BundleRange(ContractModel):
    count: Count
    first: str | None
    last: str | None


class LogPlace(ContractModel):
    """The size and root of the log before the run, which is where its first leaf stands."""

    first_index: Count
    root_before: RootText


class JournalState(ContractModel):
    """The journal that the run was sealed from; see ``journal.Reading``."""

    lines: Count
    sha256: Digest
    lost_bytes: Count
    damaged_at_line: Annotated[int, Field(ge=1)] | None


class ScrubbingSum(ContractModel):
    ruleset_version: str
    ruleset_sha256: Digest
    counts: dict[str, Count]
    flagged: tuple[str, ...]


class CoverageStatement(ContractModel):
    """The statement of one run; its numbers add up or it does not exist."""

    schema_version: Literal[1]
    kind: Literal["coverage"]
    statement_id: Annotated[str, Field(pattern=r"^CS-.+$")]
    site_id: str
    run_id: str
    status: RunStatus
    started_at: Instant
    sealed_at: Instant
    clock_set_back_seconds: Count
    scope: Scope
    expected: Count
    obtained: Count
    not_scheduled: NotScheduled
    missing: tuple[MissingPair, ...]
    bundles: BundleRange
    log: LogPlace
    journal: JournalState
    scrubbing: ScrubbingSum
    provenance: dict[str, JsonValue]
    key_id: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    signature: str | None = None

    @model_validator(mode="after")
    def _must_add_up(self) -> Self:
        scope, unscheduled = self.scope, self.not_scheduled
        if self.expected != scope.inventory_hosts * len(CheckId):
            raise ValueError(f"{self.expected} are expected of {scope.inventory_hosts} hosts")
        if scope.inventory_hosts != scope.hosts + len(unscheduled.hosts):
            raise ValueError("hosts that are neither scheduled nor not scheduled")
        if self.expected != self.obtained + len(self.missing) + unscheduled.count(scope):
            raise ValueError("expected is not obtained, missing and not scheduled together")
        if self.bundles.count != self.obtained + len(self.missing):
            raise ValueError("a scheduled pair has no bundle")
        return self


def names_digest(names: Iterable[str]) -> str:
    """Return the SHA-256 of the canonical form of the sorted *names*, in hexadecimal."""
    return sha256(canonical_json(sorted(names))).hexdigest()


def describe_scope(inventory: Sequence[str], due: Sequence[tuple[str, CheckId]]) -> dict[str, Any]:
    """Return the parts of a statement that follow from its scope alone.

    *inventory* names every host that the play is for without a limit, *due* the pairs of host and
    check that the run was for.
    """
    pairs, hosts = set(due), {host for host, _check in due}
    checks = [check for check in CheckId if any(pair[1] is check for pair in pairs)]
    names = hosts.union(inventory)
    return {
        "scope": {
            "inventory_hosts": len(names),
            "inventory_sha256": names_digest(names),
            "hosts": len(hosts),
            "hosts_sha256": names_digest(hosts),
            "checks": [check.value for check in checks],
        },
        "expected": len(names) * len(CheckId),
        "not_scheduled": {
            "hosts": sorted(names - hosts),
            "checks": [check.value for check in CheckId if check not in checks],
            "pairs": [
                {"host_id": host, "check": check.value}
                for host in sorted(hosts)
                for check in checks
                if (host, check) not in pairs
            ],
        },
    }


def seconds_set_back(now: datetime, before: datetime | None) -> int:
    """Return by how much the clock is behind *before*, the time of the last statement, else 0."""
    return 0 if before is None else max(0, int((before - now).total_seconds()))


def statement_id(run_id: str) -> str:
    """Return how the log names the statement of *run_id*."""
    return f"CS-{run_id}"


def parse_statement(document: Mapping[str, Any]) -> CoverageStatement:
    """Parse a statement; raises pydantic's ValidationError."""
    return CoverageStatement.from_dict(document)
