"""What a server that is no friend answers git, and what it means."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from reconciler.adapters.git_commands import Git
from reconciler.adapters.git_https import NotThere, TokenRefused, Wish, fetch
from reconciler.adapters.github_http import Secret
from reconciler.errors import Waiting
from tests.reconciler.adapters.git_repository import GitRepository


class Answering(ThreadingHTTPServer):
    """Answers everything with one status."""

    status = 200


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Answering)
        self.send_response(self.server.status)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("WWW-Authenticate", 'Basic realm="x"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Answering]:
    with Answering(("127.0.0.1", 0), Handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield serving
        serving.shutdown()


def fetched(tmp_path: Path, server: Answering, status: int) -> None:
    server.status = status
    mirror = Git(GitRepository(tmp_path / "mirror.git").path, bare=True)
    fetch(mirror, f"http://127.0.0.1:{server.server_port}/acme/shop.git", Secret("sesame"), Wish(frozenset({"main"})))


@pytest.mark.parametrize("status", [301, 302, 307, 404])
def test_a_repository_that_is_not_there_or_elsewhere(tmp_path, server, status):
    with pytest.raises(NotThere):
        fetched(tmp_path, server, status)


def test_a_credential_that_is_not_taken(tmp_path, server):
    with pytest.raises(TokenRefused):
        fetched(tmp_path, server, 401)


@pytest.mark.parametrize(
    ("status", "reason"), [(403, "GitHubPermission"), (429, "GitHubLimit"), (500, "GitHubAway"), (503, "GitHubAway")]
)
def test_a_server_that_does_not_want_to_now(tmp_path, server, status, reason):
    with pytest.raises(Waiting) as caught:
        fetched(tmp_path, server, status)

    assert caught.value.reason == reason
    assert "sesame" not in caught.value.message


def test_nobody_listens(tmp_path):
    with Answering(("127.0.0.1", 0), Handler) as closed:
        pass
    with pytest.raises(Waiting) as caught:
        fetched(tmp_path, closed, 200)

    assert caught.value.reason == "GitHubAway"
