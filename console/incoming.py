"""The flows that other systems may start, made and joined for the service."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from console.incoming_config import IncomingConfig
from reconciler.checks.run import NOTHING_RUNS
from reconciler.flows.model import Json
from reconciler.ports import World
from reconciler.records import FlowRow, RequestRow
from reconciler.steps.given_params import NotPlanned, plan_with
from reconciler.steps.starting import run_id
from webhooks.asgi import BaseRoute
from webhooks.incoming import Incoming, incoming_routes
from webhooks.mailbox import Mailbox


class DeclaredFlows:
    """Implements `webhooks.incoming.Declared`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def flows(self, repository: str, name: str) -> Sequence[FlowRow]:
        found = self._world.store.flows(repository, scope="")
        return [row for row in found if name in (row.name, row.path) and not row.retired and row.applied_sha]

    def fault(self, flow: FlowRow, params: Mapping[str, Json]) -> str:
        if not self._world.runs(flow.repository):
            return f"It cannot be started: {NOTHING_RUNS}."
        try:
            if params:
                plan_with(self._world.source, flow, params)
        except NotPlanned as error:
            return str(error)
        return ""

    def branch(self, repository: str) -> str:
        row = self._world.store.repository(repository)
        return row.default_branch if row is not None else ""

    def request(self, request: str) -> RequestRow | None:
        return self._world.store.request(request)

    def run(self, request: RequestRow) -> str:
        return run_id(request.target, f"request:{request.id}")


def secrets_of(config: Sequence[IncomingConfig]) -> list[Callable[[], str]]:
    """Values that nothing which is posted may hold."""
    return [partial(place.read, os.environ) for one in config for place in one.secrets]


def routes_of(config: Sequence[IncomingConfig], world: World, mailbox: Mailbox) -> Sequence[BaseRoute]:
    """The route; none where nothing is declared."""
    hooks = [
        Incoming(
            one.name,
            one.repository,
            one.flow,
            [place.read(os.environ).encode() for place in one.secrets],
            frozenset(one.params),
        )
        for one in config
    ]
    return incoming_routes(hooks, DeclaredFlows(world), mailbox, world.clock.now)
