"""The short way to an address: past all that finds pages and guards them, for what machines send by the thousand."""

from __future__ import annotations

from collections.abc import Sequence

from webhooks.asgi import ASGIApp, Receive, Route, Scope, Send


class Straight:
    """An ASGI application before another that has these routes, too: it answers whatever is not exactly one of them."""

    def __init__(self, application: ASGIApp, routes: Sequence[Route]) -> None:
        self._application = application
        self._straight = {(method, route.path): route.app for route in routes for method in route.methods or ()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        straight = self._straight.get((scope.get("method", ""), scope.get("path", "")))
        await (straight or self._application)(scope, receive, send)
