"""The pages and the JSON API as one ASGI application. Which address and who may reach it is the server's business."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from importlib.resources import files

from console import api
from console.pages import actions, lists
from console.pages.actions import Ask
from console.pages.answers import broken, refused, unavailable
from console.pages.doors import OpenDoor
from console.pages.log_lines import LogLines, LogReader
from console.pages.log_page import download, log_page
from console.pages.reading import World
from console.pages.run_page import run_page
from console.pages.security import SafeHeaders
from console.pages.seen import MayAct, Seen
from console.pages.viewers import HERE, Viewer, viewer_of
from console.pages.worded import WordedChecks
from reconciler.checks import graph_svg, timeline_svg
from reconciler.errors import ReconcileError
from reconciler.ports import Clock
from reconciler.store import Store
from webhooks.asgi import ASGIApp, BaseRoute, HTTPException, Request, Response, Route, Starlette
from webhooks.straight import Straight

_TYPES = {"css": "text/css; charset=utf-8", "svg": "image/svg+xml"}


Sight = Callable[[Viewer], World]
Door = Callable[[ASGIApp], ASGIApp]


def application(
    store: Store,
    logs: LogReader,
    clock: Clock,
    ask: Ask,
    extra_routes: Sequence[BaseRoute] = (),
    hooks: Sequence[Route] = (),
    place: str = "",
    door: Door = OpenDoor,
    may_act: MayAct = lambda repository, person: False,
) -> ASGIApp:
    """Every page, the JSON API, `extra_routes` and `hooks`. Pages only read; what people ask for goes through `ask`.

    `hooks` prove who sends by themselves, and pass no layer but that of headers.
    `place` is the one whose logs can be read here; "" = of every place. `door` lets people in, each as a viewer;
    `may_act` tells which of those who have signed in may ask for things.
    """

    def sight(viewer: Viewer) -> World:
        return World(Seen(store, viewer, may_act), logs, clock, store, place, viewer.name)

    static = Route("/static/{name}", _static(), methods=["GET"])
    routes = [*_pages(sight, logs, ask), static, *extra_routes, *hooks]
    handlers = {HTTPException: refused, ReconcileError: unavailable, Exception: broken}
    return SafeHeaders(Straight(door(Starlette(routes=routes, exception_handlers=handlers)), hooks))


def _pages(sight: Sight, logs: LogReader, ask: Ask) -> Sequence[BaseRoute]:
    """What is shown of the world, to each viewer as they see it."""
    lines, checks = LogLines(logs), WordedChecks(sight(HERE))  # which checks are shown is decided where they are found
    return [
        _get("/", partial(lists.home, checks=checks), sight),
        _get("/repositories/{repository:path}", partial(lists.repository, checks=checks), sight),
        _get("/commits/{sha}", partial(lists.commit, checks=checks), sight),
        _get("/flows/{flow}", lists.flow, sight),
        _post("/flows/{flow}", partial(actions.ask_flow, ask=ask), sight),
        _get("/runs/{run}", run_page, sight),
        _post("/runs/{run}", partial(actions.ask_run, ask=ask), sight),
        _get("/runs/{run}/logs/{op}/download", partial(download, lines=lines), sight),
        _get("/runs/{run}/logs/{op}", partial(log_page, lines=lines), sight),
        _get("/api/v1/runs", api.runs, sight),
        _get("/api/v1/runs/{run}", api.run, sight),
        _get("/api/v1/runs/{run}/ops", api.ops, sight),
    ]


def _get(path: str, answer: Callable[..., Response], sight: Sight) -> Route:
    def shown(request: Request) -> Response:
        return answer(request, world=sight(viewer_of(request)))

    return Route(path, shown, methods=["GET"])


def _post(path: str, answer: Callable[..., Awaitable[Response]], sight: Sight) -> Route:
    async def done(request: Request) -> Response:
        return await answer(request, world=sight(viewer_of(request)))

    return Route(path, done, methods=["POST"])


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
