"""Flows of a working tree made ready to run: parsed, chosen by name, planned with the code they belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from console.failures import NO, Failure
from console.findings import show_findings
from console.params import at_options
from console.working_tree import WorkingTree
from reconciler.flows.findings import Finding
from reconciler.flows.globs import is_flow_file
from reconciler.flows.model import Flow, Json, ParsedFile
from reconciler.flows.near import near
from reconciler.flows.parse import parse
from reconciler.flows.settings import RepositorySettings
from reconciler.plan.build import Built, built_of
from reconciler.plan.code import code_id
from reconciler.plan.judge import judge
from reconciler.plan.model import Plan
from reconciler.steps.flow_files import errors_of


@dataclass(frozen=True, slots=True)
class ReadyFlow:
    """A flow of a working tree and what building it came to."""

    flow: Flow
    built: Built
    services: str  # keep or run


def parsed(tree: WorkingTree, path: str) -> ParsedFile:
    """A flow file of the tree, parsed under its own settings. Raises FileNotFoundError."""
    data = tree.read(path)
    if data is None:
        raise FileNotFoundError(2, "No such regular file in this tree", path)
    settings, _ = tree.settings()
    return parse(data, path, settings.severities)


def flow_in(tree: WorkingTree, file: Path, name: str | None) -> tuple[Flow, tuple[Finding, ...]]:
    """The flow that a command means by a file and perhaps a name, and the findings of its file. Raises Failure."""
    try:
        found = parsed(tree, tree.relative(file))
    except FileNotFoundError:
        raise Failure("no-file", "There is no such file.", where=str(file), do="Correct the path.") from None
    flows = [one for one in found.flows if name in (None, one.name)]
    if len(flows) == 1:
        return flows[0], found.findings
    where, names = str(file), [one.name for one in found.flows]
    if not names:
        do = "`headgate validate` shows what is wrong with it."
        raise Failure("no-flow", "The file holds no flow that can be read.", where=where, do=do, exit_code=NO)
    if name is None or name in names:
        do = "Choose one with --flow NAME."
        raise Failure("flow-unclear", f"The file holds {', '.join(names)}.", where=where, do=do)
    guess = near(name, names)
    do = f"Did you mean `{guess}`?" if guess else f"It holds {', '.join(names)}."
    raise Failure("flow-unknown", f"The file holds no flow `{name}`.", where=where, do=do)


def ready(tree: WorkingTree, flow: Flow, params: Mapping[str, Json], start: bool = True) -> ReadyFlow:
    """The plan of a flow as it stands on disk, code included."""
    settings, _ = tree.settings()
    built = planned(flow, tree.read, tree.entries, settings, params, start)
    return ReadyFlow(flow, built, settings.for_flow(flow.file, flow.name).services)


def told(tree: WorkingTree, made: ReadyFlow, of_file: Iterable[Finding], params: Sequence[str]) -> Plan | None:
    """The plan of a flow, once what was found in its file and its plan was told; None where something is an error.

    Merging it would run nothing either.
    """
    of_plan = at_options(made.built.findings, made.flow.name, params)
    findings = sorted({*of_file, *of_plan}, key=lambda one: one.place)
    show_findings(tree, findings)
    return None if errors_of(findings) else made.built.plan


def planned(
    flow: Flow,
    read: Callable[[str], bytes | None],
    entries: Callable[[], Mapping[str, tuple[str, str]]],
    settings: RepositorySettings,
    params: Mapping[str, Json],
    start: bool = False,
) -> Built:
    """The plan of a flow from files wherever they are; `entries` gives those of its code, if there is a plan."""
    judgement = judge(flow, read, params, start=start, severities=settings.severities, remote=settings.remote)
    code, globs = "", settings.for_flow(flow.file, flow.name).code
    if judgement.root is not None and globs != ():
        is_flow = partial(is_flow_file, settings=settings)
        code = code_id(entries(), flow.file, judgement.references, globs, is_flow)
    return built_of(judgement, code)
