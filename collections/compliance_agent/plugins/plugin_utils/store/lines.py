# SPDX-License-Identifier: GPL-3.0-or-later
"""Read signed lines where they lie, and give none away that is not the one in the log.

The index holds where a line is, and its SHA-256; the text is read from the evidence alone.
"""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from ..errors import ComplianceError
from ..evidence.site import SiteDirectory
from .documents import LinePlace


class EvidenceChanged(ComplianceError):
    """A file of the evidence is not, or no longer, what the verified log holds."""

    code = "evidence_changed"


def stored_line(site: SiteDirectory, place: LinePlace) -> bytes:
    """Return the exact line at *place*, newline included; raises EvidenceChanged."""
    file = site.path / place.file
    try:
        with file.open("rb") as stream:
            stream.seek(place.byte_offset)
            line = stream.read(place.byte_length)
    except OSError as error:
        raise _changed(file, str(error.strerror)) from error
    if not line.endswith(b"\n") or _digest(line) != place.line_sha256:
        raise _changed(file, f"other bytes from {place.byte_offset} on")
    return line


def logged_lines(
    site: SiteDirectory, file: Path, digests: list[str]
) -> Iterator[tuple[bytes, LinePlace]]:
    """Yield each line of *file* and its place; the lines must be those with *digests*, in order.

    Raises EvidenceChanged at the first line that is not, and at the end for one that is missing or
    too many.
    """
    name, offset, number = file.relative_to(site.path).as_posix(), 0, 0
    try:
        with file.open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                if number > len(digests):
                    raise _changed(file, f"more than the {len(digests)} lines of the log")
                if not line.endswith(b"\n") or _digest(line) != digests[number - 1]:
                    raise _changed(file, f"line {number} is not the one in the log")
                yield line, LinePlace(name, offset, len(line), digests[number - 1])
                offset += len(line)
    except OSError as error:
        raise _changed(file, str(error.strerror)) from error
    if number < len(digests):
        raise _changed(file, f"{number} of the {len(digests)} lines of the log")


def _digest(line: bytes) -> str:
    return sha256(line.removesuffix(b"\n")).hexdigest()


def _changed(file: Path, found: str) -> EvidenceChanged:
    return EvidenceChanged(
        f"{file} is not what the log holds",
        value=found,
        remedy="Run verify.py; restore the directory from your backup.",
    )
