# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn the journal of a run into signed bundles, and drop it only when they verify from disk.

1. Number one bundle for each host and check that is due, under the lock of the site.
2. Sign each and write them to a draft; fsync.
3. Read the draft back with the verifier that auditors use.
4. Rename the draft into its place; fsync the directories.
5. Remove the journal.
A failure at any step leaves the journal and raises SealFailed.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..clock import Clock
from ..errors import ComplianceError
from ..models import ComplianceCheck, EvidenceBundle
from . import verify
from .bundles import Frame, bundle_id, observed_bundle, unobserved_bundle
from .heard import Heard, Pair, read_heard
from .keys import SiteKey, publish_key
from .signing import signed_line
from .site import DIRECTORY_MODE, SiteDirectory, sync_directory

FILE_MODE = 0o640


class SealFailed(ComplianceError):
    """The evidence of this run could not be signed, written or read back; its journal is kept."""

    code = "seal_failed"


@dataclass(frozen=True, slots=True)
class SealedRun:
    """A run whose bundles are on disk and verified.

    *outline* has the bundles with nothing but their status in ``pre_state``: whole ones of a large
    fleet would not fit in memory, and a table needs no more.
    """

    file: Path
    key_id: str
    outline: tuple[EvidenceBundle, ...]


def seal(journal: Path, site: SiteDirectory, key: SiteKey, clock: Clock) -> SealedRun:
    """Seal the run that *journal* recorded; raises SealFailed and EvidenceDamaged."""
    try:
        heard = read_heard(journal)
        with site.locked():
            sealed = _seal_locked(heard, site, key, clock)
            publish_key(key, site)
            _ship_verifier(site)
        journal.unlink()
    except (OSError, ValueError, KeyError) as error:
        raise SealFailed(
            f"the evidence of this run could not be written to {site.path}",
            value=str(error),
            remedy=f"Mend that, then run the playbook again; {journal} keeps what was heard.",
        ) from error
    return sealed


def _seal_locked(heard: Heard, site: SiteDirectory, key: SiteKey, clock: Clock) -> SealedRun:
    run_id = heard.run["run_id"]
    # Taken under the lock: whoever numbers later is later.
    sealer = _Sealer(heard, site, key, clock)
    target = site.bundle_file(sealer.day, run_id)
    draft = site.path / ".sealing" / sealer.day / target.name
    for directory in (draft.parent, target.parent):
        directory.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
    if any(site.bundles.glob(f"*/{target.name}")):
        raise FileExistsError(f"run {run_id} is sealed already")
    try:
        _write(draft, sealer.lines())
        _verify_draft(draft, len(sealer.outline), key)
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
    sync_directory(target.parent)
    sync_directory(site.bundles)
    return SealedRun(target, key.key_id, tuple(sealer.outline))


class _Sealer:
    """The bundles of one run, in the making."""

    def __init__(self, heard: Heard, site: SiteDirectory, key: SiteKey, clock: Clock) -> None:
        self._heard = heard
        self._site = site
        self._key = key
        self._now = clock()
        self.day = self._now.strftime("%Y-%m-%d")
        self.outline: list[EvidenceBundle] = []

    def lines(self) -> Iterator[bytes]:
        due = self._heard.due()
        numbers = count(self._site.next_sequence(self.day))
        provenance = {
            **self._heard.run["provenance"],
            "run_id": self._heard.run["run_id"],
            "run_bundles": len(due),
            "key_id": self._key.key_id,
        }
        for pair, number in zip(due, numbers, strict=False):
            frame = Frame(
                bundle_id=bundle_id(self.day, number),
                site_id=self._site.site_id,
                host_id=pair[0],
                sealed_at=self._now,
                provenance=provenance,
            )
            bundle = self._bundle(frame, pair)
            brief = {"status": bundle.pre_state["status"]}
            self.outline.append(bundle.model_copy(update={"pre_state": brief}))
            document = bundle.to_dict()
            # What is signed is the bundle without its signature field, not with an empty one.
            del document["signature"]
            yield signed_line(document, self._key.signing_key) + b"\n"

    def _bundle(self, frame: Frame, pair: Pair) -> EvidenceBundle:
        for document, result in self._heard.verdicts(pair):
            try:
                check = ComplianceCheck.from_dict(document)
                return observed_bundle(_with_collector(frame, result), check, result["facts"])
            except ValidationError:
                continue  # an older answer may be whole; if none is, the reason below says so
        controls = self._heard.controls.get(pair[1], ())
        return unobserved_bundle(frame, pair[1], self._heard.reason(pair), controls)


def _with_collector(frame: Frame, result: dict[str, Any]) -> Frame:
    provenance = {**frame.provenance, "collector_sha256": result["collector_sha256"]}
    return replace(frame, provenance=provenance)


def _write(draft: Path, lines: Iterator[bytes]) -> None:
    with draft.open("wb") as stream:
        stream.writelines(lines)
        stream.flush()
        os.fsync(stream.fileno())
    draft.chmod(FILE_MODE)


def _verify_draft(draft: Path, written: int, key: SiteKey) -> None:
    verifier = verify.Verifier(key.trusted)
    verifier.read_file(draft)
    if verifier.problems or verifier.bundles != written:
        seen = verifier.problems[0] if verifier.problems else f"{verifier.bundles} of {written}"
        raise ValueError(f"what was written does not verify: {seen}")


def _ship_verifier(site: SiteDirectory) -> None:
    current = Path(verify.__file__).read_bytes()
    shipped = site.path / "verify.py"
    if not shipped.exists() or shipped.read_bytes() != current:
        shipped.write_bytes(current)
