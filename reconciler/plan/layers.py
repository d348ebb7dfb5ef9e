"""Layers of an op made one: referenced files, presets, its own words, what its dag hands down, component defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from reconciler.flows.model import IO, NO_SETTINGS, Cache, Component, Json, Operation, Run, Settings, Termination
from reconciler.flows.nodes import Node
from reconciler.flows.patch import apply_preset, merge, patched_run, with_defaults
from reconciler.plan.bodies import Body, body
from reconciler.plan.references import References, Resolved, Scope
from reconciler.plan.report import Place, Source, key_place

_HANDED_DOWN = ("environment", "connections", "volumes")
_LOW_WINS = frozenset(("isnull", "pre_merge"))
_SETTINGS = tuple(field.name for field in fields(Settings))

Part = TypeVar("Part", Cache, Termination)


@dataclass(frozen=True, slots=True)
class Inherited:
    """What a dag hands down to its ops: settings, and parts of its run section."""

    settings: Settings
    run: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Ready:
    """An op with its references followed and its layers made one. Without `body` the reference led nowhere.

    `around` are the presets of the op and the operations of referenced files.
    """

    operation: Operation
    path: str
    body: Body | None = None
    scope: Scope = Scope()  # noqa: RUF009 - frozen
    around: tuple[Operation, ...] = ()

    @property
    def name(self) -> str:
        """The op's name, else the component's."""
        return self.operation.name or (self.component.name if self.component else None) or "op"

    @property
    def component(self) -> Component | None:
        """What the op puts to use."""
        return self.body.component if self.body is not None else None

    @property
    def run(self) -> Run | None:
        """The run section under all layers."""
        return self.body.run if self.body is not None else None

    @property
    def settings(self) -> Settings:
        """The settings under all layers."""
        return self.body.settings if self.body is not None else NO_SETTINGS

    @property
    def declared(self) -> Mapping[str, IO]:
        """The inputs and outputs of the component by name; inputs win."""
        return self.body.declared if self.body is not None else {}

    @property
    def sources(self) -> tuple[Source, ...]:
        """The trees in which the op's texts stand, the likeliest first."""
        operation, component = self.operation, self.component
        if component is None:
            return ((operation.file, operation.node),)
        run = component.run.node if component.run is not None else None
        own = ((operation.file, operation.node), (component.file, component.node))
        layers = tuple((layer.file, layer.node) for layer in self.around)
        return (*own, *layers) if run is None else ((component.file, run), *own, *layers)

    def source_of(self, *path: str) -> Source | None:
        """The likeliest of the trees that have a value under a path of keys; None where none has."""
        return next(((file, node) for file, node in self.sources if _has(node, path)), None)


def _has(node: Node | None, path: Iterable[str]) -> bool:
    for key in path:
        node = node.get(key) if node is not None else None
    return node is not None


class Layers:
    """Makes ops ready, one after another. What ops share, a component under the same layers, is made once."""

    def __init__(self, references: References) -> None:
        self._references = references
        # By identity; what is identified is kept beside it, so that no other takes its identity.
        self._followed: dict[tuple[int, str], tuple[Scope, Resolved]] = {}
        self._bodies: dict[tuple[int, ...], tuple[Resolved, Inherited | None, Body]] = {}

    def ready(self, operation: Operation, scope: Scope, inherited: Inherited | None, path: str) -> Ready:
        """The op as it will run: own words over what the dag hands down over the component's defaults."""
        resolved = self._resolved(operation, scope, path)
        presets = self._presets(operation, resolved, path)
        for preset in presets:
            operation = apply_preset(operation, preset)
        if resolved is None or resolved.component.run is None:
            return Ready(operation, path)
        operation = with_defaults(_with_layers(operation, resolved.layers), resolved.component)
        shared = self._body(resolved, inherited)
        return Ready(operation, path, _with_own(shared, operation), resolved.scope, (*presets, *resolved.layers))

    def _resolved(self, operation: Operation, scope: Scope, path: str) -> Resolved | None:
        """What the op runs; a component of the dag is followed once for all ops that name it."""
        ref = operation.ref
        if ref is None or ref.kind != "dag" or operation.component is not None:
            return self._references.resolve(operation, scope, path)
        key = (id(scope), ref.value)
        if key not in self._followed:
            resolved = self._references.resolve(operation, scope, path)
            if resolved is None:
                return None
            self._followed[key] = (scope, resolved)
        return self._followed[key][1]

    def _presets(self, operation: Operation, resolved: Resolved | None, path: str) -> list[Operation]:
        named = resolved.component.settings.presets if resolved else ()
        names = (*named, *operation.settings.presets)
        if not names:
            return []
        found = (self._references.preset(name, _preset_place(operation, name), path) for name in dict.fromkeys(names))
        return [preset for preset in found if preset is not None]

    def _body(self, resolved: Resolved, inherited: Inherited | None) -> Body:
        """What all ops run that put a component to use under the same layers and the same dag."""
        key = (id(resolved.component), id(inherited), *map(id, resolved.layers))
        if key not in self._bodies:
            settings = _default_settings(resolved)
            settings = overlay(settings, inherited.settings if inherited else NO_SETTINGS)
            made = body(resolved.component, _run(resolved, inherited), settings)
            self._bodies[key] = (resolved, inherited, made)
        return self._bodies[key][2]


def _preset_place(operation: Operation, name: str) -> Place:
    """The name of a preset where the op says it in a list, else the key that names its presets."""
    named = operation.node.get("presets") if operation.node is not None else None
    items = named.value if named is not None and isinstance(named.value, list) else []
    item = next((item for item in items if item.value == name), None)
    return key_place(operation.file, operation.node, "presets") if item is None else Place(operation.file, item)


def handed_down(dag: Ready) -> Inherited | None:
    """What the ops of a dag inherit from it, if anything."""
    settings = dag.settings
    kept = Settings(
        cache=settings.cache, termination=settings.termination, plugins=settings.plugins, queue=settings.queue
    )
    data = dag.run.data if dag.run else {}
    run = {key: data[key] for key in _HANDED_DOWN if data.get(key)}
    return Inherited(kept, run) if run or kept != NO_SETTINGS else None


def overlay(low: Settings, high: Settings) -> Settings:
    """Settings of two layers: `high` wins field by field; tags and hooks of both stay."""
    if (high is NO_SETTINGS or high == NO_SETTINGS) and not low.tags:
        return low
    said = {name: getattr(high, name) for name in _SETTINGS}
    chosen: dict[str, Any] = {name: value for name, value in said.items() if value not in (None, ())}
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


def _with_own(shared: Body, operation: Operation) -> Body:
    """The body with the run patch and the settings of the op itself."""
    own, patch, strategy = operation.settings, operation.run_patch, operation.patch_strategy
    if not patch and (own is NO_SETTINGS or own == NO_SETTINGS):
        return shared
    run = patched_run(shared.run, patch, strategy) if patch else shared.run
    low_wins = strategy in _LOW_WINS
    settings = overlay(own, shared.settings) if low_wins else overlay(shared.settings, own)
    return body(shared.component, run, settings)


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


def _run(resolved: Resolved, inherited: Inherited | None) -> Run:
    """The run section of a component, patched by the files around it, with what the dag hands down."""
    run = resolved.component.run
    assert run is not None
    for layer in resolved.layers:
        if layer.run_patch:
            run = patched_run(run, layer.run_patch, layer.patch_strategy)
    if inherited and inherited.run:
        run = patched_run(run, inherited.run, "post_merge")
    return run
