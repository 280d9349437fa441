# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn the journal of a run into signed evidence, and drop it only when that verifies from disk.

Under the lock of the site:
1. Finish what a crash left of an earlier run.
2. Number one bundle for each host and check that is due; scrub, validate, sign, write it.
3. Sign the statement of what was covered; fsync both files.
4. Read both back with the verifier that auditors use.
5. Make them evidence by one rename; enter them in the log; sign a checkpoint; remove the journal.
A failure before the rename leaves the journal; one after it is finished by the next run.
Both raise.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from ..errors import ComplianceError
from . import verify
from .coverage import CoverageStatement
from .drafts import Draft, RunFiles, finish_draft, finish_drafts
from .heard import read_heard
from .key_ring import refuse_revoked
from .keys import SiteKey, publish_key
from .repairs import AttemptRecord
from .run_evidence import RunEvidence
from .sealer import Sealer
from .site import SiteDirectory
from .standing import read_standing
from .statements import finish_statements

FILE_MODE = 0o640


class SealFailed(ComplianceError):
    """The evidence of this run could not be signed, written or read back; its journal is kept."""

    code = "seal_failed"


@dataclass(frozen=True, slots=True)
class SealedRun:
    """A run whose evidence is on disk and verified.

    *outline* has host, check and status of each bundle, *healed* what the healer did and the id of
    the bundle that proves it.
    """

    file: Path
    key_id: str
    statement: CoverageStatement
    outline: tuple[tuple[str, str, str], ...]
    healed: tuple[tuple[AttemptRecord, str], ...] = ()


def settle(site: SiteDirectory, key: SiteKey) -> list[str]:
    """Finish what a crash left of runs and of changes of keys; return the ids of the runs.

    The caller holds the lock. Raises SigningKeyRevoked and SigningKeyReplaced: *key* may have been
    the site's when the run began.
    """
    refuse_revoked(site, key)
    finish_statements(site, key)
    return finish_drafts(site, key)


@contextmanager
def sealing(site: SiteDirectory, purpose: str) -> Iterator[None]:
    """Hold the lock of *site*; what the disk or a document refuses becomes SealFailed."""
    try:
        with site.locked(purpose):
            yield
    except (OSError, ValueError, KeyError) as error:
        raise SealFailed(
            f"evidence could not be written to {site.path}, while {purpose}",
            value=str(error),
            remedy="Mend that, then run the playbook again; the journal keeps what was heard.",
        ) from error


def seal(journal: Path, sealer: Sealer) -> SealedRun:
    """Seal the run that *journal* recorded. The caller is within `sealing`, which names errors."""
    site, key = sealer.site, sealer.key
    settle(site, key)
    heard = read_heard(journal, sealer.carrier(journal))
    run_id = heard.run["run_id"]
    if any(site.bundles.glob(f"*/{run_id}.jsonl")):
        raise FileExistsError(f"run {run_id} is sealed already")
    # The time is taken under the lock: whoever numbers later is later. It is the one that is
    # written: the day of a run and what its clock was set back are reckoned from the same text.
    now = sealer.clock().astimezone(UTC).replace(microsecond=0)
    hosts = [*heard.inventory(), *(host for host, _check in heard.due())]
    scrubber = sealer.scrubber(hosts, now.date())
    making = RunEvidence(sealer, scrubber, heard, read_standing(site, key), now)
    draft = Draft(site, run_id)
    try:
        drafted = draft.begin(making.day)
        _write(drafted.bundles, making.lines())
        _write(drafted.statement, [making.statement_line()])
        _read_back(drafted, key)
        draft.commit()
    finally:
        draft.discard()
    publish_key(key, site)
    files = finish_draft(draft, key, making.entries)
    _ship_verifier(site)
    return SealedRun(
        files.bundles, key.key_id, making.statement(), tuple(making.outline), tuple(making.healed)
    )


def _write(file: Path, lines: Iterator[bytes] | Sequence[bytes]) -> None:
    with file.open("wb") as stream:
        stream.writelines(lines)
        stream.flush()
        os.fsync(stream.fileno())
    file.chmod(FILE_MODE)


def _read_back(drafted: RunFiles, key: SiteKey) -> None:
    problems = verify.verify_draft(drafted.bundles, drafted.statement, key.trusted)
    if problems:
        raise ValueError(f"what was written does not verify: {problems[0]}")


def _ship_verifier(site: SiteDirectory) -> None:
    current = Path(verify.__file__).read_bytes()
    shipped = site.path / "verify.py"
    if not shipped.exists() or shipped.read_bytes() != current:
        shipped.write_bytes(current)
