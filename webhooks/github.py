"""`POST /webhooks/github`: what GitHub tells is verified, stored durably, and answered. Nothing is done about it here.

202: stored, or known before. 204: nothing that concerns us. 400, 401, 408, 413: refused. 503: tell it again.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from reconciler.keys import text_of
from reconciler.plan.encoding import encode
from reconciler.records import DeliveryRow, Wake
from reconciler.store import Delivery
from webhooks.asgi import Request, Response, Route, run_in_threadpool
from webhooks.bodies import Answering, Refused, read_body
from webhooks.github_events import HOOK, Heard, NotAgreeing, Told, told
from webhooks.mailbox import Mailbox
from webhooks.signatures import is_signed

BODY_LIMIT = 25 * 1024 * 1024  # bytes: GitHub sends nothing larger
SMALL = 64 * 1024  # bytes that are verified and read without a thread of their own
LONGEST_ID = 100  # characters
LESS = "GitHub sends at most 25 MB; check who sends this."


@dataclass(frozen=True, slots=True)
class GitHubHook:
    """How deliveries are proven and understood.

    `secrets` are those that are active, two while one replaces the other; `named` gives the name of a repository that
    is served by its GitHub number, "" if none is; `app` is our App's number, None with a token.
    """

    secrets: Sequence[bytes]
    named: Callable[[int], Awaitable[str]]
    app: int | None = None
    proven: Callable[[Request], None] = lambda request: None  # hears of each request that is GitHub's


def github_routes(hook: GitHubHook, mailbox: Mailbox, now: Callable[[], float] = time.time) -> Sequence[Route]:
    """The route. `now` gives seconds since the epoch. Raises ValueError if there is no secret to prove anything by."""
    if not hook.secrets or not all(hook.secrets):
        raise ValueError("Without a secret, anybody could send webhooks.")

    async def receive(request: Request) -> Response:
        event, guid = _headers(request)
        body = await read_body(request, BODY_LIMIT, LESS)
        signature = request.headers.get("x-hub-signature-256", "")
        if len(body) <= SMALL:
            read = _proven(hook.secrets, event, body, signature)
        else:
            read = await run_in_threadpool(_proven, hook.secrets, event, body, signature)
        hook.proven(request)
        if read is None:
            return Response(status_code=204)
        repository = await hook.named(read.number) if read.number else ""
        delivery = _delivery(guid, event, read, read.heard(repository, now(), hook.app), now())
        if delivery is None:
            return Response(status_code=204)
        stored = await mailbox.put(delivery)
        said = encode({"version": 1, "delivery": guid, "known": not stored})
        return Response(said, status_code=202, media_type="application/json")

    return [Route(HOOK, Answering(receive), methods=["POST"])]


def _headers(request: Request) -> tuple[str, str]:
    event, guid = request.headers.get("x-github-event", ""), request.headers.get("x-github-delivery", "")
    if not event or not 0 < len(guid) <= LONGEST_ID:
        raise Refused(
            400,
            "NotGitHub",
            "The headers X-GitHub-Event and X-GitHub-Delivery are missing or malformed.",
            "Let GitHub send its webhooks here.",
        )
    return event, guid


def _proven(secrets: Sequence[bytes], event: str, body: bytes, signature: str) -> Told | None:
    """What a body tells; nothing of it is read before its signature was proven. Raises Refused."""
    if not is_signed(body, signature, secrets):
        raise Refused(
            401,
            "WrongSignature",
            "The signature is missing or was not made with the webhook's secret.",
            "Give GitHub and the server's configuration the same secret.",
        )
    try:
        return told(event, body)
    except NotAgreeing as error:
        raise Refused(400, "NotAgreeing", str(error), "Let the webhook send application/json.") from error


def recovered(
    guid: str, event: str, body: bytes, at: float, named: Callable[[int], str], app: int | None, now: float
) -> Delivery | None:
    """What a delivery that GitHub tried at a time and could not make asks for, by its body as GitHub's API gives it."""
    try:
        read = told(event, body)
    except NotAgreeing:
        return None
    if read is None:
        return None
    return _delivery(guid, event, read, read.heard(named(read.number) if read.number else "", at, app), now)


def _delivery(guid: str, event: str, read: Told, heard: Heard, at: float) -> Delivery | None:
    """None where nothing concerns us."""
    if not heard.matters:
        return None
    keys = [*heard.keys, *(request.key for request in heard.requests)]
    said = ", ".join([*(request.id for request in heard.requests), *(text_of(key) for key in keys)])
    row = DeliveryRow(guid, read.digest, event, heard.repository, at, said)
    return Delivery(row, tuple(Wake(key) for key in heard.keys), heard.requests)
