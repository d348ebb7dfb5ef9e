"""The fake GitHub without HTTP: requests, webhooks and fetches are calls; what it knows and answers is the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from reconciler.adapters.git_commands import GitFailed
from reconciler.adapters.github_http import API_VERSION, NOBODY, Answer, Call, Secret
from tests.github.answers import Refused
from tests.github.auth import authenticate
from tests.github.clock import Clock
from tests.github.git_hosting import BareRepository
from tests.github.git_service import Page, repository_for
from tests.github.service import Asked
from tests.github.state import State
from tests.github.webhooks import Delivery, Webhooks, headers
from tests.github.world import FakeGitHub
from tests.histories.github.hosting import Commits, MemoryRepository

ADDRESS = "https://github.example"
HOOK = "https://headgate.example/webhooks/github"

Take = Callable[[Mapping[str, str], bytes], int]
"""The service takes a webhook, by headers and body, and answers with a status."""


class Hub(FakeGitHub):
    """A GitHub in this thread. `take` is who hears its webhooks."""

    def __init__(self, commits: Commits, clock: Clock, take: Take) -> None:
        self.commits = commits
        self.take = take
        super().__init__(Path(), clock, checked=False)

    def new_state(self, directory: Path) -> State:
        return _State(directory, self.clock, commits=self.commits)

    def new_webhooks(self) -> Webhooks:
        return _Webhooks(self.clock, self.state.new_id, self.check_webhook, self)

    def new_server(self) -> Any:
        return _NoServer()

    def ask(self, call: Call, authorization: Secret) -> tuple[Answer, str]:
        """One answer and who asked."""
        to = urlsplit(call.path)
        asked = Asked(self, _scope(call, authorization, to.path, to.query or urlencode(call.parameters)), _body(call))
        page = asked.answer(1)
        asked.request.status = page.status
        return _answer(page), asked.request.actor

    def fetched(self, address: str, token: str) -> Mapping[str, str]:
        """The refs that a fetch may take. Raises GitFailed as git would."""
        name = urlsplit(address).path.strip("/").removesuffix(".git")
        try:
            actor = authenticate(self.state, f"Bearer {token}")
            return repository_for(self, name, actor, False, "").git.refs()
        except Refused as refusal:
            words = f"unable to access '{address}/': The requested URL returned error: {refusal.status}"
            raise GitFailed(128, f"fatal: {words}") from None


@dataclass
class _State(State):
    commits: Commits | None = None

    def new_git(self, number: int) -> BareRepository:
        assert self.commits is not None
        return MemoryRepository(self.commits)


class _Webhooks(Webhooks):
    """Delivered at once, one after the other."""

    def __init__(self, clock: Clock, new_id: Any, check: Any, hub: Hub) -> None:
        super().__init__(clock, new_id, check)
        self._hub = hub

    def _carry(self, deliveries: list[Delivery]) -> None:
        for row in deliveries:
            row.headers = headers(row)
            row.status_code = self._hub.take({name.lower(): value for name, value in row.headers.items()}, row.body)
            row.status = "OK" if row.ok else "failed to connect to host"


class _NoServer:
    """Nobody listens."""

    url = ADDRESS

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass


def _scope(call: Call, authorization: Secret, path: str, query: str) -> dict[str, Any]:
    sent = {"accept": call.accept, "user-agent": "headgate", "x-github-api-version": API_VERSION}
    sent |= {"authorization": f"Bearer {authorization.reveal()}"} if authorization != NOBODY else {}
    sent |= {"if-none-match": call.etag} if call.etag else {}
    pairs = [(name.encode(), value.encode()) for name, value in sent.items()]
    return {"method": call.verb, "headers": pairs, "query_string": query.encode(), "raw_path": path.encode()}


def _body(call: Call) -> bytes:
    return b"" if call.body is None else json.dumps(dict(call.body)).encode()


def _answer(page: Page) -> Answer:
    return Answer(page.status, dict(page.headers), json.loads(page.body) if page.body else None)
