# SPDX-License-Identifier: GPL-3.0-or-later
"""Make what was written survive a power cut."""

import os
from pathlib import Path


def sync_directory(path: Path) -> None:
    """Make the names in *path* durable: fsync of a file does not do that."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(file: Path, data: bytes, mode: int) -> None:
    """Put *data* in place of *file*, whole or not at all; durable on return. Raises OSError.

    What a crash leaves is a draft named like the file, a dot before and the process behind.
    """
    draft = draft_of(file)
    draft.unlink(missing_ok=True)
    try:
        write_draft(draft, data, mode)
        draft.replace(file)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    sync_directory(file.parent)


def draft_of(file: Path) -> Path:
    """Return the name under which this process writes *file* before it has its own."""
    return file.with_name(f".{file.name}.{os.getpid()}")


def write_draft(draft: Path, data: bytes, mode: int) -> None:
    """Write a new file of this *mode* and sync it; raises OSError, also if it is there."""
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with open(descriptor, "wb") as stream:  # noqa: PTH123 - the mode is there from birth
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
