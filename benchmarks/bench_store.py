"""What the store costs a step: op transitions through the queue and its commits, against bare inserts of the same rows.

Both are durable: SQLite with WAL and synchronous=FULL, PostgreSQL with fsync. The recorded steps are those of real runs
(benchmarks/recorded_runs.py). Ours asks everything that they asked, leases and reads included; bare is the plain driver
that writes the rows of each commit with one statement per table, in a commit as ours is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from time import perf_counter, process_time

from benchmarks.bare_rows import BARE, bare_commits
from benchmarks.recorded_runs import Recording, StillClock, chains
from benchmarks.replaying import Replayed, counted, prepare, replay
from benchmarks.rows import Row
from benchmarks.servers import new_database
from benchmarks.traced import on_the_wire
from reconciler.adapters.sql_store import open_store

RUNS, OPS = 4, 25
SIDES = {"chain": 1, "wide": 4}  # ops of a run that move in the same step


def _recording(form: str) -> Recording:
    return chains(RUNS, OPS * SIDES[form], SIDES[form])


@cache
def _ours(dialect: str, form: str, workers: int) -> _Ours:
    return _Ours(dialect, form, workers)


class _Ours:
    """Replays of one recording; each row takes its own part of every round."""

    def __init__(self, dialect: str, form: str, workers: int = 1) -> None:
        self._of = (dialect, form, workers)
        self._rounds: list[Replayed] = []

    def part(self, name: str) -> Callable[[], float]:
        """A measurement of one field; its n-th call speaks of the n-th round."""
        turns = iter(range(1_000_000))
        return lambda: float(getattr(self._round(next(turns)), name))

    def _round(self, turn: int) -> Replayed:
        dialect, form, workers = self._of
        while len(self._rounds) <= turn:
            with _empty(dialect) as address, closing(open_store(address, StillClock())) as store:
                prepare(store, _recording(form))
                self._rounds.append(replay(store, _recording(form), workers))
        return self._rounds[turn]


def _bare(dialect: str, form: str, clock: Callable[[], float]) -> Callable[[], float]:
    def once() -> float:
        recording = _recording(form)
        commits = bare_commits(recording, dialect)
        with _empty(dialect) as address:
            open_store(address, StillClock()).close()
            bare = BARE[dialect](address)
            start = clock()
            bare.write(commits)
            return (clock() - start) * 1e6 / recording.transitions

    return once


@contextmanager
def _empty(dialect: str) -> Iterator[str]:
    """The address of an empty database, on the disk that the checkout is on."""
    if dialect == "postgresql":
        yield new_database()
        return
    Path("build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir="build") as place:
        yield str(Path(place, "headgate.db"))


def _time_rows(dialect: str, workers: int, form: str, bar: float) -> Row:
    return Row(
        name=f"store/{dialect}-{form}-{workers}-{'worker' if workers == 1 else 'workers'}",
        unit="µs",
        ours=_ours(dialect, form, workers).part("wall"),
        reference=_bare(dialect, form, perf_counter),
        bar=bar,
        why="A transition of an op, durable, against the plain driver that inserts the same rows in the same commits, "
        "one after the other: half as fast at the least.",
        rounds=9,
    )


def _cpu_row(dialect: str, bar: float) -> Row:
    return Row(
        name=f"store/{dialect}-chain-cpu",
        unit="µs CPU",
        ours=_ours(dialect, "chain", 1).part("cpu"),
        reference=_bare(dialect, "chain", process_time),
        bar=bar,
        why="The same, in processor time of this process: what the leases, the reads and the layers add.",
        rounds=9,
    )


@cache
def _counts() -> Mapping[str, float]:
    """What the engine of a file does for a transition; counting takes time, so that nothing else is measured here."""
    recording = _recording("chain")
    with _empty("sqlite") as address, counted() as counts, closing(open_store(address, StillClock())) as store:
        prepare(store, recording)
        counts.clear()
        replay(store, recording)
    found = {"commits": counts["COMMIT"], "statements": counts.total()}
    found["written"] = counts["INSERT"] + counts["UPDATE"] + counts["DELETE"]
    return {name: count / recording.transitions for name, count in found.items()}


@cache
def _counts_of_server() -> Mapping[str, float]:
    """The same of what is sent to PostgreSQL and comes back."""
    recording = _recording("chain")
    with _empty("postgresql") as address, on_the_wire() as wire, closing(open_store(address, StillClock())) as store:
        prepare(store, recording)
        wire.begin()
        replay(store, recording)
        counts = wire.ended()
    return {name: count / recording.transitions for name, count in counts.items()}


def _count_row(name: str, bar: float, why: str) -> Row:
    return Row(f"store/{name}-per-transition", name, lambda: _counts()[name], bar, why, rounds=1)


def _server_row(name: str, bar: float, why: str) -> Row:
    return Row(f"store/postgresql-{name}-per-transition", name, lambda: _counts_of_server()[name], bar, why, rounds=1)


ROWS = (
    *(_time_rows(dialect, workers, "chain", 2) for dialect in BARE for workers in (1, 4)),
    *(_time_rows(dialect, 1, "wide", 2) for dialect in BARE),
    _cpu_row("sqlite", 3),
    _cpu_row("postgresql", 3),
    _count_row(
        "commits", 1.4, "An op of its own takes four: its end is reported, leased, folded in; then it has started."
    ),
    _count_row("statements", 18, "Every statement of the file's engine, reads and each row of a batch included."),
    _count_row("written", 10, "Rows that these commits insert, replace or remove."),
    _server_row("commits", 1.4, "As on a file; what is a transaction of its own is not among them."),
    _server_row("answers", 5, "Answers of the server that are waited for, each for all that was sent together."),
    _server_row("statements", 14, "Statements that the server runs, BEGIN and COMMIT included."),
    _server_row("written", 10, "Rows that they insert, replace or remove."),
)
