"""What has become of a webhook that was accepted: whom it woke, what it asked for. Told, or done again."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reconciler.checks.words import clip, line, when
from reconciler.flows.model import Json
from reconciler.keys import Key, key_of, text_of
from reconciler.records import DeliveryRow, RequestRow, Wake
from reconciler.steps.recover import LATE
from reconciler.store import Store

_LONGEST = 100  # characters of an answer in a line


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivery, and what is known of it by now. `forgotten`: ids of requests that are not kept any more."""

    row: DeliveryRow
    keys: tuple[Key, ...]
    requests: tuple[RequestRow, ...]
    forgotten: tuple[str, ...] = ()

    @property
    def outcome(self) -> str:
        """In one line."""
        parts = [_told(request) for request in self.requests]
        parts += ["what was asked is not kept any more"] if self.forgotten else []
        return "; ".join(parts) or f"looked again: {', '.join(text_of(key) for key in self.keys)}"


def delivered(store: Store, row: DeliveryRow) -> Delivered:
    """What has become of it. A webhook asks for a look or holds a request, whose key is of no interest here."""
    named = [name for name in row.said.split(", ") if name]
    keys = {name: key for name in named if (key := _key(name)) is not None}
    wanted = [name for name in named if name not in keys]
    found = {name: request for name in wanted if (request := store.request(name)) is not None}
    looked_at = () if wanted else tuple(keys.values())
    return Delivered(row, looked_at, tuple(found.values()), tuple(name for name in wanted if name not in found))


def again(store: Store, one: Delivered, given_id: str | None) -> Sequence[RequestRow]:
    """Look again, and ask once more for what was asked; returns the new requests.

    They are judged as late ones are: about what is there now, or not done. With one `given_id` they are there once.
    """
    name = given_id or secrets.token_hex(4)
    asked = [_once_more(request, f"{request.id}:again:{name}") for request in one.requests]
    for request in asked:
        store.ask(request)
    store.wake([Wake(key) for key in one.keys])
    return [store.request(request.id) or request for request in asked]


def lines(every: Sequence[Delivered]) -> list[str]:
    """A table, newest first."""
    cells = [
        (when(one.row.received_at), line(one.row.id), line(one.row.event), line(one.row.repository) or "-", one.outcome)
        for one in every
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(4)] if cells else []
    return [
        "  ".join([*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row[4]]) for row in cells
    ]


def document(one: Delivered) -> dict[str, Json]:
    """As JSON."""
    row = one.row
    return {
        "delivery": row.id,
        "event": row.event,
        "repository": row.repository,
        "received_at": row.received_at,
        "woke": [text_of(key) for key in one.keys],
        "requests": [request_entry(request) for request in one.requests],
        "forgotten": list(one.forgotten),
    }


def request_entry(request: RequestRow) -> dict[str, Json]:
    """What was asked, as JSON."""
    return {
        "request": request.id,
        "verb": request.verb,
        "target": request.target,
        "by": request.by,
        "recovered": bool(request.arguments.get(LATE)),
        "done": request.done_at is not None,
        "answer": request.answer,
    }


def _told(request: RequestRow) -> str:
    answer = clip(line(request.answer), _LONGEST) or "done"
    what = line(str(request.arguments.get("action") or request.verb))
    how = " (recovered)" if request.arguments.get(LATE) else ""
    return f"{what} of {line(request.by)}{how}: {answer if request.done_at is not None else 'not done yet'}"


def _once_more(request: RequestRow, name: str) -> RequestRow:
    return replace(request, id=name, done_at=None, answer="", arguments={**request.arguments, LATE: time.time()})


def _key(name: str) -> Key | None:
    try:
        return key_of(name)
    except ValueError:
        return None
