"""How soon webhooks are acknowledged: `headgate serve` as a process, every delivery durable before it is answered.

The service, the GitHub of the tests that it asks about what it hears, and who sends are processes of their own; pushes
and pull requests of GitHub's own examples are sent, no two of the same body, 14 kB each.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import sleep

from benchmarks.rows import Row
from tests.github.story import SECRET, SHOP, staged
from tests.webhooks.flood import Flood, Sent, p, prepared

RATE, STEADY = 200, 3000  # deliveries in a second, and of them in all
BURST = 6000
CONNECTIONS = 64
AT_REST = 3.0  # s after the last check


@dataclass(frozen=True, slots=True)
class Measured:
    """What one service showed."""

    memory: float  # MiB, resident, when it has looked at a repository and has nothing to do
    p50: float  # ms until an answer, at a steady rate
    p99: float
    burst: float  # µs for each delivery of a burst, by the wall
    cpu: float  # µs of the service's processor time for each of them, what it does about them included


@cache
def measured() -> Measured:
    """A steady stream, then a burst."""
    with (
        tempfile.TemporaryDirectory(prefix="headgate-bench-") as folder,
        staged(Path(folder), {}) as story,
        _sender() as sender,
    ):
        story.github.checked = False
        headgate, row = story.headgate, story.github.state.repository(SHOP)
        assert headgate.process is not None
        assert row is not None
        story.completed("headgate", story.github.head())
        sleep(AT_REST)
        memory = _memory(headgate.process.pid)
        send = (headgate.address, row.id)
        sender.submit(_flood, *send, 500, "warm", 0).result()
        steady = sender.submit(_flood, *send, STEADY, "steady", RATE).result()
        before = _cpu(headgate.process.pid)
        burst = sender.submit(_flood, *send, BURST, "burst", 0).result()
        spent = _cpu(headgate.process.pid) - before
    took = max(one.began + one.seconds for one in burst) - min(one.began for one in burst)
    return Measured(memory, p(50, steady) * 1e3, p(99, steady) * 1e3, took * 1e6 / BURST, spent * 1e6 / BURST)


def _sender() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))


def _flood(address: str, repository: int, count: int, name: str, rate: float) -> list[Sent]:
    sent = Flood(address, rate, CONNECTIONS).run(prepared(count, SECRET.encode(), repository, name))
    assert {one.status for one in sent} == {202}, sorted({one.status for one in sent})
    return sent


def _memory(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def _cpu(pid: int) -> float:
    """Seconds of processor time that a process and the children it waited for have taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


_IDLE = "resident, GitHub's library and the parts that speak with it included"
_STEADY = f"{RATE} deliveries in a second, each durable before it is answered; GitHub waits for ten seconds"
_BURST = "2,000 in a second, as when many branches are pushed at once"

ROWS = (
    Row("github/at-rest-memory", "MiB", lambda: measured().memory, 80, _IDLE, rounds=1),
    Row("github/acknowledged-p50", "ms", lambda: measured().p50, 25, _STEADY, rounds=1),
    Row("github/acknowledged-p99", "ms", lambda: measured().p99, 50, _STEADY, rounds=1),
    Row("github/delivery-in-a-burst", "µs", lambda: measured().burst, 500, _BURST, rounds=1),
    Row("github/delivery-in-a-burst-cpu", "µs CPU", lambda: measured().cpu, 500, _BURST, rounds=1),
)
