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
    """The file that says the hook: the op's own, its component's or a preset's."""
    for file, node in ready.sources:
        listed = node.get("hooks") if node is not None else None
        if listed is not None and any(one is hook.node for one in listed.value or ()):
            return file
    return ready.operation.file
