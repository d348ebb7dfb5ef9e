"""Plans and what changes between two of them: as text, Markdown and JSON. Diagrams are drawn beside this module."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.checks import words
from reconciler.checks.differences import reasons
from reconciler.checks.mermaid import mermaid
from reconciler.checks.ops import views
from reconciler.checks.sections import Section
from reconciler.checks.tree import TreeLine, tree
from reconciler.flows.model import Json
from reconciler.plan.diff import Change, PlanDiff
from reconciler.plan.model import Graph, Plan, PlannedOp
from reconciler.plan.planned_sweeps import planned_count
from reconciler.plan.walk import walk_graphs

_VALUE = 80  # characters of a value that are shown


def op_count(plan: Plan) -> int:
    """Ops that do something themselves; a sweep counts as its planned children, or as one where they are not known."""
    return _count(plan.graph)


def _count(graph: Graph) -> int:
    return sum(_weight(op) for op in graph.ops)


def _weight(op: PlannedOp) -> int:
    inner = _count(op.graph) if op.graph is not None else 1
    return inner * ((planned_count(op.matrix) or 1) if op.matrix is not None else 1)


# --- a plan -----------------------------------------------------------------------------------------------------------


def plan_as_text(plan: Plan) -> str:
    """The plan for a terminal: what it is, then its ops as a tree."""
    head = (
        f"{words.line(plan.flow)} ({words.line(plan.file)}): {words.count(op_count(plan), 'op')}, plan {plan.hash[:12]}"
    )
    schedule = [f"Schedule: {_schedule(plan)}"] if plan.schedule else []
    return "\n".join([head, *schedule, "", *plan_lines(plan)])


def plan_lines(plan: Plan) -> list[str]:
    """One line per op: its place in the graph, kind, image and what is special about it; no statuses."""
    ops = {path: op for path, op, _ in walk_graphs(plan)}
    return [_plan_line(line, ops.get(line.path)) for line in tree(plan.graph, views(plan, ()))]


def _plan_line(line: TreeLine, op: PlannedOp | None) -> str:
    note = " · ".join(part for part in (line.note, _special(op) if op else "") if part)
    return f"{line.prefix}{words.line(line.name)}{'  ' + note if note else ''}"


def _special(op: PlannedOp) -> str:
    image = op.run.get("container", {}).get("image") if isinstance(op.run.get("container"), dict) else None
    said = [
        op.kind if op.kind != "job" else "",
        words.line(str(image)) if image else "",
        f"if {words.clip(words.line(op.conditions), _VALUE)}" if op.conditions else "",
        f"trigger {op.trigger.value}" if op.trigger.value != "all_succeeded" else "",
        "waits for approval" if op.is_approved is False else "",
        f"queue {words.line(op.queue)}" if op.queue else "",
        op.unsupported or "",
    ]
    return " · ".join(part for part in said if part)


def _schedule(plan: Plan) -> str:
    schedule = plan.schedule
    if schedule is None:
        return ""
    when = schedule.cron or (f"every {schedule.frequency} s" if schedule.frequency else f"once at {schedule.start_at}")
    return words.line(f"{schedule.kind} {when} ({schedule.timezone})")


def plan_document(plan: Plan) -> dict[str, Json]:
    """The plan as JSON, version 1: its ops by path with their edges, kinds and places."""
    return {
        "version": 1,
        "flow": plan.flow,
        "file": plan.file,
        "hash": plan.hash,
        "code": plan.code,
        "ops": [_op_entry(path, op, graph) for path, op, graph in walk_graphs(plan)],
        "op_count": op_count(plan),
        "schedule": _schedule(plan) or None,
    }


def _op_entry(path: str, op: PlannedOp, graph: Graph) -> dict[str, Json]:
    prefix = path[: len(path) - len(op.name)]
    return {
        "path": path,
        "kind": op.kind,
        "component": op.component,
        "upstream": [f"{prefix}{graph.ops[index].name}" for index in op.upstream],
        "trigger": op.trigger.value,
        "conditions": op.conditions,
        "matrix": op.matrix.kind if op.matrix else None,
        "children": planned_count(op.matrix) if op.matrix else None,
        "run": dict(op.run),
        "file": op.file,
        "line": op.line,
    }


def plan_markdown(plan: Plan) -> str:
    """The plan for a page that renders Markdown: tree and diagram."""
    head = f"{words.bold(plan.flow)}: {words.count(op_count(plan), 'op')}, plan {words.code(plan.hash[:12])}"
    parts = [head, words.fenced("\n".join(plan_lines(plan)))]
    diagram = mermaid(plan.graph)
    return "\n\n".join([*parts, *([f"```mermaid\n{diagram}\n```"] if diagram else [])])


def folded_sections(plan: Plan) -> list[Section]:
    """The plan as folded parts of a check."""
    lines = plan_lines(plan)
    drawn = "\n".join([*lines[:100], *([f"… {len(lines) - 100:,} more ops"] if len(lines) > 100 else [])])
    diagram = mermaid(plan.graph)
    return [
        Section(words.folded("All ops as a tree", words.fenced(drawn), op_count(plan)), rank=3),
        Section(words.folded("Diagram", f"```mermaid\n{diagram}\n```") if diagram else "", rank=4),
    ]


# --- a diff -----------------------------------------------------------------------------------------------------------


def diff_title(found: PlanDiff) -> str:
    """`1 op added, 2 changed`; the line that says it all where nothing changes."""
    if found.no_effective_change:
        return "No effective change: 0 ops will run"
    numbers = (("added", len(found.added)), ("removed", len(found.removed)), ("changed", len(found.changed)))
    said = [f"{number:,} {word}" for word, number in numbers if number]
    said += ["flow settings changed"] * bool(found.flow) + ["code changed"] * bool(found.code)
    said += ["schedule changed"] * bool(found.schedule)
    edges = len(found.edges_added) + len(found.edges_removed)
    return ", ".join(said or ([words.count(edges, "edge") + " changed"] if edges else ["plan changed"]))


def diff_as_text(found: PlanDiff, code_changed: Sequence[str] = ()) -> str:
    """The diff for a terminal: `+`, `-` and `~` before each line."""
    if found.no_effective_change:
        return diff_title(found)
    return "\n".join(
        [diff_title(found) + ":", *(f"  {sign} {text}" for sign, text in _diff_lines(found, code_changed))]
    )


def _diff_lines(found: PlanDiff, code_changed: Sequence[str]) -> Iterator[tuple[str, str]]:
    yield from (("+", words.line(path)) for path in found.added)
    yield from (("-", words.line(path)) for path in found.removed)
    for change in found.changed:
        yield from _signed(words.line(change.path), change.reasons)
    yield from _signed("flow", found.flow)
    yield from _signed("schedule", found.schedule)
    if found.code:
        yield "~", code_reason(code_changed)
    own = {*found.added, *found.removed}
    for sign, edges in (("+", found.edges_added), ("-", found.edges_removed)):
        yield from ((sign, f"{words.line(up)} → {words.line(down)}") for up, down in edges if not {up, down} & own)


def _signed(of: str, changes: Sequence[Change]) -> Iterator[tuple[str, str]]:
    yield from (("~", f"{of}: {said}") for change in changes for said in reasons(change))


def code_reason(code_changed: Sequence[str]) -> str:
    """`code changed: train.py, +2`."""
    if not code_changed:
        return "code changed"
    more = f", +{len(code_changed) - 1}" if len(code_changed) > 1 else ""
    return f"code changed: {words.line(code_changed[0])}{more}"


def diff_markdown(found: PlanDiff, code_changed: Sequence[str] = ()) -> str:
    """The diff as a table; one line where nothing changes."""
    if found.no_effective_change:
        return f"{diff_title(found)}."
    lines = list(_diff_lines(found, code_changed))
    words_of = {"+": "added", "-": "removed", "~": "changed"}
    rows = [(words_of[sign], words.code(text)) for sign, text in lines[: words.ROWS]]
    return f"{diff_title(found)}:\n\n{words.table(('', 'What'), rows, total=len(lines))}"


def diff_document(found: PlanDiff, code_changed: Sequence[str] = ()) -> dict[str, Json]:
    """The diff as JSON, version 1."""
    return {
        "version": 1,
        "no_effective_change": found.no_effective_change,
        "summary": diff_title(found),
        "added": list(found.added),
        "removed": list(found.removed),
        "changed": [
            {"path": change.path, "reasons": [_change_entry(one) for one in change.reasons]} for change in found.changed
        ],
        "edges_added": [list(edge) for edge in found.edges_added],
        "edges_removed": [list(edge) for edge in found.edges_removed],
        "flow": [_change_entry(one) for one in found.flow],
        "schedule": [_change_entry(one) for one in found.schedule],
        "code": _change_entry(found.code) if found.code else None,
        "code_changed": list(code_changed),
    }


def _change_entry(change: Change) -> dict[str, Json]:
    return {"what": change.what, "old": change.old, "new": change.new}
