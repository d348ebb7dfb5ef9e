"""Signing in with GitHub, and out again: the way to an agreement and back, bound to the browser that began it.

https://docs.github.com/en/apps/creating-github-apps/writing-code-for-a-github-app/building-a-login-with-github-button-with-a-github-app
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Sequence
from urllib.parse import quote, unquote, urlsplit

from console.github_config import SIGNED_IN
from console.pages.answers import problem, said
from console.pages.security import read_form
from console.pages.sessions import Sessions
from console.pages.viewers import Viewer
from reconciler.errors import Stalled
from webhooks.asgi import BaseRoute, HTTPException, RedirectResponse, Request, Response, Route, run_in_threadpool

SIGN_IN, SIGN_OUT, SIGNED_OUT = "/sign-in", "/sign-out", "/signed-out"
FREE = (SIGN_IN, SIGNED_IN, SIGNED_OUT)  # for whoever has not signed in
_MINUTES = 10  # that GitHub's code is good for
_OURS = re.compile(r"/(?![/\\])[!-\[\]-~]{0,1000}", re.ASCII)  # a path here, whatever browsers make of others
_CODE = re.compile(r"[A-Za-z0-9_-]{1,200}", re.ASCII)


class SignIn:
    """The pages of it. `public` is the address of the pages for people elsewhere, as GitHub leads them back there."""

    def __init__(self, sessions: Sessions, public: str) -> None:
        self._sessions = sessions
        self._back = public + SIGNED_IN
        self._secure = urlsplit(public).scheme == "https"
        self.host = urlsplit(public).netloc
        prefix = "__Host-" if self._secure else ""
        self._session, self._begun = f"{prefix}headgate_session", f"{prefix}headgate_begun"

    def routes(self) -> Sequence[BaseRoute]:
        """Where people sign in and out."""
        return (
            Route(SIGN_IN, self._begin, methods=["GET"]),
            Route(SIGNED_IN, self._end, methods=["GET"]),
            Route(SIGN_OUT, self._leave, methods=["POST"]),
            Route(SIGNED_OUT, _left, methods=["GET"]),
        )

    def viewer(self, request: Request) -> Viewer | None:
        """Who has signed in with this browser. Raises Waiting, Stalled."""
        name = request.cookies.get(self._session, "")
        return self._sessions.viewer(name) if name else None

    def _begin(self, request: Request) -> Response:
        """To GitHub; what comes back must belong to the state that this browser alone keeps."""
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        there = self._sessions.people.address(state, verifier, self._back)
        answer = RedirectResponse(there, 303)
        to = quote(_ours(request.query_params.get("to", "/")), safe="")
        self._keep(answer, self._begun, f"{state}.{verifier}.{to}", _MINUTES * 60)
        return answer

    def _end(self, request: Request) -> Response:
        state, _, rest = request.cookies.get(self._begun, "").partition(".")
        verifier, _, to = rest.partition(".")
        given, code = request.query_params.get("state", ""), request.query_params.get("code", "")
        if not state or not hmac.compare_digest(state.encode(), given.encode()):
            raise HTTPException(400, "This sign-in was not begun in this browser, or is over. Begin again.")
        answer = self._agreed(code, verifier, _ours(unquote(to)), request)
        answer.delete_cookie(self._begun, path="/", secure=self._secure, httponly=True)
        return answer

    def _agreed(self, code: str, verifier: str, to: str, request: Request) -> Response:
        if not _CODE.fullmatch(code):
            return problem(request, 403, "GitHub was not allowed to tell who you are, so nothing is shown.")
        try:
            person = self._sessions.people.signed_in(code, verifier, self._back)
        except Stalled as error:
            return problem(request, 403, error.message)
        answer = RedirectResponse(to, 303)
        self._keep(answer, self._session, self._sessions.begin(person), None)
        return answer

    async def _leave(self, request: Request) -> Response:
        await read_form(request)
        await run_in_threadpool(self._sessions.end, request.cookies.get(self._session, ""))
        answer = RedirectResponse(SIGNED_OUT, 303)
        answer.delete_cookie(self._session, path="/", secure=self._secure, httponly=True)
        return answer

    def _keep(self, answer: Response, name: str, value: str, seconds: int | None) -> None:
        """Not `strict`: the browser comes back from GitHub, and follows links of checks that are there."""
        answer.set_cookie(name, value, seconds, path="/", secure=self._secure, httponly=True, samesite="lax")


def asked_to_sign_in(request: Request) -> Response:
    """What strangers are shown, whatever they asked for."""
    there = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    to = there if request.method in ("GET", "HEAD") else "/"
    link = f"{SIGN_IN}?to={quote(_ours(to), safe='')}"
    return said(request, "sign_in.html", {"link": link}, 401)


def _left(request: Request) -> Response:
    return said(request, "signed_out.html", {"link": SIGN_IN}, 200)


def _ours(address: str) -> str:
    """A path on these pages; the first one for anything else."""
    return address if _OURS.fullmatch(address) else "/"
