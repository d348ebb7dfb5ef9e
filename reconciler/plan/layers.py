"""Layers of an op made one: referenced files, presets, its own words, what its dag hands down, component defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from reconciler.flows.model import Cache, Component, Json, Operation, Run, Settings, Termination
from reconciler.flows.patch import apply_preset, merge, patched_run, with_defaults
from reconciler.plan.references import References, Resolved, Scope
from reconciler.plan.report import Source, key_place

_HANDED_DOWN = ("environment", "connections", "volumes")
_LOW_WINS = frozenset(("isnull", "pre_merge"))

Part = TypeVar("Part", Cache, Termination)


@dataclass(frozen=True, slots=True)
class Inherited:
    """What a dag hands down to its ops: settings, and parts of its run section."""

    settings: Settings
    run: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Ready:
    """An op with its references followed and its layers made one. Without `component` the reference led nowhere."""

    operation: Operation
    path: str
    component: Component | None = None
    run: Run | None = None
    settings: Settings = Settings()  # noqa: RUF009 - frozen
    scope: Scope = Scope()  # noqa: RUF009 - frozen
    sources: tuple[Source, ...] = ()

    @property
    def name(self) -> str:
        """The op's name, else the component's."""
        return self.operation.name or (self.component.name if self.component else None) or "op"


class Layers:
    """Makes ops ready, one after another."""

    def __init__(self, references: References) -> None:
        self._references = references

    def ready(self, operation: Operation, scope: Scope, inherited: Inherited | None, path: str) -> Ready:
        """The op as it will run: own words over what the dag hands down over the component's defaults."""
        resolved = self._references.resolve(operation, scope, path)
        operation, presets = self._with_presets(operation, resolved, path)
        if resolved is None or resolved.component.run is None:
            return Ready(operation, path, sources=((operation.file, operation.node),))
        default = _default_settings(resolved)
        settings = overlay(default, inherited.settings) if inherited else default
        operation = with_defaults(_with_layers(operation, resolved.layers), resolved.component)
        return Ready(
            operation=operation,
            path=path,
            component=resolved.component,
            run=_run(operation, resolved, inherited),
            settings=_own(settings, operation),
            scope=resolved.scope,
            sources=tuple(_sources(operation, resolved, presets)),
        )

    def _with_presets(
        self, operation: Operation, resolved: Resolved | None, path: str
    ) -> tuple[Operation, list[Operation]]:
        named = resolved.component.settings.presets if resolved else ()
        found = []
        for name in dict.fromkeys((*named, *operation.settings.presets)):
            place = key_place(operation.file, operation.node, "presets")
            preset = self._references.preset(name, place, path)
            if preset is not None:
                operation = apply_preset(operation, preset)
                found.append(preset)
        return operation, found


def handed_down(dag: Ready) -> Inherited:
    """What the ops of a dag inherit from it."""
    settings = dag.settings
    kept = Settings(
        cache=settings.cache, termination=settings.termination, plugins=settings.plugins, queue=settings.queue
    )
    data = dag.run.data if dag.run else {}
    return Inherited(kept, {key: data[key] for key in _HANDED_DOWN if data.get(key)})


def overlay(low: Settings, high: Settings) -> Settings:
    """Settings of two layers: `high` wins field by field; tags and hooks of both stay."""
    chosen: dict[str, Any] = {
        field.name: getattr(high, field.name)
        for field in fields(Settings)
        if getattr(high, field.name) not in (None, ())
    }
    chosen["cache"] = _parts(low.cache, high.cache)
    chosen["termination"] = _parts(low.termination, high.termination)
    if low.plugins and high.plugins:
        chosen["plugins"] = merge(dict(low.plugins), dict(high.plugins), "post_merge")
    chosen["tags"] = tuple(dict.fromkeys((*low.tags, *high.tags)))
    chosen["hooks"] = (*low.hooks, *(hook for hook in high.hooks if hook not in low.hooks))
    return replace(low, **chosen)


def _parts(low: Part | None, high: Part | None) -> Part | None:
    if low is None or high is None:
        return high if low is None else low
    said = {field.name: getattr(high, field.name) for field in fields(high)}
    return replace(low, **{name: value for name, value in said.items() if value is not None})


def _default_settings(resolved: Resolved) -> Settings:
    settings = resolved.component.settings
    for layer in resolved.layers:
        settings = overlay(settings, layer.settings)
    return settings


def _own(settings: Settings, operation: Operation) -> Settings:
    if operation.patch_strategy in _LOW_WINS:
        return overlay(operation.settings, settings)
    return overlay(settings, operation.settings)


def _with_layers(operation: Operation, layers: Iterable[Operation]) -> Operation:
    """The op with what operations of referenced files say where it says nothing itself."""
    for layer in reversed(tuple(layers)):
        operation = replace(
            operation,
            name=operation.name or layer.name,
            params={**layer.params, **operation.params},
            strict_params=operation.strict_params or layer.strict_params,
            trigger=operation.trigger or layer.trigger,
            conditions=operation.conditions or layer.conditions,
            joins=operation.joins or layer.joins,
            matrix=operation.matrix or layer.matrix,
            schedule=operation.schedule or layer.schedule,
        )
    return operation


def _run(operation: Operation, resolved: Resolved, inherited: Inherited | None) -> Run:
    run = resolved.component.run
    assert run is not None
    for layer in resolved.layers:
        if layer.run_patch:
            run = patched_run(run, layer.run_patch, layer.patch_strategy)
    if inherited and inherited.run:
        run = patched_run(run, inherited.run, "post_merge")
    if operation.run_patch:
        run = patched_run(run, operation.run_patch, operation.patch_strategy)
    return run


def _sources(operation: Operation, resolved: Resolved, presets: list[Operation]) -> Iterable[Source]:
    component = resolved.component
    if component.run is not None and component.run.node is not None:
        yield component.file, component.run.node
    yield operation.file, operation.node
    yield component.file, component.node
    for layer in (*presets, *resolved.layers):
        yield layer.file, layer.node
