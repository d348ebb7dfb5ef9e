"""Pages for this machine alone: where strangers reach the address, they see and press nothing.

A service that GitHub talks to has an address that everybody may send something to; its pages know no sign-in.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from webhooks.asgi import ASGIApp, PlainTextResponse, Receive, Request, Scope, Send

_PASSED_ON = ("forwarded", "via", "x-forwarded-", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip")
_REFUSED = (
    "The pages of this service are shown on its own machine alone. Reach them there, or through a tunnel:\n"
    "ssh -L 8470:127.0.0.1:8470 HOST, then http://127.0.0.1:8470\n"
)


class NearbyPages:
    """An ASGI application that answers strangers only where paths begin as one of `machines`."""

    def __init__(self, application: ASGIApp, machines: Sequence[str]) -> None:
        self._application = application
        self._machines = tuple(machines)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(self._machines) or is_near(Request(scope)):
            await self._application(scope, receive, send)
        else:
            await PlainTextResponse(_REFUSED, status_code=403)(scope, receive, send)


def is_near(request: Request) -> bool:
    """From this machine, to it, and passed on by nobody: a proxy on this machine speaks for others.

    HTTP/1.0 is what proxies speak that were told nothing: nginx as it comes names itself as the host, and no visitor.
    """
    if request.client is None or request.scope.get("http_version") == "1.0":
        return False
    if any(name.startswith(_PASSED_ON) for name in request.headers):
        return False
    return _is_own(request.client.host) and _is_own(_name(request.headers.get("host", "")))


def _name(host: str) -> str:
    """`Host` without its port; "" where it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_own(name: str) -> bool:
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
