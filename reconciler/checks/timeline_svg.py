"""When ops ran, as SVG: a bar per op that began, and the chain of ops that decided how long the run took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from reconciler.checks.glyphs import look
from reconciler.checks.ops import OpView, parent
from reconciler.checks.words import clip, duration, line
from reconciler.plan.model import Graph

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 400  # drawn; the table has all
_LABEL, _WIDTH, _ROW, _BAR = 210.0, 760.0, 24.0, 14.0  # pixels
_RIGHT = 110.0  # room for a duration behind the last bar

STYLE = """\
.dag .bar { stroke-width: 1.6; fill: var(--paper); }
.dag .good .bar { stroke: var(--good); }
.dag .bad .bar { stroke: var(--bad); stroke-width: 3.6; fill: var(--bad-paper); }
.dag .off .bar { stroke: var(--off); stroke-dasharray: 5 4; }
.dag .busy .bar { stroke: var(--busy); stroke-width: 2.6; fill: var(--busy-paper); }
.dag .wait .bar { stroke: var(--wait); stroke-dasharray: 1.5 3; }
.dag .warn .bar { stroke: var(--warn); stroke-width: 2.4; stroke-dasharray: 9 3; }
.dag .grid { stroke: var(--line); stroke-width: .5; }
.dag .critical { stroke: var(--ink); stroke-width: 3; }
"""


def timeline(
    graph: Graph, all_views: Sequence[OpView], now: float, link: Callable[[str], str] | None = None, most: int = ROWS
) -> str:
    """Bars in the order in which ops began; a bar of a live op ends `now`. Nothing where no op began."""
    began = [view for view in all_views if view.state.started_at is not None and not view.container]
    began.sort(key=lambda view: (view.state.started_at or 0.0, view.path))
    if not began:
        return ""
    start = began[0].state.started_at or 0.0
    end = max(*(_end(view, now) for view in began), start + 1.0)
    marked = critical(graph, all_views, now)
    rows = began[:most]
    height = len(rows) * _ROW + 34
    width = _LABEL + _WIDTH + _RIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="dag fit" role="group" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}"><title>When each op ran</title>',
        *_grid(end - start, height),
        *(_row(view, index, (start, end), now, view.path in marked, link) for index, view in enumerate(rows)),
        "</svg>",
    ]
    return "\n".join(parts)


def _end(view: OpView, now: float) -> float:
    state = view.state
    return state.finished_at if state.finished_at is not None else max(now, state.started_at or 0.0)


def critical(graph: Graph, all_views: Sequence[OpView], now: float) -> frozenset[str]:
    """The chain that decided the run's length: from the op that ended last, back through what it waited for longest.

    It is followed among the ops at the top; inside a sweep or nested dag the op that ended last is marked.
    """
    views = {view.path: view for view in all_views if view.state.started_at is not None}
    index = {op.name: op for op in graph.ops}
    at = max((name for name in index if name in views), key=lambda name: _end(views[name], now), default=None)
    chain: set[str] = set()
    while at is not None and at not in chain:
        chain |= {at, *_last_inside(at, views, now)}
        above = [graph.ops[up].name for up in index[at].upstream]
        at = max((name for name in above if name in views), key=lambda name: _end(views[name], now), default=None)
    return frozenset(chain)


def _last_inside(path: str, views: Mapping[str, OpView], now: float) -> list[str]:
    inside = [name for name, view in views.items() if name.startswith((path + "[", path + ".")) and not view.container]
    last = max(inside, key=lambda name: _end(views[name], now), default=None)
    return [last, parent(last)] if last is not None else []


def _grid(seconds: float, height: float) -> list[str]:
    parts = []
    for step in range(5):
        x = _LABEL + _WIDTH * step / 4
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="4" x2="{x:.1f}" y2="{height - 24:.0f}"/>')
        parts.append(f'<text class="word name" x="{x:.1f}" y="{height - 8:.0f}">{duration(seconds * step / 4)}</text>')
    return parts


def _row(
    view: OpView,
    index: int,
    span: tuple[float, float],
    now: float,
    is_critical: bool,
    link: Callable[[str], str] | None,
) -> str:
    start, end = span
    began, ended = view.state.started_at or start, _end(view, now)
    scale = _WIDTH / (end - start)
    x, width = _LABEL + (began - start) * scale, max(3.0, (ended - began) * scale)
    y = 6 + index * _ROW
    seen = look(view.state.status)
    mark = ", on the critical path" if is_critical else ""
    word = f"{line(view.path)}: {seen.word}, {duration(ended - began)}{mark}"
    under = f'<path class="critical" d="M{x:.1f} {y + _BAR + 4:.1f}h{width:.1f}"/>' if is_critical else ""
    inner = (
        f"<title>{escape(word)}</title>"
        f'<text class="name" x="8" y="{y + 12:.1f}">{seen.glyph} {escape(clip(line(view.path), 24))}</text>'
        f'<rect class="bar" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{_BAR:.0f}" rx="3"/>{under}'
        f'<text class="word" x="{x + width + 6:.1f}" y="{y + 12:.1f}">{duration(ended - began)}</text>'
    )
    if link is None:
        return f'<g class="{seen.look}">{inner}</g>'
    return f'<a href="{escape(link(view.path))}" class="{seen.look}">{inner}</a>'
