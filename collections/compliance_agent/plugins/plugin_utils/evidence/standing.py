# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the log of a site stands before something is appended, and whether it may be appended to.

Reading the whole log would take longer with each run. What is read here is its head, its right
edge, and the last statement: enough not to build on a directory that lost its end.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from . import coverage
from .drafts import open_log
from .keys import SiteKey
from .ledger.log import SiteLog
from .site import EvidenceDamaged, SiteDirectory

EMPTY_ROOT = sha256(b"").digest()


@dataclass(frozen=True, slots=True)
class Standing:
    """Size and root of the log, and the time of its last statement, None for an empty log."""

    size: int
    root: bytes
    sealed_at: datetime | None


def read_standing(site: SiteDirectory, key: SiteKey) -> Standing:
    """Return where the log of *site* stands; raises LogDamaged and EvidenceDamaged."""
    log = open_log(site)
    checkpoint = log.head(key.trusted)
    if checkpoint is None:
        return Standing(0, EMPTY_ROOT, None)
    head = checkpoint.head
    return Standing(head.size, head.root, _last_time(site, log, head.size))


def _last_time(site: SiteDirectory, log: SiteLog, size: int) -> datetime:
    # Every run and every statement about a key ends with a statement: the last leaf is one.
    entry = json.loads(log.entry(size - 1))
    statement = _read_statement(_statement_file(site, entry), entry)
    if entry["kind"] == coverage.KIND:
        run_id, day = statement["run_id"], statement["sealed_at"][:10]
        if statement["bundles"]["count"] and not site.bundle_file(day, run_id).exists():
            raise _gone(site.bundle_file(day, run_id))
    moment = statement.get("sealed_at") or statement["issued_at"]
    return datetime.fromisoformat(moment)


def _statement_file(site: SiteDirectory, entry: dict[str, Any]) -> Path:
    if entry["kind"] != coverage.KIND:
        return site.keys / f"{entry['id']}.json"
    run_id = entry["id"].removeprefix(coverage.statement_id(""))
    return next(site.coverage.glob(f"*/{run_id}.json"), site.coverage / f"{run_id}.json")


def _read_statement(file: Path, entry: dict[str, Any]) -> dict[str, Any]:
    try:
        line = file.read_bytes()
    except FileNotFoundError:
        raise _gone(file) from None
    digest = sha256(line.removesuffix(b"\n")).hexdigest()
    if digest != entry["sha256"]:
        raise EvidenceDamaged(
            f"{file} is not what was entered in the log",
            value=digest,
            remedy="Run verify.py; restore the file from your backup before you check again.",
        )
    statement: dict[str, Any] = json.loads(line)
    return statement


def _gone(file: Path) -> EvidenceDamaged:
    return EvidenceDamaged(
        "the last thing that this site sealed is gone",
        value=str(file),
        remedy="Run verify.py; restore the directory from your backup before you check again.",
    )
