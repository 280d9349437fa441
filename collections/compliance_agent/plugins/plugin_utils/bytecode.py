# SPDX-License-Identifier: GPL-3.0-or-later
"""Let Python keep the compiled form of our modules; Ansible's importer compiles them in every run.

That costs a run a third of a second and four megabytes, and every worker carries these megabytes.
Our modules need nothing of that importer: no redirects, no routing. Where no compiled form can be
kept, as in a directory that cannot be written, Python compiles too, and nothing else changes.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import FileFinder, ModuleSpec, SourceFileLoader
from types import ModuleType

PREFIX = __name__.rpartition(".")[0] + "."


class CachingFinder(MetaPathFinder):
    """Finds the files below ``plugin_utils``; folders and all else are left to other finders."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,  # noqa: ARG002 - of the protocol
    ) -> ModuleSpec | None:
        """Return where the module *fullname* is, None if it is none of ours."""
        if not fullname.startswith(PREFIX):
            return None
        for folder in path or ():
            spec = FileFinder(str(folder), (SourceFileLoader, [".py"])).find_spec(fullname)
            if spec is not None and spec.loader is not None:
                return spec
        return None


def keep_bytecode() -> None:
    """Find our modules first from here on, once a process."""
    if not any(isinstance(finder, CachingFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, CachingFinder())
