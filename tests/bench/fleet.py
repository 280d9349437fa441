# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet of simulated hosts in a process of its own: its CPU is not that of the controller."""

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from integration.connection.facts_backend import FactsBackend
from lab.clients import PASSWORD, USER
from lab.estate import Estate, fleet
from lab.serve import serve

FIRST_ADDRESS = "127.44.0.1"
START_SECONDS = 60.0
LOOK_SECONDS = 0.05


def make_fleet(count: int) -> Estate:
    """Return *count* hosts that are all alike."""
    return fleet(count, ["healthy"], {USER: PASSWORD}, FIRST_ADDRESS)


@contextmanager
def running_fleet(count: int, folder: Path) -> Iterator[Estate]:
    """Serve *count* hosts until the block ends; raise RuntimeError if they do not start."""
    ready = folder / "ready"
    command = [sys.executable, "-m", "bench.fleet", str(count), str(ready)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + START_SECONDS
            while not ready.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("the fleet did not start; its own message says why.")
                time.sleep(LOOK_SECONDS)
            yield make_fleet(count)
        finally:
            process.terminate()


def main() -> int:
    """Serve until this process is told to stop or its parent is gone."""
    parser = argparse.ArgumentParser(prog="bench.fleet", description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("ready", type=Path)
    parser.add_argument("--parent-pid", type=int)
    options = parser.parse_args()
    asyncio.run(
        serve(
            make_fleet(options.count),
            FactsBackend(),
            ready_file=options.ready,
            parent_pid=options.parent_pid,
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
