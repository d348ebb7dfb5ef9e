"""Pages of a service that strangers can reach: shown on its own machine, refused to everybody else."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from console.pages.nearby import NearbyPages

MACHINES = ("/webhooks/", "/healthz")


def asked(path="/", client="127.0.0.1", host="127.0.0.1:8470", **headers):
    async def shown(request):
        return PlainTextResponse("shown")

    routes = [Route(one, shown) for one in ("/", "/runs/1", "/webhooks/github", "/healthz", "/webhooksx")]
    application = NearbyPages(Starlette(routes=routes), MACHINES)
    given = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return TestClient(application, client=(client, 4711)).get(path, headers=given)


@pytest.mark.parametrize(
    ("client", "host"), [("127.0.0.1", "127.0.0.1:8470"), ("127.0.0.1", "localhost"), ("::1", "[::1]:8470")]
)
def test_the_machine_itself_sees_the_pages(client, host):
    assert asked("/runs/1", client, host).text == "shown"


@pytest.mark.parametrize(
    ("client", "host", "headers"),
    [
        ("203.0.113.9", "headgate.example.org", {}),
        ("203.0.113.9", "127.0.0.1:8470", {}),
        ("127.0.0.1", "headgate.example.org", {}),
        ("127.0.0.1", "127.0.0.1.example.org", {}),
        ("127.0.0.1", "", {}),
        ("127.0.0.1", "[", {}),
        ("127.0.0.1", "127.0.0.1", {"x_forwarded_for": "203.0.113.9"}),
        ("127.0.0.1", "127.0.0.1", {"forwarded": "for=203.0.113.9"}),
    ],
)
def test_strangers_see_none_and_are_told_where(client, host, headers):
    answer = asked("/runs/1", client, host, **headers)

    assert answer.status_code == 403
    assert "its own machine alone" in answer.text


def test_machines_reach_what_is_for_them():
    assert asked("/webhooks/github", "203.0.113.9", "headgate.example.org").text == "shown"
    assert asked("/healthz", "203.0.113.9", "headgate.example.org").text == "shown"
    assert asked("/webhooksx", "203.0.113.9", "headgate.example.org").status_code == 403
