"""A flow with other values for its inputs: its plan is made anew, from its files as they were applied last."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.flows.given import mistakes
from reconciler.flows.model import Json
from reconciler.plan.model import Plan
from reconciler.ports import Source
from reconciler.records import FlowRow
from reconciler.steps.flow_files import Revision

_MOST = 3  # mistakes that are told


class NotPlanned(Exception):
    """Why there is no plan, for people."""


def plan_with(source: Source, flow: FlowRow, params: Mapping[str, Json]) -> Plan:
    """The plan of a flow with these values. Raises NotPlanned; Waiting or Stalled as the source does."""
    if not flow.applied_sha:
        raise NotPlanned("The flow was never applied.")
    loaded = Revision(source, flow.repository, flow.applied_sha).load(flow.path, flow.name, start=True, params=params)
    if loaded is None:
        raise NotPlanned(f"{flow.path} holds no flow {flow.name} any more.")
    wrong, plan = mistakes(loaded.findings, flow.name, params), loaded.plan
    if wrong or plan is None:
        raise NotPlanned(" ".join(found.message for found in wrong[:_MOST]) or "Its inputs are not bound.")
    return plan
