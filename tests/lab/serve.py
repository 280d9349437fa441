# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep a lab running until it is told to stop or its parent is gone."""

import asyncio
import os
import signal
from pathlib import Path

from lab.addresses import WINRM_PORTS
from lab.backend import Backend
from lab.estate import Estate
from lab.server import LabServer

_PARENT_SECONDS = 1.0


async def serve(
    estate: Estate,
    backend: Backend,
    *,
    is_https: bool = False,
    ready_file: Path | None = None,
    parent_pid: int | None = None,
) -> None:
    """Serve *estate* until SIGTERM, SIGINT or the end of process *parent_pid*.

    *ready_file* appears, whole, when every host listens, and is removed at the end. It holds one
    line a host, as printed; with https one more line that names the authority to trust.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    http, https = WINRM_PORTS
    server = LabServer(estate, backend, http_port=http, https_port=https if is_https else None)
    try:
        await server.start()
        lines = [f"{host.name} {host.address}:{http}" for host in estate.hosts]
        if is_https:
            lines = [f"{line} :{https}" for line in lines] + [f"authority {server.ca_path}"]
        if ready_file is not None:
            _write(ready_file, lines)
        print("\n".join(lines), flush=True)
        watch = asyncio.create_task(_watch(parent_pid, stopped))
        await stopped.wait()
        watch.cancel()
    finally:
        await server.stop()
        await backend.close()
        if ready_file is not None:
            _remove(ready_file)


def _write(file: Path, lines: list[str]) -> None:
    """Write, then rename: whoever waits for the file never sees half of it."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    draft.replace(file)


def _remove(file: Path) -> None:
    file.unlink(missing_ok=True)


async def _watch(parent_pid: int | None, stopped: asyncio.Event) -> None:
    # Linux tells nobody when a process that is not a child ends; the lab looks now and then.
    while parent_pid is not None and _is_running(parent_pid):  # noqa: ASYNC110
        await asyncio.sleep(_PARENT_SECONDS)
    if parent_pid is not None:
        stopped.set()


def _is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
