"""What it costs to run `/bin/true` as a local op, beside a loop that only spawns it and writes as many records."""

from __future__ import annotations

import os
import resource
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from benchmarks.rows import Row
from reconciler.adapters.process_executor import ProcessExecutor
from reconciler.adapters.system_clock import SystemClock
from reconciler.engine.model import FINAL, AttemptSpec, Observed, Status
from reconciler.keys import RunKey
from reconciler.records import AttemptRow, Lease

OPS = 1_000
AT_ONCE = 16
COMMAND = "/bin/true"


def _rows(code: str) -> list[AttemptRow]:
    section = {"container": {"command": [COMMAND]}}
    ids = [f"{number:04x}-attempt" for number in range(OPS)]
    labels = {"code_dir": code}
    specs = [AttemptSpec(each, "run", "op", 1, "job", "many", "", "", section, labels=labels) for each in ids]
    return [AttemptRow(spec.attempt, spec.run, spec.op, spec) for spec in specs]


def _executed(place: str) -> None:
    """Start OPS attempts, AT_ONCE at a time, each as soon as another's end was reported; every end is a success."""
    ended = threading.Semaphore(0)
    statuses: Counter[Status] = Counter()

    def report(observations: Sequence[Observed]) -> None:
        finals = [seen.status for seen in observations if seen.status in FINAL]
        statuses.update(finals)
        for _ in finals:
            ended.release()

    executor = ProcessExecutor(Path(place), report, SystemClock(), lambda *_: place, lambda _: "token", slots=AT_ONCE)
    lease = Lease(RunKey("run"), 1, 1, time.monotonic() + 600)
    waiting = _rows(place)
    free = AT_ONCE
    while waiting or free < AT_ONCE:
        chosen, waiting = waiting[:free], waiting[free:]
        assert all(done.outcome == "done" for done in executor.start(chosen, lease))
        free -= len(chosen)
        ended.acquire()
        free += 1
        while ended.acquire(blocking=False):
            free += 1
    executor.close()
    assert statuses == {Status.SUCCEEDED: OPS}


def _spawned(place: str) -> None:
    """Spawn as many, as many at once, each with a claim, a log and an exit record of its own."""
    environment = dict(os.environ)
    running: dict[int, str] = {}
    for number in range(OPS):
        if len(running) == AT_ONCE:
            _record(running)
        name = f"{place}/{number:04x}"
        os.close(os.open(f"{name}.claim", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        log = (os.POSIX_SPAWN_OPEN, 1, f"{name}.log", os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)
        running[os.posix_spawn(COMMAND, [COMMAND], environment, file_actions=[log])] = name
    while running:
        _record(running)


def _record(running: dict[int, str]) -> None:
    pid, status = os.wait()
    with open(f"{running.pop(pid)}.exit", "x") as record:
        record.write(f"{os.waitstatus_to_exitcode(status)}\n")


def _cpu() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


@cache
def _measured(work: Callable[[str], None], _round: int) -> tuple[float, float]:
    """Milliseconds per op, by the clock and of processor time, ops included."""
    place = tempfile.mkdtemp(dir=_places().name)
    cpu, clock = _cpu(), time.perf_counter()
    work(place)
    return (time.perf_counter() - clock) * 1000 / OPS, (_cpu() - cpu) * 1000 / OPS


@cache
def _places() -> tempfile.TemporaryDirectory[str]:
    """What all rounds leave goes at the end: ext4 makes no file in place of one that was deleted just now, and looks
    for another for up to half a millisecond."""
    return tempfile.TemporaryDirectory()


def _rounds(work: Callable[[str], None], part: int) -> Callable[[], float]:
    """Each call is the next round, so that the rows speak of the same work."""
    counted = iter(range(1_000))
    return lambda: _measured(work, next(counted))[part]


_WHY = (
    f"{OPS:,} ops of {COMMAND} through the executor, {AT_ONCE} at a time, from start to reported end. The reference "
    "spawns as many at once and writes a claim (O_EXCL), a log and an exit record for each; it outlives nothing, "
    "makes no directory and reports to nobody. Ours makes at least 60 % of its rate."
)
ROWS = (
    Row(
        name="local/true-per-op",
        unit="ms",
        ours=_rounds(_executed, 0),
        reference=_rounds(_spawned, 0),
        bar=1 / 0.6,
        why=_WHY,
        rounds=5,
    ),
    Row(
        name="local/true-per-op-cpu",
        unit="ms",
        ours=_rounds(_executed, 1),
        reference=_rounds(_spawned, 1),
        bar=1 / 0.6,
        why=f"{_WHY} Processor time of all processes, those of the ops included.",
        rounds=5,
    ),
)
