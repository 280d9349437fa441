# SPDX-License-Identifier: GPL-3.0-or-later
"""One simulated host on the network: its connections, its door, its end."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from spnego.channel_bindings import GssChannelBindings

from lab.auth import Accounts, Gate, Headers
from lab.faults import FaultKind, HostFaults
from lab.http import ConnectionDropped, HttpConnection, Request, Response
from lab.jobs import HostJobs
from lab.sealing import CONTENT_TYPE, SealBroken, is_sealed, seal, unseal
from lab.service import WsmanService
from lab.stats import Stats

_PATH = "/wsman"
_SOAP = "application/soap+xml;charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Door:
    """How clients may come in through one listener.

    NTLM over TLS has to carry the channel's binding, as with CbtHardeningLevel=Strict: pyspnego's
    acceptor knows no Relaxed, and Ansible's connections bind unless told otherwise.
    """

    accounts: Accounts
    allow_unencrypted: bool
    bindings: GssChannelBindings | None = None  # None on http

    @property
    def is_confidential(self) -> bool:
        """True if plain SOAP is acceptable here."""
        return self.allow_unencrypted or self.bindings is not None


@dataclass(slots=True)
class SimulatedHost:
    """A host that can be reached, and killed."""

    name: str
    service: WsmanService
    faults: HostFaults
    stats: Stats
    jobs: HostJobs
    listeners: list[asyncio.Server] = field(default_factory=list)
    connections: set[HttpConnection] = field(default_factory=set)
    requests: int = 0
    listen: Callable[[], Awaitable[list[asyncio.Server]]] | None = None

    def connection_factory(self, door: Door) -> Callable[[], HttpConnection]:
        """Return what makes the protocol object of one client of *door*."""
        return lambda: HttpConnection(WsmanExchange(self, door), self.stats, self.connections)

    def kill(self) -> None:
        """Leave the network: nobody listens, open connections are reset, commands end."""
        for listener in self.listeners:
            listener.close()
        self.listeners.clear()
        for connection in list(self.connections):
            connection.reset()
        self.service.close()

    async def leave(self) -> None:
        """Leave the network; a coroutine, for who is not on the loop of the server."""
        self.kill()

    async def lose_jobs(self) -> None:
        """Lose the detached jobs, with all their processes; a coroutine for the same reason."""
        self.jobs.end()
        await self.jobs.over()

    def end_jobs(self) -> None:
        """Lose the detached jobs too, which outlive the network but no restart."""
        self.jobs.end()

    async def come_back(self) -> None:
        """Listen again, with shells of nobody."""
        if self.listen is not None:
            self.listeners += await self.listen()

    def count_request(self) -> None:
        """Count one request; raise ConnectionDropped when the host's time has come."""
        self.requests += 1
        limit = self.faults.find(FaultKind.KILLED_AFTER)
        if limit is not None and self.requests > limit.value:
            self.kill()
            raise ConnectionDropped


class WsmanExchange:
    """Answers one connection: authenticates it, opens and seals its messages."""

    def __init__(self, host: SimulatedHost, door: Door) -> None:
        self._host = host
        self._door = door
        # Windows keeps Basic off a listener where the password would travel in the clear.
        self._gate = Gate(door.accounts, offers_basic=door.is_confidential, bindings=door.bindings)

    async def answer(self, request: Request) -> Response:
        """Answer one request of this connection."""
        self._host.count_request()
        if self._host.faults.take(FaultKind.HALF_OPEN):
            await asyncio.Event().wait()  # until the client gives up
        if request.method != "POST" or request.target.partition("?")[0] != _PATH:
            return Response(404)
        if self._host.faults.take(FaultKind.UNAUTHORIZED):
            return Response(401, headers=self._gate.refuse().headers)
        admission = self._gate.admit(request.headers.get("authorization", ""))
        if admission.user is None:
            return Response(401, headers=admission.headers)
        if not request.body:  # it only opened the security context
            return Response(200, headers=admission.headers)
        if self._host.faults.take(FaultKind.SERVER_ERROR):
            return Response(500, headers=admission.headers)
        return await self._answer_soap(request, admission.user, admission.headers)

    async def _answer_soap(self, request: Request, user: str, headers: Headers) -> Response:
        context = self._gate.context
        envelope = request.body
        sealed = is_sealed(request.headers.get("content-type", ""))
        if sealed and context is not None:
            try:
                envelope = unseal(context, request.body)
            except SealBroken:
                return Response(400)
        elif sealed:
            return Response(400)
        elif not self._door.is_confidential:
            # AllowUnencrypted=false: Windows logs the reason and answers 500 without a body.
            return Response(500, headers=headers)
        status, text = await self._host.service.handle(envelope, user, self._host.stats)
        if sealed and context is not None:
            sealed_type = ("Content-Type", CONTENT_TYPE)
            return Response(status, seal(context, text), (*headers, sealed_type))
        return Response(status, text, (*headers, ("Content-Type", _SOAP)))
