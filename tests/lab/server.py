# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's server: every host of an estate on its own loopback address, over WinRM and PSRP."""

import asyncio
import errno
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from ssl import SSLContext
from threading import Thread
from typing import Any, TypedDict, TypeVar, Unpack

from lab.absences import Absences
from lab.addresses import address_taken, require_loopback
from lab.auth import Accounts
from lab.backend import Backend
from lab.estate import Estate, LabHost
from lab.faults import FaultKind, HostFaults
from lab.faulty_backend import FaultyBackend, Sleep
from lab.host import Door, SimulatedHost
from lab.jobs import HostJobs
from lab.quotas import Quotas
from lab.service import WsmanService
from lab.stats import Stats
from lab.tls import TlsFiles, make_certificates

_BACKLOG = 256

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Options(TypedDict, total=False):
    """The keyword parameters of LabServer."""

    http_port: int
    https_port: int | None
    quotas: Quotas
    allow_unencrypted: bool
    clock: Callable[[], datetime]
    sleep: Sleep
    absences: Absences | None


class LabServer:
    """Serves *estate*; commands are run by *backend*, which stays the caller's to close.

    *allow_unencrypted* is the WinRM setting of that name; without *https_port* there is no TLS.
    *clock* dates the certificates, *sleep* is how slow hosts wait; *absences* lets them restart.
    """

    def __init__(  # noqa: PLR0913 - a composition root: what is injected is named here once
        self,
        estate: Estate,
        backend: Backend,
        *,
        http_port: int = 5985,
        https_port: int | None = None,
        quotas: Quotas = Quotas(),  # noqa: B008 - frozen
        allow_unencrypted: bool = True,
        clock: Callable[[], datetime] = partial(datetime.now, UTC),  # noqa: B008 - not called here
        sleep: Sleep = asyncio.sleep,
        absences: Absences | None = None,
    ) -> None:
        self.stats = Stats()
        self._http_port = http_port
        self._https_port = https_port
        self._allow_unencrypted = allow_unencrypted
        self._clock = clock
        self._absences = absences
        self._accounts = Accounts(estate.accounts)
        self._tls: TlsFiles | None = None
        self._hosts: list[tuple[str, SimulatedHost]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        for host in estate.hosts:
            require_loopback(host.address)
            simulated = _simulate(host, backend, quotas, self.stats, sleep)
            if absences is not None:
                jobs = simulated.jobs
                # A detached command can make its host leave as well as any other.
                jobs.runner = absences.watch(host.name, simulated, jobs.runner)
            self._hosts.append((host.address, simulated))

    @property
    def ca_path(self) -> Path:
        """The authority that https clients have to trust, while the server runs."""
        if self._tls is None:
            raise RuntimeError("the server has no certificate. Start it with an https_port.")
        return self._tls.authority

    @contextmanager
    def away(self, name: str) -> Iterator[str]:
        """Keep the host *name* off the network, and give its address; what it does goes on.

        For callers in another thread than the server's.
        """
        address, host = self._found(name)
        self._call(host.leave())
        try:
            yield address
        finally:
            self._call(host.come_back())

    def end_jobs(self, name: str) -> None:
        """Let the host *name* lose what runs detached on it; also for another thread."""
        self._call(self._found(name)[1].lose_jobs())

    async def start(self) -> None:
        """Listen on every address; if one is taken, listen on none and raise AddressTaken."""
        self._loop = asyncio.get_running_loop()
        self._accounts.open()
        try:
            await self._listen_all()
        except BaseException:
            await self.stop()
            raise
        logger.info("lab started", extra={"hosts": len(self._hosts)})

    async def stop(self) -> None:
        """Take all hosts off the network and remove passwords and keys from the disk."""
        if self._absences is not None:
            self._absences.stop()
        try:
            for _, host in self._hosts:
                host.kill()
                host.end_jobs()
        finally:
            self._accounts.close()
            if self._tls is not None:
                self._tls.remove()
                self._tls = None
        # One turn of the loop, in which cancelled commands and aborted transports end.
        await asyncio.sleep(0)

    def _found(self, name: str) -> tuple[str, SimulatedHost]:
        return next(item for item in self._hosts if item[1].name == name)

    def _call(self, coroutine: Coroutine[Any, Any, None]) -> None:
        if self._loop is None:
            raise RuntimeError("the server does not run. Start it first.")
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _listen_all(self) -> None:
        doors: list[tuple[int, Door, SSLContext | None]] = [
            (self._http_port, Door(self._accounts, self._allow_unencrypted), None)
        ]
        if self._https_port is not None:
            addresses = [address for address, _ in self._hosts]
            self._tls = make_certificates(addresses, self._clock())
            door = Door(self._accounts, self._allow_unencrypted, self._tls.bindings)
            doors.append((self._https_port, door, self._tls.server_context()))
        for address, host in self._hosts:
            if host.faults.find(FaultKind.REFUSED):
                continue
            host.listen = partial(_listen_at_all, address, host, doors)
            await host.come_back()


async def _listen_at_all(
    address: str, host: SimulatedHost, doors: list[tuple[int, Door, SSLContext | None]]
) -> list[asyncio.Server]:
    servers: list[asyncio.Server] = []
    try:
        for port, door, tls in doors:
            servers.append(await _listen(address, port, host, door, tls))
    except BaseException:
        for server in servers:
            server.close()
        raise
    return servers


async def _listen(
    address: str, port: int, host: SimulatedHost, door: Door, tls: SSLContext | None
) -> asyncio.Server:
    factory = host.connection_factory(door)
    loop = asyncio.get_running_loop()
    try:
        return await loop.create_server(factory, address, port, ssl=tls, backlog=_BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise address_taken(address, port) from error
        raise


def _simulate(
    host: LabHost, backend: Backend, quotas: Quotas, stats: Stats, sleep: Sleep
) -> SimulatedHost:
    faults = HostFaults(host.faults)
    jobs = HostJobs(partial(FaultyBackend(backend, faults, sleep).run, host.name), host.state)
    service = WsmanService(host.name, jobs.run, faults, quotas)
    return SimulatedHost(host.name, service, faults, stats, jobs)


@contextmanager
def running_lab(
    estate: Estate, backend: Backend, **options: Unpack[Options]
) -> Iterator[LabServer]:
    """Serve *estate* from a thread of its own, for callers that wait for a subprocess.

    At the end the server is stopped and *backend* closed, both on the loop that used them.
    """
    server = LabServer(estate, backend, **options)
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="lab")

    def run(coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result()

    thread.start()
    try:
        run(server.start())
        try:
            yield server
        finally:
            run(server.stop())
    finally:
        run(backend.close())
        run(_settle())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _settle() -> None:
    """Wait for the tasks that were cancelled, so that the loop closes without a warning."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
