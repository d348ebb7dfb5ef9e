"""The DAG as a tree of lines: shared by checks, the command line and plans. Colouring is the caller's business."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.checks.glyphs import look
from reconciler.checks.ops import OpView, parent
from reconciler.checks.words import duration
from reconciler.engine.model import FINAL, Status
from reconciler.plan.model import Graph

DEEPEST = 8  # levels of indentation; what is deeper stays there and names what it waits for


@dataclass(frozen=True, slots=True)
class TreeLine:
    """One op: `prefix` draws the branches, `note` says what is not the status."""

    prefix: str
    path: str
    name: str
    status: Status
    note: str = ""

    @property
    def text(self) -> str:
        """The line without colours."""
        shown = look(self.status)
        return f"{self.prefix}{shown.glyph} {self.name}  {shown.word}{'  ' + self.note if self.note else ''}"


def tree_text(graph: Graph, all_views: Sequence[OpView], most: int = 100) -> str:
    """The tree as text of at most `most` lines; the count of what is left out is the last one."""
    drawn = tree(graph, all_views)
    lines = [line.text for line in drawn[:most]]
    if len(drawn) > most:
        lines.append(f"… {len(drawn) - most:,} more ops")
    return "\n".join(lines)


def tree(graph: Graph, all_views: Sequence[OpView]) -> list[TreeLine]:
    """Each op below the upstream that is farthest from a root, its others are named; a sweep is one line."""
    by_path = {view.path: view for view in all_views}
    inside = _sweeps(all_views)
    return list(_lines(graph, "", "", by_path, inside))


def _lines(
    graph: Graph, path: str, indent: str, views: Mapping[str, OpView], inside: Mapping[str, Counter[Status]]
) -> Iterator[TreeLine]:
    below = _below(graph)
    stack = [(index, indent, "") for index in reversed(below[-1])]
    while stack:
        index, before, branch = stack.pop()
        op = graph.ops[index]
        full = f"{path}.{op.name}" if path else op.name
        view = views.get(full)
        status = view.state.status if view else Status.CREATED
        yield TreeLine(before + branch, full, op.name, status, _note(graph, index, view, inside.get(full)))
        deeper = before + {"": "", "├─ ": "│  ", "└─ ": "   "}[branch]
        children = below[index]
        if op.graph is not None and op.matrix is None and len(deeper) < 3 * DEEPEST:
            yield from _lines(op.graph, full, deeper + ("│  " if children else "   "), views, inside)
        flat = len(deeper) >= 3 * DEEPEST
        for place, child in reversed(list(enumerate(children))):
            last = place == len(children) - 1
            stack.append((child, before if flat else deeper, branch if flat else "└─ " if last else "├─ "))


def _below(graph: Graph) -> dict[int, list[int]]:
    """The ops drawn below each op; those under -1 are at the margin."""
    depth = _depths(graph)
    below: dict[int, list[int]] = {index: [] for index in range(-1, len(graph.ops))}
    for index, op in enumerate(graph.ops):
        below[max(op.upstream, key=lambda up: (depth[up], -up), default=-1)].append(index)
    return below


def _depths(graph: Graph) -> list[int]:
    depth = [0] * len(graph.ops)
    waiting = [len(op.upstream) for op in graph.ops]
    ready = [index for index, number in enumerate(waiting) if not number]
    for index in ready:  # grows while it is read
        for down in graph.ops[index].downstream:
            depth[down] = max(depth[down], depth[index] + 1)
            waiting[down] -= 1
            if not waiting[down]:
                ready.append(down)
    return depth


def _note(graph: Graph, index: int, view: OpView | None, children: Counter[Status] | None) -> str:
    op = graph.ops[index]
    notes = []
    if children:
        counts = ", ".join(f"{number:,} {look(status).glyph}" for status, number in sorted(children.items()))
        notes.append(f"×{sum(children.values()):,} ({counts})")
    elif op.matrix is not None:
        notes.append(f"{op.matrix.kind} sweep")
    if len(op.upstream) > 1:
        notes.append("after " + ", ".join(graph.ops[up].name for up in op.upstream))
    if view is not None:
        notes += _timing(view)
    return " · ".join(notes)


def _timing(view: OpView) -> list[str]:
    state = view.state
    if state.cached_from:
        return ["reused"]
    if state.status in FINAL and state.started_at and state.finished_at:
        return [duration(state.finished_at - state.started_at)]
    return []


def _sweeps(all_views: Sequence[OpView]) -> dict[str, Counter[Status]]:
    found: dict[str, Counter[Status]] = {}
    for view in all_views:
        if view.path.endswith("]"):
            found.setdefault(parent(view.path), Counter())[view.state.status] += 1
    return found
