"""`headgate run`: one flow of the working tree, on this machine, followed to its end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from console.attending import attended
from console.config import Config, load_config
from console.data_lock import service_lasts
from console.failures import NO, Failure
from console.findings import show_findings
from console.options import COLOR
from console.params import parse_params
from console.ready_flows import parsed, ready, told
from console.submitting import submit
from console.working_tree import WorkingTree, tree_of
from reconciler.adapters.git_worktree import head_of
from reconciler.adapters.place import local_place
from reconciler.adapters.system_clock import SystemClock
from reconciler.flows.findings import Finding
from reconciler.flows.model import Flow
from reconciler.plan.model import Plan
from reconciler.plan.walk import unsupported


@click.command(epilog="Exit codes: 0 the run succeeded, 1 it did not or the flow has errors.")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--param", "-P", "params", multiple=True, metavar="NAME=VALUE", help="A value for an input (YAML).")
@click.option("--flow", metavar="NAME", help="Which flow, where the file holds several.")
@click.option("--detach", is_flag=True, help="Hand it to the running service and return.")
@click.option("--keep-services", is_flag=True, help="With a running service: leave the flow's services up.")
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Where state is kept.")
@click.option("--slots", type=click.IntRange(1), help="How many ops run at once; the number of CPUs by default.")
@click.option(
    "--progress", type=click.Choice(["auto", "live", "plain", "json", "none"]), default="auto", help="How to show it."
)
@COLOR
def run(
    path: Path,
    params: tuple[str, ...],
    flow: str | None,
    detach: bool,
    keep_services: bool,
    data_dir: Path | None,
    slots: int | None,
    progress: str,
) -> int:
    """Run a flow of the working tree on this machine.

    \b
    headgate run flows/train.yaml
    headgate run flows/train.yaml -P lr=0.1 -P epochs=3
    """
    tree = tree_of(path)
    chosen, findings = _chosen(tree, path, flow)
    made = ready(tree, chosen, parse_params(params))
    plan = told(tree, made, findings, params)
    if plan is None:
        return NO
    _refuse_unsupported(plan)
    config = replace(load_config(None, data_dir=data_dir, slots=slots), port=0, repositories={})
    if detach:
        _check_lasts(config)
    with attended(config) as there:
        services = "keep" if keep_services else "run"
        place, commit = local_place(config.data_dir), head_of(tree.root)
        run_id = submit(there.store, place, tree, made, plan, services, commit, SystemClock().now())
        del chosen, made, plan, tree  # a large flow is not held twice while it runs
        if detach:
            click.echo(run_id)
            return 0
        return there.follow(run_id, progress)


def _chosen(tree: WorkingTree, path: Path, name: str | None) -> tuple[Flow, tuple[Finding, ...]]:
    """The flow that is meant, and the findings of its file. Raises Failure."""
    file = parsed(tree, tree.relative(path))
    flows = [one for one in file.flows if name in (None, one.name)]
    if len(flows) != 1:
        show_findings(tree, file.findings)
        names = ", ".join(one.name for one in file.flows)
        if not file.flows:
            raise Failure("no-flow", "The file holds no flow that can be read.", where=str(path), exit_code=1)
        raise Failure("flow-unclear", f"The file holds {names}.", where=str(path), do="Choose one with --flow NAME.")
    return flows[0], file.findings


def _refuse_unsupported(plan: Plan) -> None:
    """Raise Failure for the first op that nothing can run yet: a run of the others would end with it."""
    for path, op in unsupported(plan):
        raise Failure("unsupported", f"{path}: {op.unsupported}", where=f"{op.file}:{op.line}", exit_code=NO)


def _check_lasts(config: Config) -> None:
    """Raise Failure if nobody would be there for a run that the command does not follow."""
    if not service_lasts(config.data_dir):
        raise Failure(
            "no-service", "Nothing would run it: no service works on the data directory.", do="Start `headgate serve`."
        )
