"""The server: one ASGI application for API and Git, and the thread that it runs in."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import struct
import threading
import time
import traceback
from collections import Counter
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from tests.github import git_service, pages
from tests.github.answers import Answer, Refused
from tests.github.auth import Actor, authenticate
from tests.github.faults import Fault
from tests.github.git_service import Page
from tests.github.requests import Request
from tests.github.routes import apps, check_runs, comments, hooks, pulls, repositories, statuses, users
from tests.github.routing import Call, Route, route

if TYPE_CHECKING:
    from tests.github.world import FakeGitHub

_MODULES = (apps, check_runs, comments, hooks, pulls, repositories, statuses, users)  # importing them filled the table
VERSIONS = ("2022-11-28", "2026-03-10")
_PREFIX = "/api/v3"  # where an Enterprise server has its API
_TRANSPORTS: dict[tuple[str, int], asyncio.Transport] = {}


def described_routes() -> tuple[str, ...]:
    """The signatures of all routes, for the description."""
    return tuple(sorted(f"{row.method} {row.template}" for row in route.table))


class _Protocol(H11Protocol):
    """Remembers connections, so that one can be reset."""

    def connection_made(self, transport: Any) -> None:
        _TRANSPORTS[transport.get_extra_info("peername")[:2]] = transport
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.transport:
            _TRANSPORTS.pop(self.transport.get_extra_info("peername")[:2], None)
        super().connection_lost(exc)


class Server:
    """The application under uvicorn on a free port of the loopback."""

    def __init__(self, world: FakeGitHub) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        config = uvicorn.Config(
            Application(world),
            http=_Protocol,
            lifespan="off",
            log_level="critical",
            date_header=False,
            server_header=False,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=120,  # a connection ends when a fault says so
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self.socket],), name="github", daemon=True)

    def start(self) -> None:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)

    def stop(self) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(10)
        self.socket.close()


class Application:
    """Reads a request, lets the world answer it, and spoils the answer where a fault is asked for."""

    def __init__(self, world: FakeGitHub) -> None:
        self.world = world
        self.at_once: Counter[str] = Counter()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        asked = Asked(self.world, scope, await _body(receive))
        fault = self.world.faults.take(asked.method, asked.template)
        credential = asked.headers.get("authorization", "")
        self.at_once[credential] += 1
        try:
            page = await self._answer(asked, fault, self.at_once[credential])
        finally:
            self.at_once[credential] -= 1
        asked.request.status = page.status if page else 0
        if page:
            await _reply(send, page)
        elif fault and fault.kind.startswith("hang"):
            while (await receive())["type"] != "http.disconnect":
                pass
        else:
            _reset(scope["client"])

    async def _answer(self, asked: Asked, fault: Fault | None, at_once: int) -> Page | None:
        """None where no reply is to be given."""
        if self.world.faults.latency:
            await asyncio.sleep(self.world.faults.latency)
        if fault and fault.kind in ("error", "reset", "hang"):
            return _broken(fault)
        [page] = await asyncio.gather(asyncio.to_thread(asked.answer, at_once), return_exceptions=True)
        if isinstance(page, BaseException):  # a mistake of ours, not of who asked
            words = "".join(traceback.format_exception(page))
            self.world.complaints.append(f"the fake failed at {asked.request.signature}: {words}")
            return Page(500, {}, b"")
        return _broken(fault) if fault else page


async def _body(receive: Any) -> bytes:
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return body


def _broken(fault: Fault) -> Page | None:
    if not fault.status:
        return None
    return Page(
        fault.status, {"content-type": "text/html"}, b"<html><body>This page is taking too long to load.</body></html>"
    )


async def _reply(send: Any, page: Page) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in page.headers.items()]
    if page.status not in (204, 304):
        headers.append((b"content-length", str(len(page.body)).encode()))
    await send({"type": "http.response.start", "status": page.status, "headers": headers})
    await send({"type": "http.response.body", "body": page.body})


def _reset(client: tuple[str, int]) -> None:
    """Close with an RST, as a broken load balancer does."""
    transport = _TRANSPORTS[client]
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class Asked:
    """One request: where it leads, who asks, and the answer."""

    def __init__(self, world: FakeGitHub, scope: Any, body: bytes) -> None:
        self.world = world
        self.method = scope["method"]
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self.body = body
        self.query = scope["query_string"].decode("latin-1")
        raw = scope["raw_path"].decode("latin-1")
        self.git = git_service.is_git(raw)
        self.browser = pages.page_of(raw) is not None
        self.base = world.url + (_PREFIX if raw.startswith(_PREFIX + "/") else "")
        self.path = self._without_id(raw.removeprefix(_PREFIX) if not self.git else raw)
        self.found: tuple[Route, dict[str, str]] | None = None if self.git else route.find(self.method, self.path)
        self.template = "git" if self.git else self.found[0].template if self.found else self.path
        self.request = Request(self.method, self.template, self.path, "nobody", world.state.now())
        world.requests.append(self.request)

    def _without_id(self, path: str) -> str:
        """`/repositories/12/pulls` is where a redirect leads."""
        parts = path.split("/", 3)
        if parts[1] != "repositories" or len(parts) < 3 or not parts[2].isdigit():
            return path
        repository = self.world.state.repositories.get(int(parts[2]))
        return "/".join([f"/repos/{repository.full_name}", *parts[3:]]) if repository else path

    def answer(self, at_once: int) -> Page:
        if self.git:
            return git_service.serve(self.world, self.method, self.path, self.query, self.headers, self.body)
        if self.browser:
            return pages.serve(self.world, self.path, self.query, self.headers, self.body)
        actor_name, limits = "nobody", self.world.limits
        try:
            self._check_headers()
            actor = authenticate(self.world.state, self.headers.get("authorization"))
            actor_name = self.request.actor = actor.name if actor else "nobody"
            with self.world.state.lock:
                limits.admit(actor_name, self.method, self.template, at_once)
                answer = self._routed(actor)
        except Refused as refusal:
            answer = refusal.answer()
        if self.found:
            self.world.check_answer(self.method, self.template, answer)
        page = self._page(answer)
        if page.status == 304:
            limits.give_back(actor_name)
        page.headers |= limits.headers(actor_name)
        return page

    def _check_headers(self) -> None:
        if not self.headers.get("user-agent"):
            raise Refused(
                403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent."
            )
        if self.headers.get("x-github-api-version", VERSIONS[-1]) not in VERSIONS:
            raise Refused(400, "This version of the API is not supported.")

    def _routed(self, actor: Actor | None) -> Answer:
        if self.found is None:
            raise Refused(404, "Not Found")
        row, parameters = self.found
        query = dict(parse_qsl(self.query, keep_blank_values=True))
        document = self._document()
        call = Call(self.world, self.base, self.method, row.template, parameters, query, document, actor)
        self.world.check_request(call, self.headers, self.query, self.body)
        return row.handler(call)

    def _document(self) -> dict[str, Any]:
        if not self.body:
            return {}
        try:
            document = json.loads(self.body)
        except ValueError:
            raise Refused(400, "Problems parsing JSON") from None
        if not isinstance(document, dict):
            raise Refused(400, "Body should be a JSON object")
        self.request.body = document
        return document

    def _page(self, answer: Answer) -> Page:
        """With an entity tag, by which the same reader learns for free that nothing changed."""
        headers = {
            "date": formatdate(self.world.state.now(), usegmt=True),
            "x-github-media-type": "github.v3; format=json",
            "x-github-request-id": f"FAKE:{len(self.world.requests)}",
            **answer.headers,
        }
        if answer.document is None:
            return Page(answer.status, headers, b"")
        body = json.dumps(answer.document).encode()
        headers["content-type"] = "application/json; charset=utf-8"
        if self.method == "GET" and answer.status == 200:
            reader = f"{self.headers.get('authorization')} {self.headers.get('accept')}".encode()
            headers["etag"] = f'W/"{hashlib.sha256(body + reader).hexdigest()}"'
            if headers["etag"] in self.headers.get("if-none-match", ""):
                self.request.conditional = True
                return Page(304, headers, b"")
        return Page(answer.status, headers, body)
