"""A flow with other values for its inputs: its plan is made anew, from its files as they were applied last."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.flows.findings import Finding, Severity
from reconciler.flows.model import Json
from reconciler.plan.model import Plan
from reconciler.ports import Source
from reconciler.records import FlowRow
from reconciler.steps.flow_files import Revision

_MOST = 3  # mistakes that are told


class NotPlanned(Exception):
    """Why there is no plan, for people."""


def plan_with(source: Source, flow: FlowRow, params: Mapping[str, Json]) -> Plan:
    """The plan of a flow with these values. Raises NotPlanned; Waiting or Stalled as the source does.

    A value for an input that is not there is a mistake: whoever gives it wants something of it.
    """
    if not flow.applied_sha:
        raise NotPlanned("The flow was never applied.")
    loaded = Revision(source, flow.repository, flow.applied_sha).load(flow.path, flow.name, start=True, params=params)
    if loaded is None:
        raise NotPlanned(f"{flow.path} holds no flow {flow.name} any more.")
    given = {f"{flow.name}.params.{name}" for name in params}
    wrong = [found for found in loaded.findings if found.severity is Severity.ERROR or _is_of(found, given)]
    plan = loaded.plan
    if wrong or plan is None:
        raise NotPlanned(" ".join(found.message for found in wrong[:_MOST]) or "Its inputs are not bound.")
    return plan


def _is_of(found: Finding, given: set[str]) -> bool:
    return found.path in given and found.severity is not Severity.NOTICE
