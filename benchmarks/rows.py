"""What one row of the table is and how it is measured. The rows themselves stand in `bench_*.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, process_time


class NotMeasured(Exception):
    """A row cannot be measured here, as its peer is missing; the message says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """A measurement with the bar it must hold. Less is better for both.

    `ours` and `reference` measure once and return a value in `unit`; the latter may raise NotMeasured. The bar is the
    largest ratio ours / reference; without a reference, or where it is a `limit`, the largest value of ours. `why` says
    what the reference is and where the bar comes from. Ours is measured `rounds` times; the reference as often, or
    `reference_rounds` times where one takes long.
    """

    name: str
    unit: str
    ours: Callable[[], float]
    bar: float
    why: str
    reference: Callable[[], float] | None = None
    rounds: int = 5
    reference_rounds: int | None = None
    limit: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """The best of a row's rounds; `missing` says why its reference was not measured."""

    name: str
    unit: str
    ours: float
    reference: float | None
    bar: float
    why: str
    limit: bool = False
    missing: str = ""

    @property
    def ratio(self) -> float | None:
        return None if self.reference is None else self.ours / self.reference

    @property
    def holds(self) -> bool | None:
        """None: nobody knows, as what the bar speaks of was not measured."""
        if self.missing and not self.limit:
            return None
        return (self.ours if self.ratio is None or self.limit else self.ratio) <= self.bar


def measure(row: Row) -> Result:
    """Ours and the reference in turn, so that other work on the machine meets both; the best round counts."""
    ours: list[float] = []
    reference: list[float] = []
    missing = ""
    for turn in range(row.rounds):
        ours.append(row.ours())
        if row.reference and not missing and turn < (row.reference_rounds or row.rounds):
            try:
                reference.append(row.reference())
            except NotMeasured as error:
                missing = str(error)
    known = min(reference, default=None)
    return Result(row.name, row.unit, min(ours), known, row.bar, row.why, row.limit, missing)


def milliseconds(work: Callable[[], object]) -> Callable[[], float]:
    """A measurement of how long `work` takes."""
    return _measured_by(perf_counter, work)


def cpu_milliseconds(work: Callable[[], object]) -> Callable[[], float]:
    """A measurement of the processor time that `work` takes in this process."""
    return _measured_by(process_time, work)


def _measured_by(clock: Callable[[], float], work: Callable[[], object]) -> Callable[[], float]:
    def once() -> float:
        start = clock()
        work()
        return (clock() - start) * 1000

    return once
