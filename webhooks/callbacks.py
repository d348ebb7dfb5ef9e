"""Where ops report in: outputs and live metrics of their own attempt. Verifies, stores, and decides nothing.

`POST /v1/attempts/{attempt}/outputs` takes one JSON object; later posts add to earlier ones, key by key.
`POST /v1/attempts/{attempt}/metrics` takes `{"loss": 0.1}` or a list of `{"name", "value", "step"}`.
Both want `Authorization: Bearer $HEADGATE_TOKEN`, and answer errors as
`{"version": 1, "error": {"code", "message", "where", "do"}}`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from reconciler.flows.model import Json
from reconciler.plan.encoding import DecodeError, decode
from reconciler.records import MetricRow
from reconciler.store import Records
from webhooks.asgi import BaseRoute, JSONResponse, Request, Response, Route, run_in_threadpool
from webhooks.bodies import Answering, Refused, read_body
from webhooks.tokens import Tokens

BODY_LIMIT = 1 << 20  # bytes
LESS = "Post less at once; write large results to $HEADGATE_ARTIFACTS_PATH."
METRICS_LIMIT = 1000  # in one post
NAME_LIMIT = 200  # characters


class Outputs(Protocol):
    """Who keeps what ops post until their attempt ends."""

    def add_outputs(self, attempt: str, outputs: Mapping[str, Json]) -> None:
        """Merge outputs into those of a live attempt.

        Raises ValueError with a sentence for outputs that cannot be taken, LookupError where the attempt is unknown.
        """
        ...


def callback_routes(
    tokens: Tokens, outputs: Outputs, records: Records, now: Callable[[], float] = time.time
) -> Sequence[BaseRoute]:
    """The two routes, to be served at the root of HEADGATE_API. `now` gives seconds since the epoch."""

    async def post_outputs(request: Request) -> Response:
        attempt, body = await _read(request, tokens)
        posted = _object(body, "outputs")
        await run_in_threadpool(_add_outputs, outputs, records, attempt, posted)
        return JSONResponse({"version": 1, "stored": len(posted)})

    async def post_metrics(request: Request) -> Response:
        attempt, body = await _read(request, tokens)
        rows = metrics_of(attempt, body, now())
        await run_in_threadpool(_observe, records, attempt, rows)
        return JSONResponse({"version": 1, "stored": len(rows)})

    return [
        Route("/v1/attempts/{attempt}/outputs", Answering(post_outputs), methods=["POST"]),
        Route("/v1/attempts/{attempt}/metrics", Answering(post_metrics), methods=["POST"]),
    ]


# --- reading ----------------------------------------------------------------------------------------------------------


async def _read(request: Request, tokens: Tokens) -> tuple[str, bytes]:
    """The attempt that the sender has proven to speak for, and the body; nothing is read before the proof."""
    attempt = request.path_params["attempt"]
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not tokens.proves(token.strip(), attempt):
        raise Refused(
            401,
            "WrongToken",
            "The token is missing or is not this attempt's.",
            "Send `Authorization: Bearer $HEADGATE_TOKEN` to the address of $HEADGATE_ATTEMPT.",
        )
    return attempt, await read_body(request, BODY_LIMIT, LESS)


def _malformed(message: str, do: str) -> Refused:
    return Refused(400, "Malformed", message, do)


def _object(body: bytes, what: str) -> Mapping[str, Json]:
    do = 'Post one JSON object, as in `{"loss": 0.1}`.'
    try:
        return decode(body, dict[str, Json])
    except DecodeError as error:
        raise _malformed(f"The {what} are no JSON object: {error}", do) from error
    except RecursionError:
        raise _malformed(f"The {what} are nested too deeply.", do) from None


def metrics_of(attempt: str, body: bytes, at: float) -> list[MetricRow]:
    """The metrics of a body, each of them finite. Raises Refused."""
    try:
        pairs = _pairs(body)
    except (DecodeError, RecursionError):
        raise _malformed("The metrics are neither a JSON object nor a list of objects.", _METRICS_ARE) from None
    if len(pairs) > METRICS_LIMIT:
        raise _malformed(f"These are {len(pairs):,} metrics, more than {METRICS_LIMIT:,}.", "Post fewer at once.")
    return [_metric(attempt, pair, at) for pair in pairs]


def _pairs(body: bytes) -> list[dict[str, Json]]:
    if body.lstrip().startswith(b"["):
        return decode(body, list[dict[str, Json]])
    return [{"name": name, "value": value} for name, value in decode(body, dict[str, Json]).items()]


def _metric(attempt: str, pair: Mapping[str, Json], at: float) -> MetricRow:
    name, value, step = pair.get("name"), pair.get("value"), pair.get("step")
    if not isinstance(name, str) or not 0 < len(name) <= NAME_LIMIT:
        raise _malformed(f"A metric's name is missing or longer than {NAME_LIMIT} characters.", _METRICS_ARE)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not _is_finite(value):
        raise _malformed(f"The value of metric {name!r} is no finite number.", _METRICS_ARE)
    if step is not None and (isinstance(step, bool) or not isinstance(step, int) or abs(step) >= 1 << 63):
        raise _malformed(f"The step of metric {name!r} is no whole number.", _METRICS_ARE)
    return MetricRow(attempt, name, float(value), at, step)


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


_METRICS_ARE = 'Post `{"loss": 0.1}` or `[{"name": "loss", "value": 0.1, "step": 3}]`.'

# --- storing ----------------------------------------------------------------------------------------------------------


def _add_outputs(outputs: Outputs, records: Records, attempt: str, posted: Mapping[str, Json]) -> None:
    _check_live(records, attempt)
    try:
        outputs.add_outputs(attempt, posted)
    except LookupError:
        raise _unknown() from None
    except ValueError as error:
        raise _malformed(str(error), "Post less, and less deeply nested; write the rest as artifacts.") from error


def _observe(records: Records, attempt: str, rows: Sequence[MetricRow]) -> None:
    _check_live(records, attempt)
    records.observe(rows)


def _check_live(records: Records, attempt: str) -> None:
    row = records.attempt(attempt)
    if row is None:
        raise _unknown()
    if row.phase == "ended":
        raise Refused(409, "Ended", f"The attempt has ended ({row.status}).", "Report before the op ends.")


def _unknown() -> Refused:
    return Refused(
        404, "UnknownAttempt", "There is no such attempt here.", "Check $HEADGATE_API and $HEADGATE_ATTEMPT."
    )
