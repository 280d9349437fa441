# SPDX-License-Identifier: GPL-3.0-or-later
"""One archive for an auditor: the runs of some days, a proof for each leaf, and the verifier.

Nothing is exported that does not verify, and the archive is verified again as the auditor will do
it. The same evidence and checkpoint give the same bytes: members are sorted, their dates are fixed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from ..errors import ComplianceError
from . import verify
from .drafts import RunFiles, open_log, read_entries
from .export_readme import render_readme
from .ledger.log import SiteLog
from .site import SiteDirectory

EXPORT_VERSION = 1
# ZIP knows no earlier date. Real ones would differ between two exports of the same evidence.
MEMBER_DATE = (1980, 1, 1, 0, 0, 0)
MEMBER_MODE = 0o100644
COMPRESSION_LEVEL = 9


class ExportRefused(ComplianceError):
    """The evidence does not verify, or there is nothing to export, or a file is in the way."""

    code = "export_refused"


@dataclass(frozen=True, slots=True)
class Period:
    """Days in UTC, both included."""

    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"

    def has(self, day: str) -> bool:
        """Return whether *day* (``YYYY-MM-DD``) is one of them."""
        return self.first <= date.fromisoformat(day) <= self.last


@dataclass(frozen=True, slots=True)
class Export:
    """An archive that verified."""

    file: Path
    sha256: str
    runs: int
    bundles: int


def export_evidence(
    site: SiteDirectory, keys: Mapping[str, bytes], period: Period, target: Path
) -> Export:
    """Write the runs that were sealed in *period* to *target*; *keys* are those to trust.

    Raises ExportRefused; a file that is there is never overwritten, and none stays that failed.
    """
    if target.exists():
        remedy = "Move it away, or choose another name."
        raise ExportRefused("the archive exists already", value=str(target), remedy=remedy)
    _refuse_unverified(site.path, keys)
    runs = [
        RunFiles(site.bundle_file(file.parent.name, file.stem), file)
        for file in sorted(site.coverage.glob("*/*.json"))
        if period.has(file.parent.name)
    ]
    if not runs:
        remedy = "Choose days (UTC) on which the site was checked."
        raise ExportRefused("no run was sealed on these days", value=str(period), remedy=remedy)
    try:
        _write(target, _members(site, keys, period, runs))
        with TemporaryDirectory(prefix="export-") as folder:
            with ZipFile(target) as archive:
                archive.extractall(folder)
            bundles = _refuse_unverified(Path(folder), keys)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return Export(target, sha256(target.read_bytes()).hexdigest(), len(runs), bundles)


def _refuse_unverified(folder: Path, keys: Mapping[str, bytes]) -> int:
    """Return how many bundles there are if all that is in *folder* verifies."""
    verifier = verify.Verifier(dict(keys))
    verifier.read_site(folder)
    if verifier.problems:
        raise ExportRefused(
            f"{len(verifier.problems)} problems: what does not verify is not exported",
            value=str(verifier.problems[0]),
            remedy="Run verify.py, and mend or restore what it names.",
        )
    return verifier.bundles


def _members(
    site: SiteDirectory, keys: Mapping[str, bytes], period: Period, runs: Sequence[RunFiles]
) -> Iterator[tuple[str, bytes]]:
    log = open_log(site)
    checkpoint = log.head(keys)
    if checkpoint is None:
        raise ExportRefused("the site has no log", remedy="Check the site with this release once.")
    places = {entry: index for index, entry in enumerate(log.entries(0, checkpoint.head.size))}
    for run in runs:
        for file in (run.bundles, run.statement):
            yield str(file.relative_to(site.path)), file.read_bytes()
        for entry in read_entries(run):
            yield _proof(log, entry, places[entry])
    names = {json.loads(entry)["id"]: entry for entry in places}
    # Not what a crash left there: a draft begins with a dot and ends otherwise.
    for file in sorted([*site.keys.glob("*.pub"), *site.keys.glob("*.json")]):
        yield f"keys/{file.name}", file.read_bytes()
        if file.suffix == ".json":
            yield _proof(log, names[file.stem], places[names[file.stem]])
    yield "checkpoint", checkpoint.note
    yield "verify.py", Path(verify.__file__).read_bytes()
    run_ids = [run.statement.stem for run in runs]
    yield "README.txt", render_readme(site.site_id, str(period), run_ids).encode()
    yield "export.json", _description(site, period, checkpoint.head.size, run_ids)


def _proof(log: SiteLog, entry: bytes, index: int) -> tuple[str, bytes]:
    return f"proofs/{json.loads(entry)['id']}.tlog-proof", log.tlog_proof(index)


def _description(
    site: SiteDirectory, period: Period, tree_size: int, run_ids: Sequence[str]
) -> bytes:
    description = {
        "kind": "export",
        "schema_version": EXPORT_VERSION,
        "site_id": site.site_id,
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "tree_size": tree_size,
        "runs": list(run_ids),
    }
    return json.dumps(description, indent=1, sort_keys=True).encode() + b"\n"


def _write(target: Path, members: Iterator[tuple[str, bytes]]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as stream, ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for name, data in sorted(members):
            member = ZipInfo(name, MEMBER_DATE)
            member.external_attr = MEMBER_MODE << 16
            member.create_system = 3  # Unix, wherever it is written
            member.compress_type = ZIP_DEFLATED
            archive.writestr(member, data, compresslevel=COMPRESSION_LEVEL)
