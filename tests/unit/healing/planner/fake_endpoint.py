# SPDX-License-Identifier: GPL-3.0-or-later
"""A model's server on 127.0.0.1 that answers as it is told: well, badly, late or never."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FORMATS = {"json_schema": "json_schema", "json_object": "json_object", None: "plain"}


@dataclass(slots=True)
class FakeServer:
    """What it will answer, and what it was asked."""

    url: str = ""
    # Gets the handler, after the request was read.
    behave: Callable[["Handler"], None] = field(default=lambda handler: handler.send(500, {}))
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def formats(self) -> list[str]:
        """Return the formats that were asked for, in their order."""
        asked = (body.get("response_format") or {} for body in self.bodies)
        return [FORMATS[one.get("type")] for one in asked]

    def answer(self, content: object, **choice: object) -> None:
        """Answer each request with *content*: a text, or what JSON makes of it."""
        text = content if isinstance(content, str) else json.dumps(content)
        self.behave = lambda handler: handler.send(200, completion(text, **choice))


def completion(text: str | None, **choice: object) -> dict[str, Any]:
    """Return what an endpoint answers around *text*."""
    message = {"role": "assistant", "content": text}
    first = {"index": 0, "finish_reason": "stop", "message": message, **choice}
    return {"id": "1", "object": "chat.completion", "model": "m", "choices": [first]}


class Server(ThreadingHTTPServer):
    """A server whose clients may go whenever they like."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that refuses a certificate is what a test wants."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    fake: FakeServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.fake.bodies.append(json.loads(body))
        self.fake.headers.append({name.lower(): value for name, value in self.headers.items()})
        self.fake.behave(self)

    def send(
        self, status: int, document: object, kind: str = "application/json", **headers: str
    ) -> None:
        """Send *document*: as it is if it is bytes, else as JSON."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def drop(self) -> None:
        """Close the connection without a word."""
        self.close_connection = True

    def hang(self) -> None:
        """Keep the connection and say nothing until the server stops."""
        self.fake.stopping.wait(30)
        self.close_connection = True

    def drip(self) -> None:
        """Begin a long answer and send a byte now and then, so that no reading times out."""
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "100000")
        self.end_headers()
        while not self.fake.stopping.wait(0.05):
            try:
                self.wfile.write(b" ")
            except OSError:
                break
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as its base has it
        """Say nothing."""


@contextmanager
def running(tls: ssl.SSLContext | None = None) -> Iterator[FakeServer]:
    """Serve on a free port until the block ends, with TLS if *tls* is given."""
    fake = FakeServer()
    handler = type("BoundHandler", (Handler,), {"fake": fake})
    with Server(("127.0.0.1", 0), handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        scheme = "https" if tls else "http"
        fake.url = f"{scheme}://127.0.0.1:{server.server_port}/v1"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield fake
        finally:
            fake.stopping.set()
            server.shutdown()
            thread.join()
