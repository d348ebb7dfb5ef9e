"""A run moved by its step over a real SQLite file, with an executor that starts everything and says nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import process_time
from types import TracebackType
from typing import Any, cast

from reconciler.adapters.sql_store import SqlStore, open_store
from reconciler.adapters.system_clock import SystemClock
from reconciler.engine.model import AttemptPaths, AttemptSpec, Observed, Performed, RunFacts, Status
from reconciler.keys import RunKey
from reconciler.plan.model import Plan
from reconciler.ports import World
from reconciler.records import AttemptRow, Changes, FlowRow, Lease, Wake
from reconciler.steps.advance_run import AdvanceRun
from reconciler.steps.starting import new_run


class Place:
    """An executor with so many slots, in which attempts are started and nothing else happens."""

    place = "here"

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.live: dict[str, AttemptRow] = {}

    def paths(self, spec: AttemptSpec | str) -> AttemptPaths:
        attempt = spec if isinstance(spec, str) else spec.attempt
        return AttemptPaths("/context", f"/context/{attempt}", f"/context/{attempt}/outputs", "/code")

    def free(self) -> int | None:
        return self.slots - len(self.live)

    def await_slot(self, run: str, wanted: bool) -> None:
        """A slot is always free at the next step: it is over when it is taken."""

    def start(self, attempts: Sequence[AttemptRow], lease: Lease) -> Sequence[Performed]:
        self.live |= {attempt.id: attempt for attempt in attempts}
        return [Performed(attempt.id, "start", "done", lease.deadline) for attempt in attempts]

    def stop(self, attempts: Sequence[AttemptRow], lease: Lease) -> Sequence[Performed]:
        raise AssertionError("Nothing is stopped here.")

    def look(self, attempts: Sequence[AttemptRow]) -> Sequence[Observed]:
        return ()


class Stepped:
    """A run of a plan in a store of its own, with `slots` attempts under way. To be used as a context."""

    def __init__(self, plan: Plan, slots: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="headgate-bench-")
        clock = SystemClock()
        self.store: SqlStore = open_store(Path(self._folder.name, "headgate.db"), clock)
        self.place = Place(slots)
        self.world = World(cast(Any, self.store), cast(Any, None), self.place, cast(Any, None), clock)
        self.step = AdvanceRun(self.world)
        self.run = self._begin(plan, clock.now())
        while len(self.place.live) < slots:
            self.cpu_of_step()

    def __enter__(self) -> Stepped:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.store.close()
        self._folder.cleanup()

    def cpu_of_events(self, events: int) -> float:
        """The processor time of all steps until the place of each of so many ended attempts is taken again, in ms."""
        spent = 0.0
        for _ in range(events):
            self.end_one(next(iter(self.place.live)))
            while len(self.place.live) < self.place.slots:
                spent += self.cpu_of_step()
        return spent

    def end_one(self, attempt: str) -> None:
        """One attempt is seen to have succeeded."""
        del self.place.live[attempt]
        now = self.world.clock.now()
        self.store.observe([Observed(attempt, Status.SUCCEEDED, now, started_at=now, outputs={})])

    def cpu_of_step(self) -> float:
        """The processor time of the run's next step with its lease and its commit, in ms."""
        begin = process_time()
        lease = self._leased()
        changes = self.step(cast(RunKey, lease.key), lease)
        self.store.commit(lease, changes)
        return (process_time() - begin) * 1000

    def _leased(self) -> Lease:
        while True:
            lease = self.store.lease("bench", 60.0)
            assert lease is not None, "nothing is due"
            if isinstance(lease.key, RunKey):
                return lease
            self.store.commit(lease, Changes())

    def _begin(self, plan: Plan, now: float) -> str:
        flow = FlowRow("flow-1", "repository", "", "flow.yaml", "flow")
        facts = RunFacts("flow", "owner/repository", "c0ffee", "main")
        started = new_run(flow, plan, "merge:1", now, facts, cause="merged", sha="c0ffee")
        key = RunKey(started.run.id)
        self.store.wake([Wake(key)])
        lease = self._leased()
        self.store.commit(lease, started.added_to(Changes()))
        return started.run.id
