"""What the order of a large graph costs, against the standard library's sorter."""

from __future__ import annotations

from graphlib import TopologicalSorter
from random import Random

from benchmarks.rows import Row, milliseconds
from reconciler.plan.graph import order

OPS = 10_000
_random = Random(7)
UPSTREAM = [tuple(sorted(_random.sample(range(i), min(i, 3)))) for i in range(OPS)]


def _order() -> None:
    assert len(order(UPSTREAM)) == OPS


ROWS = (
    Row(
        name=f"plan/order-{OPS}-ops",
        unit="ms",
        ours=milliseconds(_order),
        reference=milliseconds(lambda: list(TopologicalSorter(dict(enumerate(UPSTREAM))).static_order())),
        bar=1,
        why="The reference is graphlib's static order of the same graph: ours must be linear too and not slower.",
    ),
)
