"""Fetching texts: only https, only where it is allowed, never more than a flow file may have."""

from __future__ import annotations

import shutil
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from time import sleep

import pytest

from reconciler.adapters.https_components import fetch, fetch_all
from reconciler.errors import ReconcileError, Stalled, Waiting
from reconciler.flows.reader import MAX_BYTES
from reconciler.flows.remotes import RemoteSettings
from tests.https_server import Answer, HttpsServer

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")


def get(server: HttpsServer, path: str, **options: float) -> bytes:
    return fetch(server.url(path), RemoteSettings((server.host,)).refusal, **options)


def until_gone(answer: Answer) -> Answer:
    """The same, and no complaint when the other side hangs up."""

    def quiet(request: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):
            answer(request)
        request.close_connection = True

    return quiet


def test_a_text_is_fetched_byte_for_byte(server: HttpsServer) -> None:
    server.answers["/train.yaml"] = b"a: 1\r\n\xff"

    assert get(server, "/train.yaml") == b"a: 1\r\n\xff"


def test_what_is_not_allowed_is_never_asked(server: HttpsServer) -> None:
    for url in (server.url("/x").replace("https", "http"), "file:///etc/hostname", server.url("/../x")):
        with pytest.raises(Stalled):
            fetch(url, RemoteSettings((server.host,)).refusal)
    with pytest.raises(Stalled, match="not on the list"):
        fetch(server.url("/x"), RemoteSettings(("components.example.com",)).refusal)

    assert server.asked == []


@pytest.mark.parametrize(
    ("code", "kind", "word"),
    [
        (404, Stalled, "no such file"),
        (410, Stalled, "no such file"),
        (401, Stalled, "sign in"),
        (403, Stalled, "sign in"),
        (400, Stalled, "HTTP 400"),
        (429, Waiting, "now"),
        (500, Waiting, "now"),
        (503, Waiting, "now"),
    ],
)
def test_a_refusal_says_who_must_act(server: HttpsServer, code: int, kind: type[ReconcileError], word: str) -> None:
    server.refuse("/x", code)

    with pytest.raises(kind, match=word):
        get(server, "/x")


def test_redirects_are_followed_to_allowed_addresses(server: HttpsServer) -> None:
    server.redirect("/old", server.url("/new"))
    server.redirect("/relative", "/new#part")
    server.answers["/new"] = b"new"

    assert get(server, "/old") == get(server, "/relative") == b"new"


@pytest.mark.parametrize(
    "target", ["https://evil.example/x?token=hush", "http://localhost/x?token=hush", "https://ada:hush@evil.example/x"]
)
def test_a_redirect_elsewhere_is_refused_without_its_secrets(server: HttpsServer, target: str) -> None:
    server.redirect("/x", target)

    with pytest.raises(Stalled) as refused:
        get(server, "/x")
    assert "sends on to" in refused.value.message
    assert "hush" not in refused.value.message


@pytest.mark.parametrize("target", ["file:///etc/hostname", "/x", "data:text/plain,x", "ftp://localhost/x"])
def test_redirects_to_no_web_address_or_in_a_circle_end(server: HttpsServer, target: str) -> None:
    server.redirect("/x", target)

    with pytest.raises(Stalled, match="sends on"):
        get(server, "/x")


def test_a_chain_of_redirects_ends(server: HttpsServer) -> None:
    for number in range(20):
        server.redirect(f"/{number}", f"/{number + 1}")

    with pytest.raises(Stalled, match="too often"):
        get(server, "/0")
    assert len(server.asked) < 10


def test_an_answer_that_says_to_be_too_large_is_not_read(server: HttpsServer) -> None:
    def answer(request) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(MAX_BYTES + 1))
        request.end_headers()

    server.answers["/x"] = answer
    with pytest.raises(Stalled, match="10 MiB"):
        get(server, "/x")


def test_an_answer_without_end_is_cut(server: HttpsServer) -> None:
    def answer(request) -> None:
        request.send_response(200)
        request.end_headers()
        for _ in range((MAX_BYTES >> 20) + 2):
            request.wfile.write(b"#" * 2**20)

    server.answers["/x"] = until_gone(answer)
    with pytest.raises(Stalled, match="10 MiB"):
        get(server, "/x")


def test_an_answer_that_ends_early_is_no_text(server: HttpsServer) -> None:
    def answer(request) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "100")
        request.end_headers()
        request.wfile.write(b"a: 1\n")
        request.close_connection = True

    server.answers["/x"] = answer
    with pytest.raises(Waiting):
        get(server, "/x")


def test_a_silent_server_is_given_up(server: HttpsServer) -> None:
    server.answers["/x"] = lambda request: request.rfile.read(1)

    with pytest.raises(Waiting, match="in time"):
        get(server, "/x", timeout=0.1)


def test_a_server_that_trickles_is_given_up(server: HttpsServer) -> None:
    def answer(request) -> None:
        request.send_response(200)
        request.end_headers()
        while True:
            request.wfile.write(b"#")
            sleep(0.01)

    server.answers["/x"] = until_gone(answer)
    with pytest.raises(Waiting, match="in time"):
        get(server, "/x", timeout=5.0, deadline=0.1)


def test_a_certificate_that_nobody_trusts_is_told(server: HttpsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")

    with pytest.raises(Stalled, match="SSL_CERT_FILE"):
        get(server, "/x")


def test_a_server_that_is_away_may_come_back(server: HttpsServer) -> None:
    with pytest.raises(Waiting, match="cannot be reached"):
        fetch("https://localhost:1/x", RemoteSettings(("localhost:1",)).refusal)


def test_several_texts_are_fetched_and_one_failure_stands_alone(server: HttpsServer) -> None:
    server.answers |= {f"/{number}": str(number).encode() for number in range(20)}
    urls = [server.url(f"/{number}") for number in range(21)]
    found = fetch_all(urls, RemoteSettings((server.host,)).refusal)

    assert [found[url] for url in urls[:20]] == [str(number).encode() for number in range(20)]
    assert isinstance(found[urls[20]], Stalled)
