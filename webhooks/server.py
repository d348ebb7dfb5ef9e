"""The HTTP server as a thread: binds before anything else happens, serves until it is stopped. Knows no route."""

from __future__ import annotations

import socket
import threading
from typing import Any

import uvicorn

STOP_SECONDS = 5.0
_HEADERS = 64 * 1024


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


class Server:
    """One ASGI application behind one socket."""

    def __init__(self, application: Any, listener: socket.socket) -> None:
        config = uvicorn.Config(
            application,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=2,
            h11_max_incomplete_event_size=_HEADERS,
        )
        self._server = uvicorn.Server(config)
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
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)
        self._listener.close()

    def _serve(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
        except OSError as error:  # too few files may be open: heard by whoever starts us
            self._refused = error
