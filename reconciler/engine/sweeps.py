"""Sweeps: what is resolved once when one opens, and the values of child number i as a function of that."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from random import Random
from typing import cast

from reconciler.engine import draws
from reconciler.engine.book import Book
from reconciler.engine.context import full_context
from reconciler.engine.resolve import number
from reconciler.engine.scopes import Node
from reconciler.flows.model import Json
from reconciler.plan.encoding import digest
from reconciler.plan.model import PlannedMatrix
from reconciler.plan.templates import render_data

WEIGHED_LIMIT = 4096  # spaces with likelihoods up to this size are put in order; larger ones are drawn from
_ROUNDS = 4


def plan_sweep(book: Book, node: Node) -> Mapping[str, Json]:
    """What the sweep of an op is made of: `OpState.sweep`. Raises ValueError (a sentence)."""
    matrix = node.op.matrix
    assert matrix is not None
    concurrency = number(book, node, "matrix.concurrency", matrix.concurrency)
    wanted = number(book, node, "matrix.numRuns", matrix.num_runs)
    seed = render_data(matrix.seed, full_context(book, node))
    sweep: dict[str, Json] = {
        "kind": matrix.kind,
        "concurrency": None if concurrency is None else max(1, int(concurrency)),
        "seed": str(book.run.chain or book.run.id) if seed is None else str(seed),
    }
    if matrix.kind == "mapping":
        sweep["values"] = _mapping_values(book, node, matrix)
        return {**sweep, "planned": len(sweep["values"])}
    sweep["params"] = [list(param) for param in _params(book, node, matrix)]
    return {**sweep, "planned": _planned(matrix.kind, _space(sweep), wanted)}


def _mapping_values(book: Book, node: Node, matrix: PlannedMatrix) -> list[Json]:
    values = render_data(matrix.values, full_context(book, node))
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise ValueError("`matrix.values` is to be a list of mappings from params to values.")
    return values


def _params(book: Book, node: Node, matrix: PlannedMatrix) -> list[tuple[str, str, list[Json]]]:
    context = full_context(book, node)
    found = []
    for name, param in matrix.params:
        try:
            found.append((name, param["kind"], draws.fields(param["kind"], render_data(param["value"], context))))
        except (ValueError, TypeError) as error:
            raise ValueError(f"Matrix param `{name}`: {error}") from None
    return found


Space = tuple[tuple[str, str, Sequence[Json]], ...]  # (name, kind, values) of each param in declared order


def _space(sweep: Mapping[str, Json]) -> Space:
    return tuple((name, kind, values) for name, kind, values in sweep["params"])


def _planned(kind: str, space: Space, wanted: float | None) -> int:
    size = space_size(space)
    if kind == "grid" and size is None:
        raise ValueError("A grid takes params with a list of values only; use `random` for distributions.")
    limits = [int(limit) for limit in (size, wanted) if limit is not None]
    if not limits:
        raise ValueError("`matrix.numRuns` is needed: the space has no end.")
    return max(0, min(limits))


def space_size(space: Space) -> int | None:
    """How many combinations there are; None: without end."""
    sizes = [draws.size(kind, values) for _, kind, values in space]
    return None if None in sizes else math.prod(cast("list[int]", sizes))


def child_values(sweep: Mapping[str, Json], index: int) -> Mapping[str, Json]:
    """The combination of child number `index`: a function of what is stored and the index alone."""
    if sweep["kind"] == "mapping":
        return cast("Mapping[str, Json]", sweep["values"][index])
    space = _space(sweep)
    size = space_size(space)
    if sweep["kind"] == "grid":
        return combination(space, index)
    if size is None:
        seed = f"{sweep['seed']}\n{index}"
        return {name: draws.draw(kind, values, f"{seed}\n{name}") for name, kind, values in space}
    return combination(space, _distinct(space, size, str(sweep["seed"]), index))


def combination(space: Space, index: int) -> Mapping[str, Json]:
    """Combination number `index` of a discrete space; the param that was declared last turns fastest."""
    found: dict[str, Json] = {}
    for name, kind, values in reversed(space):
        size = draws.size(kind, values)
        assert size is not None
        index, place = divmod(index, size)
        found[name] = draws.item(kind, values, place)
    return {name: found[name] for name, _, _ in space}


def _distinct(space: Space, size: int, seed: str, index: int) -> int:
    """The combination of draw number `index`, which no other draw of the seed has."""
    if size <= WEIGHED_LIMIT and any(kind == "pchoice" for _, kind, _ in space):
        return _weighed(_Hashable(space), size, seed)[index]
    return permuted(size, seed, index)


def permuted(size: int, seed: str, index: int) -> int:
    """Where a seeded permutation of 0 … size - 1 takes `index`: a Feistel network, walked until it stays inside."""
    half = max(1, ((size - 1).bit_length() + 1) // 2)
    while True:
        index = _feistel(half, seed, index)
        if index < size:
            return index


def _feistel(half: int, seed: str, value: int) -> int:
    mask = (1 << half) - 1
    left, right = value >> half, value & mask
    for turn in range(_ROUNDS):
        left, right = right, left ^ Random(f"{seed}\n{turn}\n{right}").getrandbits(half)  # noqa: S311
    return left << half | right


class _Hashable:
    """A space as a key of a cache."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.digest = digest(space)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hashable) and other.digest == self.digest

    def __hash__(self) -> int:
        return int(self.digest[:15], 16)


@lru_cache(maxsize=64)
def _weighed(space: _Hashable, size: int, seed: str) -> Sequence[int]:
    """All combinations in an order drawn by their likelihoods, without putting back (Efraimidis and Spirakis, 2006)."""
    chance = Random(seed)  # noqa: S311 - a search, not a secret
    keys = [_key(chance.random(), _likelihood(space.space, index)) for index in range(size)]
    return sorted(range(size), key=keys.__getitem__)


def _key(drawn: float, likelihood: float) -> float:
    return -math.log(1.0 - drawn) / likelihood if likelihood > 0 else math.inf


def _likelihood(space: Space, index: int) -> float:
    product = 1.0
    for _, kind, values in reversed(space):
        size = draws.size(kind, values)
        assert size is not None
        index, place = divmod(index, size)
        chances = draws.weights(kind, values)
        product *= chances[place] if chances else 1.0
    return product
