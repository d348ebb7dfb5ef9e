"""The DAG as a Mermaid flowchart for places that draw one. Large graphs are left to the tree and the page."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reconciler.checks.glyphs import look
from reconciler.checks.ops import OpView
from reconciler.checks.words import clip, line
from reconciler.engine.model import Status
from reconciler.plan.diff import PlanDiff
from reconciler.plan.model import Graph

BOXES = 30

_STYLES = {
    "good": "stroke:#1a7f37,stroke-width:2px",
    "bad": "stroke:#cf222e,stroke-width:4px",
    "off": "stroke:#6e7781,stroke-dasharray:4 3",
    "busy": "stroke:#0969da,stroke-width:2px",
    "wait": "stroke:#8c959f",
    "warn": "stroke:#9a6700,stroke-width:2px,stroke-dasharray:6 2",
}


def mermaid(graph: Graph, views: Mapping[str, OpView] | None = None, most: int = BOXES) -> str:
    """The ops of a graph and their edges, or nothing where they are more than `most`. Views give boxes a status."""
    if len(graph.ops) > most:
        return ""
    lines = ["flowchart LR"]
    used: set[str] = set()
    for index, op in enumerate(graph.ops):
        view = views.get(op.name) if views else None
        mark, shape = ("", "") if views is None else _status(view)
        used |= {shape} - {""}
        times = " ×" if op.matrix is not None else ""
        lines.append(f'  n{index}["{mark}{label(op.name)}{times}"]' + (f":::{shape}" if shape else ""))
    lines += [f"  n{up} --> n{index}" for index, op in enumerate(graph.ops) for up in op.upstream]
    lines += [f"  classDef {shape} {_STYLES[shape]}" for shape in sorted(used)]
    return "\n".join(lines)


def mermaid_diff(old: Graph | None, new: Graph, found: PlanDiff, most: int = BOXES) -> str:
    """What a new graph changes against an old one: a word on each box that differs, ops and edges that are gone too.

    Nothing where there are more than `most` boxes. What differs inside a box makes it a changed one.
    """
    gone = [op for op in old.ops if op.name in found.removed] if old is not None else []
    ops = [*new.ops, *gone]
    if len(ops) > most:
        return ""
    boxes = {op.name: f"n{index}" for index, op in enumerate(ops)}
    marks = {op.name: _mark(op.name, found) for op in ops}
    lines = ["flowchart LR"]
    for op in ops:
        word, shape = marks[op.name]
        times = " ×" if op.matrix is not None else ""
        lines.append(f'  {boxes[op.name]}["{label(op.name)}{times}{word}"]' + (f":::{shape}" if shape else ""))
    came, left = set(found.edges_added), set(found.edges_removed)
    waits = [(new.ops[up].name, op.name) for op in new.ops for up in op.upstream]
    lines += [f"  {boxes[up]} {'==>|new|' if (up, down) in came else '-->'} {boxes[down]}" for up, down in waits]
    lines += [f"  {boxes[up]} -.->|gone| {boxes[down]}" for up, down in sorted(left) if up in boxes and down in boxes]
    used = {shape for _, shape in marks.values() if shape}
    return "\n".join([*lines, *(f"  classDef {shape} {_STYLES[shape]}" for shape in sorted(used))])


def _mark(name: str, found: PlanDiff) -> tuple[str, str]:
    """The word on a box and its look."""
    if name in found.added:
        return " — added", "good"
    if name in found.removed:
        return " — removed", "off"
    inside = (*found.added, *found.removed, *(change.path for change in found.changed))
    return (" — changed", "warn") if any(path.partition(".")[0] == name for path in inside) else ("", "")


def _status(view: OpView | None) -> tuple[str, str]:
    shown = look(view.state.status if view else Status.CREATED)
    return shown.glyph + " ", shown.look


def label(text: str) -> str:
    """A user's words inside a quoted Mermaid label: everything but letters, digits and a few signs as an entity."""
    return re.sub(r"[^\w .,/-]", lambda found: f"#{ord(found.group())};", clip(line(text), 40))
