"""Bodies of requests, read up to a limit, and how a request is refused. What a body means is not known here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from reconciler.errors import ReconcileError
from webhooks.asgi import ClientDisconnect, JSONResponse, Receive, Request, Response, Scope, Send

BODY_SECONDS = 30.0

Endpoint = Callable[[Request], Awaitable[Response]]


class Refused(Exception):
    """An answer that is an error: HTTP status, code, sentence, and what to do."""

    def __init__(self, status: int, code: str, message: str, do: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.do = do


class Answering:
    """An endpoint as an ASGI application; refuses as `{"version": 1, "error": {"code", "message", "where", "do"}}`.

    What Starlette puts around a function of a request costs as much as all that is done about a webhook.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answered(Request(scope, receive))
        await response(scope, receive, send)

    async def _answered(self, request: Request) -> Response:
        try:
            return await self._endpoint(request)
        except Refused as refused:
            return _answer(request, refused)
        except ReconcileError as error:  # the database does not answer
            return _answer(request, Refused(503, error.reason, error.message, "Send it again in a minute."))
        except ClientDisconnect:
            return Response(status_code=400)


def _answer(request: Request, refused: Refused) -> Response:
    where = request.url.path
    error = {"code": refused.code, "message": refused.message, "where": where, "do": refused.do}
    unread = {"Connection": "close"} if refused.status in (408, 413) else {}  # nobody waits for the rest of the body
    return JSONResponse({"version": 1, "error": error}, status_code=refused.status, headers=unread)


async def read_body(request: Request, limit: int, less: str) -> bytes:
    """The body, at most `limit` bytes of it; `less` says what to do about one that is larger. Raises Refused."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and len(length) < 20 and int(length) > limit:
        raise _too_large(limit, less)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(request.receive, limit, less)
    except TimeoutError:
        raise Refused(408, "TooSlow", f"The body took longer than {BODY_SECONDS:.0f} s.", "Send it again.") from None


async def _read(receive: Receive, limit: int, less: str) -> bytes:
    """As ASGI brings it, mostly all at once. Raises Refused, ClientDisconnect."""
    parts: list[bytes] = []
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        if (length := length + len(parts[-1])) > limit:
            raise _too_large(limit, less)
        more = message.get("more_body", False)
    return b"".join(parts)


def _too_large(limit: int, less: str) -> Refused:
    return Refused(413, "TooLarge", f"The body is larger than {limit:,} bytes.", less)
