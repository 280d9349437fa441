# SPDX-License-Identifier: GPL-3.0-or-later
"""Load the modules of this package as Python loads all others: compiled once, kept on the disk.

Ansible's loader of collections compiles every module anew in each process. That takes a tenth of a
second of CPU, and of the memory that the compiler takes some megabytes never serve again.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import FileFinder, ModuleSpec, SourceFileLoader
from types import ModuleType

PACKAGE = __name__.rpartition(".")[0]


class BytecodeFinder:
    """Finds what lies below this package, and nothing else.

    It looks in the directory of the parent, which Ansible has found: of several copies of the
    collection it takes the one that is in use.
    """

    @staticmethod
    def find_spec(
        name: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,  # noqa: ARG004 - of the protocol
    ) -> ModuleSpec | None:
        """Return where *name* is loaded from, or None to let the next finder look for it."""
        if not path or not name.startswith(f"{PACKAGE}."):
            return None
        return FileFinder(path[0], (SourceFileLoader, [".py"])).find_spec(name)


@contextmanager
def loading_bytecode() -> Iterator[None]:
    """Load within the block what this package has by its bytecode, where that can be kept."""
    # Before Ansible's own finder, which claims everything in collections.
    sys.meta_path.insert(0, BytecodeFinder)
    try:
        yield
    finally:
        # `ansible-test sanity` refuses a plugin that leaves another finder behind.
        sys.meta_path.remove(BytecodeFinder)
