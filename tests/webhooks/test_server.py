"""The HTTP server: requests of any shape are answered, and none grows without end in memory."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from starlette.applications import Starlette

from webhooks import server as server_module
from webhooks.asgi import PlainTextResponse, Request, Response, Route
from webhooks.bodies import Answering, read_body
from webhooks.server import Server, listen

LIMIT = 1 << 20
KIB = b"x" * 1024


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    async def count(request: Request) -> Response:
        return PlainTextResponse(f"{len(await read_body(request, LIMIT, 'Send less.'))}")

    listener = listen("127.0.0.1", 0)
    server = Server(Starlette(routes=[Route("/", Answering(count), methods=["POST"])]), listener)
    server.start()
    yield listener.getsockname()[1]
    server.stop()


class Line:
    """A connection, on which anything may be said."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 40)
        self.closed = False

    def say(self, data: bytes, times: int = 1) -> int:
        """Say it so often; how often that was possible."""
        for number in range(times):
            try:
                self._socket.sendall(data)
            except OSError:
                self.closed = True
                return number
        return times

    def hear(self) -> bytes:
        """Everything until the other side closes."""
        heard = b""
        try:
            while part := self._socket.recv(65536):
                heard += part
        except ConnectionResetError:
            pass
        return heard

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def line(port: int) -> Iterator[Line]:
    with closing(Line(port)) as line:
        yield line


HEAD = b"POST / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def test_a_body_is_read_whole_and_in_the_smallest_pieces(line, port):
    line.say(HEAD + b"Content-Length: 300000\r\n\r\n" + b"x" * 300_000)
    assert line.hear().endswith(b"\r\n\r\n300000")
    with closing(Line(port)) as other:
        other.say(CHUNKED + b"1\r\nx\r\n" * 50_000 + b"0\r\n\r\n")
        assert other.hear().endswith(b"\r\n\r\n50000")


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"POST /", KIB),
        (HEAD, b"X-Name: " + KIB + b"\r\n"),
        (HEAD + b"X-Name: ", KIB),
        (HEAD, b"a: b\r\n" * 200),
        (CHUNKED + b"1\r\nx\r\n0\r\n", b"X-Trailer: " + KIB + b"\r\n"),
        (CHUNKED + b"1\r\nx\r\n0\r\nX-Trailer: ", KIB),
        (CHUNKED + b"1;", KIB),
    ],
    ids=["address", "headers", "value", "small headers", "trailers", "trailer", "extension of a chunk"],
)
def test_what_is_said_around_a_body_ends_at_a_limit(line, begin, more):
    line.say(begin)
    said = line.say(more, 20_000)

    assert said < 20_000, "it would have listened to 20 MB"
    assert line.hear()[:12] in (b"HTTP/1.1 400", b"")


def test_who_says_too_much_is_told_so_and_listened_to_no_more(line):
    line.say(b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n")
    said = line.say(b"400\r\n" + KIB + b"\r\n", 100_000)

    assert said < 100_000
    heard = line.hear()
    assert heard == b"" or (heard.startswith(b"HTTP/1.1 413") and b"connection: close" in heard.lower())


@pytest.mark.parametrize(
    "words",
    [
        b"\x16\x03\x01\x02",
        b"POST / HTTP/9.9\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET \xff HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused_and_others_are_answered(line, port, words):
    line.say(words)
    line.say(b"\r\n\r\n")
    assert line.hear()[:10] in (b"HTTP/1.1 4", b"")
    with closing(Line(port)) as other:
        other.say(HEAD + b"Content-Length: 1\r\n\r\nx")
        assert other.hear().endswith(b"1")


def test_requests_on_one_line_are_answered_in_turn(line):
    line.say(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n\r\nabc" * 3)
    line.say(HEAD + b"Content-Length: 5\r\n\r\nabcde")

    assert line.hear().count(b"200 OK") == 4


def test_the_date_in_answers_goes_on(port):
    def date():
        with closing(Line(port)) as one:
            one.say(HEAD + b"Content-Length: 1\r\n\r\nx")
            return re.search(rb"\r\ndate: ([^\r]+)", one.hear(), re.IGNORECASE).group(1)

    first, until = date(), time.monotonic() + 40
    while date() == first:
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_server_at_rest_ends_as_soon_as_it_is_stopped(monkeypatch):
    monkeypatch.setattr(server_module, "_DATE", 600.0)
    before = set(threading.enumerate())
    server = Server(Starlette(), listen("127.0.0.1", 0))
    server.start()
    server.stop()

    assert set(threading.enumerate()) <= before
