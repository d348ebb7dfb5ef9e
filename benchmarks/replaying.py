"""Asking a store again what recorded steps asked of another, by one worker or several at once."""

from __future__ import annotations

import sqlite3
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter, process_time, sleep
from typing import Any

from sqlalchemy import event
from sqlalchemy.pool import Pool

from benchmarks.recorded_runs import Recording, Session, insert
from reconciler.adapters.sql_store import SqlStore
from reconciler.keys import RunKey
from reconciler.records import Changes, Lease, Wake


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a transition of an op took: µs by both clocks; of a file also what its engine did for it."""

    wall: float
    cpu: float
    commits: float
    statements: float
    written: float  # rows


def replay(store: SqlStore, recording: Recording, workers: int, counts: Counter[str]) -> Replayed:
    """All of a recording, on an empty store that was opened while it was `counted`."""
    insert(store, recording.started)
    left = {RunKey(run): deque(sessions) for run, sessions in recording.sessions.items()}
    store.wake([Wake(key) for key in left])
    counts.clear()
    with ThreadPoolExecutor(workers) as pool:
        start, cpu = perf_counter(), process_time()
        for worker in [pool.submit(_work, store, left) for _ in range(workers)]:
            worker.result()
        wall, cpu = perf_counter() - start, process_time() - cpu
    moved = recording.transitions
    writing = counts["INSERT"] + counts["UPDATE"] + counts["DELETE"]
    return Replayed(
        wall * 1e6 / moved, cpu * 1e6 / moved, counts["COMMIT"] / moved, counts.total() / moved, writing / moved
    )


def _work(store: SqlStore, left: dict[RunKey, deque[Session]]) -> None:
    """What a worker of the loop does and, between two leases of a run, who reports what its ops came to."""
    while any(left.values()):
        lease = store.lease("bench", 30)
        if lease is None:
            sleep(0)
        elif isinstance(lease.key, RunKey):
            sessions = left[lease.key]
            _take(store, lease, sessions.popleft())
            if sessions:
                store.observe(sessions[0].reported)
        else:
            store.commit(lease, Changes())


def _take(store: SqlStore, lease: Lease, session: Session) -> None:
    for call in session.calls:
        words = (lease, *call.words) if call.method == "commit" else call.words
        getattr(store, call.method)(*words, **call.named)


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
