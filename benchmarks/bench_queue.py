"""What must not grow: a lease among many keys, a wake of a key that is awake, the file per op, a run found again."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from time import process_time

from benchmarks.recorded_runs import (
    NOW,
    InstantExecutor,
    StillClock,
    chains,
    commit,
    insert,
    new_started,
    plan_of_chains,
)
from benchmarks.replaying import prepare, replay
from benchmarks.rows import Row
from reconciler.adapters.sql_store import SqlStore, open_store
from reconciler.engine.decisions import Limits
from reconciler.engine.model import OpState, Status
from reconciler.keys import FlowKey, RunKey
from reconciler.ports import World
from reconciler.records import Changes, OpRow, Wake
from reconciler.steps.machines import build

MANY, FEW = 100_000, 200  # keys
AT_ONCE = 20_000  # in a commit
TAKEN = 30  # leases, or wakes, that are measured together
TURNS = 3  # of which the best counts
LEASE = 30.0
SIDE_BY_SIDE = 100  # ops of the run that is found again
RUNS, OPS = 4, 50  # of which the file grows


class HandClock(StillClock):
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> float:
        return NOW + self.passed


@contextmanager
def _store_of(keys: int, clock: StillClock) -> Iterator[SqlStore]:
    """A file with so many keys in its queue, every second of which is due."""
    with _file() as path, closing(open_store(path, clock)) as store:
        for first in range(0, keys, AT_ONCE):
            numbers = range(first, min(keys, first + AT_ONCE))
            store.wake([Wake(RunKey(f"{number:020x}"), NOW + number % 2 * 1e6) for number in numbers])
        yield store


@contextmanager
def _file() -> Iterator[Path]:
    Path("build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir="build") as place:
        yield Path(place, "headgate.db")


def _leased(keys: int) -> float:
    """Processor time of a lease, in µs."""
    with _store_of(keys, StillClock()) as store:
        return _each(lambda: store.lease("bench", LEASE))


def _leased_again() -> float:
    """The same of keys whose leases have run out."""
    clock = HandClock()
    with _store_of(FEW, clock) as store:
        _each(lambda: store.lease("bench", LEASE))
        clock.passed = LEASE + 1
        return _each(lambda: store.lease("bench", LEASE))


def _woken(keys: int, new: bool) -> float:
    """Processor time of a wake of one key, beside so many that are awake."""
    with _store_of(keys, StillClock()) as store:
        numbers = iter(range(keys, 2 * keys) if new else range(keys))
        return _each(lambda: store.wake([Wake(RunKey(f"{next(numbers):020x}"))]))


def _each(work: Callable[[], object]) -> float:
    return min(_turn(work) for _ in range(TURNS))


def _turn(work: Callable[[], object]) -> float:
    begin = process_time()
    for _ in range(TAKEN):
        work()
    return (process_time() - begin) * 1e6 / TAKEN


def _grown() -> float:
    """Bytes by which a file grows for an op of a run, from ready to ended."""
    recording = chains(RUNS, OPS)
    with _file() as path, closing(open_store(path, StillClock())) as store:
        prepare(store, recording)
        before = _used(path)
        replay(store, recording)
        return (_used(path) - before) / (RUNS * OPS)


def _used(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        pages, free, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)


def _found_again(ops: int) -> float:
    """Processor time in ms until a run of which half has ended can go on, after a restart."""
    with _file() as path, closing(open_store(path, StillClock())) as store:
        started = new_started(plan_of_chains(ops, SIDE_BY_SIDE), 0)
        insert(store, [started])
        store.wake([Wake(FlowKey("all"))])
        run, ended = started.run.id, partial(OpState, status=Status.SUCCEEDED, started_at=NOW, finished_at=NOW)
        commit(store, Changes(ops=tuple(OpRow(run, ended(f"op-{number}")) for number in range(ops // 2))))
        begin = process_time()
        row = store.run(run)
        assert row is not None
        world = World(store, None, InstantExecutor(StillClock()), None, StillClock())  # type: ignore[arg-type]
        build(world, row).machine.advance([], NOW, Limits(slots=0))
        return (process_time() - begin) * 1000


ROWS = (
    Row(
        "store/lease-among-100000-keys",
        "µs CPU",
        lambda: _leased(MANY),
        bar=1.5,
        why="A lease among 100,000 keys, half of them due, against one among two hundred: an index finds it.",
        reference=lambda: _leased(FEW),
        rounds=1,
    ),
    Row(
        "store/lease-that-ran-out",
        "µs CPU",
        _leased_again,
        bar=1.5,
        why="A lease of a key whose lease has run out, against one that nobody had.",
        reference=lambda: _leased(FEW),
        rounds=2,
    ),
    Row(
        "store/wake-among-100000-keys",
        "µs CPU",
        lambda: _woken(MANY, new=False),
        bar=1.5,
        why="A wake of a key that is awake, among 100,000, against a wake of a new key among two hundred.",
        reference=lambda: _woken(FEW, new=True),
        rounds=1,
    ),
    Row(
        "store/bytes-per-op",
        "bytes",
        _grown,
        bar=4_000,
        why="Growth of a file for one op, from ready to ended: its row, attempt, five lines of history, result.",
        rounds=1,
    ),
    Row(
        "store/run-of-10000-ops-found-again",
        "ms CPU",
        lambda: _found_again(10_000),
        bar=12,
        why="After a restart, until a run of which half has ended can go on, against one of a thousand ops.",
        reference=lambda: _found_again(1_000),
        rounds=2,
    ),
)
