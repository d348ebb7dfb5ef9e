"""Answers of pages: a filled template with the token of its forms, or a plain page about a problem."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from console.pages.rendering import render
from console.pages.security import form_token, keep_token
from console.pages.viewers import viewer_of
from reconciler.errors import ReconcileError
from webhooks.asgi import HTMLResponse, HTTPException, JSONResponse, Request, Response

_TITLES = {
    400: "That cannot be read",
    401: "Sign in",
    403: "Not allowed from there",
    404: "Not found",
    405: "Not done that way",
    413: "Too large",
    500: "A fault of Headgate",
    503: "Not now",
}


def page(request: Request, template: str, values: Mapping[str, Any], refresh: int = 0) -> Response:
    """A page; its forms carry a token and a nonce, so that a double click asks once."""
    token = form_token(request)
    who = viewer_of(request).name
    given = {"refresh": refresh, "token": token, "nonce": secrets.token_hex(10), "viewer": who, **values}
    response = HTMLResponse(render(template, given))
    keep_token(request, response, token)
    return response


def said(request: Request, template: str, values: Mapping[str, Any], status: int) -> Response:
    """A page for whoever is not let in; programs get the problem as JSON."""
    if _is_program(request):
        return problem(request, status, "Sign in with GitHub: open the pages in a browser.")
    return _plain(template, values, status)


def refused(request: Request, error: Exception) -> Response:
    """The page (or JSON document) of an HTTPException; `detail` says what to do."""
    assert isinstance(error, HTTPException)
    message = error.detail
    if error.status_code == 404 and message == "Not Found":
        message = f"There is no page at {request.url.path}. Start from the list of repositories."
    return problem(request, error.status_code, message)


def unavailable(request: Request, error: Exception) -> Response:
    """Something that pages read from does not answer, or has lost what was asked for."""
    assert isinstance(error, ReconcileError)
    return problem(request, 503, f"{error.message} Reload the page in a while.")


def broken(request: Request, error: Exception) -> Response:
    """A bug; the server's log has the traceback, people get a sentence."""
    message = "This page could not be made, by a fault of Headgate and not of your flows. Its log has the details."
    return problem(request, 500, message)


def problem(request: Request, status: int, message: str) -> Response:
    """A page that says what is wrong and what to do, or the same for a program."""
    title = _TITLES.get(status, "Not possible")
    if _is_program(request):
        error = {"code": title, "message": message, "where": request.url.path, "do": ""}
        return JSONResponse({"version": 1, "error": error}, status)
    return _plain("problem.html", {"title": title, "message": message}, status)


def _plain(template: str, values: Mapping[str, Any], status: int) -> Response:
    """A page that is the same for everybody."""
    return HTMLResponse(render(template, {"refresh": 0, "viewer": "", **values}), status)


def _is_program(request: Request) -> bool:
    return request.url.path.startswith("/api/")
