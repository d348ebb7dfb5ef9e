"""A page of this machine that leads a browser to GitHub with a manifest, and takes one code back.

Its address, and the state that GitHub gives back, are drawn anew each time: whoever was not given the address cannot
begin, and an answer that nobody asked for is not taken.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from queue import Empty, Queue
from threading import Lock
from typing import Any

from console.failures import AWAY, Failure
from console.pages.rendering import render
from reconciler.checks.words import duration
from webhooks.asgi import HTMLResponse, Request, Response, Route, Starlette
from webhooks.server import AddressInUse, Server, listen

_HOST = "127.0.0.1"
_CODE = re.compile(r"[A-Za-z0-9_-]{1,200}", re.ASCII)
_HEADERS = {
    # No `form-action`: browsers hold it against every redirect, and a forge may send people elsewhere to sign in.
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_TAKEN = "GitHub has answered. The terminal writes down the App's key, and says what to do next."
_AGAIN = "An answer was taken before."
_NOT_ASKED = "This is no answer to the page that was opened here. Open the address in the terminal, and begin there."


class Doorway:
    """The page. `start` is its address for the person, `back` the one for GitHub."""

    def __init__(self, port: int) -> None:
        try:
            self._listener = listen(_HOST, port)
        except (AddressInUse, OverflowError) as error:
            raise Failure("address-in-use", f"{error}", do="Name another port with --port.") from None
        self.port: int = self._listener.getsockname()[1]
        self._way, self._state = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self._codes: Queue[str] = Queue()
        self._first = Lock()  # held by the answer that was taken
        address = f"http://{_HOST}:{self.port}"
        self.start, self.back = f"{address}/{self._way}", f"{address}/made"

    @contextmanager
    def opened(self, form: str, manifest: Mapping[str, Any]) -> Iterator[Callable[[float], str]]:
        """Show a form that sends a manifest to `form`; gives a call that waits some seconds for the code."""
        values = {"form": f"{form}?state={self._state}", "manifest": json.dumps(manifest), "asked": manifest}

        def show(_: Request) -> Response:
            return HTMLResponse(render("github_setup.html", values), headers=_HEADERS)

        routes = [Route(f"/{self._way}", show), Route("/made", self._take)]
        server = Server(Starlette(routes=routes), self._listener)
        server.start()
        try:
            yield self._code
        finally:
            server.stop()

    def _take(self, request: Request) -> Response:
        code, state = request.query_params.get("code", ""), request.query_params.get("state", "")
        if not hmac.compare_digest(state.encode(), self._state.encode()) or not _CODE.fullmatch(code):
            return _said(_NOT_ASKED, 400)
        if not self._first.acquire(blocking=False):
            return _said(_AGAIN, 409)
        self._codes.put(code)
        return _said(_TAKEN, 200)

    def _code(self, seconds: float) -> str:
        try:
            return self._codes.get(timeout=seconds)
        except Empty:
            what = f"Nobody came back from GitHub within {duration(seconds)}."
            do = "Begin again when there is time; --minutes gives more of it."
            raise Failure("time", what, do=do, exit_code=AWAY) from None


def _said(text: str, status: int) -> Response:
    return HTMLResponse(render("github_setup_said.html", {"text": text}), status, headers=_HEADERS)
