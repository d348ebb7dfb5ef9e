"""Webhooks by the thousand over real HTTP, signed and timed: what GitHub's senders do, with little of their own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from tests.github.payloads import Example, examples
from webhooks.github_events import HOOK
from webhooks.signatures import signature

CONNECTIONS = 32
PATIENCE = 30.0  # s for one answer


@dataclass(frozen=True, slots=True)
class Sent:
    """One delivery and what became of it; `status` is 0 where the connection broke before an answer."""

    guid: str
    status: int
    began: float  # by the monotonic clock
    seconds: float  # from when it was due until it was answered


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request as it goes over the wire."""

    guid: str
    request: bytes


def prepared(count: int, secret: bytes, repository: int, name: str = "d") -> list[Prepared]:
    """Pushes and pull requests of one repository, no two of the same body."""
    events = ("push", "pull_request")
    bodies = [row for row in examples() if row.event in events and row.payload.get("action", "opened") == "opened"]
    return [_told(f"{name}-{number}", bodies[number % len(bodies)], secret, repository) for number in range(count)]


def _told(guid: str, example: Example, secret: bytes, repository: int) -> Prepared:
    payload = {**example.payload, "delivery": guid}
    payload["repository"] = {**payload["repository"], "id": repository}
    return signed(guid, example.event, payload, secret)


def signed(guid: str, event: str, payload: Mapping[str, Any], secret: bytes) -> Prepared:
    """One delivery of this payload."""
    body = json.dumps(payload).encode()
    lines = (
        f"POST {HOOK} HTTP/1.1",
        "Host: headgate",
        "Accept: */*",
        "Content-Type: application/json",
        "User-Agent: GitHub-Hookshot/044aadd",
        f"X-GitHub-Delivery: {guid}",
        f"X-GitHub-Event: {event}",
        f"X-Hub-Signature-256: {signature(secret, body)}",
        f"Content-Length: {len(body)}",
    )
    return Prepared(guid, "\r\n".join((*lines, "", "")).encode() + body)


def p(part: int, sent: Sequence[Sent]) -> float:
    """A percentile of the seconds until an answer."""
    return quantiles([one.seconds for one in sent], n=100, method="inclusive")[part - 1]


class Flood:
    """Sends them all, so many in a second whatever becomes of the earlier ones; 0: each as soon as a line is free.

    `sent` grows while `run` goes on, perhaps in another thread.
    """

    def __init__(self, address: str, rate: float = 0, connections: int = CONNECTIONS) -> None:
        parts = urlsplit(address)
        self._to = (parts.hostname or "", parts.port or 80)
        self._rate = rate
        self._connections = connections
        self.sent: list[Sent] = []

    def run(self, deliveries: Sequence[Prepared]) -> list[Sent]:
        """What became of each."""
        asyncio.run(self._send(deliveries))
        return self.sent

    async def _send(self, deliveries: Sequence[Prepared]) -> None:
        now, rate = perf_counter(), self._rate
        turns = iter([(now + number / rate if rate else 0.0, one) for number, one in enumerate(deliveries)])
        async with asyncio.TaskGroup() as group:
            for _ in range(self._connections):
                group.create_task(self._line(turns))

    async def _line(self, turns: Iterator[tuple[float, Prepared]]) -> None:
        """One connection: it takes what is next, and is made anew after it broke."""
        stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        for due, one in turns:
            await asyncio.sleep(max(0.0, due - perf_counter()))
            due, status = due or perf_counter(), 0
            try:
                stream = stream or await asyncio.open_connection(*self._to)
                stream[1].write(one.request)
                async with asyncio.timeout(PATIENCE):
                    status = await _answer(stream[0])
            except (OSError, EOFError, TimeoutError):
                stream = None
            self.sent.append(Sent(one.guid, status, due, perf_counter() - due))
        if stream is not None:
            stream[1].close()


async def _answer(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    _, _, rest = head.partition(b"content-length:")
    if rest:
        await reader.readexactly(int(rest.split(b"\r\n")[0]))
    return int(head.split(b" ", 2)[1])
