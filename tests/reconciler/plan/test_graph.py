"""Facts about graphs of ops."""

from __future__ import annotations

import random
from graphlib import CycleError, TopologicalSorter

import pytest

from reconciler.plan.graph import critical, cycles, downstream_of, order


def test_a_chain_is_as_long_as_its_ops():
    assert critical([[], [0], [1]]) == [3, 2, 1]
    assert downstream_of([[], [0], [0, 1]]) == [[1, 2], [2], []]


def test_every_cycle_is_found_once_and_starts_at_its_first_op():
    assert cycles([[2], [0], [1], [3], [3], [0]]) == [[0, 2, 1], [3]]
    assert cycles([[], [0], [1, 0]]) == []


@pytest.mark.parametrize("seed", range(60))
def test_order_and_cycles_agree_with_the_standard_library(seed):
    rng = random.Random(seed)
    size = rng.randrange(1, 12)
    upstream = [sorted({rng.randrange(size) for _ in range(rng.randrange(3))}) for _ in range(size)]
    try:
        TopologicalSorter(dict(enumerate(upstream))).prepare()
        acyclic = True
    except CycleError:
        acyclic = False
    assert (cycles(upstream) == []) is acyclic
    if acyclic:
        places = {op: place for place, op in enumerate(order(upstream))}
        assert all(places[other] < places[op] for op, waits in enumerate(upstream) for other in waits)
    for cycle in cycles(upstream):
        assert all(after in upstream[before] for before, after in zip(cycle, [*cycle[1:], cycle[0]], strict=True))
