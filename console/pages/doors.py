"""Who is let in: whoever sits at this machine, people who have signed in, machines that prove themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from console.pages.answers import problem, unavailable
from console.pages.nearby import is_near
from console.pages.security import PUBLIC_HOST
from console.pages.sign_in import FREE, SignIn, asked_to_sign_in
from console.pages.viewers import HERE, let_in
from reconciler.errors import ReconcileError
from webhooks.asgi import ASGIApp, Receive, Request, Response, Scope, Send, run_in_threadpool


class OpenDoor:
    """An ASGI application for whoever reaches it: who may is somebody else's business."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        let_in(scope, HERE)
        await self._application(scope, receive, send)


class Doors:
    """An ASGI application on an address that strangers reach.

    `machines`: beginnings of paths that prove themselves. Without `sign_in` nobody elsewhere sees a page, and is told
    why in `closed`.
    """

    def __init__(
        self,
        application: ASGIApp,
        machines: Sequence[str],
        sign_in: SignIn | None,
        closed: str = "",
        near: Callable[[Request], bool] = is_near,
    ) -> None:
        self._application = application
        self._machines = tuple(machines)
        self._sign_in = sign_in
        self._closed = closed
        self._is_near = near

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = None
        if scope["type"] == "http" and not scope["path"].startswith(self._machines):
            refusal = await self._refusal(scope)
        await (refusal or self._application)(scope, receive, send)

    async def _refusal(self, scope: Scope) -> Response | None:
        """The answer to those who are not let in."""
        request = Request(scope)
        if self._is_near(request):
            let_in(scope, HERE)
            return None
        if self._sign_in is None:
            return problem(request, 403, self._closed)
        if scope["path"] in FREE or scope["path"].startswith("/static/"):
            return None
        try:
            viewer = await run_in_threadpool(self._sign_in.viewer, request)
        except ReconcileError as error:
            return unavailable(request, error)
        if viewer is None:
            return asked_to_sign_in(request)
        let_in(scope, viewer)
        scope[PUBLIC_HOST] = self._sign_in.host
        return None
