"""What ops run: a component with its run section and settings under all layers, looked at once for all who share it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from reconciler.flows.kinds.table import KINDS, replicas_of
from reconciler.flows.model import IO, NO_SETTINGS, Cache, Component, Json, Run, Settings, Termination
from reconciler.plan.templates import TemplateError, compile_template, templates_in
from reconciler.plan.vocabulary import is_known


@dataclass(frozen=True, slots=True)
class Body:
    """What an op runs, as far as the op itself does not matter.

    `declared` are inputs and outputs by name, inputs win; `required` are the inputs that must be given a value.
    `stands_alone` says that its templates name nothing but what is known to every op that runs it.
    """

    component: Component
    run: Run
    settings: Settings
    declared: Mapping[str, IO]
    required: tuple[str, ...]
    stands_alone: bool


def body(component: Component, run: Run, settings: Settings) -> Body:
    """The component with the run section and the settings that it has under all layers."""
    inputs = component.inputs
    declared = {io.name: io for io in (*component.outputs, *inputs)}
    required = tuple([io.name for io in inputs if not (io.is_optional or io.has_value)])
    known = own_names(declared, run)
    alone = _name_only(templates_in([run.data, *extras(component, run, settings)]), known)
    return Body(component, run, settings, declared, required, alone)


def own_names(declared: Mapping[str, IO], run: Run) -> Collection[str]:
    """The names that a component brings along: inputs, outputs, and the connections that its run section lists."""
    pods = _pods(run)
    if not any(pod.get("connections") or pod.get("init") for pod in pods):
        return declared
    sections = [pod.get(name) for pod in pods for name in ("connections", "init")]
    listed = [item for items in sections if isinstance(items, list) for item in items]
    names = (item.get("connection") if isinstance(item, Mapping) else item for item in listed)
    return {*declared, *(name for name in names if isinstance(name, str))}


def _pods(run: Run) -> list[Mapping[str, Json]]:
    """The parts of a run section that hold pods: the section itself, or its replicas."""
    if run.kind not in KINDS or KINDS[run.kind].replica is None:
        return [run.data]
    return [replica for _, replica in replicas_of(run.kind, run.data) if isinstance(replica, Mapping)]


def extras(component: Component, run: Run, settings: Settings) -> list[Json]:
    """What may hold templates beside the run section's plain data."""
    values = [io.value for io in component.inputs]
    if settings is NO_SETTINGS or settings == NO_SETTINGS:
        return [run.concurrency, *values]
    termination, cache = settings.termination or Termination(), settings.cache or Cache()
    return [
        *(run.concurrency, settings.is_approved, settings.queue, settings.namespace, cache.disable, cache.ttl),
        *(termination.max_retries, termination.timeout, termination.ttl, settings.plugins),
        *values,
    ]


def _name_only(texts: Iterable[str], known: Collection[str]) -> bool:
    """Whether all templates can be read and name nothing but what is known."""
    for text in texts:
        try:
            used = compile_template(text).starts
        except TemplateError:
            return False
        if not all(is_known(path, known) for path in used):
            return False
    return True
