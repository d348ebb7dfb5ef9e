"""The DAG as SVG: one box per op with glyph, name and status in words. Shared by pages, plans and documentation.

Looks come from classes, never from inline styles: a page brings the sheet STYLE itself, a file on its own contains it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from reconciler.checks.glyphs import look
from reconciler.checks.graph_layout import Layout, Point, layout
from reconciler.checks.ops import OpView, parent
from reconciler.checks.words import clip, duration, line
from reconciler.engine.model import FINAL, Status
from reconciler.plan.model import Graph, PlannedOp

BOXES = 400  # drawn unasked
_WIDTH, _HEIGHT = 196.0, 46.0
_MARGIN, _HEADER = 14.0, 30.0  # inside a group
_FITS = 1_900.0  # pixels; a wider drawing is not legible when it is scaled to a page
_LETTERS = 22  # of a name that fit a box

STYLE = """\
.dag { --ink: #1f2328; --paper: #ffffff; --line: #6e7781; --good: #116329; --bad: #a40e26; --off: #57606a;
  --busy: #0550ae; --wait: #57606a; --warn: #7d4e00; --bad-paper: #fff0ee; --busy-paper: #eaf3ff;
  font-family: ui-sans-serif, system-ui, "Segoe UI", "DejaVu Sans", sans-serif; font-size: 13px; }
@media (prefers-color-scheme: dark) { .dag { --ink: #e6edf3; --paper: #161b22; --line: #8b949e; --good: #4ac26b;
  --bad: #ff8182; --off: #9ea7b3; --busy: #79c0ff; --wait: #9ea7b3; --warn: #e0a82e; --bad-paper: #3a1518;
  --busy-paper: #10243e; } }
.dag .edge { fill: none; stroke: var(--line); stroke-width: 1.4; }
.dag .arrow { fill: var(--line); }
.dag .box { fill: var(--paper); stroke-width: 1.6; }
.dag .good .box { stroke: var(--good); }
.dag .bad .box { stroke: var(--bad); stroke-width: 3.6; fill: var(--bad-paper); }
.dag .off .box { stroke: var(--off); stroke-dasharray: 5 4; }
.dag .busy .box { stroke: var(--busy); stroke-width: 2.6; fill: var(--busy-paper); }
.dag .wait .box { stroke: var(--wait); stroke-dasharray: 1.5 3; stroke-linecap: round; }
.dag .warn .box { stroke: var(--warn); stroke-width: 2.4; stroke-dasharray: 9 3; }
.dag .group { fill: none; stroke: var(--line); stroke-width: 1; }
.dag .name { fill: var(--ink); font-weight: 600; }
.dag .word { font-size: 11.5px; }
.dag .good .word, .dag .good .glyph { fill: var(--good); }
.dag .bad .word, .dag .bad .glyph { fill: var(--bad); }
.dag .off .word, .dag .off .glyph { fill: var(--off); }
.dag .busy .word, .dag .busy .glyph { fill: var(--busy); }
.dag .wait .word, .dag .wait .glyph { fill: var(--wait); }
.dag .warn .word, .dag .warn .glyph { fill: var(--warn); }
.dag .glyph { font-size: 15px; }
.dag .selected .box { stroke-width: 4.5; }
.dag a:focus-visible .box { stroke: var(--ink); stroke-width: 4.5; }
.dag a { text-decoration: none; }
"""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a drawing shows. Without `views` ops have no status; `link` gives the address behind a box."""

    views: Mapping[str, OpView] | None = None
    sweeps: Mapping[str, Counter[Status]] | None = None
    opened: frozenset[str] | None = None  # nested dags that are open; None: all, while the boxes are not too many
    selected: str = ""
    link: Callable[[str], str] | None = None
    most: int = BOXES


@dataclass(frozen=True, slots=True)
class _Block:
    """A box, or a group around the blocks of a nested dag."""

    path: str
    op: PlannedOp
    size: tuple[float, float]
    inner: tuple[_Block, ...] = ()
    plan: Layout | None = None


def svg(graph: Graph, drawn: Drawn | None = None, standalone: bool = False, title: str = "") -> str:
    """The drawing as one SVG element; `standalone` makes it a file of its own."""
    shown = drawn or Drawn()
    blocks, placed, hidden = _blocks(graph, "", shown, _opened(graph, shown))
    note = f"{hidden:,} more ops are not drawn." if hidden else ""
    width, height = placed.width + 2 * _MARGIN, placed.height + 2 * _MARGIN + (24 if note else 0)
    fits = " fit" if width <= _FITS else ""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="dag{fits}" role="group" '
        f'viewBox="0 0 {_n(width)} {_n(height)}" width="{_n(width)}" height="{_n(height)}">',
        f"<title>{_text(title or 'The ops and what each waits for')}</title>",
        f"<style>{STYLE}</style>" if standalone else "",
        '<defs><marker id="dag-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path class="arrow" d="M0 0 8 4 0 8z"/></marker></defs>',
        *_draw(blocks, placed, (_MARGIN, _MARGIN), shown),
        f'<text class="name" x="{_n(_MARGIN)}" y="{_n(height - 10)}">{note}</text>' if note else "",
        "</svg>",
    ]
    return "\n".join(part for part in parts if part)


def sweeps(all_views: Sequence[OpView]) -> dict[str, Counter[Status]]:
    """How the children of each sweep stand."""
    found: dict[str, Counter[Status]] = {}
    for view in all_views:
        if view.path.endswith("]"):
            found.setdefault(parent(view.path), Counter())[view.state.status] += 1
    return found


def boxes(graph: Graph) -> int:
    """How many boxes the graph has with every nested dag open; a sweep is one."""
    return sum(boxes(op.graph) if op.graph is not None and op.matrix is None else 1 for op in graph.ops)


def _opened(graph: Graph, shown: Drawn) -> frozenset[str] | None:
    if shown.opened is not None:
        return shown.opened
    return None if boxes(graph) <= shown.most else frozenset()


def _blocks(
    graph: Graph, prefix: str, shown: Drawn, opened: frozenset[str] | None
) -> tuple[tuple[_Block, ...], Layout, int]:
    """The blocks of a graph, where they go, and how many ops are left out."""
    kept = graph.ops[: shown.most]
    blocks = tuple(_block(op, prefix + op.name, shown, opened) for op in kept)
    edges = [(up, index) for index, op in enumerate(kept) for up in op.upstream if up < len(kept)]
    return blocks, layout([block.size for block in blocks], edges), len(graph.ops) - len(kept)


def _block(op: PlannedOp, path: str, shown: Drawn, opened: frozenset[str] | None) -> _Block:
    nested = op.graph is not None and op.matrix is None and (opened is None or path in opened)
    if op.graph is None or not nested:
        return _Block(path, op, (_WIDTH, _HEIGHT))
    inner, placed, _ = _blocks(op.graph, path + ".", shown, opened)
    size = (max(_WIDTH, placed.width + 2 * _MARGIN), placed.height + _HEADER + _MARGIN)
    return _Block(path, op, size, inner, placed)


def _draw(blocks: Sequence[_Block], placed: Layout, origin: Point, shown: Drawn) -> list[str]:
    left, top = origin
    parts = [_edge([(x + left, y + top) for x, y in route]) for route in placed.routes]
    for block, (x, y) in zip(blocks, placed.places, strict=True):
        if block.plan is None:
            parts.append(_box(block, (left + x, top + y), shown))
        else:
            parts += _group(block, (left + x, top + y), shown)
    return parts


def _edge(points: Sequence[Point]) -> str:
    """A curve that leaves and enters boxes level."""
    x, y = points[0]
    path = f"M{_n(x)} {_n(y)}"
    for index, (to_x, to_y) in enumerate(points[1:]):
        level = index % 2 == 1  # along a lane through a column
        middle = (x + to_x) / 2
        path += (
            f"L{_n(to_x)} {_n(to_y)}"
            if level
            else f"C{_n(middle)} {_n(y)} {_n(middle)} {_n(to_y)} {_n(to_x)} {_n(to_y)}"
        )
        x, y = to_x, to_y
    return f'<path class="edge" d="{path}" marker-end="url(#dag-arrow)"/>'


def _group(block: _Block, at: Point, shown: Drawn) -> list[str]:
    assert block.plan is not None
    x, y = at
    width, height = block.size
    head = f'<rect class="group" x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" rx="8"/>'
    glyph, word, shape = _status(block, shown)
    name = _linked(
        block,
        f'<text class="name" x="{_n(x + _MARGIN)}" y="{_n(y + 19)}">{_text(f"{glyph} {_name(block)}".strip())}</text>',
        f"{shape} {_selected(block, shown)}".strip(),
        word,
        shown,
    )
    return [head, name, *_draw(block.inner, block.plan, (x + _MARGIN, y + _HEADER), shown)]


def _box(block: _Block, at: Point, shown: Drawn) -> str:
    x, y = at
    width, height = block.size
    glyph, word, shape = _status(block, shown)
    stack = ""
    if block.op.matrix is not None:
        stack = f'<rect class="box" x="{_n(x + 4)}" y="{_n(y + 4)}" width="{_n(width)}" height="{_n(height)}" rx="6"/>'
    inner = (
        f'{stack}<rect class="box" x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" rx="6"/>'
        f'<text class="glyph" x="{_n(x + 10)}" y="{_n(y + 29)}">{glyph}</text>'
        f'<text class="name" x="{_n(x + 30)}" y="{_n(y + 19)}">{_text(_name(block))}</text>'
        f'<text class="word" x="{_n(x + 30)}" y="{_n(y + 36)}">{_text(clip(word, 27))}</text>'
    )
    return _linked(block, inner, f"{shape} {_selected(block, shown)}".strip(), word, shown)


def _linked(block: _Block, inner: str, shape: str, word: str, shown: Drawn) -> str:
    hint = f"<title>{_text(f'{line(block.path)}: {word}' if word else line(block.path))}</title>"
    if shown.link is None:
        return f'<g class="{shape}">{hint}{inner}</g>'
    return f'<a href="{escape(shown.link(block.path))}" class="{shape}">{hint}{inner}</a>'


def _selected(block: _Block, shown: Drawn) -> str:
    return "selected" if shown.selected and block.path == shown.selected else ""


def _name(block: _Block) -> str:
    return clip(line(block.op.name), _LETTERS)


def _status(block: _Block, shown: Drawn) -> tuple[str, str, str]:
    """Glyph, words and class of a box."""
    if shown.views is None:
        return "", _kind(block.op), "plain"
    view = shown.views.get(block.path)
    status = view.state.status if view else Status.CREATED
    seen = look(status)
    word = seen.word
    counted = (shown.sweeps or {}).get(block.path)
    if counted:
        done = sum(counted[final] for final in FINAL)
        word = f"{word} · {done} of {sum(counted.values()):,}" + (
            f" · {counted[Status.FAILED]} ✗" * bool(counted[Status.FAILED])
        )
    elif view is not None and view.state.cached_from:
        word = f"{word} · reused"
    elif view is not None and view.state.started_at and view.state.finished_at:
        word = f"{word} · {duration(view.state.finished_at - view.state.started_at)}"
    return seen.glyph, word, seen.look


def _kind(op: PlannedOp) -> str:
    sweep = f"{op.matrix.kind} sweep of " if op.matrix is not None else ""
    return f"{sweep}{op.kind}"


def _text(text: str) -> str:
    return escape(line(text))


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
