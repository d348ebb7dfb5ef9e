"""Whether a request comes from this machine: whoever sits here sees everything, and nobody else is taken for them."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from webhooks.asgi import Request

_PASSED_ON = ("forwarded", "via", "x-forwarded-", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip")


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
