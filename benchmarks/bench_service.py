"""`headgate serve` as a process: from a commit to its first op, at rest and beside a thousand live runs; and idling.

Two services in turn, each on a bare repository with real pushes: one with nothing else to do, one whose store holds a
thousand live runs of a hundred ops (benchmarks/many_runs.py). An op notes the time at which it was started.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from statistics import quantiles

from benchmarks.many_runs import OPS, RUNS, populate
from benchmarks.rows import Row
from console.service import APART
from tests.e2e.service import Place, flow

PUSHES = 20
IDLE = 20.0  # s that a service is watched while it has nothing to do
_OWN = ("wakes", "counters", "places")  # what says that a service is there, and has looked
FRESH = 3.0  # s after the last op until nothing of it is left to do


@dataclass(frozen=True, slots=True)
class Measured:
    """What one service showed."""

    restart: float  # s from the start of the process to the first op of a commit that was waiting for it
    p50: float  # ms from a push to the op
    p95: float
    idle_cpu: float  # % of a core
    memory: float  # MiB, resident
    steps: float  # of keys of runs while idle, per s
    rows: float  # that a restart without news wrote, be they as they were, but for what is of a restart itself


@cache
def measured(crowded: bool) -> Measured:
    """Measure a service, with or without the live runs."""
    with tempfile.TemporaryDirectory(prefix="headgate-bench-") as folder:
        place = Place(Path(folder))
        place.data.mkdir()
        if crowded:
            populate(place.data / "headgate.db")
        with _serving(place):
            # What is there at the first look is known and does not start.
            place.eventually(lambda: place.checks(place.git("rev-parse", "HEAD").strip()))
            _push(place, "first")
            time.sleep(FRESH)
        _watch_writes(place)
        with _serving(place):
            place.eventually(lambda: place.log().count("Serving") == 2)
            time.sleep(FRESH + (RUNS * APART if crowded else 0))  # until every run was looked at
        written = _written(place)
        if written:
            print(f"A restart without news wrote {dict(written)}.")
        _commit(place, "restart")
        place.git("push", "--quiet", "origin", "HEAD:main")
        begin = time.time()
        with _serving(place) as pid:
            restart = _started_at(place, "restart") - begin
            waits = sorted(_push(place, f"push-{number}") for number in range(PUSHES))
            time.sleep(FRESH)
            cpu, steps, since = _cpu(pid), _steps(place), time.monotonic()
            time.sleep(IDLE)
            took = time.monotonic() - since
            idle, stepped = (_cpu(pid) - cpu) / took * 100, (_steps(place) - steps) / took
            memory = _memory(pid)
    cuts = quantiles(waits, n=20)
    return Measured(restart, cuts[9] * 1000, cuts[18] * 1000, idle, memory, stepped, written.total())


@contextmanager
def _serving(place: Place) -> Iterator[int]:
    place.start()
    assert place.process is not None
    try:
        yield place.process.pid
    finally:
        place.stop()


def _push(place: Place, name: str) -> float:
    """Seconds from the end of `git commit` until the op of the flow that it adds is running: the push is in it."""
    _commit(place, name)
    begin = time.time()
    place.git("push", "--quiet", "origin", "HEAD:main")
    return _started_at(place, name) - begin


def _commit(place: Place, name: str) -> None:
    script = f"echo {name} $(date +%s.%N) >> {place.ledger}"
    file = place.clone / "flows" / f"{name}.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(flow({"note": (script, ())}))
    place.git("add", "--all")
    place.git("commit", "--quiet", "--message", f"Add {name}")


def _started_at(place: Place, name: str) -> float:
    def noted() -> list[float]:
        words = (line.split() for line in place.lines())
        return [float(at) for one, at in words if one == name]

    place.eventually(noted)
    return noted()[0]


def _watch_writes(place: Place) -> None:
    """Have the database itself count each row that is inserted, replaced, changed or removed from now on."""
    with closing(sqlite3.connect(place.data / "headgate.db")) as connection, connection:
        named = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        tables = [name for (name,) in named if name not in _OWN]
        connection.execute("CREATE TABLE bench_writes (what TEXT)")
        for table, verb in product(tables, ("INSERT", "UPDATE", "DELETE")):
            connection.execute(
                f"CREATE TRIGGER bench_{table}_{verb} AFTER {verb} ON {table} "
                f"BEGIN INSERT INTO bench_writes VALUES ('{verb} {table}'); END"
            )


def _written(place: Place) -> Counter[str]:
    """What was written since; nothing is counted any more."""
    with closing(sqlite3.connect(place.data / "headgate.db")) as connection, connection:
        found = Counter(what for (what,) in connection.execute("SELECT what FROM bench_writes"))
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("DROP TABLE bench_writes")
    return found


def _steps(place: Place) -> int:
    """How many leases there were ever; those of the polled repository are among them."""
    with closing(sqlite3.connect(place.data / "headgate.db")) as connection:
        return int(connection.execute("SELECT value FROM counters WHERE name = 'token'").fetchone()[0])


def _cpu(pid: int) -> float:
    """Seconds of processor time that a process and the children it waited for have taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _memory(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def _part(crowded: bool, name: str) -> Callable[[], float]:
    return lambda: float(getattr(measured(crowded), name))


def _rows_of(crowded: bool) -> Iterator[Row]:
    where = f"beside-{RUNS}-live-runs" if crowded else "at-rest"
    told = f"Beside {RUNS} live runs of {OPS} ops that wait for people: " if crowded else "With nothing else to do: "
    bars = {
        "p50": (
            "ms",
            500,
            "from a push to its op at work: the push itself, a look at the repository, five steps.",
        ),
        "p95": ("ms", 1_500, "the same, at the worst of twenty."),
        "restart": ("s", 3, "from the start of the process to the op of a commit that was waiting for it."),
        "idle_cpu": ("% CPU", 0.5, "idle, a local repository under watch, the processes of Git included."),
        "memory": ("MiB", 80, "resident when it has nothing to do."),
        "steps": ("steps/s", 0.5, "steps of any key while idle; one in ten seconds is the look at the repository."),
        "rows": ("rows", 0, "rows that a restart without news writes, be it what was there; queue and place aside."),
    }
    for name, (unit, bar, why) in bars.items():
        yield Row(f"service/{where}-{name.replace('_', '-')}", unit, _part(crowded, name), bar, told + why, rounds=1)


ROWS = (*_rows_of(crowded=False), *_rows_of(crowded=True))
