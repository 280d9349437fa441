# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP that WinRM needs, byte by byte; client: a socket."""

import socket

import pytest

from lab.http import RequestRefused, parse_head

BASIC = b"Authorization: Basic YW5zaWJsZTpMYWItUGFzc3cwcmQh\r\n"  # ansible:Lab-Passw0rd!


@pytest.fixture
def talk(serve):
    """Return a function that sends bytes on one connection and reads one answer's head."""
    lab = serve()
    with socket.create_connection((lab.address, 5985), timeout=5) as client:

        def exchange(data):
            client.sendall(data)
            answer = b""
            while not answer.endswith(b"\r\n\r\n"):
                if not (chunk := client.recv(1)):
                    break
                answer += chunk
            return answer.split(b"\r\n")[0]

        yield exchange


def post(*headers, body=b""):
    lines = [b"POST /wsman HTTP/1.1", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def test_connection_stays_open_for_the_next_request(talk):
    assert talk(post()) == b"HTTP/1.1 401 Unauthorized"
    assert talk(post(BASIC.strip())) == b"HTTP/1.1 200 OK"


def test_request_may_come_in_pieces(talk, serve):
    whole = post(BASIC.strip())

    assert talk(whole) == b"HTTP/1.1 200 OK"
    lab = serve()
    with socket.create_connection((lab.address, 5985), timeout=5) as client:
        for piece in (whole[:5], whole[5:40], whole[40:]):
            client.sendall(piece)
        assert client.recv(15) == b"HTTP/1.1 200 OK"


def test_body_is_asked_for_when_the_client_waits(talk):
    head = b"POST /wsman HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"

    assert talk(head) == b"HTTP/1.1 100 Continue"
    assert talk(b"abc") == b"HTTP/1.1 401 Unauthorized"


def test_connection_close_is_honoured(talk):
    assert talk(post(b"Connection: close")) == b"HTTP/1.1 401 Unauthorized"
    assert talk(b"") == b""


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        pytest.param(b"POST /other HTTP/1.1\r\n\r\n", b"404 Not Found", id="path"),
        pytest.param(b"GET /wsman HTTP/1.1\r\n\r\n", b"404 Not Found", id="method"),
        pytest.param(b"hello\r\n\r\n", b"400 Bad Request", id="not-http"),
        pytest.param(
            b"POST / HTTP/1.1\r\nX: " + b"x" * 17000,
            b"431 Request Header Fields Too Large",
            id="long-head",
        ),
    ],
)
def test_other_requests_are_turned_away(talk, data, answer):
    assert talk(data) == b"HTTP/1.1 " + answer


@pytest.mark.parametrize(
    ("head", "status"),
    [
        pytest.param(b"POST /wsman HTTP/2", 400, id="version"),
        pytest.param(b"POST /wsman HTTP/1.1\r\nnocolon", 400, id="header"),
        pytest.param(b"POST /wsman HTTP/1.1\r\nA : b", 400, id="space-before-colon"),
        pytest.param(b"POST /wsman HTTP/1.1\r\nContent-Length: -1", 400, id="length"),
        pytest.param(b"POST /wsman HTTP/1.1\r\nTransfer-Encoding: chunked", 411, id="chunked"),
        pytest.param(b"POST /wsman HTTP/1.1\r\nContent-Length: 2097153", 413, id="large"),
    ],
)
def test_head_that_no_winrm_client_sends_is_refused(head, status):
    with pytest.raises(RequestRefused) as caught:
        parse_head(head)

    assert caught.value.status == status


@pytest.mark.parametrize(
    ("version", "header", "keep_alive"),
    [
        ("1.1", b"", True),
        ("1.1", b"\r\nConnection: close", False),
        ("1.0", b"", False),
        ("1.0", b"\r\nConnection: Keep-Alive", True),
    ],
)
def test_version_and_header_decide_if_the_connection_stays(version, header, keep_alive):
    head = parse_head(f"POST /wsman HTTP/{version}".encode() + header)

    assert head.keep_alive is keep_alive
