"""`headgate plan`: what a flow of the working tree would run, or what it changes against a revision."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from console.failures import AWAY, NO, USAGE, Failure
from console.options import COLOR
from console.params import parse_params
from console.ready_flows import ReadyFlow, flow_in, planned, ready, told
from console.working_tree import WorkingTree, tree_of
from reconciler.checks import plan_text
from reconciler.errors import ReconcileError, Waiting
from reconciler.flows.globs import is_flow_file
from reconciler.flows.model import Flow, Json
from reconciler.flows.parse import parse
from reconciler.plan.code import changed_code
from reconciler.plan.diff import PlanDiff, diff
from reconciler.plan.model import Plan

_FORMATS = ["text", "json", "markdown", "mermaid", "svg", "yaml"]
_OF_DIFFS = ["text", "json", "markdown", "mermaid"]


@click.command(epilog="Exit codes: 0 planned (with --exit-code: nothing changes), 1 errors or changes, 2 wrong use.")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--against", metavar="REV", help="Show what changes since a branch, tag or commit.")
@click.option("--format", "form", type=click.Choice(_FORMATS), default="text", help="How it is written.")
@click.option("--param", "-P", "params", multiple=True, metavar="NAME=VALUE", help="A value for an input (YAML).")
@click.option("--flow", metavar="NAME", help="Which flow, where the file holds several.")
@click.option("--exit-code", is_flag=True, help="With --against: exit with 1 where something changes.")
@COLOR
def plan(path: Path, against: str | None, form: str, params: tuple[str, ...], flow: str | None, exit_code: bool) -> int:
    """Show what a flow would run, or what a change would do.

    \b
    headgate plan flows/train.yaml
    headgate plan flows/train.yaml --against main
    """
    if exit_code and against is None:
        raise Failure("exit-code", "--exit-code compares two plans.", do="Add --against REV.")
    if against is not None and form not in _OF_DIFFS:
        do = f"Use {', '.join(_OF_DIFFS[:-1])} or {_OF_DIFFS[-1]}."
        raise Failure("format-diff", f"A comparison cannot be written as {form}.", do=do)
    tree, values = tree_of(path), parse_params(params)
    chosen, findings = flow_in(tree, path, flow)
    made = ready(tree, chosen, values, start=False)
    found = told(tree, made, findings, params)
    if found is None:
        raise Failure("flow-wrong", "The flow has mistakes, so there is no plan of it.", where=str(path), exit_code=NO)
    if against is None:
        click.echo(_understood(chosen) if form == "yaml" else _drawn(found, form))
        return 0
    compared = _compared(tree, chosen, made, values, against)
    click.echo(_compared_as(compared, form))
    return NO if exit_code and not compared.found.no_effective_change else 0


def _understood(flow: Flow) -> str:
    """The flow as it was read: one spelling for everything, shortcuts folded in."""
    from reconciler.flows.canonical import canonical_text

    return canonical_text(flow).rstrip("\n")


def _drawn(made: Plan, form: str) -> str:
    match form:
        case "json":
            return json.dumps(plan_text.plan_document(made), indent=2, ensure_ascii=False)
        case "markdown":
            return plan_text.plan_markdown(made)
        case "mermaid":
            return _mermaid(made)
        case "svg":
            from reconciler.checks.graph_svg import svg

            return svg(made.graph, standalone=True, title=made.flow)
        case _:
            return plan_text.plan_as_text(made)


def _mermaid(made: Plan) -> str:
    from reconciler.checks.mermaid import mermaid

    return mermaid(made.graph, most=len(made.graph.ops))


@dataclass(frozen=True, slots=True)
class _Compared:
    """Two plans and what changes between them; `old` is None where there was none. `code` names files."""

    old: Plan | None
    new: Plan
    found: PlanDiff
    code: tuple[str, ...] = ()


def _compared_as(compared: _Compared, form: str) -> str:
    found, code = compared.found, compared.code
    match form:
        case "json":
            return json.dumps(plan_text.diff_document(found, code), indent=2, ensure_ascii=False)
        case "markdown":
            return plan_text.diff_markdown(found, code)
        case "mermaid":
            from reconciler.checks.mermaid import mermaid_diff

            graph = compared.old.graph if compared.old else None
            boxes = len(compared.new.graph.ops) + len(graph.ops if graph else ())
            return mermaid_diff(graph, compared.new.graph, found, most=boxes)
        case _:
            return plan_text.diff_as_text(found, code)


def _compared(tree: WorkingTree, flow: Flow, made: ReadyFlow, params: Mapping[str, Json], name: str) -> _Compared:
    """What changes since the revision, and the files of the flow's code that do."""
    from reconciler.adapters.git_revision import revision

    try:
        before, now = revision(tree.root, name), tree.entries()
        settings, _ = tree.settings()
        new = planned(flow, tree.read, lambda: now, settings, params).plan
        old_flow = _flow_at(before.read, flow)
        old = planned(old_flow, before.read, lambda: before.entries, settings, params).plan if old_flow else None
    except ReconcileError as error:
        code = AWAY if isinstance(error, Waiting) else USAGE
        raise Failure("revision", error.message, where=str(tree.root), exit_code=code) from None
    assert new is not None, "the same flow was planned just now"
    if old is None:
        why = "has no such flow" if old_flow is None else "has mistakes in it"
        click.echo(f"{name} {why}: everything counts as new.", err=True)
    found, globs = diff(old, new), settings.for_flow(flow.file, flow.name).code
    if not found.code or globs == ():
        return _Compared(old, new, found)
    is_flow = partial(is_flow_file, settings=settings)
    changed = changed_code(before.entries, now, flow.file, made.built.references, globs, is_flow)
    return _Compared(old, new, found, changed)


def _flow_at(read: Callable[[str], bytes | None], flow: Flow) -> Flow | None:
    """The flow of the same file and name in other files."""
    data = read(flow.file)
    flows = parse(data, flow.file).flows if data is not None else ()
    return next((one for one in flows if one.name == flow.name), None)
