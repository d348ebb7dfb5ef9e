"""Rows that belong to no run, or to no flow any more, and are past their time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, func, not_, select, tuple_

from reconciler.adapters.sql import rows
from reconciler.adapters.sql.tables import (
    approvals,
    attempts,
    cache,
    checks,
    deliveries,
    flows,
    repositories,
    requests,
    reviews,
    runs,
    services,
    wakes,
)
from reconciler.keys import CheckKey, FlowKey, text_of
from reconciler.plan.encoding import decode
from reconciler.records import FlowRow, ServiceRow
from reconciler.store import Aged, Bounds

_PRESSES = text_of(CheckKey("", "")).removesuffix("/")  # what the key of one begins with; it ends with a commit
_SHA = 40


def aged(connection: Connection, bounds: Bounds, limit: int) -> Aged:
    """At most `limit` of each kind."""
    known, before = flows_of(connection), bounds.history
    return Aged(
        cache=old_results(connection, bounds.cache, limit),
        requests=_ones(connection, _old_requests(bounds.heard).limit(limit)),
        deliveries=_ones(connection, _old_deliveries(bounds).limit(limit)),
        approvals=_pairs(connection, _old_approvals(before).limit(limit)),
        attempts=_ones(connection, _old_instances(before).limit(limit)),
        reviews=_pairs(connection, _closed_reviews().limit(limit)),
        commits=_said(connection, _old_commits(connection, standing(connection, known), before, limit)),
        flows=tuple(retired(connection, known))[:limit],
    )


def services_of(connection: Connection) -> list[ServiceRow]:
    """All services."""
    return [decode(row["body"], ServiceRow) for row in connection.execute(select(services)).mappings()]


def flows_of(connection: Connection) -> list[FlowRow]:
    """All flows."""
    return [rows.flow_of(row) for row in connection.execute(select(flows)).mappings()]


def _ones(connection: Connection, statement: Select[Any]) -> tuple[str, ...]:
    return tuple(row[0] for row in connection.execute(statement))


def _pairs(connection: Connection, statement: Select[Any]) -> tuple[tuple[str, str], ...]:
    return tuple((row[0], row[1]) for row in connection.execute(statement))


def old_results(
    connection: Connection, before: float, limit: int, *which: ColumnElement[bool]
) -> tuple[tuple[str, str], ...]:
    """Results of before, by key and attempt."""
    old = select(cache.c.key, cache.c.attempt).where(cache.c.finished_at < before, *which)
    return _pairs(connection, old.limit(limit))


def _old_deliveries(bounds: Bounds) -> Select[Any]:
    """Those past their time, and of those that are too many the ones that cannot come again."""
    received = deliveries.c.received_at
    old = received < bounds.heard
    if bounds.deliveries is not None:
        newest_that_goes = select(received).order_by(received.desc()).offset(bounds.deliveries).limit(1)
        old |= (received <= newest_that_goes.scalar_subquery()) & (received < bounds.crowded)
    return select(deliveries.c.id).where(old).order_by(received)


def _old_requests(before: float) -> Select[Any]:
    """Those past their time; a press stays as long as a run of its commit, as it could be told once more till then."""
    sha = func.substr(requests.c.key, func.length(requests.c.key) - _SHA + 1)
    may_act = requests.c.key.startswith(_PRESSES) & exists(select(runs.c.id).where(runs.c.sha == sha))
    return select(requests.c.id).where(requests.c.done_at < before, not_(may_act)).order_by(requests.c.seq)


def _old_approvals(before: float) -> Select[Any]:
    return select(approvals.c.repository, approvals.c.sha).where(approvals.c.at < before)


def _old_instances(before: float) -> Select[Any]:
    ended = select(attempts.c.id).where(attempts.c.run == "", not_(attempts.c.live), attempts.c.created_at < before)
    return ended.order_by(attempts.c.created_at)


def _closed_reviews() -> Select[Any]:
    return select(reviews.c.repository, reviews.c.proposal).where(not_(reviews.c.open))


def _old_commits(
    connection: Connection, kept: set[tuple[str, str]], before: float, limit: int
) -> Sequence[tuple[str, str]]:
    """Commits whose checks speak of no run and were first said long ago, and where nothing stands."""
    of_run = exists(select(runs.c.id).where(runs.c.sha == checks.c.sha))
    pair = (checks.c.repository, checks.c.sha)
    young = select(*pair).where(checks.c.noted_at >= before)
    statement = select(*pair).where(checks.c.noted_at < before, not_(of_run), tuple_(*pair).not_in(young))
    found = _pairs(connection, statement.group_by(*pair).order_by(*pair).limit(limit + len(kept)))
    return [commit for commit in found if commit not in kept][:limit]


def _said(connection: Connection, commits: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Those on which nothing is about to be said any more."""
    keys = {text_of(CheckKey(*commit)): commit for commit in commits}
    waiting = set(_ones(connection, select(wakes.c.key).where(wakes.c.key.in_(sorted(keys)))))
    return tuple(commit for key, commit in keys.items() if key not in waiting)


def standing(connection: Connection, known: Sequence[FlowRow]) -> set[tuple[str, str]]:
    """Repositories and commits at which something stands now: heads, proposals, applied and waiting plans."""
    found = {(row.repository, sha) for row in known for sha in (row.applied_sha, row.waiting_sha)}
    for name, first, second in connection.execute(
        select(repositories.c.name, repositories.c.head, repositories.c.pruning_held).union(
            select(reviews.c.repository, reviews.c.head, reviews.c.base).where(reviews.c.open)
        )
    ):
        found |= {(name, first), (name, second)}
    return {(name, sha) for name, sha in found if sha}


def retired(connection: Connection, known: Sequence[FlowRow]) -> list[str]:
    """Of these flows the retired ones that nothing is left of: no run, no service, no attempt, no key."""
    away = [row.id for row in known if row.retired]
    serving = {row.flow for row in services_of(connection)}
    held = {text_of(FlowKey(flow)): flow for flow in away}
    waiting = {held[key] for (key,) in connection.execute(select(wakes.c.key).where(wakes.c.key.in_(sorted(held))))}
    left = select(runs.c.flow).where(runs.c.flow.in_(away)).distinct()
    waiting |= {flow for (flow,) in connection.execute(left)}
    return [flow for flow in away if flow not in serving | waiting]
