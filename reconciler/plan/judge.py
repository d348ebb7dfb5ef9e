"""A flow judged: references followed, layers made one, params bound, edges drawn, everything wrong found at once.

Judging makes no plan and asks for the place of nothing that is right; build.py makes a plan of what was judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.flows.findings import Finding, Severity
from reconciler.flows.model import Flow, Json, Operation, Param
from reconciler.flows.remotes import RemoteSettings
from reconciler.plan.dags import Judge, Judged
from reconciler.plan.references import Read
from reconciler.plan.report import Report


@dataclass(frozen=True, slots=True)
class Judgement:
    """What judging a flow came to.

    `references` are the repository paths that were read or tried, in order; `unbound` are the required inputs of the
    root that have no value. `root` is the judged op that a plan can be made of, None where a finding is an error.
    """

    flow: Flow
    findings: tuple[Finding, ...] = ()
    references: tuple[str, ...] = ()
    unbound: tuple[str, ...] = ()
    root: Judged | None = None


def judge(
    flow: Flow,
    read: Read,
    params: Mapping[str, Json] | None = None,
    start: bool = False,
    severities: Mapping[str, Severity] | None = None,
    remote: RemoteSettings | None = None,
) -> Judgement:
    """All that is wrong with a flow.

    `read` gives the bytes of a repository path at the flow's revision, None where it is absent; `params` are values
    that stand above the file's own. With `start`, or where the file says values itself, it is an error that a required
    input has none. `severities` are the repository's own for lowerable rules; where all errors are lowered and there
    still can be no plan, they count for nothing. `remote` says what components may come from elsewhere, None: none.
    """
    if flow.operation.is_preset:
        return Judgement(flow)
    report = Report(severities, read)
    judges = Judge(read, report, remote)
    operation = _with_params(flow.operation, params or {})
    required = start or _gives_values(flow.operation)
    operation = operation if operation.name else replace(operation, name=flow.name)
    root = judges.root(operation, flow.name, required)
    references = tuple(judges.references.tried)
    if report.failed:
        return Judgement(flow, report.sorted(), references, root.bound.unbound)
    if not root.whole:  # something must say why there is no plan
        return Judgement(flow, report.unlowered(), references, root.bound.unbound)
    return Judgement(flow, report.sorted(), references, root.bound.unbound, root)


def _gives_values(operation: Operation) -> bool:
    """Whether a file says values for inputs: then it must say all that are required."""
    return bool(operation.params) or operation.matrix is not None


def _with_params(operation: Operation, params: Mapping[str, Json]) -> Operation:
    if not params:
        return operation
    given = {
        name: replace(operation.params.get(name, Param()), value=value, has_value=True, ref=None, node=None)
        for name, value in params.items()
    }
    return replace(operation, params={**operation.params, **given})
