"""Requests of people: recorded once, and their answer waited for while somebody works on them."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

import click

from console.config import Config
from console.data_lock import service_runs
from console.failures import Failure
from console.submitting import person
from reconciler.flows.model import Json
from reconciler.keys import Key
from reconciler.records import RequestRow
from reconciler.store import Records

PATIENCE = 5.0  # s that an answer is waited for; a service that works gives it within a second
_LOOK = 0.05  # s between two looks
_ID = re.compile(r"[\w.:@/-]{1,200}\Z")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it stands after it was recorded, and whether this call recorded it."""

    request: RequestRow
    new: bool

    @property
    def done(self) -> bool:
        """Whether it was answered."""
        return self.request.done_at is not None


def request_of(
    key: Key, verb: str, target: str, *, given_id: str | None, op: str | None = None, **arguments: Json
) -> RequestRow:
    """A request by whoever calls the command. Raises Failure for an id that cannot be one."""
    given_id = checked_id(given_id)
    said: Mapping[str, Json] = {name: value for name, value in arguments.items() if value}
    return RequestRow(given_id or secrets.token_hex(10), key, verb, person(), time.time(), target, op, said)


def checked_id(given: str | None) -> str | None:
    """An id that was given for a request. Raises Failure for one that cannot be one."""
    if given is not None and not _ID.match(given):
        do = "Use at most 200 letters, digits and `-_.:@/`."
        raise Failure("request-id", f"`{given[:60]}` cannot be the id of a request.", do=do)
    return given


def ask(store: Records, request: RequestRow, wait: bool) -> Asked:
    """Record the request; with `wait`, give its answer time to come.

    Raises Failure where another request has its id.
    """
    new = store.ask(request)
    known = store.request(request.id) or request
    if (known.verb, known.target, known.op) != (request.verb, request.target, request.op):
        what = f"Request {request.id} was made before and asks to {known.verb} {known.target}."
        raise Failure("request-known", what, do="Choose another --request-id.")
    return Asked(answered(store, known) if wait else known, new)


def answered(store: Records, request: RequestRow, patience: float = PATIENCE) -> RequestRow:
    """The request once it was answered, or as it is when patience ends."""
    until = time.monotonic() + patience
    while request.done_at is None and time.monotonic() < until:
        time.sleep(_LOOK)
        request = store.request(request.id) or request
    return request


def say(asked: Asked, form: str, where: str, works: bool, run: str = "") -> None:
    """The answer on stdout; that there is none yet is a hint on stderr. `run` is a run that the request makes."""
    request = asked.request
    if form == "json":
        told = {"version": 1, "request": request.id, "verb": request.verb, "target": request.target, "op": request.op}
        click.echo(json.dumps(told | {"done": asked.done, "answer": request.answer, "run": run}, ensure_ascii=False))
    elif asked.done:
        click.echo(f"Run {run}: {request.verb} of {request.target}." if run else request.answer)
    if not asked.done:
        when = "it takes longer than usual; look again with `headgate status`" if works else ""
        click.echo(f"recorded; {when or f'it will be done when a service works on {where}'}.", err=True)


def somebody_works(config: Config) -> bool:
    """Whether an answer may be expected; of a shared database nobody here knows who works on it."""
    return bool(config.database) or service_runs(config.data_dir)
