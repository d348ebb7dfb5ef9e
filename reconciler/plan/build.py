"""A flow made ready to run: judged, and a plan made of it where none of the findings is an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.flows.findings import Finding, Severity
from reconciler.flows.model import Flow, Json
from reconciler.flows.remotes import RemoteSettings
from reconciler.plan.hash import hashed
from reconciler.plan.judge import Judgement, judge
from reconciler.plan.model import Plan
from reconciler.plan.planned import Planner
from reconciler.plan.references import Read


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
    """The plan of a flow, and all that is wrong with it.

    `code` is the code id; the rest is as for `judge`. With `start=False` required inputs without a value are no
    errors.
    """
    return built_of(judge(flow, read, params, start, severities, remote), code)


def built_of(judgement: Judgement, code: str = "") -> Built:
    """What building a judged flow comes to."""
    return Built(plan_of(judgement, code), judgement.findings, judgement.references, judgement.unbound)


def plan_of(judgement: Judgement, code: str = "") -> Plan | None:
    """The plan of a judged flow with its hashes; None where a finding is an error. `code` is the code id."""
    if judgement.root is None:
        return None
    flow, root = judgement.flow, judgement.root
    schedule = root.ready.operation.schedule
    schedule = schedule and replace(schedule, node=None)
    return hashed(Plan(flow=flow.name, file=flow.file, root=Planner().op(root), code=code, schedule=schedule))
