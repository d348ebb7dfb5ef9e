"""What people ask for with a button: it becomes a request row, which the run's or flow's step performs once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn

from console.pages.reading import World, find_run
from console.pages.security import read_form
from reconciler.keys import FlowKey, RunKey
from reconciler.records import RequestRow
from webhooks.asgi import HTTPException, RedirectResponse, Request, Response, run_in_threadpool

Ask = Callable[[RequestRow], bool]

RUN_VERBS = frozenset({"stop", "restart", "resume", "copy", "approve", "skip"})
FLOW_VERBS = frozenset({"pause", "unpause"})
_NEED_OP = frozenset({"approve", "skip"})
_NONCE = 20  # hexadecimal digits


async def ask_run(request: Request, world: World, ask: Ask) -> Response:
    """POST `/runs/<id>` with `verb`, and `op` where one is meant."""
    fields = await read_form(request)
    return await run_in_threadpool(_ask_run, world, ask, request.path_params["run"], fields)


def _ask_run(world: World, ask: Ask, prefix: str, fields: Mapping[str, str]) -> Response:
    row = find_run(world, prefix)
    world.records.check_acting(row.repository)
    verb, op = fields.get("verb", ""), fields.get("op") or None
    if verb not in RUN_VERBS or (verb in _NEED_OP and op is None):
        _refuse(verb)
    arguments = {"failed": True} if fields.get("failed") else {}
    wanted = _request(world, fields, RunKey(row.id), row.id, op, arguments)
    ask(wanted)
    return RedirectResponse(f"/runs/{row.id}?asked={wanted.id}", 303)


async def ask_flow(request: Request, world: World, ask: Ask) -> Response:
    """POST `/flows/<id>` with `verb`."""
    fields = await read_form(request)
    return await run_in_threadpool(_ask_flow, world, ask, request.path_params["flow"], fields)


def _ask_flow(world: World, ask: Ask, flow: str, fields: Mapping[str, str]) -> Response:
    row = world.records.flow(flow)
    if row is None:
        raise HTTPException(404, "There is no such flow.")
    world.records.check_acting(row.repository)
    if fields.get("verb") not in FLOW_VERBS:
        _refuse(fields.get("verb", ""))
    ask(_request(world, fields, FlowKey(flow), flow, None, {}))
    return RedirectResponse(f"/flows/{flow}", 303)


def _refuse(verb: str) -> NoReturn:
    raise HTTPException(400, f"The page cannot ask to {verb or 'do nothing'} here.")


def _request(
    world: World,
    fields: Mapping[str, str],
    key: RunKey | FlowKey,
    target: str,
    op: str | None,
    arguments: Mapping[str, bool],
) -> RequestRow:
    """The row; its id comes from the form that was shown, so that a doubled click or a resent form asks once."""
    nonce = fields.get("nonce", "")
    if len(nonce) != _NONCE or not nonce.isalnum():
        raise HTTPException(400, "The form cannot be read. Reload the page and try again.")
    verb = fields["verb"]
    by = f"{world.viewer} on the page" if world.viewer else "the page"
    return RequestRow(f"page-{verb}-{nonce}", key, verb, by, world.clock.now(), target, op, dict(arguments))
