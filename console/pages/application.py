"""The pages and the JSON API as one ASGI application. Which address and who may reach it is the server's business."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from importlib.resources import files

from console import api
from console.pages import actions, lists
from console.pages.actions import Ask
from console.pages.answers import broken, refused, unavailable
from console.pages.log_lines import LogLines, LogReader
from console.pages.log_page import download, log_page
from console.pages.reading import World
from console.pages.run_page import run_page
from console.pages.security import SafeHeaders
from console.pages.worded import WordedChecks
from reconciler.checks import graph_svg, timeline_svg
from reconciler.ports import Clock, ReconcileError, Store
from webhooks.asgi import ASGIApp, BaseRoute, HTTPException, Request, Response, Route, Starlette

_TYPES = {"css": "text/css; charset=utf-8", "svg": "image/svg+xml"}


def application(
    store: Store, logs: LogReader, clock: Clock, ask: Ask, extra_routes: Sequence[BaseRoute] = (), place: str = ""
) -> ASGIApp:
    """Every page, the JSON API and `extra_routes`. Pages only read; what people ask for goes through `ask`.

    `place` is the one whose logs can be read here; "" = of every place.
    """
    world = World(store, logs, clock, store, place)
    lines, checks = LogLines(logs), WordedChecks(world)
    routes = [
        _get("/", partial(lists.home, checks=checks), world),
        _get("/repositories/{repository:path}", partial(lists.repository, checks=checks), world),
        _get("/commits/{sha}", partial(lists.commit, checks=checks), world),
        _get("/flows/{flow}", lists.flow, world),
        Route("/flows/{flow}", partial(actions.ask_flow, world=world, ask=ask), methods=["POST"]),
        _get("/runs/{run}", run_page, world),
        Route("/runs/{run}", partial(actions.ask_run, world=world, ask=ask), methods=["POST"]),
        _get("/runs/{run}/logs/{op}/download", partial(download, lines=lines), world),
        _get("/runs/{run}/logs/{op}", partial(log_page, lines=lines), world),
        _get("/api/v1/runs", api.runs, world),
        _get("/api/v1/runs/{run}", api.run, world),
        _get("/api/v1/runs/{run}/ops", api.ops, world),
        Route("/static/{name}", _static(), methods=["GET"]),
        *extra_routes,
    ]
    handlers = {HTTPException: refused, ReconcileError: unavailable, Exception: broken}
    return SafeHeaders(Starlette(routes=routes, exception_handlers=handlers))


def _get(path: str, answer: Callable[..., Response], world: World) -> Route:
    return Route(path, partial(answer, world=world), methods=["GET"])


def _static() -> Callable[[Request], Response]:
    """The few files that pages use, read once; the drawings' sheet lives with the drawings."""
    folder = files("console.pages").joinpath("static")
    known = {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.name.split(".")[-1] in _TYPES}
    known["dag.css"] = (graph_svg.STYLE + timeline_svg.STYLE).encode()

    def answer(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in known:
            raise HTTPException(404, "There is no such file.")
        headers = {"Cache-Control": "no-cache"}
        return Response(known[name], media_type=_TYPES[name.split(".")[-1]], headers=headers)

    return answer
