"""Inputs that a trigger may leave without a value: an op may start although an upstream ended without its outputs."""

from __future__ import annotations

from reconciler.flows.model import Trigger
from reconciler.plan.fields import bare_field
from reconciler.plan.layers import Ready
from reconciler.plan.level import Edges, Level
from reconciler.plan.report import Report, key_place

_LENIENT = frozenset((Trigger.ALL_FAILED, Trigger.ALL_DONE, Trigger.ONE_FAILED, Trigger.ONE_DONE))


def check_missing_inputs(ready: Ready, edges: Edges, level: Level, report: Report) -> None:
    """Warn where a required input reads an output of an op that may have failed by the time this one starts."""
    trigger = ready.operation.trigger
    several = trigger is Trigger.ONE_SUCCEEDED and len(edges.places) > 1
    if ready.component is None or not (trigger in _LENIENT or several):
        return
    for io in ready.component.inputs:
        param = ready.operation.params.get(io.name)
        if param is None or io.is_optional or io.has_value or not (param.ref or "").startswith("ops."):
            continue
        if (bare_field(param.value) or "").startswith(("outputs", "artifacts")):
            message = (
                f"`{trigger}` lets this op start when `{param.ref}` has no output, and `{io.name}` has no default; "
                "make the input optional or change the trigger."
            )
            place = key_place(ready.operation.file, ready.operation.node, "params", io.name)
            report.add("input-may-be-missing", message, place, f"{ready.path}.params.{io.name}")
