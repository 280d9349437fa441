# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the newest of the checkpoints that a log keeps, without looking at all of them."""

from pathlib import Path

from ..verify import ALTERED, ARCHIVE_DIGITS, Rejected

_DIGITS_A_NAME = 3


def newest_archived(log: Path) -> int:
    """Return the size of the newest kept checkpoint, 0 if none is; raises OSError and Rejected.

    The digits of a size are spread over names of three, so at most four folders of at most a
    thousand names are looked at.
    """
    directory = log / "checkpoints"
    digits = _last(directory, ARCHIVE_DIGITS) if directory.exists() else "0"
    if not (digits.isascii() and digits.isdecimal()):
        raise Rejected(ALTERED, f"{directory} has a file that is not named for a size")
    return int(digits)


def _last(directory: Path, digits: int) -> str:
    """Return the largest name of so many digits below *directory*, or "0"."""
    for name in sorted((path.name for path in directory.iterdir()), reverse=True):
        if digits == _DIGITS_A_NAME:
            return name
        # A crash can leave a folder without its file.
        rest = _last(directory / name, digits - _DIGITS_A_NAME)
        if rest != "0":
            return name + rest
    return "0"
