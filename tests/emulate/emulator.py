"""Another GitHub: the emulator of npm's `emulate`, with Git beside it, behind one address as the real one has.

It knows commits, pull requests, comments, check runs, Apps and signed webhooks, and computes the ids of commits as Git
does. What it lacks and we ask for is answered in front of it, and stands in `_instead`. Heads of its pull requests stay
where they were opened, and comments do not say that they are on one.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.github.git_hosting import BareRepository, Files
from tests.github.git_service import backend, service_of
from tests.github.packages import Package, Unavailable, node

EMULATE = Package(
    "emulate",
    "0.12.2",
    "sha512-cHz1ITT3xm3HJM6qSks7+ME5Bw/W7zp7ky2Ve4M4ANls46EfeAy0m/nWOjTLJEgLEQcA9gW+L3cWjuUcklJxtQ==",
    "package.json",
)
NODE = (22, 15)  # the oldest that it runs on
SHOP = "acme/shop"
APP = 12345
PERSON = "ann-token"
STARTS_IN = 60.0  # s
_PASSED = ("authorization", "content-type", "accept", "user-agent", "if-none-match", "x-github-api-version")


class Emulator:
    """The emulator as a child process, and the address in front of it. A context."""

    def __init__(self, folder: Path, hook: str, secret: str) -> None:
        self.bare = BareRepository(folder / "shop.git")
        self.private_key = _private_key()
        self._folder, self._hook, self._secret = folder, hook, secret
        self._behind = f"http://127.0.0.1:{free_port()}"
        self._front = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._front.server_port}"
        self.asked: list[tuple[str, str, int]] = []  # method, path, status
        self._client = httpx.Client(base_url=self._behind, trust_env=False, timeout=30)
        self._process: subprocess.Popen[bytes] | None = None
        self._at = 1_700_000_000.0

    def __enter__(self) -> Emulator:
        seed = self._folder / "seed.json"
        seed.write_text(json.dumps(self._seed()))
        entry = EMULATE.install() / "dist" / "index.js"
        port = self._behind.rpartition(":")[2]
        words = ["start", "--service", "github", "--port", port, "--seed", str(seed), "--base-url", self.url]
        with (self._folder / "emulate.log").open("wb") as log:
            self._process = subprocess.Popen([node(NODE), entry, *words], cwd=self._folder, stdout=log, stderr=log)
        threading.Thread(target=self._front.serve_forever, daemon=True).start()
        self._await()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self._front.shutdown()
        self._front.server_close()
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _seed(self) -> Mapping[str, Any]:
        app = {
            "app_id": APP,
            "slug": "headgate",
            "name": "Headgate",
            "private_key": self.private_key,
            "permissions": {
                "metadata": "read",
                "checks": "write",
                "contents": "read",
                "issues": "write",
                "pull_requests": "write",
            },
            "events": ["push", "pull_request", "check_run", "check_suite", "issue_comment"],
            "webhook_url": self._hook,
            "webhook_secret": self._secret,
            "installations": [{"installation_id": 100, "account": "acme", "repository_selection": "all"}],
        }
        return {
            "tokens": {PERSON: {"login": "ann", "scopes": ["repo", "user", "admin:org"]}},
            "github": {
                "users": [{"login": "ann", "name": "Ann", "email": "ann@people.example"}],
                "orgs": [{"login": "acme", "name": "Acme", "members": [{"login": "ann", "role": "admin"}]}],
                "repos": [{"owner": "acme", "name": "shop", "auto_init": True}],
                "apps": [app],
            },
        }

    def _await(self) -> None:
        until = time.monotonic() + STARTS_IN
        while time.monotonic() < until:
            try:
                if self._client.get(f"/repos/{SHOP}").status_code < 500:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError((self._folder / "emulate.log").read_text()[-2000:])

    # --- what people do -----------------------------------------------------------------------------------------------

    def as_person(self, method: str, path: str, body: Any = None) -> Any:
        """What it answers to a person."""
        answer = self._client.request(method, path, json=body, headers={"authorization": f"Bearer {PERSON}"})
        assert answer.is_success, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def commit(self, files: Files, message: str, parent: str | None = None) -> str:
        """A commit that Git and the emulator have under the same id."""
        self._at += 60
        sha = self.bare.commit(
            "refs/heads/scratch", files, parent=parent, message=f"{message}\n", author="ann", moment=self._at
        )
        date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._at))
        who = {"name": "ann", "email": "ann@people.example", "date": date}
        tree = self.as_person("POST", f"/repos/{SHOP}/git/trees", {"tree": self._tree(sha)})
        body = {"message": f"{message}\n", "tree": tree["sha"], "parents": [parent] if parent else []}
        made = self.as_person("POST", f"/repos/{SHOP}/git/commits", {**body, "author": who, "committer": who})
        assert made["sha"] == sha, "both compute the same id"
        return sha

    def _tree(self, sha: str) -> list[dict[str, str]]:
        rows = [line.split("\t", 1) for line in self.bare.git("ls-tree", "-r", sha).splitlines()]
        return [
            {"path": path, "mode": mode, "type": "blob", "content": self._content(blob)}
            for (mode, _, blob), path in ((facts.split(), path) for facts, path in rows)
        ]

    def _content(self, blob: str) -> str:
        command = ["git", "-C", str(self.bare.path), "cat-file", "blob", blob]
        return subprocess.run(command, capture_output=True, check=True).stdout.decode()

    def point(self, branch: str, sha: str, new: bool = False) -> None:
        """Let a branch stand for a commit, in both."""
        self.bare.set_ref(f"refs/heads/{branch}", sha)
        if new:
            self.as_person("POST", f"/repos/{SHOP}/git/refs", {"ref": f"refs/heads/{branch}", "sha": sha})
        else:
            self.as_person("PATCH", f"/repos/{SHOP}/git/refs/heads/{branch}", {"sha": sha, "force": True})

    def check_runs(self, sha: str) -> dict[str, Any]:
        """By name, as a person sees them."""
        found = self.as_person("GET", f"/repos/{SHOP}/commits/{sha}/check-runs?per_page=100")
        return {run["name"]: run for run in found["check_runs"]}

    # --- the address --------------------------------------------------------------------------------------------------

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Git from the repository, the rest from the emulator."""
        parts = urlsplit(target)
        if service := service_of(parts.path):
            if not headers.get("authorization", "").startswith("Basic "):
                return 401, {"www-authenticate": 'Basic realm="GitHub"'}, b""
            page = backend(self.bare.path, method, service, parts.query, headers, body)
            return page.status, page.headers, page.body
        passed = {name: headers[name] for name in _PASSED if name in headers}
        found = self._client.request(
            method, self._instead(parts.path, passed) + f"?{parts.query}", headers=passed, content=body
        )
        self.asked.append((method, parts.path, found.status_code))
        content = _listed(found) if parts.path == "/installation/repositories" else found.content
        kept = ("content-type", "link", "etag", "date", "location")
        return found.status_code, {name: found.headers[name] for name in kept if name in found.headers}, content

    def _instead(self, path: str, headers: Mapping[str, str]) -> str:
        """It has no addresses by a repository's number but the first, and no list of an installation's repositories."""
        if path == "/installation/repositories":
            return f"/repos/{SHOP}"
        first, _, rest = path.removeprefix("/repositories/").partition("/")
        return f"/repos/{SHOP}/{rest}" if path.startswith("/repositories/") and rest and first.isdigit() else path


def _listed(found: httpx.Response) -> bytes:
    return (
        json.dumps({"total_count": 1, "repositories": [found.json()]}).encode() if found.is_success else found.content
    )


def _handler(emulator: Emulator) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, answered, content = emulator.answer(self.command, self.path, headers, body)
            self.send_response(status)
            for name, value in answered.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Bring what the emulator needs; says in one line, and by code 1, why that is not possible."""
    try:
        print(node(NODE), EMULATE.install())
    except Unavailable as error:
        print(error)
        sys.exit(1)


if __name__ == "__main__":
    main()
