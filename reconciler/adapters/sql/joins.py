"""Candidate rows for joins, read in bounded pages. Which of them a query takes is engine/queries.py's decision."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, func, select

from reconciler.adapters.sql import rows
from reconciler.adapters.sql.tables import metrics, ops, plans, runs
from reconciler.engine.decisions import JoinQuery
from reconciler.engine.model import FINAL, OpState, RunState
from reconciler.engine.queries import asked_values, matches, sort_rows, value_of
from reconciler.flows.model import Json
from reconciler.plan.encoding import decode
from reconciler.plan.model import Plan, PlannedOp
from reconciler.plan.queries import Query, parse_query, parse_sort
from reconciler.plan.walk import op_at
from reconciler.records import RunRow

MOST_RUNS = 2_000  # of a repository, newest first: a join sees no further back
MOST_ROWS = 20_000  # ops that are looked at
PAGE = 50  # runs whose ops are read at once
_OWN = ("inputs", "outputs", "params", "metrics", "artifacts")  # what an op has for itself


def join_rows(
    connection: Connection, repository: str, run: str, query: JoinQuery, unwritten: Sequence[OpState] = ()
) -> list[dict[str, Json]]:
    """The asked fields of the rows that a query takes, in its order. Raises ValueError for one that cannot be read.

    `unwritten` are ops of the asking run that are newer than what is stored of them.
    """
    asked, _ = parse_query(query.query), parse_sort(query.sort)
    needed = asked.fields | set(query.fields) | {field for field, _ in parse_sort(query.sort)}
    candidates = _candidates(connection, repository, run, query, needed, unwritten)
    found = [row for row in candidates if _wanted(asked, row, query)]
    ordered = sort_rows(found, query.sort)
    return asked_values(ordered[query.offset : query.offset + query.limit], query.fields)


def _wanted(asked: Query, row: Mapping[str, Json], query: JoinQuery) -> bool:
    """A run, dag or sweep that has none of the values that are asked for would only leave holes in the lists."""
    own = [field for field in query.fields if field.partition(".")[0] in _OWN]
    holds = row["leaf"] or not own or any(value_of(row, field) is not None for field in own)
    return holds and matches(asked, row)


def _candidates(
    connection: Connection,
    repository: str,
    run: str,
    query: JoinQuery,
    needed: set[str] | frozenset[str],
    unwritten: Sequence[OpState],
) -> Iterator[dict[str, Json]]:
    rows_left = MOST_ROWS
    for page in _pages(connection, repository, run, query.within):
        states = _ops(connection, page, query.within, rows_left)
        if run in page:
            states[run] = _newest(states.get(run, ()), unwritten, query.within)
        live = _last_metrics(connection, states) if any(field.startswith("metrics") for field in needed) else {}
        for owner in page.values():
            plan = _plan(connection, owner.plan)
            own = states.get(owner.id, ())
            yield from (_op_row(owner, plan, state, live.get(state.attempt or "", {})) for state in own)
            if query.within is None and plan is not None and plan.root.graph is not None and plan.root.matrix is None:
                yield _run_row(owner)
        rows_left -= sum(len(found) for found in states.values())
        if rows_left <= 0:
            return


def _pages(connection: Connection, repository: str, run: str, within: str | None) -> Iterator[dict[str, RunRow]]:
    newest = select(runs).order_by(runs.c.created_at.desc(), runs.c.id.desc()).limit(PAGE)
    newest = newest.where(runs.c.repository == repository) if within is None else newest.where(runs.c.id == run)
    for start in range(0, MOST_RUNS, PAGE):
        found = connection.execute(newest.offset(start)).mappings().all()
        if found:
            several = (rows.run_of(row) for row in found)
            # What runs on trial is nothing that others build on.
            yield {row.id: row for row in several if not row.facts.proposal or row.id == run}
        if len(found) < PAGE:
            return


def _ops(connection: Connection, page: Mapping[str, RunRow], within: str | None, most: int) -> dict[str, list[OpState]]:
    statement: Select[Any] = select(ops).where(ops.c.run.in_(page)).order_by(ops.c.run, ops.c.path).limit(most)
    if within is not None:
        statement = statement.where(func.substr(ops.c.path, 1, len(within)) == within)
    found: dict[str, list[OpState]] = {}
    for row in connection.execute(statement).mappings():
        if within is None or _is_child(row["path"], within):
            found.setdefault(row["run"], []).append(rows.op_of(row).state)
    return found


def _newest(stored: Sequence[OpState], unwritten: Sequence[OpState], within: str | None) -> list[OpState]:
    newer = {op.path: op for op in unwritten if within is None or _is_child(op.path, within)}
    return [*(op for op in stored if op.path not in newer), *newer.values()]


def _is_child(path: str, parent: str) -> bool:
    """`tune[3]` and `nested.train` are children, `tune[3].prep` is a grandchild."""
    return re.fullmatch(r"\[\d+\]|\.[^.\[\]]+", path.removeprefix(parent)) is not None


def _last_metrics(connection: Connection, states: Mapping[str, list[OpState]]) -> dict[str, dict[str, float]]:
    ids = sorted({state.attempt for found in states.values() for state in found if state.attempt})
    last: dict[str, dict[str, float]] = {}
    for start in range(0, len(ids), 500):
        points = select(metrics).where(metrics.c.attempt.in_(ids[start : start + 500])).order_by(metrics.c.at)
        for row in connection.execute(points).mappings():
            last.setdefault(row["attempt"], {})[row["name"]] = row["value"]
    return last


def _plan(connection: Connection, plan: str) -> Plan | None:
    found = connection.execute(select(plans.c.plan_json).where(plans.c.id == plan)).scalar()
    return None if found is None else _decoded(found)


@lru_cache(maxsize=32)  # a plan of 10,000 ops takes long to decode and never changes
def _decoded(plan_json: bytes) -> Plan:
    return decode(plan_json, Plan)


def _op_row(run: RunRow, plan: Plan | None, state: OpState, live: Mapping[str, float]) -> dict[str, Json]:
    planned = None if plan is None else _planned(plan, state.path)
    swept = planned is not None and planned.matrix is not None and not state.path.endswith("]")
    inputs, outputs = dict(state.params or {}), dict(state.outputs or {})
    name = re.sub(r"\[\d+\]$", "", state.path).rpartition(".")[2]
    return {
        **_times(state, run),
        "id": f"{run.id}/{state.path}",
        "status": state.status.value,
        "name": name,
        "kind": None if planned is None else "matrix" if swept else planned.kind,
        "tags": [] if planned is None else list(planned.tags),
        "inputs": inputs,
        "outputs": outputs,
        "params": inputs | outputs,
        "metrics": outputs | dict(live),
        "artifacts": state.artifacts,
        "globals": _globals(run, state.attempt or "", name, state.status.value),
        "leaf": planned is None or (planned.graph is None and not swept),
    }


def _run_row(run: RunRow) -> dict[str, Json]:
    status = run.state.status.value
    inputs, outputs = dict(run.state.params or {}), dict(run.state.outputs or {})
    return {
        **_times(run.state, run),
        "id": run.id,
        "status": status,
        "name": run.facts.flow,
        "kind": "dag",
        "tags": [],
        "inputs": inputs,
        "outputs": outputs,
        "params": inputs | outputs,
        "metrics": outputs,
        "globals": _globals(run, run.id, run.facts.flow, status),
        "leaf": False,
    }


def _globals(run: RunRow, uuid: str, name: str, status: str) -> dict[str, Json]:
    return {"uuid": uuid, "name": name, "status": status, "original_uuid": run.id, "commit": run.facts.commit}


def _times(state: OpState | RunState, run: RunRow) -> dict[str, Json]:
    """Times, and whose it is. `duration` is known once it ended."""
    started, finished = state.started_at, state.finished_at
    ended = state.status in FINAL and started is not None and finished is not None
    return {
        "created_at": run.state.created_at,
        "started_at": started,
        "finished_at": finished,
        "duration": finished - started if ended and started is not None and finished is not None else None,
        "pipeline": None if isinstance(state, RunState) else run.id,
        "commit": run.facts.commit,
        "project": {"name": run.facts.repository.rpartition("/")[2]},
    }


def _planned(plan: Plan, path: str) -> PlannedOp | None:
    """None for an op that the plan does not name, as a hook's."""
    try:
        return op_at(plan, path)
    except KeyError:
        return None
