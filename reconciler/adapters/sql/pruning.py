"""Writing what retention decided: rows go in the transaction of their step, after a last look at who needs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, exists, insert, not_, select, text, tuple_, update

from reconciler.adapters.sql import batches, rows
from reconciler.adapters.sql.aged import flows_of, retired
from reconciler.adapters.sql.retention import (
    PRUNED,
    USE,
    asked_of,
    plans_in,
    unneeded_plans,
    used_by,
    users_of,
    waiting,
)
from reconciler.adapters.sql.tables import (
    approvals,
    attempts,
    cache,
    checks,
    conversations,
    deliveries,
    events,
    flows,
    metrics,
    observations,
    ops,
    plans,
    requests,
    reviews,
    runs,
    schedules,
)
from reconciler.errors import Conflict
from reconciler.keys import CheckKey, RunKey, text_of
from reconciler.plan.encoding import encode
from reconciler.records import EventRow, Gone, UseRow

MEANWHILE = 600.0  # s: a step that began so long before the look has been written, or has lost its lease
PIECE = 1000  # rows of one kind that go with one run in one transaction: no writer waits for more


def hold_writers(connection: Connection) -> None:
    """Until this transaction ends nobody else writes a run or a plan: who needs one is seen, or sees that it is gone.

    SQLite has one writer at a time anyway.
    """
    if connection.dialect.name == "postgresql":  # one after the other, as steps write them
        connection.execute(text("LOCK TABLE runs, plans IN SHARE ROW EXCLUSIVE MODE"))


def write_uses(connection: Connection, uses: Sequence[UseRow]) -> None:
    """Note which runs use which. To be called when runs were written. Raises Conflict if one is gone meanwhile."""
    for use in uses:
        if connection.execute(select(runs.c.id).where(runs.c.id == use.run)).first() is None:
            raise Conflict(f"Run {use.run} was pruned since it was read.")
        for start in range(0, len(use.cached), PIECE // 2):
            some = use.cached[start : start + PIECE // 2]
            there = select(cache.c.attempt).where(tuple_(cache.c.key, cache.c.attempt).in_(some))
            if len(connection.execute(there).all()) < len(set(some)):
                raise Conflict(f"A result of run {use.run} was pruned since it was read.")
    events_of = [rows.flat(EventRow(use.at, use.run, USE, message=use.by)) for use in uses]
    if events_of:
        connection.execute(insert(events), events_of)


def prune(connection: Connection, gone: Gone) -> None:
    """Remove rows that nothing needs now. Raises Conflict if a run or a commit that was to go is needed again."""
    _prune_runs(connection, gone)
    for run in gone.remains:
        _prune_remains(connection, run)
    for table, name in ((metrics, "attempt"), (observations, "attempt"), (attempts, "id")):
        _delete(connection, table, (name,), [(one,) for one in gone.attempts])
    _delete(connection, cache, ("key", "attempt"), gone.cache)
    if waiting(connection, [text_of(CheckKey(*commit)) for commit in gone.commits]):
        raise Conflict("Something is about to be said of a commit whose checks were to be pruned.")
    _delete(connection, checks, ("repository", "sha"), gone.commits)
    _delete(connection, reviews, ("repository", "proposal"), gone.reviews, not_(reviews.c.open))
    _delete(connection, conversations, ("repository", "proposal"), gone.reviews, not_(_REVIEWED))
    left = [(flow,) for flow in _still_retired(connection, gone.flows)]
    _delete(connection, flows, ("id",), left)
    _delete(connection, schedules, ("flow",), left)
    _delete(connection, requests, ("id",), [(one,) for one in gone.requests])
    _delete(connection, deliveries, ("id",), [(one,) for one in gone.deliveries])
    _delete(connection, approvals, ("repository", "sha"), gone.approvals)
    _delete(connection, events, ("seq",), [(one,) for one in gone.events])
    _prune_plans(connection, gone)
    _mark_files(connection, gone)


def _delete(
    connection: Connection, table: Table, columns: Sequence[str], keys: Sequence[Sequence[Any]], *more: Any
) -> None:
    if keys:
        which = (*(table.c[name] == bindparam(f"_{name}") for name in columns), *more)
        values = [dict(zip((f"_{name}" for name in columns), key, strict=True)) for key in keys]
        connection.execute(delete(table).where(*which), values)


def _prune_runs(connection: Connection, gone: Gone) -> None:
    ids = [run for run, _ in gone.runs]
    for run, version in gone.runs:
        which = delete(runs).where(runs.c.id == run, runs.c.version == version, not_(runs.c.live))
        if not connection.execute(which).rowcount and _is_there(connection, run):
            raise Conflict(f"Run {run} has moved on since it was read.")
    keys = [text_of(RunKey(run)) for run in ids]
    needed = [used_by(some) for some in batches.chunks(ids)] + [asked_of(some) for some in batches.chunks(keys)]
    if any(connection.execute(one).first() is not None for one in needed):
        raise Conflict("A run that was to be pruned is needed again.")


def _is_there(connection: Connection, run: str) -> bool:
    return connection.execute(select(runs.c.id).where(runs.c.id == run)).first() is not None


def _prune_remains(connection: Connection, run: str) -> None:
    """A piece of what is left of a run. Attempts go last, as what they reported is found through them."""
    if _is_there(connection, run):
        raise Conflict(f"Run {run} is there.")
    own = select(attempts.c.id).where(attempts.c.run == run).order_by(attempts.c.id).limit(PIECE)
    ids = [attempt for (attempt,) in connection.execute(own)]
    parts = list(batches.chunks(ids))
    more = [_delete_some(connection, table, "attempt", some) for table in (metrics, observations) for some in parts]
    more.append(_delete_some(connection, events, "subject", [run], events.c.kind != PRUNED))
    more.append(_delete_some(connection, ops, "run", [run]))
    if not any(more):
        _delete(connection, attempts, ("id",), [(one,) for one in ids])


def _delete_some(connection: Connection, table: Table, column: str, values: Sequence[str], *more: Any) -> bool:
    """Remove at most PIECE rows; True if there may be more."""
    keys = list(table.primary_key)
    which = select(*keys).where(table.c[column].in_(values), *more).limit(PIECE)
    found = [tuple(row) for row in connection.execute(which)]
    _delete(connection, table, [key.name for key in keys], found)
    return len(found) == PIECE


def _still_retired(connection: Connection, ids: Sequence[str]) -> list[str]:
    """Those that have not come back."""
    found = [
        rows.flow_of(row)
        for some in batches.chunks(ids)
        for row in connection.execute(select(flows).where(flows.c.id.in_(some)).with_for_update()).mappings()
    ]
    return retired(connection, found) if found else []


def _prune_plans(connection: Connection, gone: Gone) -> None:
    """Plans that nothing has or wants now, those included that were made since all runs were read."""
    if not gone.plans:
        return
    recent = select(runs.c.body).where(runs.c.created_at >= gone.read_at - MEANWHILE)
    held = {plan for (body,) in connection.execute(recent) for plan in plans_in(body)}
    unneeded = set(gone.plans).intersection(unneeded_plans(connection, held, flows_of(connection)))
    _delete(connection, plans, ("id",), [(one,) for one in sorted(unneeded)])


def _mark_files(connection: Connection, gone: Gone) -> None:
    """Raises Conflict if a run whose files are to go has just been taken over."""
    users = users_of(connection, {run for _, run in gone.files})
    for some in batches.chunks({*users, *(by for several in users.values() for by in several)}):
        recent = used_by(some).where(events.c.at >= gone.read_at - MEANWHILE).limit(1)
        if connection.execute(recent).first() is not None:
            raise Conflict("A run whose files were to go is used again.")
    ended = [rows.attempt_of(row) for row in batches.attempts_of(connection, [attempt for attempt, _ in gone.files])]
    values = [
        {"_id": row.id, "_body": encode(replace(row, pruned_at=gone.read_at))} for row in ended if row.phase == "ended"
    ]
    if values:
        connection.execute(_MARK, values)


_REVIEWED = exists(
    select(reviews.c.proposal).where(
        reviews.c.repository == conversations.c.repository, reviews.c.proposal == conversations.c.proposal
    )
)
_MARK = update(attempts).where(attempts.c.id == bindparam("_id")).values(body=bindparam("_body"))
