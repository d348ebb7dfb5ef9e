"""The level that an op stands on: its siblings by name, the dag around it, and the edges found so far."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from reconciler.plan.layers import Ready
from reconciler.plan.report import Place


@dataclass(frozen=True, slots=True)
class Level:
    """The ops of a dag and the dag itself; the root of a flow stands alone, on a level without ops."""

    ops: tuple[Ready, ...] = ()
    indexes: Mapping[str, int] = field(default_factory=dict)
    dag: Ready | None = None


_NONE: Set[int] = frozenset()


@dataclass(slots=True)
class Edges:
    """The upstreams of one op, each with the place that says so; which of them it reads; which only templates name."""

    places: dict[int, Place] = field(default_factory=dict)
    reads: Set[int] = _NONE
    implied: Set[int] = _NONE

    def add(self, upstream: int, place: Place, *, reads: bool = False) -> None:
        """Wait for an op as the author says; the first place that says so is kept."""
        if upstream in self.implied:
            self.implied -= {upstream}
            self.places[upstream] = place
        self.places.setdefault(upstream, place)
        if reads:
            self.read(upstream)

    def imply(self, upstream: int, place: Place) -> None:
        """Wait for an op whose values a template reads."""
        if upstream not in self.places:
            self.places[upstream] = place
            self.implied = _added(self.implied, upstream)
        self.read(upstream)

    def read(self, upstream: int) -> None:
        """Note that values of an upstream are read."""
        self.reads = _added(self.reads, upstream)


def _added(numbers: Set[int], one: int) -> Set[int]:
    """The numbers with one more: a set is made for the first, as most ops need none."""
    if not isinstance(numbers, set):
        return {*numbers, one}
    numbers.add(one)
    return numbers
