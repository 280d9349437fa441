# SPDX-License-Identifier: GPL-3.0-or-later
"""Write one small file so that it is there whole or not at all, whatever fails in between."""

import os
from pathlib import Path

from .site import sync_directory


def write_whole(file: Path, data: bytes, mode: int) -> None:
    """Put *data* in place of *file* and return when it is durable; raises OSError.

    What a crash leaves is a file named like this one, with a dot before and the process behind it.
    """
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        with open(descriptor, "wb") as stream:  # noqa: PTH123 - the mode is there from birth
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(file)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    sync_directory(file.parent)
