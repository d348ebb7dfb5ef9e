"""Machines of runs that were moved last, kept so that a step costs what changes and not what is there.

A machine is used again only where the store holds exactly what its own last step wrote.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from reconciler.engine.machine import RunMachine
from reconciler.engine.model import FINAL
from reconciler.plan.model import Plan
from reconciler.plan.walk import walk
from reconciler.ports import World
from reconciler.records import Changes, Lease, RunRow
from reconciler.steps import intents
from reconciler.steps.at_work import AtWork
from reconciler.steps.plans import plan_of

MOST = 32  # runs; those moved longest ago are built anew
MOST_OPS = 50_000  # of all of them together, about 60 MB; a larger run is kept alone


@dataclass(frozen=True, slots=True)
class Engine:
    """The machine of a run and what the step needs of the plan it works by."""

    machine: RunMachine
    plan: Plan
    services: tuple[str, ...]  # paths of its service ops
    attempts: AtWork  # that have not ended
    ops: int  # that are planned, the children of sweeps not counted


@dataclass(frozen=True, slots=True)
class _Kept:
    engine: Engine
    version: int  # that the run's row has if the last step's transaction was committed …
    writer: int  # … by the lease that this step was given, and nobody wrote it since
    size: int  # ops, the children of sweeps that were made among them


class Machines:
    """At most MOST machines of MOST_OPS ops. One that is taken is gone until its step gives it back.

    A step that raises never does. Each run is under one lease at a time, so no two workers take the same.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = Lock()

    def take(self, row: RunRow, now: float) -> Engine | None:
        """The machine that led to the row as it is stored; None if there is none, or somebody else wrote it.

        Nor is it used if the clock was set back: what its timers wait for is found anew.
        """
        with self._lock:
            kept = self._kept.pop(row.id, None)
        if kept is None or (kept.version, kept.writer) != (row.version, row.writer) or kept.engine.machine.now > now:
            return None
        return kept.engine

    def keep(self, engine: Engine, before: RunRow, changes: Changes, lease: Lease) -> None:
        """Keep a machine for the row that these changes make of `before`, if they are committed."""
        written = changes.runs[0] if changes.runs else before
        if written.state.status in FINAL:
            return
        moved = bool(changes.runs)
        version, writer = before.version + moved, lease.token if moved else before.writer
        kept = _Kept(engine, version, writer, max(engine.ops, engine.machine.size))
        with self._lock:
            self._kept[before.id] = kept
            while len(self._kept) > 1 and (len(self._kept) > MOST or self._size() > MOST_OPS):
                self._kept.popitem(last=False)

    def _size(self) -> int:
        return sum(kept.size for kept in self._kept.values())


def build(world: World, row: RunRow) -> Engine:
    """The machine of a run from all that is stored of it. Raises Stalled if its plan is gone."""
    plan = plan_of(world.store, row)
    ops = [op.state for op in world.store.ops(row.id)]
    attempts = AtWork(world.store.attempts(row.id))
    paths = {attempt.id: attempt.op for attempt in attempts.all.values()}
    machine = RunMachine(plan, row.state.copy(), ops, row.facts, intents.layout(world), paths)
    kinds = {path: op.kind for path, op in walk(plan)}
    services = tuple(path for path, kind in kinds.items() if kind == "service")
    return Engine(machine, plan, services, attempts, len(kinds))
