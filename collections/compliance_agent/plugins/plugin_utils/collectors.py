# SPDX-License-Identifier: GPL-3.0-or-later
"""Which collectors a run sent to its hosts: one digest of their sources, for the evidence."""

from functools import lru_cache
from hashlib import sha256
from pathlib import Path

# What a check module is made of: its entry points, and what it asks Ansible to send along.
SOURCES = ("modules/check_*.ps1", "module_utils/_*.psm1", "module_utils/_*.cs")


@lru_cache(maxsize=1)
def collectors_digest() -> str:
    """Return one SHA-256 (hexadecimal) of all collectors of this collection, names included.

    Read once a process; the callback asks before Ansible forks, so that workers know it.
    """
    plugins = Path(__file__).resolve().parents[1]
    digest = sha256()
    for file in sorted(path for pattern in SOURCES for path in plugins.glob(pattern)):
        content = sha256(file.read_bytes()).hexdigest()
        digest.update(f"{content}  {file.relative_to(plugins).as_posix()}\n".encode())
    return digest.hexdigest()
