"""The world that histories play in: workers that meet faults at every port, and witnesses of what they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.adapters.sql_store import SqlStore
from reconciler.checks.model import Check
from reconciler.engine.model import FINAL, Performed
from reconciler.keys import Key
from reconciler.loop import Loop
from reconciler.ports import LeaseLost, Waiting, World
from reconciler.records import AttemptRow, Changes, Lease
from reconciler.steps.wiring import steps_of
from tests.fakes import FakeChecks, FakeExecutor, FakeLogs
from tests.histories.faults import LEASE, Crash, Faults, Faulty
from tests.stores import emptied_store
from tests.world import REPOSITORY, TestWorld


@dataclass(frozen=True, slots=True)
class Posted:
    """A check as it was posted, and how much people and processes had done by then."""

    sha: str
    check: Check
    deeds: int


class WatchfulExecutor(FakeExecutor):
    """Looks at the lease before each call, as real executors do, and notes every start that should not have been."""

    def __init__(self, world: HistoryWorld) -> None:
        super().__init__(world.clock)
        self.world = world
        self.wrong: list[str] = []

    def start(self, attempts: Sequence[AttemptRow], lease: Lease) -> Sequence[Performed]:
        if self.clock.monotonic() >= lease.deadline:
            return _too_late(attempts, "start", self.clock.now())
        for row in attempts:
            self._witness(row)
        before = len(self.started)
        done = super().start(attempts, lease)
        self.world.deeds += len(self.started) - before
        return done

    def stop(self, attempts: Sequence[AttemptRow], lease: Lease) -> Sequence[Performed]:
        if self.clock.monotonic() >= lease.deadline:
            return _too_late(attempts, "stop", self.clock.now())
        return super().stop(attempts, lease)

    def _witness(self, row: AttemptRow) -> None:
        stored = self.world.store.attempt(row.id)
        if stored is None:
            self.wrong.append(f"{row.op} was started before that was written down")
            return
        if row.id in self.processes:
            return
        run = self.world.store.run(stored.run) if stored.run else None
        if run is not None and run.state.status in FINAL:
            self.wrong.append(f"{row.op} was started in a run that is {run.state.status}")
        if run is not None and run.state.stop_asked_by:
            self.wrong.append(f"{row.op} was started after {run.state.stop_asked_by} stopped its run")


def _too_late(attempts: Sequence[AttemptRow], verb: str, now: float) -> list[Performed]:
    return [Performed(row.id, verb, "again", now, "LeaseEnded", "", 0.0) for row in attempts]


class WatchfulChecks(FakeChecks):
    """Looks at the lease, and keeps every word that was ever posted."""

    def __init__(self, world: HistoryWorld) -> None:
        super().__init__()
        self.world = world
        self.history: list[Posted] = []

    def post(self, repository: str, sha: str, checks: Sequence[Check], lease: Lease) -> Mapping[str, str]:
        if self.world.clock.monotonic() >= lease.deadline:
            raise LeaseLost
        known = self.posted.get(sha, {})
        self.history += [Posted(sha, check, self.world.deeds) for check in checks if known.get(check.name) != check]
        return super().post(repository, sha, checks, lease)


class WatchedStore:
    """The store, and whether somebody wrote for a key that was leased to another worker since."""

    def __init__(self, world: HistoryWorld) -> None:
        self._world = world

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world.store, name)

    def lease(self, owner: str, seconds: float, places: Sequence[str] | None = None) -> Lease | None:
        lease = self._world.store.lease(owner, seconds, places)
        if lease is not None:
            self._world.holders[lease.key] = lease.token
        return lease

    def commit(self, lease: Lease, changes: Changes, keep: bool = False) -> None:
        self._world.store.commit(lease, changes, keep)
        if self._world.holders[lease.key] != lease.token:
            self._world.unfenced.append(f"{lease.owner} wrote for {lease.key}, which it did not hold")


class HistoryWorld(TestWorld):
    """A world whose worker meets faults at every port; while it sleeps past its lease, another one goes on."""

    executor: WatchfulExecutor
    checks: WatchfulChecks

    def __init__(self, seed: int) -> None:
        self.faults_met = Faults(seed, self._meanwhile, self._hear_news)
        self.deeds = 0  # of people and processes: what may change a final word
        self.unfenced: list[str] = []
        self.holders: dict[Key, int] = {}  # token of the lease that was given last
        self.set_back = 0.0  # s by which the clock was turned back in all
        self.crashes = 0
        super().__init__()

    def new_store(self) -> SqlStore:
        store, self.path = emptied_store(self.clock)
        return store

    def new_executor(self) -> FakeExecutor:
        return WatchfulExecutor(self)

    def new_checks(self) -> FakeChecks:
        return WatchfulChecks(self)

    def new_loop(self, owner: str) -> Loop:
        behind = {"store": WatchedStore(self), "source": self.source, "executor": self.executor, "checks": self.checks}
        ports = {name: Faulty(name, port, self.faults_met) for name, port in behind.items()}
        wired = {**ports, "clock": self.clock, "logs": FakeLogs(), "queues": self.queues, "poll_seconds": POLL}
        world = World(**wired)  # type: ignore[arg-type]
        loop = Loop(world.store, steps_of(world), self.clock, owner=f"{owner}-{len(self.loops)}", workers=1)
        self.loops.append(loop)
        return loop

    def turn(self, loop: Loop | None = None) -> bool:
        """One step of a process, which may die in it; whatever dies is started anew. False if nothing was due."""
        try:
            return (loop or self.loop).turn()
        except Waiting:  # the store is away: the worker would try again a moment later
            self.clock.time += 1.0
            return True
        except Crash:
            self.crashes += 1
            if loop is None:
                self.restart()
            return True

    def settle(self, seconds: float = 2.0, work: bool = True) -> None:
        """Turn until nothing moves, over some time; bounded, so that a world that never rests is seen."""
        until = self.clock.time + seconds
        for _ in range(MOST_TURNS):
            if self.turn() or (work and self.executor.work()):
                continue
            if self.clock.time >= until:
                return
            self.pass_to_next(until)
        raise NeverRests

    def _hear_news(self) -> None:
        """Processes move and a person asks something of every flow, while a step is at work."""
        self.executor.work()
        for row in self.store.flows(REPOSITORY, ""):
            if not row.retired:
                self.ask_flow("unpause", row.name)

    def _meanwhile(self) -> None:
        """Others go on while a worker sleeps past its lease."""
        self.clock.time += LEASE + 1.0
        other = self.new_loop("other")
        for _ in range(6):
            self.turn(other)
            self.executor.work()


class NeverRests(Exception):
    """Steps go on without end."""


MOST_TURNS = 1_500
POLL = 300.0  # s; a world that looks around all the time shows little of what it has to be told
