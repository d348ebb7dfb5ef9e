"""What one row of the table is and how it is measured. The rows themselves stand in `bench_*.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Row:
    """A measurement with the bar it must hold. Less is better for both.

    `ours` and `reference` measure once and return a value in `unit`. The bar is the largest ratio ours / reference,
    or, without a reference, the largest value of ours. `why` says what the reference is and where the bar comes from.
    """

    name: str
    unit: str
    ours: Callable[[], float]
    bar: float
    why: str
    reference: Callable[[], float] | None = None
    rounds: int = 5


@dataclass(frozen=True, slots=True)
class Result:
    """The best of a row's rounds."""

    name: str
    unit: str
    ours: float
    reference: float | None
    bar: float
    why: str

    @property
    def ratio(self) -> float | None:
        return None if self.reference is None else self.ours / self.reference

    @property
    def holds(self) -> bool:
        return (self.ours if self.ratio is None else self.ratio) <= self.bar


def measure(row: Row) -> Result:
    """Ours and the reference in turn, so that other work on the machine meets both; the best round counts."""
    ours, reference = [], []
    for _ in range(row.rounds):
        ours.append(row.ours())
        if row.reference:
            reference.append(row.reference())
    return Result(row.name, row.unit, min(ours), min(reference, default=None), row.bar, row.why)


def milliseconds(work: Callable[[], object]) -> Callable[[], float]:
    """A measurement of how long `work` takes."""

    def once() -> float:
        start = perf_counter()
        work()
        return (perf_counter() - start) * 1000

    return once
