"""The HTTP server as a thread: binds before anything else happens, serves until it is stopped. Knows no route."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

STOP_SECONDS = 5.0
_DATE = 1.0  # s that the date of an answer may be old
_HEAD = 64 * 1024  # bytes of a request's head, and of what follows its body


class AddressInUse(Exception):
    """Somebody else listens there."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one. Raises AddressInUse, OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        raise AddressInUse(f"{host}:{port} cannot be listened on: {error.strerror}.") from error
    return listener


class _Joined:
    """A transport that sends together what is written in one turn of the loop, as head and body of an answer."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._waiting: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._send)
        self._waiting.append(data)

    def close(self) -> None:
        self._send()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def _send(self) -> None:
        if self._waiting:
            whole = b"".join(self._waiting)
            self._waiting.clear()
            self._transport.write(whole)


class BoundedProtocol(HttpToolsProtocol):
    """A connection that is ended when more arrives than a limit and nothing comes of it: the parser has no limit."""

    _unread = 0  # bytes since a head, or a part of a body, was complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Each send is a call of the kernel, and costs more than all that makes an answer."""
        super().connection_made(_Joined(transport))  # type: ignore[arg-type]

    def data_received(self, data: bytes) -> None:
        """Count first, as what is complete in these bytes begins a new count."""
        self._unread += len(data)
        super().data_received(data)
        if self._unread > _HEAD and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def on_headers_complete(self) -> None:
        """The head is complete."""
        self._unread = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body is."""
        self._unread = 0
        super().on_body(body)


class _AtRest(uvicorn.Server):
    """Wakes up once a second, for the date in its answers, and when it is stopped; its base does ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopped = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(counter=0):  # of each tenth tick the date is renewed
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), _DATE)

    def stop(self) -> None:
        """Heard at once; from any thread."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._stopped.set)


def _cut_short_in_silence(application: Any) -> Any:
    """A request that still waits for a silent database when the service ends is no fault, and needs no traceback."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        with suppress(asyncio.CancelledError):
            await application(scope, receive, send)

    return answer


class Server:
    """One ASGI application behind one socket."""

    def __init__(self, application: Any, listener: socket.socket) -> None:
        config = uvicorn.Config(
            _cut_short_in_silence(application),
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            proxy_headers=False,  # whoever wants to know of a proxy reads them
            timeout_graceful_shutdown=2,
            http=BoundedProtocol,
            ws="none",
        )
        self._server = _AtRest(config)
        self._listener = listener
        self._refused: OSError | None = None
        self._thread = threading.Thread(target=self._serve, name="http", daemon=True)

    def start(self) -> None:
        """Serve from a thread of its own. Raises OSError if this machine does not let it."""
        self._thread.start()
        while self._thread.is_alive() and not self._server.started:
            self._thread.join(0.002)
        if self._refused is not None:
            raise self._refused

    def stop(self) -> None:
        """Finish what is being answered, for a few seconds, and close the socket."""
        if self._thread.is_alive():
            self._server.stop()
            self._thread.join(STOP_SECONDS)
        self._listener.close()

    def _serve(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
        except OSError as error:  # too few files may be open: heard by whoever starts us
            self._refused = error
