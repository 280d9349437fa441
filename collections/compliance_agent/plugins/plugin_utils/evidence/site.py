# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence directory of a site: which file lies where, and who may write now.

``bundles/<YYYY-MM-DD>/<run_id>.jsonl`` signed bundles, one a line; ``coverage/<YYYY-MM-DD>/`` a
statement for each of these files; ``log/`` the Merkle log; ``keys/`` public halves, and statements
about keys; ``journal/<run_id>.jsonl`` runs that are not sealed yet; ``verify.py`` the verifier.
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import ComplianceError
from .site_lock import WAIT_SECONDS, hold_lock

DIRECTORY_MODE = 0o750
# Sequence numbers restart with each day in UTC and have no gap: a gap is a bundle that is gone.
FIRST_SEQUENCE = 1

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class NameInvalid(ComplianceError):
    """A site or a run has a name that must not become part of a path."""

    code = "name_invalid"


class EvidenceUnwritable(ComplianceError):
    """The evidence directory cannot be written; nothing should be checked before it can."""

    code = "evidence_unwritable"


class EvidenceDamaged(ComplianceError):
    """Evidence that is there already cannot be read; nothing may be appended to it."""

    code = "evidence_damaged"


@dataclass(frozen=True, slots=True)
class SiteDirectory:
    """The paths of one site; making one touches no file, but refuses an unsafe site_id."""

    root: Path
    site_id: str

    def __post_init__(self) -> None:
        refuse_unsafe_name("site_id", self.site_id)

    @property
    def path(self) -> Path:
        """Return the directory of this site."""
        return self.root / self.site_id

    @property
    def bundles(self) -> Path:
        """Return the directory that has one directory for each day."""
        return self.path / "bundles"

    @property
    def coverage(self) -> Path:
        """Return the directory of the coverage statements, which has one for each day too."""
        return self.path / "coverage"

    @property
    def keys(self) -> Path:
        """Return the directory of the public halves and of the statements about keys."""
        return self.path / "keys"

    @property
    def log(self) -> Path:
        """Return the directory of the Merkle log."""
        return self.path / "log"

    @property
    def log_origin(self) -> str:
        """Return the name that the log signs itself with."""
        return f"hipaa.compliance_agent/{self.site_id}"

    @property
    def journals(self) -> Path:
        """Return the directory of what is not sealed yet."""
        return self.path / "journal"

    def journal(self, run_id: str) -> Path:
        """Return the file of a run that is not sealed yet; raises NameInvalid."""
        return self.journals / f"{refuse_unsafe_name('run_id', run_id)}.jsonl"

    def bundle_file(self, day: str, run_id: str) -> Path:
        """Return the file of a sealed run; raises NameInvalid."""
        return self.bundles / day / f"{refuse_unsafe_name('run_id', run_id)}.jsonl"

    def coverage_file(self, day: str, run_id: str) -> Path:
        """Return the statement of a sealed run; raises NameInvalid."""
        return self.coverage / day / f"{refuse_unsafe_name('run_id', run_id)}.json"

    def has_evidence(self) -> bool:
        """Return whether this site ever signed anything or published a key."""
        return any(self.bundles.glob("*/*.jsonl")) or any(self.keys.glob("*.pub"))

    def prepare(self) -> None:
        """Make the directories and write to them once; raises EvidenceUnwritable."""
        try:
            for directory in (self.bundles, self.coverage, self.keys, self.log, self.journals):
                directory.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
                probe = directory / f".probe-{os.getpid()}"
                probe.write_bytes(b"writable\n")
                probe.unlink()
        except OSError as error:
            raise EvidenceUnwritable(
                f"the evidence directory {self.path} cannot be written",
                value=error.strerror,
                remedy="Free the disk or mend its permissions, or set HIPAA_EVIDENCE_DIR.",
            ) from error

    @contextmanager
    def locked(self, purpose: str, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
        """Be the only one who seals, numbers or makes keys for this site; raises SiteLocked."""
        self.path.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        with hold_lock(self.path / "lock", purpose, wait_seconds=wait_seconds):
            yield

    def next_sequence(self, day: str) -> int:
        """Return the first free number of *day* (``YYYY-MM-DD``); the caller holds the lock."""
        used = [_last_sequence(file, day) for file in (self.bundles / day).glob("*.jsonl")]
        return max(used, default=FIRST_SEQUENCE - 1) + 1


def refuse_unsafe_name(field: str, name: str) -> str:
    """Return *name* if it is safe in a path, else raise NameInvalid."""
    if not _NAME.fullmatch(name):
        remedy = "Use 1 to 63 letters, digits, dots, dashes and underscores; start with a letter."
        raise NameInvalid(f"{field} is no safe name", value=name, remedy=remedy)
    return name


def _last_sequence(file: Path, day: str) -> int:
    try:
        bundle_id = json.loads(_last_line(file))["bundle_id"]
        return int(bundle_id.removeprefix(f"EB-{day.replace('-', '')}-"))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise EvidenceDamaged(
            f"the last bundle of {file} cannot be read",
            value=str(error),
            remedy="Run verify.py; restore the file from your backup before you check again.",
        ) from error


def _last_line(file: Path) -> bytes:
    with file.open("rb") as stream:
        end = stream.seek(0, os.SEEK_END)
        block = b""
        while end > 0 and b"\n" not in block[:-1]:
            start = max(0, end - 65_536)
            stream.seek(start)
            block = stream.read(end - start) + block
            end = start
    return block.rstrip(b"\n").rpartition(b"\n")[2]
