# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/1.1 as WinRM uses it: POST with Content-Length on a connection that stays open.

A bare asyncio.Protocol, because the server shares its cores with the Ansible that it serves: a web
framework would cost more than all the rest of the lab.
"""

import asyncio
import logging
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from lab.stats import Stats

MAX_HEAD_BYTES = 16 * 1024  # http.sys: MaxRequestBytes, default 16384
# Four envelopes of 500 KB: what is over the WSMan quota shall meet the quota's own fault first.
MAX_BODY_BYTES = 2 * 1024 * 1024

_END_OF_HEAD = b"\r\n\r\n"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: close sends RST instead of FIN

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names are lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    keep_alive: bool = True


@dataclass(frozen=True, slots=True)
class Response:
    """One answer; Content-Length and Server are added when it is written."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class RequestRefused(Exception):
    """A request that HTTP itself turns away; the connection is closed after *status*."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class ConnectionDropped(Exception):
    """The simulated host vanished: reset the connection and answer nothing."""


class Exchange(Protocol):
    """Answers the requests of one connection, one after another."""

    async def answer(self, request: Request) -> Response:
        """Answer one request; raise ConnectionDropped to answer nothing."""


class HttpConnection(asyncio.Protocol):
    """One client connection; adds itself to *open_connections* while it lives."""

    def __init__(
        self, exchange: Exchange, stats: Stats, open_connections: "set[HttpConnection]"
    ) -> None:
        self._exchange = exchange
        self._stats = stats
        self._open_connections = open_connections
        self._buffer = bytearray()
        self._head: Request | None = None  # read, its body is still coming
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the client in; small answers must not wait for Nagle's algorithm."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._stats.connections += 1
        self._open_connections.add(self)
        self._socket_option(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Stop a Receive that waits for a client who has gone."""
        self._open_connections.discard(self)
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        """Collect bytes until a request is whole, then answer it."""
        self._stats.bytes_in += len(data)
        self._buffer += data
        if self._task is None:
            self._next_request()
        elif len(self._buffer) > MAX_HEAD_BYTES:
            self.reset()  # pipelining, which no WinRM client does

    def reset(self) -> None:
        """End the connection as a host that lost power seems to: RST, no answer."""
        self._socket_option(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._transport.abort()

    def _next_request(self) -> None:
        try:
            request = self._take_request()
        except RequestRefused as refusal:
            self._write(Response(refusal.status))
            self._transport.close()
            return
        if request is not None:
            self._stats.requests += 1
            self._task = asyncio.get_running_loop().create_task(self._serve(request))

    def _take_request(self) -> Request | None:
        if self._head is None:
            end = self._buffer.find(_END_OF_HEAD)
            if end > MAX_HEAD_BYTES or (end < 0 and len(self._buffer) > MAX_HEAD_BYTES):
                raise RequestRefused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            if end < 0:
                return None
            self._head = parse_head(bytes(self._buffer[:end]))
            del self._buffer[: end + len(_END_OF_HEAD)]
            if self._head.headers.get("expect", "").lower() == "100-continue":
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = int(self._head.headers.get("content-length", "0"))
        if len(self._buffer) < length:
            return None
        head, self._head = self._head, None
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        return Request(head.method, head.target, head.headers, body, head.keep_alive)

    async def _serve(self, request: Request) -> None:
        try:
            response = await self._exchange.answer(request)
        except ConnectionDropped:
            self.reset()
            return
        except Exception:
            # A defect of the lab, not a simulated one: the client sees 500, the log sees where.
            logger.exception("request failed", extra={"target": request.target})
            response = Response(HTTPStatus.INTERNAL_SERVER_ERROR)
        self._write(response)
        self._task = None
        if not request.keep_alive:
            self._transport.close()
        elif not self._transport.is_closing():
            self._next_request()

    def _write(self, response: Response) -> None:
        lines = [
            f"HTTP/1.1 {response.status:d} {HTTPStatus(response.status).phrase}",
            "Server: Microsoft-HTTPAPI/2.0",
            f"Content-Length: {len(response.body)}",
            *(f"{name}: {value}" for name, value in response.headers),
        ]
        data = "\r\n".join(lines).encode("latin-1") + _END_OF_HEAD + response.body
        self._stats.bytes_out += len(data)
        self._transport.write(data)

    def _socket_option(self, level: int, name: int, value: int | bytes) -> None:
        # A TLS connection that is closing has given its socket back already, or closed it.
        connection = self._transport.get_extra_info("socket")
        if connection is not None and connection.fileno() >= 0:
            connection.setsockopt(level, name, value)


def parse_head(block: bytes) -> Request:
    """Return request line and headers of *block* (without the empty line), the body still empty.

    Raises RequestRefused for what WinRM clients never send: a malformed line, a body without
    Content-Length, one over MAX_BODY_BYTES.
    """
    request_line, *lines = block.decode("latin-1").split("\r\n")
    match request_line.split(" "):
        case [method, target, ("HTTP/1.1" | "HTTP/1.0") as version]:
            pass
        case _:
            raise RequestRefused(HTTPStatus.BAD_REQUEST)
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or name != name.strip():
            raise RequestRefused(HTTPStatus.BAD_REQUEST)
        headers[name.lower()] = value.strip()
    if "transfer-encoding" in headers:
        raise RequestRefused(HTTPStatus.LENGTH_REQUIRED)
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise RequestRefused(HTTPStatus.BAD_REQUEST)
    if int(length) > MAX_BODY_BYTES:
        raise RequestRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    wish = headers.get("connection", "").lower()
    keep_alive = wish != "close" if version == "HTTP/1.1" else wish == "keep-alive"
    return Request(method, target, headers, b"", keep_alive)
