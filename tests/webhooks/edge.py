"""The address for GitHub's webhooks on a real store, and who sends there as GitHub does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from httpx import ASGITransport, AsyncClient, Response
from starlette.applications import Starlette

from reconciler.adapters.system_clock import SystemClock
from reconciler.records import DeliveryRow
from tests.stores import store_at
from webhooks.github import GitHubHook, github_routes
from webhooks.github_events import HOOK
from webhooks.mailbox import Mailbox
from webhooks.signatures import signature

SECRET = b"open sesame"
APP = 99
SHOP = {7: "acme/shop"}  # what is served, by GitHub's numbers


class Edge:
    """A context, as it holds a database and an event loop. `asked` are the numbers of which it asked for the names.

    `proven` has a line for each request that was taken for GitHub's.
    """

    def __init__(
        self,
        folder: Path,
        secrets: Sequence[bytes] = (SECRET,),
        app: int | None = APP,
        named: Callable[[int], str] = lambda number: SHOP.get(number, ""),
    ) -> None:
        self.store = store_at(folder / "headgate.db", SystemClock())
        self.asked: list[int] = []
        self.proven: list[str] = []
        self._named = named
        self.hook = GitHubHook(secrets, self._name, app, lambda request: self.proven.append(request.url.path))
        application = Starlette(routes=list(github_routes(self.hook, Mailbox(self.store))))
        self._client = AsyncClient(
            transport=ASGITransport(application), base_url="http://edge"
        )  # raises what it raises
        self._runner = asyncio.Runner()

    def __enter__(self) -> Edge:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()
        self.store.close()

    async def _name(self, number: int) -> str:
        self.asked.append(number)
        return self._named(number)

    def send(
        self,
        body: bytes | Mapping[str, Any],
        event: str = "push",
        guid: str = "g-1",
        secret: bytes = SECRET,
        **headers: str | bytes,
    ) -> Response:
        """What it answers to a body that is signed, with headers as GitHub's and others."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        given: dict[str, str | bytes]
        given = {"x-github-event": event, "x-github-delivery": guid, "x-hub-signature-256": signature(secret, content)}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.post(content, given)

    def post(self, content: bytes | Iterable[bytes], headers: Mapping[str, Any]) -> Response:
        """What it answers to a request; parts of a body are sent one by one, without a length."""
        sent = content if isinstance(content, bytes) else _parts(content)
        return self._runner.run(self._client.post(HOOK, content=sent, headers=dict(headers)))

    def kept(self) -> dict[str, DeliveryRow]:
        """Deliveries by the id that GitHub gave them."""
        return {row.id: row for row in self.store.deliveries(100_000)}


async def _parts(content: Iterable[bytes]) -> AsyncIterator[bytes]:
    for part in content:
        yield part
