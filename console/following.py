"""Following a run to its end: what it does is told as it happens, and the command ends with the run's own answer."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import click

from console.failures import AWAY, NO, Failure
from console.frame import Frame, verdict
from console.telling import story_of
from console.terminal import is_live
from reconciler.checks.glyphs import look
from reconciler.checks.ops import OpView, tally
from reconciler.checks.run_text import commands
from reconciler.checks.words import count, duration
from reconciler.engine.model import FINAL, GOOD, Status
from reconciler.keys import RunKey
from reconciler.steps.plans import plan_of
from reconciler.store import Store

PATIENCE = 30.0  # s for a run to appear; one that was asked for is made by the next step of its flow
LOOK = 0.1  # s between two looks
LOOK_FOR_PARKED = 1.0  # s between two looks whether the run goes on at all
RESTS = 10  # times as long as a frame took: every op of the run is read for one
HEARTBEAT = 60.0  # s


class Teller(Protocol):
    """Tells of a run while it is followed. `only_end`: it says nothing before, so that nobody reads every op for it."""

    only_end: bool

    def frame(self, frame: Frame) -> None: ...

    def end(self) -> None:
        """Leave the terminal as it was, however the following ended."""

    def close(self, frame: Frame) -> None:
        """Say the verdict."""


def frames(
    store: Store, run_id: str, meanwhile: Callable[[], None] = lambda: None, only_end: bool = False
) -> Iterator[Frame]:
    """The run whenever it has moved, up to its end. Waits for one that was only asked for. Raises Failure.

    `meanwhile` is called between two looks. With `only_end` the last frame is the only one.
    """
    version, until, plan, rested, asked = -1, time.monotonic() + PATIENCE, None, 0.0, 0.0
    while True:
        row = store.run(run_id)
        if row is None and time.monotonic() > until:
            do = "Look at `headgate status`; is the service running?"
            raise Failure("run-missing", f"Run {run_id} does not appear.", do=do, exit_code=AWAY)
        began = time.monotonic()
        over = row is not None and row.state.status in FINAL
        if row is not None and row.version != version and (over or (began >= rested and not only_end)):
            version = row.version
            plan = plan or plan_of(store, row)
            yield Frame(row, plan, [op.state for op in store.ops(run_id)])
            if over:
                return
            rested = time.monotonic() + RESTS * (time.monotonic() - began)
        if began - asked >= LOOK_FOR_PARKED:
            asked = began
            _refuse_parked(store, run_id)
        meanwhile()
        time.sleep(LOOK)


def _refuse_parked(store: Store, run_id: str) -> None:
    """A run that only a person or a commit can move on is not waited for. Raises Failure."""
    queued = store.queued(RunKey(run_id))
    if queued is not None and queued.parked:
        do = f"`headgate why {run_id}` tells more; the next start of the service tries it once more."
        raise Failure("run-parked", f"Run {run_id} does not go on. {queued.parked}", do=do, exit_code=AWAY)


def follow(
    store: Store, run_id: str, progress: str, data_dir: Path, meanwhile: Callable[[], None] = lambda: None
) -> int:
    """Follow a run; the exit code is 0 if it succeeded or was skipped, else 1."""
    teller = _teller(progress)
    frame = None
    try:
        for frame in frames(store, run_id, meanwhile, teller.only_end):
            teller.frame(frame)
    finally:
        teller.end()
    if frame is None:
        return AWAY
    teller.close(frame)
    if frame.run.status in GOOD:
        return 0
    _explain(store, frame, data_dir)
    return NO


def _explain(store: Store, frame: Frame, data_dir: Path) -> None:
    """The first failed op with its likely error, and what can be typed next."""
    story = story_of(store, frame.row, data_dir)
    for view in story.failed[:1]:
        cause = story.cause(view)
        click.echo(f"\n{view.path}: {cause.what}\n  {cause.do}", err=True)
    for shown in story.excerpts.values():
        click.echo("\n".join(f"  | {line}" for line in shown.lines), err=True)
    click.echo("\nNext:\n  " + "\n  ".join(commands(story)), err=True)


class _Silent:
    only_end = True

    def frame(self, frame: Frame) -> None:
        """Say nothing yet."""

    def end(self) -> None:
        """Nothing is to be left."""

    def close(self, frame: Frame) -> None:
        click.echo(verdict(frame))


class _Plain:
    """One line when an op ends, and a sign of life a minute."""

    only_end = False

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._last = time.monotonic()
        self._begun = False

    def frame(self, frame: Frame) -> None:
        if not self._begun:
            self._begun = True
            click.echo(f"Run {frame.run.id} of {frame.row.facts.flow}: {frame.row.cause}.", err=True)
        ended = (view for view in frame.views if view.state.status in FINAL and view.path not in self._told)
        for view in sorted(ended, key=lambda view: view.state.finished_at or 0.0):
            self._told.add(view.path)
            self._say(ended_line(view))
        if time.monotonic() - self._last > HEARTBEAT:
            running = tally(frame.views)[Status.RUNNING]
            self._say(f"… {count(len(self._told), 'op')} ended, {running} running")

    def end(self) -> None:
        """Nothing is to be left."""

    def close(self, frame: Frame) -> None:
        self.frame(frame)
        click.echo(verdict(frame))

    def _say(self, line: str) -> None:
        self._last = time.monotonic()
        click.echo(line, err=True)


class _JsonLines:
    """One JSON object when an op changes its status, on stderr; the last line on stdout is the run's."""

    only_end = False

    def __init__(self) -> None:
        self._told: dict[str, str] = {}

    def frame(self, frame: Frame) -> None:
        for view in frame.views:
            state = view.state
            if self._told.get(view.path, Status.CREATED) != state.status:
                self._told[view.path] = state.status
                told = {"version": 1, "op": view.path, "status": state.status.value, "reason": state.reason}
                click.echo(json.dumps(told), err=True)

    def end(self) -> None:
        """Nothing is to be left."""

    def close(self, frame: Frame) -> None:
        run = frame.run
        told = {"version": 1, "run": run.id, "flow": frame.row.facts.flow, "status": run.status.value}
        click.echo(json.dumps(told | {"reason": run.reason, "message": run.message}))


def ended_line(view: OpView) -> str:
    """`✓ train succeeded in 12 s`, with the reason where there is one to give."""
    state, shown = view.state, look(view.state.status)
    took = ""
    if state.started_at and state.finished_at and not state.cached_from:
        took = f" in {duration(state.finished_at - state.started_at)}"
    why = f" ({state.reason})" if state.reason and state.reason != "AppError" else ""
    return f"{shown.glyph} {view.path} {shown.word}{took}{why}"


def _teller(progress: str) -> Teller:
    chosen = ("live" if is_live(sys.stderr) else "plain") if progress == "auto" else progress
    if chosen == "live":
        from console.live import Live  # rich, which a plain line does not need

        return Live()
    tellers: dict[str, type[Teller]] = {"plain": _Plain, "json": _JsonLines, "none": _Silent}
    return tellers[chosen]()
