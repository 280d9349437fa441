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
