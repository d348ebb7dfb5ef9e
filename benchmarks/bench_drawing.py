"""What placing the boxes of a large graph costs: pages and plans draw it while somebody waits."""

from __future__ import annotations

from benchmarks.rows import Row, milliseconds
from reconciler.checks.graph_layout import layout

BOXES = 1_000
_SIZES = [(100.0, 40.0)] * BOXES
_USUAL = [(max(0, index - 1 - index % 37), index) for index in range(1, BOXES)]
_USUAL += [(index - 20, index) for index in range(40, BOXES, 3)]
_AWAITED = [(0, index) for index in range(1, BOXES)] + [(index, index + 1) for index in range(1, BOXES - 1)]

ROWS = (
    Row(
        name=f"drawing/layout-{BOXES}-boxes",
        unit="ms",
        ours=milliseconds(lambda: layout(_SIZES, _USUAL)),
        bar=20,
        why="A graph of 1,000 ops is placed within 20 ms, so that a page with it feels immediate.",
    ),
    Row(
        name=f"drawing/layout-{BOXES}-boxes-behind-one",
        unit="ms",
        ours=milliseconds(lambda: layout(_SIZES, _AWAITED)),
        bar=60,
        why="A chain whose every op also waits for the first has 1,000 long edges: placing it stays linear in boxes.",
    ),
)
