"""Rows to the evidence of a run: what its checks, the page and the command line tell of it. Nothing is worded here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite

from reconciler.checks.evidence import RunEvidence
from reconciler.checks.ops import OpView, failed, leaves, views
from reconciler.engine.model import FINAL, OpState
from reconciler.ports import Logs
from reconciler.records import AttemptRow, RunRow
from reconciler.steps.intents import LOG_LINES
from reconciler.steps.plans import plan_of
from reconciler.store import Records

EXIT_CODES = 100  # failed ops that are looked up; more are only counted
MEASURED = 100  # ops whose numbers are compared with those of the last good run

Numbers = Mapping[str, float]


def evidence_of(store: Records, logs: Logs | None, run: RunRow, now: float, url: str = "") -> RunEvidence:
    """All that is known of a run, in a number of reads that does not grow with it. `url` is that of its page.

    Raises Stalled if the store has lost its plan.
    """
    plan, ops = plan_of(store, run), [row.state for row in store.ops(run.id)]
    seen = views(plan, ops)
    bad = [view.state for view in failed(seen)]
    ended = store.attempts_by_id([op.attempt for op in bad[:EXIT_CODES] if op.attempt])
    good = store.last_good(run)
    measured = _measured(seen)
    return RunEvidence(
        run.state,
        run.facts,
        plan,
        ops,
        now,
        cause=run.cause,
        logs=_logs(ended, logs, bad[:1]),
        exit_codes=_exit_codes(ended, bad[:EXIT_CODES]),
        metrics=_numbers(store, measured),
        last_good=_numbers_of(store, good, [op.path for op in measured]) if good else {},
        last_good_run=good.id if good else "",
        url=url,
    )


def _logs(rows: Mapping[str, AttemptRow], logs: Logs | None, ops: Sequence[OpState]) -> Mapping[str, str]:
    """What was kept of a log when its op failed, so that all replicas say the same; else what there is of it here."""
    kept = {op.path: row.excerpt for op in ops if (row := rows.get(op.attempt or "")) is not None}
    here = {op.path: logs.tail(op.attempt, LOG_LINES) for op in ops if op.attempt and logs and not kept.get(op.path)}
    return {**kept, **here}


def _exit_codes(rows: Mapping[str, AttemptRow], ops: Sequence[OpState]) -> Mapping[str, int]:
    found = ((op.path, rows.get(op.attempt or "")) for op in ops)
    return {path: row.exit_code for path, row in found if row is not None and row.exit_code is not None}


def _measured(seen: Sequence[OpView]) -> list[OpState]:
    """The ops whose numbers are compared: those that ran here to an end, those of the plan before a sweep's children.

    Ops that still run are left out: a check is worded anew when the run moves, not with every number it reports.
    """
    ended = [view.state for view in leaves(seen) if view.state.attempt and view.state.status in FINAL]
    return sorted(ended, key=lambda op: "[" in op.path)[:MEASURED]


def _numbers_of(store: Records, run: RunRow, paths: Sequence[str]) -> Mapping[str, Numbers]:
    return _numbers(store, [row.state for row in store.ops(run.id, paths)])


def _numbers(store: Records, ops: Sequence[OpState]) -> Mapping[str, Numbers]:
    """By op path: the outputs that are numbers, and the last value of each metric."""
    sources = {op.path: op.attempt or op.cached_from for op in ops}
    metrics = store.last_metrics([attempt for attempt in sources.values() if attempt])
    numbers = {op.path: {**_outputs(op), **metrics.get(sources[op.path] or "", {})} for op in ops}
    return {path: found for path, found in numbers.items() if found}


def _outputs(op: OpState) -> Numbers:
    pairs: Iterable[tuple[str, object]] = (op.outputs or {}).items()
    return {
        name: float(value)
        for name, value in pairs
        if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    }
