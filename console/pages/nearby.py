"""Whether a request comes from this machine: whoever sits here sees everything, and nobody else is taken for them.

A proxy on this machine that shows no sign of itself cannot be told from somebody here, but by this: GitHub is not here.
What it has signed, and what looks as if it came from here, was passed on by such a proxy.
"""

from __future__ import annotations

import logging
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from webhooks.asgi import Request

log = logging.getLogger(__name__)

_PASSED_ON = ("forwarded", "via", "x-forwarded-", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip")


class Nearness:
    """Whether anybody is taken for somebody at this machine; no longer once a proxy was found that hides who asks.

    That is kept in `place`, as the next start would forget it, and taken back as soon as GitHub is seen to come from
    elsewhere again. `forge`: address of GitHub's API.
    """

    def __init__(self, place: Path, forge: str) -> None:
        self._place = place
        self._forge_is_here = _is_own(urlsplit(forge).hostname or "")
        self._hidden = place.exists()

    def __call__(self, request: Request) -> bool:
        return not self._hidden and is_near(request)

    def heard(self, request: Request) -> None:
        """GitHub has signed what came so."""
        if self._forge_is_here or (hidden := is_near(request)) == self._hidden:
            return
        self._hidden = hidden
        if hidden:
            self._place.touch()
            log.error(
                "A proxy hides who asks: GitHub's webhooks seem to come from this machine. Pages are shown to nobody "
                "without sign-in until it keeps Host and sets X-Forwarded-For."
            )
        else:
            self._place.unlink(missing_ok=True)


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
