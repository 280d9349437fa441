# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetch ansible.windows for the comparison: from the package `ansible` on PyPI, never a dependency.

Only ansible_collections/ansible/windows of the wheel is unpacked, once, below .cache.
"""

import subprocess
import sys
from fcntl import LOCK_EX, flock
from pathlib import Path
from zipfile import ZipFile

from ansible.release import __version__ as ansible_core  # type: ignore[import-untyped]  # no types

PREFIX = "ansible_collections/ansible/windows/"
# The package `ansible` 12 holds the collections for ansible-core 2.19, 13 those for 2.20.
MAJOR_OF_MINOR = -7


class CollectionMissingError(Exception):
    """The package index did not give the package."""


def fetch_windows_collection(cache: Path) -> Path:
    """Return a collections path with ansible.windows; raise CollectionMissingError without one."""
    major = int(ansible_core.split(".")[1]) + MAJOR_OF_MINOR
    target = cache / f"ansible-{major}"
    cache.mkdir(parents=True, exist_ok=True)
    # Two workers of one test run may ask for it at the same time.
    with (cache / f"ansible-{major}.lock").open("w") as lock:
        flock(lock, LOCK_EX)
        if not (target / PREFIX / "plugins").is_dir():
            _unpack(_download(major, cache), target)
    return target


def _download(major: int, cache: Path) -> Path:
    folder = cache / f"wheel-{major}"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    process = subprocess.run(
        [*pip, "--dest", str(folder), f"ansible=={major}.*"],
        capture_output=True,
        text=True,
        check=False,
    )
    wheels = sorted(folder.glob("ansible-*.whl"))
    if not wheels:
        raise CollectionMissingError(
            f"pip could not download ansible=={major}.*, which holds ansible.windows: "
            f"{process.stderr.strip()}"
        )
    return wheels[-1]


def _unpack(wheel: Path, target: Path) -> None:
    with ZipFile(wheel) as archive:
        archive.extractall(target, [name for name in archive.namelist() if name.startswith(PREFIX)])
    # The rest of the wheel is some 50 MB that nobody needs.
    wheel.unlink()
