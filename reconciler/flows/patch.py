"""Patches: presets over operations, operations over the defaults of their component, patches over runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final

from reconciler.flows.kinds.table import KINDS, own_field, with_replicas
from reconciler.flows.merging import Objects, merge
from reconciler.flows.model import Cache, Component, Json, Operation, Run, Settings, Termination
from reconciler.flows.shortcuts import POD_OBJECTS, applied

__all__ = ["apply_preset", "merge", "patched_run", "with_defaults"]

DEFAULT_STRATEGY: Final = "post_merge"
_POLICIES: Final = ("schedulingPolicy", "elasticPolicy", "autoscalerOptions")
_KEPT: Final = frozenset({"name", "is_preset", "template", "file", "node", "patch_strategy", "ref", "component"})


def patched_run(run: Run, patch: Mapping[str, Json], strategy: str | None = None) -> Run:
    """The run with a `runPatch` applied. `cmd`, `env` and `resources` in it are root shortcuts of an operation.

    What a distributed kind does not have itself is for each of its replicas.
    """
    said = {key: value for key, value in patch.items() if key != "kind"}
    strategy = strategy or DEFAULT_STRATEGY
    if not said:
        return run
    if run.kind not in KINDS or KINDS[run.kind].replica is None:
        return replace(run, data=applied(run.data, said, strategy))
    shared = {key: value for key, value in said.items() if not own_field(run.kind, key)}
    own = {key: value for key, value in said.items() if key not in shared}
    data = merge(dict(run.data), own, strategy, _objects(run.kind))
    return replace(run, data=with_replicas(run.kind, data, lambda replica: applied(replica, shared, strategy)))


def _objects(kind: str) -> Objects:
    """Which keys of a distributed run hold objects: its replicas and its policies."""
    row = KINDS[kind]
    replicas = {**dict.fromkeys(row.replicas, POD_OBJECTS), **{name: {"*": POD_OBJECTS} for name in row.groups}}
    return {**{name: {} for name in _POLICIES}, **replicas}


def apply_preset(operation: Operation, preset: Operation) -> Operation:
    """The operation with a preset laid over it by the preset's own strategy; its name and component stay."""
    merged: Operation = _merged(operation, preset, preset.patch_strategy or DEFAULT_STRATEGY)
    return merged


def with_defaults(operation: Operation, component: Component) -> Operation:
    """The operation with what its component says of an operation's own (params, matrix, joins …) where it says nothing.

    `strictParams` holds as soon as either says so.
    """
    defaults = component.defaults
    if defaults is None:
        return operation
    merged: Operation = _merged(operation, defaults, "pre_merge")
    strict = operation.strict_params or defaults.strict_params
    return replace(merged, strict_params=strict if strict else merged.strict_params)


def _merged(old: Any, new: Any, strategy: str) -> Any:
    """Two values of the same dataclass, field by field."""
    changes = {}
    for field in fields(old):
        if field.name not in _KEPT:
            before, after = getattr(old, field.name), getattr(new, field.name)
            changes[field.name] = before or after if field.default is False else _value(before, after, strategy)
    return replace(old, **changes)


def _value(old: Any, new: Any, strategy: str) -> Any:
    if new is None or new in ((), {}):
        return old
    if old is None or old in ((), {}):
        return new
    if isinstance(old, _DEEP) and type(old) is type(new):
        return _merged(old, new, strategy)
    if isinstance(old, tuple) and isinstance(new, tuple):
        return tuple(merge(list(old), list(new), strategy))
    return merge(old, new, strategy)


_DEEP: Final = (Settings, Cache, Termination)
