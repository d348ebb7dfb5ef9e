"""Where boxes and edges of a DAG go: layers from left to right, few crossings, short edges. Pure geometry, no drawing.

The same boxes and edges always give the same places, and sizes alone decide: a change of status moves nothing. Time is
linear in boxes, edges and the dummies of long edges, whose number is bounded by the number of boxes.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

COLUMN_GAP, ROW_GAP = 56.0, 14.0  # pixels between columns, and between boxes of one
_DUMMY = 6.0  # height of a lane that a long edge passes a column in
_SWEEPS = 4
_DUMMIES = 4  # per box; edges that are longer than this allows go straight

Point = tuple[float, float]
Size = tuple[float, float]  # width, height
Edge = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """`places` are the upper left corners of the boxes, `routes` the points that each edge passes through."""

    places: tuple[Point, ...]
    routes: tuple[tuple[Point, ...], ...]
    width: float
    height: float


@dataclass(slots=True)
class _Columns:
    """Boxes and dummies by column. Dummies count on from the boxes; `before` and `after` are neighbours in them."""

    column: list[int]
    heights: list[float]
    before: list[list[int]]
    after: list[list[int]]
    chains: list[list[int]]  # the nodes that each edge passes through, both ends included
    order: list[list[int]]  # per column, from top to bottom


def layers(count: int, edges: Sequence[Edge]) -> list[int]:
    """The column of each box: the number of edges on the longest way to it. Edges of a cycle are as good as absent."""
    after: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for source, target in edges:
        after[source].append(target)
        waiting[target] += 1
    column = [0] * count
    ready = [box for box in range(count) if not waiting[box]]
    for box in ready:  # grows while it is read
        for target in after[box]:
            column[target] = max(column[target], column[box] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return column


def layout(sizes: Sequence[Size], edges: Sequence[Edge]) -> Layout:
    """Places for boxes of these sizes; an edge is a pair of indexes."""
    if not sizes:
        return Layout((), (), 0.0, 0.0)
    columns = _columns(sizes, edges)
    for sweep in range(_SWEEPS):
        _untangle(columns, forward=sweep % 2 == 0)
    tops = _tops(columns)
    lefts, width = _lefts(columns, sizes)
    places = tuple((lefts[columns.column[box]], tops[box]) for box in range(len(sizes)))
    routes = tuple(_route(chain, columns, sizes, lefts, tops) for chain in columns.chains)
    height = max(top + height for top, height in zip(tops, columns.heights, strict=True))
    return Layout(places, routes, width, height)


def _columns(sizes: Sequence[Size], edges: Sequence[Edge]) -> _Columns:
    column = layers(len(sizes), edges)
    made = _Columns(column, [height for _, height in sizes], [[] for _ in sizes], [[] for _ in sizes], [], [])
    room = _DUMMIES * len(sizes)
    for source, target in edges:
        long = column[target] - column[source] - 1
        chain = [
            source,
            *(_dummy(made, column[source] + step + 1) for step in range(long if long <= room else 0)),
            target,
        ]
        room -= len(chain) - 2
        made.chains.append(chain)
        for one, other in itertools.pairwise(chain):
            made.after[one].append(other)
            made.before[other].append(one)
    made.order = [[] for _ in range(max(column) + 1)]
    for node, at in enumerate(column):
        made.order[at].append(node)
    return made


def _dummy(columns: _Columns, at: int) -> int:
    columns.column.append(at)
    columns.heights.append(_DUMMY)
    columns.before.append([])
    columns.after.append([])
    return len(columns.column) - 1


def _untangle(columns: _Columns, forward: bool) -> None:
    """Order each column by the mean place of its neighbours in the one before (or after) it."""
    place = [0] * len(columns.column)
    for nodes in columns.order:
        for index, node in enumerate(nodes):
            place[node] = index
    neighbours = columns.before if forward else columns.after
    for nodes in columns.order if forward else reversed(columns.order):
        wanted = {node: _mean([place[near] for near in neighbours[node]], place[node]) for node in nodes}
        nodes.sort(key=lambda node: (wanted[node], place[node]))
        for index, node in enumerate(nodes):
            place[node] = index


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _tops(columns: _Columns) -> list[float]:
    """Upper edges: each box near the middle of its neighbours, in its column's order, none upon another."""
    tops = [0.0] * len(columns.column)
    for nodes in columns.order:
        down = 0.0
        for node in nodes:
            tops[node] = down
            down += columns.heights[node] + ROW_GAP
    for neighbours, order in ((columns.before, 1), (columns.after, -1), (columns.before, 1)):
        for nodes in columns.order[::order]:
            _settle(nodes, neighbours, columns.heights, tops)
    highest = min(tops)
    return [top - highest for top in tops]


def _settle(
    nodes: Sequence[int], neighbours: Sequence[Sequence[int]], heights: Sequence[float], tops: list[float]
) -> None:
    """Move the boxes of a column to where they are wanted, least squares under their order and distances.

    Less the room that the boxes above it take, each wanted place must only not fall below the one before: where it
    does, both are pooled at their mean (pool adjacent violators).
    """
    pools: list[tuple[float, int]] = []  # mean, how many
    taken = 0.0
    for node in nodes:
        centres = [tops[near] + heights[near] / 2 for near in neighbours[node]]
        mean, many = _mean(centres, tops[node] + heights[node] / 2) - heights[node] / 2 - taken, 1
        taken += heights[node] + ROW_GAP
        while pools and pools[-1][0] >= mean:
            above, number = pools.pop()
            mean, many = (above * number + mean * many) / (number + many), number + many
        pools.append((mean, many))
    down, index = 0.0, 0
    for mean, many in pools:
        for node in nodes[index : index + many]:
            tops[node] = mean + down
            down += heights[node] + ROW_GAP
        index += many


def _lefts(columns: _Columns, sizes: Sequence[Size]) -> tuple[list[float], float]:
    """The left edge of each column, and the width of all."""
    widths = [0.0] * len(columns.order)
    for box, (width, _) in enumerate(sizes):
        widths[columns.column[box]] = max(widths[columns.column[box]], width)
    lefts, right = [], 0.0
    for width in widths:
        lefts.append(right)
        right += width + COLUMN_GAP
    return lefts, right - COLUMN_GAP


def _route(
    chain: Sequence[int], columns: _Columns, sizes: Sequence[Size], lefts: Sequence[float], tops: Sequence[float]
) -> tuple[Point, ...]:
    source, *dummies, target = chain
    points = [(lefts[columns.column[source]] + sizes[source][0], tops[source] + sizes[source][1] / 2)]
    for dummy in dummies:
        at = columns.column[dummy]
        end = lefts[at + 1] - COLUMN_GAP
        points += [(lefts[at], tops[dummy] + _DUMMY / 2), (end, tops[dummy] + _DUMMY / 2)]
    return (*points, (lefts[columns.column[target]], tops[target] + sizes[target][1] / 2))
