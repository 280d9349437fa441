# SPDX-License-Identifier: GPL-3.0-or-later
"""Write requirements.lock (product and demo) and requirements-dev.lock (that, and the tools).

    python tests/tools/lock.py UV [--upgrade]

One lock serves every supported Python (markers choose), and each file is pinned by its hash.
"""

import subprocess
import sys
from pathlib import Path

HEADER = """\
# SPDX-License-Identifier: GPL-3.0-or-later
# Made by `make lock` from pyproject.toml; do not edit.
# pip install --require-hashes -r {name}
"""
OPTIONS = (
    "--quiet",
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-header",
    "--no-annotate",
    "--no-emit-index-url",
    "--no-emit-find-links",
)


def write_lock(uv: str, name: str, *options: str) -> None:
    """Resolve pyproject.toml with *options* into the file *name*; keeps pins that still fit."""
    command = [uv, "pip", "compile", "pyproject.toml", *OPTIONS, *options, "--output-file", name]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    lock = Path(name)
    body = "".join(
        line for line in lock.read_text().splitlines(keepends=True) if not line.startswith("#")
    )
    lock.write_text(HEADER.format(name=name) + body)


def main() -> None:
    """Write both locks; the second may not move a pin of the first."""
    uv, *more = sys.argv[1:]
    write_lock(uv, "requirements.lock", "--group=lab", *more)
    constraint = "--constraint=requirements.lock"
    write_lock(uv, "requirements-dev.lock", "--group=dev", constraint, *more)


if __name__ == "__main__":
    main()
