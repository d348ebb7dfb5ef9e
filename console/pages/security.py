"""What protects people's browsers: headers on every response, and the token without which no form does anything."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from console.pages.viewers import viewer_of
from webhooks.asgi import ASGIApp, HTTPException, Message, Receive, Request, Response, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_NAMES = frozenset(name for name, _ in _HEADERS)
_NOT_KEPT = (b"cache-control", b"no-store")
PUBLIC_HOST = "headgate.public_host"  # in the scope of a request
_COOKIE = "headgate_form"
_FORM = 16 * 1024  # bytes; our forms have a few short fields


class SafeHeaders:
    """An ASGI application that adds the headers to whatever the one inside answers."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [header for header in message["headers"] if header[0] not in _NAMES]
                cache = () if any(name == b"cache-control" for name, _ in own) else (_NOT_KEPT,)
                message["headers"] = [*own, *_HEADERS, *cache]
            await send(message)

        await self._application(scope, receive, with_headers if scope["type"] == "http" else send)


def form_token(request: Request) -> str:
    """The token that the page's forms carry: of the session, or of the browser's cookie, or a new one."""
    if own := viewer_of(request).form_token:
        return own
    known = request.cookies.get(_COOKIE, "")
    return known if len(known) == 43 and known.isascii() else secrets.token_urlsafe(32)


def keep_token(request: Request, response: Response, token: str) -> None:
    """Give the browser the cookie that its forms are held against; no script and no other site gets it.

    People who have signed in have none: their forms are held against their session.
    """
    if viewer_of(request).form_token:
        return
    response.set_cookie(_COOKIE, token, httponly=True, samesite="strict", path="/")


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields of one of our own forms. Raises HTTPException 400, 403, 413 for anything else."""
    _same_origin(request)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _FORM:
            raise HTTPException(413, "The form is too large.")
    try:
        fields = dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=20))
    except ValueError:
        raise HTTPException(400, "The form cannot be read.") from None
    known = viewer_of(request).form_token or request.cookies.get(_COOKIE, "")
    if not known or not hmac.compare_digest(known.encode(), fields.get("token", "").encode()):
        raise HTTPException(403, "The form is from another page or an old one. Go back, reload the page, try again.")
    return fields


def _public(request: Request) -> str:
    """Where people elsewhere see the pages, if a proxy gives another name to us."""
    return str(request.scope.get(PUBLIC_HOST, ""))


def _same_origin(request: Request) -> None:
    """Browsers say where a form comes from; other ports of this machine are other origins and the same site."""
    origin = request.headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc not in (request.headers.get("host", ""), _public(request))
    if foreign or request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403, "The form was sent from another site.")
