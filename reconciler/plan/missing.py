"""Inputs that a trigger may leave without a value: an op may start although an upstream ended without its outputs."""

from __future__ import annotations

from reconciler.flows.model import Param, Trigger
from reconciler.plan.fields import bare_field, inline_ref
from reconciler.plan.layers import Ready
from reconciler.plan.level import Edges
from reconciler.plan.params import param_place
from reconciler.plan.report import Report

_LENIENT = frozenset((Trigger.ALL_FAILED, Trigger.ALL_DONE, Trigger.ONE_FAILED, Trigger.ONE_DONE))


def check_missing_inputs(ready: Ready, edges: Edges, report: Report) -> None:
    """Warn where a required input reads an output of an op that may have failed by the time this one starts."""
    trigger = ready.operation.trigger
    several = trigger is Trigger.ONE_SUCCEEDED and len(edges.places) > 1
    if trigger is None or ready.component is None or not (trigger in _LENIENT or several):
        return
    for io in ready.component.inputs:
        ref = _read_output(ready.operation.params.get(io.name))
        if ref is None or io.is_optional or io.has_value:
            continue
        message = (
            f"`{trigger}` lets this op start when `{ref}` has no output, and `{io.name}` has no default; "
            "make the input optional or change the trigger."
        )
        report.add("input-may-be-missing", message, param_place(ready, io.name), f"{ready.path}.params.{io.name}")


def _read_output(param: Param | None) -> str | None:
    """The op whose outputs or artifacts a param reads, as the author names it."""
    if param is None:
        return None
    ref, field = (param.ref, bare_field(param.value)) if param.ref else inline_ref(param.value) or (None, None)
    reads = ref is not None and ref.startswith("ops.") and (field or "").startswith(("outputs", "artifacts"))
    return ref if reads else None
