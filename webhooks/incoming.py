"""`POST /webhooks/incoming/{name}`: a system that is no forge starts a flow, with values for some of its inputs.

Which flow and which inputs, the server's configuration says. The request is proven before it is read, judged as a file
would be, stored durably, and answered: 202 with the run that it starts. The same key again starts nothing more.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from reconciler.checks.words import duration, listed
from reconciler.flows.model import Json
from reconciler.flows.near import near
from reconciler.keys import FlowKey
from reconciler.plan.encoding import DecodeError, decode
from reconciler.plan.templates import templates_in
from reconciler.records import DeliveryRow, FlowRow, RequestRow
from reconciler.store import Delivery
from webhooks.asgi import BaseRoute, JSONResponse, Request, Response, Route, run_in_threadpool
from webhooks.bodies import Answering, Refused, read_body
from webhooks.mailbox import Mailbox
from webhooks.signatures import is_signed

PATH = "/webhooks/incoming/"
EVENT = "incoming"
BODY_LIMIT = 64 * 1024  # bytes
LESS = "Give the address of what is large, and let an op fetch it."
FRESH = 300.0  # s that a signature is good for, before and after
TIMESTAMP, KEY, SIGNATURE = "x-headgate-timestamp", "idempotency-key", "x-headgate-signature"
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_:@/-]{0,99}", re.ASCII)  # no dot: the signed text has dots between its parts
_SECONDS = re.compile(r"[0-9]{1,11}", re.ASCII)
_IS = 'Post {"params": {"NAME": VALUE}}, or nothing.'


@dataclass(frozen=True, slots=True)
class Incoming:
    """Who may start what: a flow of a repository's default branch, and the inputs whose values may be given.

    `secrets` are those that are active, two while one replaces the other.
    """

    name: str
    repository: str
    flow: str
    secrets: Sequence[bytes]
    params: frozenset[str] = frozenset()


class Declared(Protocol):
    """The flows that are declared, and what was asked for before. Raises Waiting or Stalled, as store and source do."""

    def flows(self, repository: str, name: str) -> Sequence[FlowRow]:
        """The flows of the default branch of this name, or of this file, that were applied."""
        ...

    def fault(self, flow: FlowRow, params: Mapping[str, Json]) -> str:
        """Why it could not be started with these values of its inputs, in a sentence; "" if it could."""
        ...

    def branch(self, repository: str) -> str:
        """The default branch."""
        ...

    def request(self, request: str) -> RequestRow | None:
        """What was asked before under an id."""
        ...

    def run(self, request: RequestRow) -> str:
        """The id of the run that a request starts."""
        ...


@dataclass(frozen=True, slots=True)
class _Signed:
    """A request whose signature was proven."""

    timestamp: str
    key: str
    body: bytes

    def digest(self, name: str) -> str:
        """Of all but the time: sent again, it is signed again."""
        return sha256(f"{name}.{self.key}.".encode() + self.body).hexdigest()


def incoming_routes(
    hooks: Sequence[Incoming], declared: Declared, mailbox: Mailbox, now: Callable[[], float] = time.time
) -> Sequence[BaseRoute]:
    """The route, or none. `now` gives seconds since the epoch. Raises ValueError for a hook without a secret."""
    if not all(hook.secrets and all(hook.secrets) for hook in hooks):
        raise ValueError("Without a secret, anybody could start a flow.")
    by_name = {hook.name: hook for hook in hooks}

    async def receive(request: Request) -> Response:
        hook = by_name.get(request.path_params["name"])
        if hook is None:
            do = "Correct the address, or declare it under `incoming` in the configuration of the service."
            raise Refused(404, "UnknownName", "Nothing of this name is declared.", do)
        signed = await _signed(request, hook, now())
        name = f"{EVENT}:{hook.name}:{signed.key}"
        asked = await run_in_threadpool(declared.request, name)
        if asked is None:
            asked = await run_in_threadpool(_asked, hook, declared, signed, name, now())
            row = DeliveryRow(name, signed.digest(hook.name), EVENT, hook.repository, now(), name)
            if await mailbox.put(Delivery(row, (), (asked,))):
                return _answer(asked, declared.run(asked), known=False)
            asked = await run_in_threadpool(declared.request, name) or asked  # it came twice at once
        if asked.arguments.get("digest") != signed.digest(hook.name):
            what = f"The key {signed.key!r} was used before, for a request that says something else."
            raise Refused(409, "KeyUsed", what, "Give each wish a key of its own, and the same one to its repetitions.")
        return _answer(asked, declared.run(asked), known=True)

    return [Route(PATH + "{name}", Answering(receive), methods=["POST"])] if hooks else []


def signed_text(name: str, timestamp: str, key: str, body: bytes) -> bytes:
    """What is signed: `NAME.TIMESTAMP.KEY.BODY`."""
    return f"{name}.{timestamp}.{key}.".encode() + body


def _answer(asked: RequestRow, run: str, known: bool) -> Response:
    return JSONResponse({"version": 1, "request": asked.id, "run": run, "known": known}, status_code=202)


# --- proving ----------------------------------------------------------------------------------------------------------


async def _signed(request: Request, hook: Incoming, now: float) -> _Signed:
    """The request, once it is proven to be of who has the secret, and of these minutes. Raises Refused."""
    given = {name: request.headers.get(name, "") for name in (TIMESTAMP, KEY, SIGNATURE)}
    missing = [name for name, value in given.items() if not value]
    if missing:
        do = "Send X-Headgate-Timestamp, Idempotency-Key and X-Headgate-Signature."
        raise Refused(400, "HeaderMissing", f"There is no header {missing[0]}.", do)
    timestamp, key = given[TIMESTAMP], given[KEY]
    if not _SECONDS.fullmatch(timestamp):
        do = "Send seconds since 1970, as `date +%s` prints them."
        raise Refused(400, "Malformed", "X-Headgate-Timestamp is no whole number.", do)
    if not _KEY.fullmatch(key):
        do = "Use at most 100 letters, digits and `-_:@/`, and begin with a letter or digit."
        raise Refused(400, "Malformed", "Idempotency-Key has other characters than a key has.", do)
    body = await read_body(request, BODY_LIMIT, LESS)
    if not is_signed(signed_text(hook.name, timestamp, key, body), given[SIGNATURE], hook.secrets):
        what = "The signature was not made with the secret, or not over NAME.TIMESTAMP.KEY.BODY."
        raise Refused(401, "WrongSignature", what, "Sign exactly what is sent, and give both sides the same secret.")
    apart = abs(now - float(timestamp))
    if apart > FRESH:
        what = f"It was signed {duration(apart)} {'ago' if now > float(timestamp) else 'ahead of our clock'}."
        do = f"Sign it when it is sent, at most {duration(FRESH)} apart; let NTP keep the clocks of both machines."
        raise Refused(401, "NotOfNow", what, do)
    return _Signed(timestamp, key, body)


# --- reading ----------------------------------------------------------------------------------------------------------


def _asked(hook: Incoming, declared: Declared, signed: _Signed, name: str, now: float) -> RequestRow:
    """The request that it comes to. Raises Refused."""
    params = _params(hook, signed.body)
    flow = _flow(hook, declared.flows(hook.repository, hook.flow))
    if flow.paused:
        raise Refused(
            409, "Paused", f"The flow {flow.name} is paused.", f"Let it go on: `headgate unpause {flow.name}`."
        )
    fault = declared.fault(flow, params)
    if fault:
        raise Refused(422, "CannotStart", fault, "Correct the values, and send it with the same key.")
    arguments: dict[str, Json] = {"digest": signed.digest(hook.name), "branch": declared.branch(hook.repository)}
    arguments |= {"params": params} if params else {}
    by = f"{EVENT}/{hook.name}"
    return RequestRow(name, FlowKey(flow.id), "run", by, now, flow.id, arguments=arguments)


def _flow(hook: Incoming, found: Sequence[FlowRow]) -> FlowRow:
    """The one flow. Raises Refused."""
    if not found:
        what = f"There is no flow {hook.flow} in {hook.repository}, or none that was applied yet."
        raise Refused(409, "NoFlow", what, "`headgate status` lists flows; look at `incoming` in the configuration.")
    if len(found) > 1:
        names = listed(sorted(f"{row.name} in {row.path}" for row in found))
        do = "Name a file or a flow that only one has, under `incoming` in the configuration."
        raise Refused(409, "FlowUnclear", f"Several flows of {hook.repository} may be meant: {names}.", do)
    return found[0]


def _params(hook: Incoming, body: bytes) -> dict[str, Json]:
    """Names and values, each name one that may be given. Raises Refused."""
    said = _object(body) if body.strip() else {}
    for word in said:
        if word != "params":
            raise Refused(400, "Malformed", f"The body has a key {word[:60]!r}, which nothing reads.", _IS)
    params = said.get("params", {})
    if not isinstance(params, dict):
        raise Refused(400, "Malformed", "`params` is no JSON object.", _IS)
    for name, value in params.items():
        if name not in hook.params:
            _refuse_param(hook, name)
        if templates_in(value):
            do = "Give the value itself; what a flow makes of it, the flow says."
            raise Refused(400, "TemplateNotAllowed", f"The value of {name!r} holds a template, {{{{ … }}}}.", do)
    return params


def _object(body: bytes) -> dict[str, Json]:
    try:
        return decode(body, dict[str, Json])
    except DecodeError as error:
        raise Refused(400, "Malformed", f"The body is no JSON object: {error}", _IS) from None
    except RecursionError:
        raise Refused(400, "Malformed", "The body is nested too deeply.", _IS) from None


def _refuse_param(hook: Incoming, name: str) -> None:
    like = near(name, hook.params)
    may = f"Give only {listed(sorted(hook.params), 20)}" if hook.params else "Give no params"
    do = f"Did you mean `{like}`? {may}." if like else f"{may}, or add it to `params` of {hook.name} under `incoming`."
    raise Refused(400, "ParamNotAllowed", f"The param {name[:60]!r} may not be given here.", do)
