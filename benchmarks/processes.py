"""Whole commands measured from outside: wall clock, processor time and the largest memory of one process."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

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


def spent(words: Sequence[str], environment: Mapping[str, str] | None = None, folder: str = ".") -> Spent:
    """Run a command in `folder`, its output thrown away, and say what it took."""
    quiet = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
    here = os.getcwd()
    os.chdir(folder)
    try:
        start = perf_counter()
        process = os.posix_spawn(words[0], words, {**os.environ, **(environment or {})}, file_actions=quiet)
        _, status, used = os.wait4(process, 0)
        wall = perf_counter() - start
    finally:
        os.chdir(here)
    per_mib = 1024 if sys.platform != "darwin" else 1024 * 1024
    code = os.waitstatus_to_exitcode(status)
    return Spent(code, wall * 1000, (used.ru_utime + used.ru_stime) * 1000, used.ru_maxrss / per_mib)


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
