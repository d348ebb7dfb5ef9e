"""What the steps of real runs ask of the store, recorded once, so that it can be asked again of any other store.

The engine and the steps are the product's own; only where ops run is played: each ends well once it was started.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from reconciler.adapters.sql_store import SqlStore, open_store
from reconciler.engine.model import AttemptPaths, AttemptSpec, Observed, Performed, RunFacts, Status
from reconciler.flows.parse import parse
from reconciler.keys import FlowKey, RunKey
from reconciler.plan.build import build
from reconciler.plan.model import Plan
from reconciler.ports import Clock, World
from reconciler.records import AttemptRow, Changes, FlowRow, Lease, Wake
from reconciler.steps.advance_run import AdvanceRun
from reconciler.steps.starting import Started, new_run

NOW = 1_700_000_000.0


class StillClock:
    """Nothing that is due later becomes due."""

    def now(self) -> float:
        return NOW

    def monotonic(self) -> float:
        return 0.0


@dataclass(frozen=True, slots=True)
class Call:
    """A method of the store with what it was given. A lease is left out: each store gives its own."""

    method: str
    words: tuple[Any, ...]
    named: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Session:
    """All that was asked of the store under one lease of a run, and what was reported before it."""

    reported: tuple[Observed, ...]
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Recording:
    """Runs as they are before their first step, and what their steps asked then, by run."""

    started: tuple[Started, ...]
    sessions: dict[str, tuple[Session, ...]]

    @property
    def transitions(self) -> int:
        """How many times an op was moved."""
        return sum(len(changes.ops) for changes in self.commits())

    def commits(self) -> Iterator[Changes]:
        """What the steps wrote, a commit each."""
        calls = (call for sessions in self.sessions.values() for session in sessions for call in session.calls)
        return (call.words[0] for call in calls if call.method == "commit")


@cache
def chains(runs: int, ops: int, side_by_side: int = 1) -> Recording:
    """Runs of so many ops, each after the one before it, or in so many chains at once."""
    started = tuple(new_started(plan_of_chains(ops, side_by_side, number), number) for number in range(runs))
    with tempfile.TemporaryDirectory() as place, closing(open_store(Path(place, "record.db"), StillClock())) as store:
        insert(store, started)
        return Recording(started, {one.run.id: tuple(_recorded(store, one.run.id)) for one in started})


def plan_of_chains(ops: int, side_by_side: int = 1, word: object = "") -> Plan:
    """The plan of a dag of ops that do nothing. With another word its ops are others: none is found in the cache."""
    lines = ["version: 1.1", "kind: component", "name: many", "run:", "  kind: dag", "  operations:"]
    for index in range(ops):
        edge = f", dependencies: [op-{index - side_by_side}]" if index >= side_by_side else ""
        lines.append(f"  - {{name: op-{index}, dagRef: nothing{edge}}}")
    lines += ["  components:", "  - name: nothing"]
    lines += [f"    run: {{kind: job, container: {{image: any, command: ['true', '{word}']}}}}"]
    return plan_of("\n".join(lines))


def plan_of(text: str) -> Plan:
    """The plan of a flow file."""
    flow = parse(text.encode(), "flows/many.yaml").flows[0]
    built = build(flow, lambda path: None)
    assert built.plan is not None, built.findings
    return built.plan


def new_started(plan: Plan, number: int, flow: str = "") -> Started:
    """A run of a plan on a commit, as a merge starts it."""
    sha = f"{number:040x}"
    row = FlowRow(flow or f"flow-{number}", "shop", "", "flows/many.yaml", f"many-{number}")
    return new_run(row, plan, "merge:1", NOW, RunFacts(row.name, "shop", sha, "main"), cause="merged", sha=sha)


def insert(store: SqlStore, started: Sequence[Started]) -> None:
    """Insert the runs as their flows' steps do, and leave nothing in the queue."""
    changes = Changes()
    for one in started:
        changes = one.added_to(changes)
    store.wake([Wake(FlowKey("all"))])
    commit(store, changes)
    while store.pending():
        commit(store, Changes())


def commit(store: SqlStore, changes: Changes) -> None:
    """Write as a step of the most urgent key does."""
    lease = store.lease("bench", 30)
    assert lease is not None
    store.commit(lease, changes)


def _recorded(store: SqlStore, run: str) -> Iterator[Session]:
    """Let a run go on until it has ended."""
    recorder = _Recorder(store)
    executor = InstantExecutor(StillClock())
    step = AdvanceRun(World(recorder, None, executor, None, StillClock()))  # type: ignore[arg-type]
    key, reported = RunKey(run), ()
    store.wake([Wake(key)])
    while True:
        lease = _lease_of(store, key)
        keep = True
        while keep:
            changes = step(key, lease)
            keep = changes.again_at == 0.0
            recorder.calls.append(Call("commit", (changes,), {"keep": keep}))
            store.commit(lease, changes, keep=keep)
        yield Session(reported, tuple(recorder.calls))
        recorder.calls.clear()
        reported = executor.ended()
        if not reported:
            return
        store.observe(reported)


def _lease_of(store: SqlStore, key: RunKey) -> Lease:
    while True:
        lease = store.lease("bench", 30)
        assert lease is not None, f"{key} is not due."
        if lease.key == key:
            return lease
        store.commit(lease, Changes(again_at=NOW + 60))


class _Recorder:
    """A store that notes what is read."""

    def __init__(self, store: SqlStore) -> None:
        self.calls: list[Call] = []
        self._store = store

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def noted(*words: Any, **named: Any) -> Any:
            self.calls.append(Call(name, words, named))
            return getattr(self._store, name)(*words, **named)

        return noted


@dataclass
class InstantExecutor:
    """Everything that is started has ended well when it is asked next."""

    clock: Clock
    place: str = "here"
    running: list[str] = field(default_factory=list)

    def paths(self, spec: AttemptSpec | str) -> AttemptPaths:
        attempt = spec if isinstance(spec, str) else spec.attempt
        return AttemptPaths("/a", f"/a/{attempt}", f"/a/{attempt}/outputs", "/code")

    def free(self) -> int | None:
        return None

    def await_slot(self, run: str, wanted: bool) -> None:
        """Nobody ever waits."""

    def start(self, attempts: Sequence[AttemptRow], lease: Lease) -> Sequence[Performed]:
        self.running += [row.id for row in attempts]
        return [Performed(row.id, "start", "done", self.clock.now()) for row in attempts]

    def stop(self, attempts: Sequence[AttemptRow], lease: Lease) -> Sequence[Performed]:
        return [Performed(row.id, "stop", "done", self.clock.now()) for row in attempts]

    def look(self, attempts: Sequence[AttemptRow]) -> Sequence[Observed]:
        return []

    def ended(self) -> tuple[Observed, ...]:
        """What has ended since this was asked last."""
        ended, self.running = self.running, []
        now = self.clock.now()
        return tuple(Observed(one, Status.SUCCEEDED, now, exit_code=0, started_at=now, outputs={}) for one in ended)
