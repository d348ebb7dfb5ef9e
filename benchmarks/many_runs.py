"""A thousand live runs in a store: each did ninety-nine ops and waits for a person to approve its hundredth.

One run is really taken so far by the product's own steps; the others are that run under other names.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from benchmarks.recorded_runs import InstantExecutor, commit, insert, new_started, plan_of
from reconciler.adapters.sql_store import SqlStore, open_store
from reconciler.adapters.system_clock import SystemClock
from reconciler.engine.attempts import attempt_id
from reconciler.keys import CheckKey, FlowKey, RunKey
from reconciler.loop import Loop
from reconciler.ports import World
from reconciler.records import AttemptRow, Changes, OpRow, RunRow, Wake
from reconciler.steps.advance_run import AdvanceRun
from reconciler.steps.plans import row_of
from reconciler.steps.starting import Started

RUNS, OPS = 1_000, 100
_AT_ONCE = 100  # runs in a commit


def populate(file: Path) -> None:
    """Put the runs into the store in this file."""
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as place, closing(open_store(Path(place, "one.db"), clock)) as store:
        one, ops, attempts = _taken_so_far(store)
    with closing(open_store(file, clock)) as store:
        for first in range(0, RUNS, _AT_ONCE):
            store.wake([Wake(FlowKey("all"))])
            copies = [_copy(one, ops, attempts, number) for number in range(first, first + _AT_ONCE)]
            commit(store, _together(one, copies))
        _settle(store, InstantExecutor(clock))


def _taken_so_far(store: SqlStore) -> tuple[Started, Sequence[OpRow], Sequence[AttemptRow]]:
    started = new_started(plan_of(_flow()), 0)
    insert(store, [started])
    store.wake([Wake(RunKey(started.run.id))])
    _settle(store, InstantExecutor(SystemClock()))
    run = store.run(started.run.id)
    assert run is not None
    ops, attempts = store.ops(run.id), store.attempts(run.id, live=False)
    assert (len(ops), len(attempts)) == (OPS, OPS - 1), (len(ops), len(attempts))
    return replace(started, run=run), ops, attempts


def _settle(store: SqlStore, executor: InstantExecutor) -> None:
    """Let every run go on until it has to wait."""
    world = World(store, None, executor, None, SystemClock())  # type: ignore[arg-type]
    loop = Loop(store, {FlowKey: _nothing, CheckKey: _nothing, RunKey: AdvanceRun(world)}, SystemClock(), "bench")
    while loop.turn():
        if ended := executor.ended():
            store.observe(ended)


def _nothing(_key: FlowKey | CheckKey, _lease: object) -> Changes:
    return Changes()


def _copy(
    one: Started, ops: Sequence[OpRow], attempts: Sequence[AttemptRow], number: int
) -> tuple[RunRow, Iterator[OpRow], Iterator[AttemptRow]]:
    name = f"{number:020x}"
    ids = {attempt.id: attempt_id(name, one.plan.hash, "", attempt.op, attempt.number) for attempt in attempts}
    state = one.run.state.having(id=name, flow=f"flow-{number}", chain=name)
    run = replace(one.run, state=state, sha="", version=0, writer=0)
    moved = (OpRow(name, op.state.having(attempt=ids.get(op.state.attempt or ""))) for op in ops)
    made = (replace(attempt, id=ids[attempt.id], run=name) for attempt in attempts)
    return run, moved, made


def _together(one: Started, copies: Sequence[tuple[RunRow, Iterator[OpRow], Iterator[AttemptRow]]]) -> Changes:
    return Changes(
        plans=(row_of(one.plan),),
        new_runs=tuple(run for run, _, _ in copies),
        ops=tuple(op for _, ops, _ in copies for op in ops),
        attempts=tuple(attempt for _, _, attempts in copies for attempt in attempts),
        wakes=tuple(Wake(RunKey(run.id)) for run, _, _ in copies),
    )


def _flow() -> str:
    names = [f"op-{index}" for index in range(OPS - 1)]
    lines = ["version: 1.1", "kind: component", "name: many", "run:", "  kind: dag", "  operations:"]
    lines += [f"  - {{name: {name}, dagRef: nothing}}" for name in names]
    lines += [f"  - {{name: last, dagRef: nothing, isApproved: false, dependencies: [{', '.join(names)}]}}"]
    lines += ["  components:", "  - name: nothing"]
    lines += ["    run: {kind: job, container: {image: any, command: ['true']}}"]
    return "\n".join(lines)
