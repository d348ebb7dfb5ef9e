"""`headgate logs`: what ops have printed."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path

import click

from console.failures import NO
from console.following import LOOK
from console.log_reading import LogLine, LogReader
from console.naming import find_op, find_run
from console.opening import store_of
from console.options import FORMAT, OP, RUN, store_options
from console.reading import config_of
from reconciler.adapters.place import local_place
from reconciler.checks import ops as op_views
from reconciler.checks.ops import OpView
from reconciler.checks.words import plain, when
from reconciler.engine.model import FINAL, GOOD, Status
from reconciler.plan.model import Plan
from reconciler.records import RunRow
from reconciler.steps.plans import plan_of
from reconciler.store import Records, Store

Write = Callable[[Iterable[LogLine]], bool]  # whether there were any

_BATCH = 1000  # lines that are written at once: a log may be larger than the memory


@click.command(epilog="Exit codes: 0 shown; with --follow 0 or 1 as the run ends; 2 wrong use; 3 the store is away.")
@RUN
@OP
@click.option("--follow", "-f", is_flag=True, help="Go on until the run, or the op, has ended.")
@click.option("--tail", type=click.IntRange(0), metavar="N", help="Only the last N lines of each op.")
@FORMAT
@store_options
def logs(
    run: str, op: str | None, follow: bool, tail: int | None, form: str, file: Path | None, data_dir: Path | None
) -> int:
    """Show what ops have printed.

    \b
    headgate logs @last
    headgate logs 3f2a train --follow

    Without OP: the ops that failed if the run failed, else all, each line under its op's name.
    """
    config = config_of(file, data_dir)
    with store_of(config) as store:
        row = find_run(store, run)
        plan = plan_of(store, row)
        views = _views(store, row, plan)
        path = None
        if op is not None and not (follow and op_views.planned(plan, op)):
            path = find_op((view.path for view in views), op, row.id)
        elif op is not None:
            path = op
        reader = LogReader(config.data_dir, tail)
        _tell_of_others(store, config.data_dir, views, path)
        if follow:
            return _follow(store, row, plan, path, reader, _writer(form, prefixed=not _alone(views, path)))
        chosen = _chosen(row, views, path)
        _show(chosen, reader, row, form, prefixed=not _alone(views, path), pruned=_pruned(store, chosen))
        return 0


def _tell_of_others(store: Store, data_dir: Path, views: Sequence[OpView], path: str | None) -> None:
    """Logs are kept where their ops ran: say of which ops that is elsewhere, and where."""
    wanted = [view for view in op_views.leaves(views) if _attempt(view) and _within(view.path, path)]
    rows = store.attempts_by_id([_attempt(view) for view in wanted])
    elsewhere = {row.place for row in rows.values()} - {"", local_place(data_dir)}
    for name in sorted(elsewhere):
        known = store.place(name)
        address = f" The page at {known.address} shows them." if known is not None and known.address else ""
        click.echo(f"Logs of ops that ran at {name} are kept there.{address}", err=True)


def _views(store: Records, row: RunRow, plan: Plan) -> list[OpView]:
    return op_views.views(plan, [one.state for one in store.ops(row.id)])


def _alone(views: Sequence[OpView], path: str | None) -> bool:
    """Whether one op is asked for that holds no others; its lines need no name before them."""
    return path is not None and not any(view.path == path and view.container for view in views)


def _chosen(row: RunRow, views: Sequence[OpView], path: str | None) -> list[OpView]:
    leaves = [view for view in op_views.leaves(views) if _attempt(view)]
    if path is not None:
        return [view for view in leaves if view.path == path or view.path.startswith((f"{path}.", f"{path}["))]
    if row.state.status is Status.FAILED:
        return [view for view in op_views.failed(views) if _attempt(view)] or leaves
    return leaves


def _attempt(view: OpView) -> str:
    return view.state.attempt or view.state.cached_from or ""


def _pruned(store: Records, views: Iterable[OpView]) -> float | None:
    """When logs of these ops were pruned last; None where none was."""
    rows = store.attempts_by_id([_attempt(view) for view in views])
    return max((row.pruned_at for row in rows.values() if row.pruned_at is not None), default=None)


def _show(
    views: Iterable[OpView], reader: LogReader, row: RunRow, form: str, prefixed: bool, pruned: float | None
) -> None:
    found = ((view, reader.lines(view.path, _attempt(view), True)) for view in views)
    if form == "json":
        logs_of = [
            {
                "op": view.path,
                "attempt": _attempt(view),
                "text": b"".join(one.data for one in lines).decode("utf-8", "replace"),
            }
            for view, lines in found
        ]
        click.echo(json.dumps({"version": 1, "run": row.id, "logs": logs_of}, indent=2, ensure_ascii=False))
        return
    write = _writer(form, prefixed)
    shown = [write(lines) for _, lines in found]
    if not any(shown):
        click.echo("nothing was printed yet." if not pruned else f"the logs were pruned on {when(pruned)}.", err=True)


def _follow(store: Records, row: RunRow, plan: Plan, path: str | None, reader: LogReader, write: Write) -> int:
    """Tell what is printed as it comes. The code is the run's, or that of the op that was asked for."""
    while True:
        row = store.run(row.id) or row
        views = _views(store, row, plan)
        own = next((view.state.status for view in views if view.path == path), None)
        status = row.state.status if own is None or own not in FINAL else own
        over = status in FINAL
        for view in op_views.leaves(views):
            if _attempt(view) and _within(view.path, path):
                write(reader.lines(view.path, _attempt(view), over or view.state.status in FINAL))
        if over:
            return 0 if status in GOOD else NO
        time.sleep(LOOK)


def _within(path: str, wanted: str | None) -> bool:
    return wanted is None or path == wanted or path.startswith((f"{wanted}.", f"{wanted}["))


def _writer(form: str, prefixed: bool) -> Write:
    worded = _worded(form, prefixed)

    def write(lines: Iterable[LogLine]) -> bool:
        left, any_were = iter(lines), False
        while batch := list(islice(left, _BATCH)):
            any_were = True
            click.echo(b"".join(map(worded, batch)), nl=False)
        return any_were

    return write


def _worded(form: str, prefixed: bool) -> Callable[[LogLine], bytes]:
    """A line as it is written, with its end."""
    if form == "json":
        return lambda line: _line(json.dumps({"version": 1, "op": line.op, "attempt": line.attempt, "line": line.text}))
    if prefixed:
        return lambda line: _line(f"{line.op} | {plain(line.text)}")
    if sys.stdout.isatty():
        return lambda line: _line(plain(line.text))
    return lambda line: line.data  # byte for byte, for a file or another program


def _line(text: str) -> bytes:
    return f"{text}\n".encode("utf-8", "replace")
