"""Hooks as operations: a component of the hub, called with the facts of the op it follows."""

from __future__ import annotations

from reconciler.flows.model import Hook, Operation, Ref, Settings
from reconciler.plan.layers import Ready

HOOK_NAMES = (
    *("name", "uuid", "kind", "status", "runtime", "wait_time", "duration", "inputs", "outputs", "condition"),
)


def hook_operation(hook: Hook, ready: Ready) -> Operation:
    """The operation that a hook of an op amounts to."""
    return Operation(
        name=f"{ready.name}-hook",
        ref=Ref("hub", hook.hub_ref, hook.node),
        params=hook.params,
        settings=Settings(presets=hook.presets, queue=hook.queue, namespace=hook.namespace),
        file=_file_of(hook, ready),
        node=hook.node,
    )


def _file_of(hook: Hook, ready: Ready) -> str:
    """The file that says the hook: that of a preset or of a file around the op, its component's or its own."""
    said = [(layer.file, layer.settings) for layer in ready.around]
    if ready.component is not None:
        said.append((ready.component.file, ready.component.settings))
    return next((file for file, settings in said if any(one is hook for one in settings.hooks)), ready.operation.file)
