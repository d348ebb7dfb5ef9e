"""Graphs of any size as plans to run: chain, layered, wide, bipartite, nested. What is measured on them is not here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from random import Random

from reconciler.flows.model import IO, Cache, Json, Trigger
from reconciler.plan.graph import critical, downstream_of
from reconciler.plan.model import Graph, Plan, PlannedMatrix, PlannedOp, Source

WIDTH = 100  # ops of a layer
BLOCK = 30  # ops of either half of a bipartite block
INSIDE = 10  # ops of a nested dag

Edges = list[tuple[int, ...]]


def chain(ops: int) -> Edges:
    """Each op waits for the one before it."""
    return [(index - 1,) if index else () for index in range(ops)]


def layered(ops: int) -> Edges:
    """Layers of WIDTH ops, each of which waits for three of the layer before."""
    chance = Random(7)
    starts = (index - index % WIDTH for index in range(ops))
    return [tuple(sorted(chance.sample(range(start - WIDTH, start), 3))) if start else () for start in starts]


def wide(ops: int) -> Edges:
    """All ops side by side, and a last one that waits for all."""
    return [*(() for _ in range(ops - 1)), tuple(range(ops - 1))]


def bipartite(ops: int) -> Edges:
    """Blocks of twice BLOCK ops, in which all of the second half wait for all of the first."""
    places = (divmod(index, 2 * BLOCK) for index in range(ops))
    first = [(block * 2 * BLOCK, place) for block, place in places]
    return [tuple(range(start, start + BLOCK)) if place >= BLOCK else () for start, place in first]


FORMS: Mapping[str, Callable[[int], Edges]] = {
    "chain": chain,
    "layered": layered,
    "wide": wide,
    "bipartite": bipartite,
}


@cache
def edges(form: str, ops: int) -> Edges:
    """For every op the ops it waits for. A nested graph is that of its dags' ops, one dag after the other."""
    return _nested_edges(ops) if form == "nested" else FORMS[form](ops)


def _nested_edges(ops: int) -> Edges:
    first = (index - index % INSIDE for index in range(ops))
    return [tuple(range(max(0, start - INSIDE), start)) for start in first]


def plan(form: str, ops: int) -> Plan:
    """A flow of plain ops that nothing is read from; a nested one counts the dags among its ops."""
    if form != "nested":
        return _flow(_graph(edges(form, ops), bare))
    inside = _graph([()] * (INSIDE - 1), bare)
    around = _graph(chain(ops // INSIDE), bare)
    return _flow(replace(around, ops=tuple(replace(op, kind="dag", run={}, graph=inside) for op in around.ops)))


def plan_with_values(ops: int) -> Plan:
    """A layered flow as people write them: params of three kinds, templates, and a cache that is asked for each op."""
    return _flow(_graph(edges("layered", ops), valued))


def plan_with_trouble(ops: int) -> Plan:
    """A layered flow in which each op goes on after whatever happened before it, and one of a hundred is skipped."""
    return _flow(_graph(edges("layered", ops), troubled))


def sweep(children: int) -> Plan:
    """A flow of one op that is a mapping of so many children."""
    values: list[Json] = [{"rate": index / children} for index in range(children)]
    matrix = PlannedMatrix("mapping", values=values)
    swept = replace(bare(0, ()), inputs=(IO("rate", "float"),), matrix=matrix)
    return Plan("flow", "flow.yaml", swept)


def bare(index: int, _upstream: Sequence[int]) -> PlannedOp:
    """An op without params that asks no cache."""
    run = {"kind": "job", "container": {"image": "busybox", "command": ["true"], "args": [str(index)]}}
    return PlannedOp(f"op-{index}", "job", run, cache=Cache(disable=True))


def troubled(index: int, upstream: Sequence[int]) -> PlannedOp:
    """An op that starts whatever happened before it; every hundredth has a condition that is false."""
    return replace(bare(index, upstream), trigger=Trigger.ALL_DONE, conditions="1 > 2" if index % 100 == 50 else None)


def valued(index: int, upstream: Sequence[int]) -> PlannedOp:
    """An op that takes a literal, a value of its first upstream and a default, and names them in its arguments."""
    sources = {"rate": Source("value", value=0.5)}
    if upstream:
        sources["rows"] = Source("op", op=upstream[0], field="outputs.rows")
    arguments = ["--rate={{ rate }}", "--rows={{ rows }}", "--out={{ globals.run_outputs_path }}/model"]
    return PlannedOp(
        f"op-{index}",
        "job",
        {"kind": "job", "container": {"image": "train:1.4", "command": ["python", "train.py"], "args": arguments}},
        inputs=(IO("rate", "float"), _with_default("rows"), _with_default("epochs")),
        outputs=(IO("rows", "int"),),
        sources=sources,
        reads=upstream[:1] and (upstream[0],),
    )


def _with_default(name: str) -> IO:
    return IO(name, "int", is_optional=True, has_value=True, value=3)


def _graph(upstream: Edges, make: Callable[[int, Sequence[int]], PlannedOp]) -> Graph:
    downstream, longest = downstream_of(upstream), critical(upstream)
    ops = tuple(
        replace(make(i, before), upstream=before, downstream=tuple(downstream[i]), critical=longest[i])
        for i, before in enumerate(upstream)
    )
    return Graph(ops, tuple(i for i, before in enumerate(upstream) if not before))


def _flow(graph: Graph) -> Plan:
    return Plan("flow", "flow.yaml", PlannedOp("flow", "dag", {}, graph=graph))


def leaves(plan: Plan) -> Iterator[str]:
    """The paths of the ops of a plan that start attempts."""
    if plan.root.matrix is not None:
        yield from (f"{plan.root.name}[{index}]" for index in range(len(plan.root.matrix.values)))
        return
    for op in plan.graph.ops:
        yield from [op.name] if op.graph is None else (f"{op.name}.{inner.name}" for inner in op.graph.ops)
