"""Whole commands measured from outside: wall clock, processor time and the largest memory of one process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = str(Path(__file__).parents[1])


@dataclass(frozen=True, slots=True)
class Spent:
    """What one process took; `peak` is its resident set in MiB, as the kernel counts it."""

    exit_code: int
    wall: float  # ms
    cpu: float  # ms
    peak: float  # MiB


def headgate(*words: str) -> list[str]:
    """The command as its script starts it, of this checkout wherever another one is installed."""
    start = f"import sys; sys.path.insert(0, {ROOT!r}); from console.cli import main; main()"
    return [sys.executable, "-c", start, *words]


# To the peak of a process counts what the one that starts it holds until `exec`: so a small one starts it.
_LAUNCHER = """
import os, sys, time
quiet = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
start = time.perf_counter()
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, used = os.wait4(process, 0)
wall = time.perf_counter() - start
print(os.waitstatus_to_exitcode(status), wall, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def spent(words: Sequence[str], environment: Mapping[str, str] | None = None, folder: str = ".") -> Spent:
    """Run a command in `folder`, its output thrown away, and say what it took. The first word is a path."""
    launched = subprocess.run(
        [sys.executable, "-S", "-c", _LAUNCHER, *words],
        env={**os.environ, **(environment or {})},
        cwd=folder,
        stdout=subprocess.PIPE,
        check=True,
    )
    code, wall, cpu, peak = launched.stdout.split()
    per_mib = 1024 if sys.platform != "darwin" else 1024 * 1024
    return Spent(int(code), float(wall) * 1000, float(cpu) * 1000, float(peak) / per_mib)


class Rounds:
    """Measurements of one command for several rows: each row takes its own part of every round."""

    def __init__(self, once: Callable[[], Spent], exit_code: int = 0) -> None:
        self._once = once
        self._exit_code = exit_code
        self._rounds: list[Spent] = []

    def part(self, name: str) -> Callable[[], float]:
        """A measurement of `wall`, `cpu` or `peak`; its n-th call speaks of the n-th round."""
        turns = iter(range(1_000_000))
        return lambda: float(getattr(self._round(next(turns)), name))

    def _round(self, turn: int) -> Spent:
        while len(self._rounds) <= turn:
            one = self._once()
            assert one.exit_code == self._exit_code, f"The command ended with {one.exit_code}."
            self._rounds.append(one)
        return self._rounds[turn]
