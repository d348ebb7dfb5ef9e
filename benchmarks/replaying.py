"""Asking a store again what recorded steps asked of another, by one worker or several at once."""

from __future__ import annotations

import sqlite3
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import perf_counter, process_time
from typing import Any

from sqlalchemy import event
from sqlalchemy.pool import Pool

from benchmarks.recorded_runs import Recording, Session, insert
from reconciler.adapters.sql_store import SqlStore
from reconciler.keys import RunKey
from reconciler.records import Changes, Lease, Wake

_LOOK = 0.01  # s without news until a worker sees that everything was taken


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a transition of an op took: µs by both clocks."""

    wall: float
    cpu: float


def prepare(store: SqlStore, recording: Recording) -> None:
    """Put the runs of a recording into an empty store, each due."""
    insert(store, recording.started)
    store.wake([Wake(RunKey(run)) for run in recording.sessions])


def replay(store: SqlStore, recording: Recording, workers: int = 1) -> Replayed:
    """All of a recording, on a store that was prepared for it."""
    left = {RunKey(run): deque(sessions) for run, sessions in recording.sessions.items()}
    with ThreadPoolExecutor(workers) as pool:
        start, cpu = perf_counter(), process_time()
        for worker in [pool.submit(_work, store, left) for _ in range(workers)]:
            worker.result()
        wall, cpu = perf_counter() - start, process_time() - cpu
    moved = recording.transitions
    return Replayed(wall * 1e6 / moved, cpu * 1e6 / moved)


def _work(store: SqlStore, left: dict[RunKey, deque[Session]]) -> None:
    """What a worker of the loop does and, between two leases of a run, who reports what its ops came to."""
    while any(left.values()):
        lease = store.lease("bench", 30)
        if lease is None:
            store.wait(_LOOK)
        elif isinstance(lease.key, RunKey) and (sessions := left[lease.key]):
            _take(store, lease, sessions.popleft())
            if sessions:
                store.observe(sessions[0].reported)
        else:
            store.commit(lease, Changes())  # nothing was recorded of it, or a slow machine is late for its next look


def _take(store: SqlStore, lease: Lease, session: Session) -> None:
    seen: tuple[int, ...] = ()
    for call in session.calls:
        if call.method == "commit":  # the store numbers observations as it likes: these are its own
            changes = replace(call.words[0], folded=seen) if seen else call.words[0]
            store.commit(lease, changes, **call.named)
            seen = ()
        elif call.method == "run_with_news":
            seen = tuple(row.seq for row in store.run_with_news(*call.words, **call.named)[2])
        else:
            getattr(store, call.method)(*call.words, **call.named)


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """How often each kind of statement is run on a file, by its first word; a batch runs one for each of its rows."""
    counts: Counter[str] = Counter()

    def count(connection: Any, *_: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.set_trace_callback(lambda text: counts.update([text.split(None, 1)[0]]))

    event.listen(Pool, "connect", count)
    try:
        yield counts
    finally:
        event.remove(Pool, "connect", count)
