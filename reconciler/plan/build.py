"""A flow made ready to run: references followed, layers made one, params bound, the graph compiled, everything judged.

Building never stops at the first mistake: all findings are given at once, and a plan only where none is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.flows.findings import Finding, Severity
from reconciler.flows.model import Flow, Json, Operation, Param
from reconciler.flows.remotes import RemoteSettings
from reconciler.plan.dags import Compiler
from reconciler.plan.hash import hashed
from reconciler.plan.model import Plan
from reconciler.plan.references import Read
from reconciler.plan.report import Report


@dataclass(frozen=True, slots=True)
class Built:
    """What building a flow came to.

    `plan` is None where a finding is an error. `references` are the repository paths that were read or tried, in
    order; `unbound` are the required inputs of the root that have no value.
    """

    plan: Plan | None
    findings: tuple[Finding, ...]
    references: tuple[str, ...]
    unbound: tuple[str, ...]


def build(
    flow: Flow,
    read: Read,
    params: Mapping[str, Json] | None = None,
    code: str = "",
    start: bool = True,
    severities: Mapping[str, Severity] | None = None,
    remote: RemoteSettings | None = None,
) -> Built:
    """The plan of a flow.

    `read` gives the bytes of a repository path at the flow's revision, None where it is absent; `params` are values
    that stand above the file's own; `code` is the code id. With `start=False` the flow is judged without being
    started: required inputs without a value are no errors then. `severities` are the repository's own for lowerable
    rules; where all errors are lowered and there still can be no plan, they count for nothing. `remote` says what components
    may come from elsewhere; None is nothing.
    """
    report = Report(severities, read)
    if flow.operation.is_preset:
        return Built(None, (), (), ())
    compiler = Compiler(read, report, remote)
    operation = _with_params(flow.operation, params or {})
    root, unbound, schedule = compiler.root(replace(operation, name=operation.name or flow.name), flow.name, start)
    references = tuple(compiler.references.tried)
    if root is None or report.failed:
        findings = report.sorted() if report.failed else report.unlowered()  # something must say why there is no plan
        return Built(None, findings, references, unbound)
    schedule = schedule and replace(schedule, node=None)
    plan = hashed(Plan(flow=flow.name, file=flow.file, root=root, code=code, schedule=schedule))
    return Built(plan, report.sorted(), references, unbound)


def _with_params(operation: Operation, params: Mapping[str, Json]) -> Operation:
    given = {
        name: replace(operation.params.get(name, Param()), value=value, has_value=True, ref=None, node=None)
        for name, value in params.items()
    }
    return replace(operation, params={**operation.params, **given})
