"""The short way to an address: the same answers, and everything else as if it were not there."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from webhooks.asgi import ASGIApp, HTTPException, PlainTextResponse, Receive, Request, Response, Route, Scope, Send
from webhooks.bodies import Answering, Refused
from webhooks.straight import Straight


class Guard:
    """A layer that lets nobody through but who knows the word."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if b"word" not in scope["query_string"]:
            raise HTTPException(403)
        await self._application(scope, receive, send)


async def told(request: Request) -> Response:
    if await request.body() == b"wrong":
        raise Refused(400, "Wrong", "It is wrong.", "Send another one.")
    return PlainTextResponse("told")


@pytest.fixture
def client() -> TestClient:
    routes = [Route("/told", Answering(told), methods=["POST"]), Route("/told/{name}", Answering(told))]
    return TestClient(Straight(Guard(Starlette(routes=routes)), routes[:1]))


def test_what_is_sent_to_its_address_passes_no_layer(client):
    assert client.post("/told").text == "told"
    assert client.post("/told?by=ann").text == "told"


def test_what_it_refuses_is_said_as_everywhere(client):
    error = client.post("/told", content=b"wrong").json()["error"]
    assert error == {"code": "Wrong", "message": "It is wrong.", "where": "/told", "do": "Send another one."}


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/told"), ("POST", "/told/"), ("POST", "/told/x"), ("POST", "//told"), ("POST", "/")]
)
def test_everything_else_passes_them_all(client, method, path):
    with pytest.raises(HTTPException):
        client.request(method, path)
    assert client.get("/told?word").status_code == 405
    assert client.get("/told/x?word").text == "told"
