"""Pages of a service that strangers can reach and where nobody can sign in: shown on its own machine alone."""

import socket

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from console.pages.doors import Doors
from console.pages.nearby import Nearness
from reconciler.adapters.github_addresses import PUBLIC
from webhooks.asgi import Request
from webhooks.server import Server, listen

MACHINES = ("/webhooks/", "/healthz")


def asked(path="/", client="127.0.0.1", host="127.0.0.1:8470", **headers):
    async def shown(request):
        return PlainTextResponse("shown")

    routes = [Route(one, shown) for one in ("/", "/runs/1", "/webhooks/github", "/healthz", "/webhooksx")]
    application = Doors(Starlette(routes=routes), MACHINES, None, "Its own machine alone.")
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
        ("127.0.0.1", "127.0.0.1", {"x_forwarded_for": ""}),
        ("127.0.0.1", "127.0.0.1", {"x_forwarded_host": "headgate.example.org"}),
        ("127.0.0.1", "127.0.0.1", {"x_forwarded_proto": "https"}),
        ("127.0.0.1", "127.0.0.1", {"X_Forwarded_Server": "proxy"}),
        ("127.0.0.1", "127.0.0.1", {"x_real_ip": "127.0.0.1"}),
        ("127.0.0.1", "127.0.0.1", {"via": "1.1 proxy"}),
    ],
)
def test_strangers_see_none_and_are_told_where(client, host, headers):
    answer = asked("/runs/1", client, host, **headers)

    assert answer.status_code == 403
    assert "Its own machine alone." in answer.text


def plainly(version, *headers):
    """The status of what a plain connection gets: version and headers as they are sent, and no others."""
    application = Doors(PlainTextResponse("shown"), MACHINES, None)
    listener = listen("127.0.0.1", 0)
    server = Server(application, listener)
    server.start()
    try:
        with socket.create_connection(listener.getsockname(), timeout=10) as connection:
            connection.sendall("\r\n".join([f"GET / HTTP/{version}", *headers, "", ""]).encode())
            return int(connection.recv(4096).split()[1])
    finally:
        server.stop()


def test_a_proxy_that_was_told_nothing_opens_no_page():
    """nginx with `proxy_pass` alone: HTTP/1.0, itself as the host, no word of the visitor."""
    assert plainly("1.0", "Host: 127.0.0.1:8470", "Connection: close") == 403
    assert plainly("1.1", "Host: 127.0.0.1:8470", "Connection: close", "Via: 1.1 proxy") == 403
    assert plainly("1.1", "Host: headgate.example.org", "Connection: close") == 403
    assert plainly("1.1", "Host: 127.0.0.1:8470", "Connection: close") == 200


def test_machines_reach_what_is_for_them():
    assert asked("/webhooks/github", "203.0.113.9", "headgate.example.org").text == "shown"
    assert asked("/healthz", "203.0.113.9", "headgate.example.org").text == "shown"
    assert asked("/webhooksx", "203.0.113.9", "headgate.example.org").status_code == 403


HERE = ("127.0.0.1", "127.0.0.1:8470")
PROXIED = ("127.0.0.1", "headgate.example.org")


def request(client, host):
    return Request({"type": "http", "client": (client, 4711), "headers": [(b"host", host.encode())]})


def test_webhooks_that_seem_to_come_from_here_tell_of_a_proxy_that_hides_who_asks(tmp_path, caplog):
    near = Nearness(tmp_path / "hidden", PUBLIC)
    assert near(request(*HERE))

    near.heard(request(*HERE))

    assert not near(request(*HERE))
    assert "A proxy hides who asks" in caplog.text
    assert not Nearness(tmp_path / "hidden", PUBLIC)(request(*HERE))  # after a restart


def test_a_proxy_that_was_mended_hides_nobody_any_more(tmp_path):
    near = Nearness(tmp_path / "hidden", PUBLIC)
    near.heard(request(*HERE))

    near.heard(request(*PROXIED))

    assert near(request(*HERE))
    assert Nearness(tmp_path / "hidden", PUBLIC)(request(*HERE))
    assert not near(request(*PROXIED))


def test_a_github_on_this_machine_tells_nothing_of_proxies(tmp_path):
    near = Nearness(tmp_path / "hidden", "http://127.0.0.1:4711/api/v3")
    near.heard(request(*HERE))

    assert near(request(*HERE))
