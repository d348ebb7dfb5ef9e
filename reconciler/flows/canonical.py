"""A flow as one plain document: dialects rewritten, shortcuts folded in, nothing added that was not said.

Reading the document of a flow gives that flow again. How plans are hashed is the plan's own business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from reconciler.flows.model import (
    IO,
    Cache,
    Component,
    EarlyStopping,
    EventTrigger,
    Flow,
    Hook,
    Join,
    Json,
    Matrix,
    Operation,
    Param,
    Ref,
    Run,
    Schedule,
    SearchParam,
    Settings,
    Termination,
)
from reconciler.flows.operations import REFS
from reconciler.flows.parse import default_name
from reconciler.flows.writing import yaml_text

_REFS: Final = {kind: name for name, kind in REFS.items()}
_NOTHING: Final = Settings()
_BESIDE: Final = frozenset({"cmd", "env", "resources"})


def canonical_text(flow: Flow) -> str:
    """The canonical document of a flow as YAML."""
    return yaml_text(canonical_document(flow))


def canonical_document(flow: Flow) -> dict[str, Json]:
    """The flow as plain data, with its version and kind, from which reading makes the same flow.

    Texts that nothing acts on (comments, the words of a `template`) are not in it.
    """
    operation = flow.operation
    head = {"version": 1.1, "kind": "component" if flow.is_component else "operation"}
    if not _is_flat(flow):
        return {**head, **_operation(operation)}
    assert operation.component is not None
    name = {} if operation.component.name is None else {"name": operation.component.name}
    return {**head, **name, **_body(operation.component), **_of_operations(operation)}


def _is_flat(flow: Flow) -> bool:
    """Whether the flow is a component with what is an operation's own beside it."""
    operation, component = flow.operation, flow.operation.component
    if not flow.is_component or operation.ref is not None or component is None:
        return False
    named = flow.name if component.name is not None or flow.name != default_name(flow.file) else None
    return operation.settings == _NOTHING and component.name == named and operation.template == component.template


def _operation(operation: Operation) -> dict[str, Json]:
    component, ref = operation.component, operation.ref
    kept_ref = {} if ref is None else {_REFS[ref.kind]: ref.value}
    inner: dict[str, Json] = {}
    if component is not None:
        inner = _component(component)
        if component.run is None:  # then the reference is the component's own
            inner, kept_ref = {**inner, **kept_ref}, {}
    return {
        **_said(name=operation.name),
        **kept_ref,
        **_settings(operation.settings),
        **({"template": {"enabled": True}} if operation.template else {}),
        **_of_operations(operation),
        **({"component": inner} if component is not None else {}),
    }


def _component(component: Component) -> dict[str, Json]:
    defaults = component.defaults
    own: dict[str, Json] = {}
    if defaults is not None:
        own = {**({} if defaults.ref is None else {_REFS[defaults.ref.kind]: defaults.ref.value})}
        own |= _of_operations(defaults)
    return {**_said(name=component.name), **_body(component), **own}


def _body(component: Component) -> dict[str, Json]:
    """What a component says beside its name and an operation's own."""
    return {
        **_settings(component.settings),
        **({"template": {"enabled": True}} if component.template else {}),
        **_said(inputs=component.inputs, outputs=component.outputs, run=component.run),
    }


def _of_operations(operation: Operation) -> dict[str, Json]:
    return _said(
        isPreset=operation.is_preset or None,
        params=operation.params,
        strictParams=operation.strict_params,
        dependencies=operation.dependencies,
        trigger=operation.trigger and str(operation.trigger),
        conditions=operation.conditions,
        skipOnUpstreamSkip=operation.skip_on_upstream_skip or None,
        events=operation.events,
        joins=operation.joins,
        matrix=operation.matrix,
        schedule=operation.schedule,
        patchStrategy=operation.patch_strategy,
        **_patch(operation.run_patch),
    )


def _patch(patch: Mapping[str, Json] | None) -> dict[str, Any]:
    """The `runPatch`, and beside it the shortcuts that can stand at the root of an operation only."""
    if patch is None:
        return {}
    beside = {key: value for key, value in patch.items() if key in _BESIDE}
    rest = {key: value for key, value in patch.items() if key not in _BESIDE}
    return {**beside, "runPatch": _Kept(rest)} if rest or not beside else beside


def _settings(settings: Settings) -> dict[str, Json]:
    return _said(
        description=settings.description,
        tags=settings.tags,
        presets=settings.presets,
        queue=settings.queue,
        namespace=settings.namespace,
        cache=settings.cache,
        termination=settings.termination,
        plugins=None if settings.plugins is None else _Kept(settings.plugins),
        build=settings.build,
        hooks=settings.hooks,
        isApproved=settings.is_approved,
        cost=settings.cost,
        mount=settings.mount,
    )


def _io(io: IO) -> dict[str, Json]:
    said = _said(
        name=io.name,
        type=io.type,
        description=io.description,
        isOptional=(io.is_optional and not io.has_value) or None,
        isList=io.is_list or None,
        isFlag=io.is_flag or None,
        argFormat=io.arg_format,
        connection=io.connection,
        toInit=io.to_init or None,
        toEnv=io.to_env,
        validation=io.validation,
        delayValidation=io.delay_validation,
    )
    return {**said, "value": io.value} if io.has_value else said


def _param(param: Param) -> dict[str, Json]:
    return {
        **({"value": param.value} if param.has_value else {}),
        **_said(
            ref=param.ref,
            contextOnly=param.context_only,
            connection=param.connection,
            toInit=param.to_init,
            toEnv=param.to_env,
        ),
    }


def _join(join: Join) -> dict[str, Json]:
    return _said(
        ref=join.ref, query=join.query, sort=join.sort, limit=join.limit, offset=join.offset, params=join.params
    )


def _hook(hook: Hook) -> dict[str, Json]:
    return _said(
        hubRef=hook.hub_ref,
        trigger=hook.trigger if hook.trigger != "done" else None,
        conditions=hook.conditions,
        connection=hook.connection,
        presets=hook.presets,
        queue=hook.queue,
        namespace=hook.namespace,
        params=hook.params,
        disableDefaults=hook.disable_defaults or None,
    )


def _cache(cache: Cache) -> dict[str, Json]:
    return _said(
        disable=cache.disable,
        ttl=cache.ttl,
        io=None if cache.io is None else _Kept(list(cache.io)),
        sections=None if cache.sections is None else _Kept(list(cache.sections)),
    )


def _termination(termination: Termination) -> dict[str, Json]:
    culling = termination.culling_timeout
    return _said(
        maxRetries=termination.max_retries,
        timeout=termination.timeout,
        ttl=termination.ttl,
        culling=None if culling is None else {"timeout": culling},
        probe=None if termination.probe is None else _Kept(termination.probe),
        podFailurePolicy=None if termination.pod_failure_policy is None else _Kept(termination.pod_failure_policy),
    )


def _stopping(stopping: EarlyStopping) -> dict[str, Json]:
    return _said(
        kind=stopping.kind,
        metric=stopping.metric,
        value=stopping.value,
        optimization=stopping.optimization,
        percent=stopping.percent,
        policy=stopping.policy,
    )


def _matrix(matrix: Matrix) -> dict[str, Json]:
    return {
        "kind": matrix.kind,
        **_said(
            values=None if matrix.values is None else _Kept(matrix.values),
            params=_Kept(matrix.params) if matrix.values is None else matrix.params,
            numRuns=matrix.num_runs,
            seed=matrix.seed,
            concurrency=matrix.concurrency,
            earlyStopping=matrix.early_stopping,
        ),
        **{key: plain(value) for key, value in matrix.extra.items()},
    }


def _schedule(schedule: Schedule) -> dict[str, Json]:
    return _said(
        kind=schedule.kind,
        cron=schedule.cron,
        frequency=schedule.frequency,
        startAt=schedule.start_at,
        endAt=schedule.end_at,
        maxRuns=schedule.max_runs,
        dependsOnPast=schedule.depends_on_past or None,
        timezone=schedule.timezone if schedule.timezone != "UTC" else None,
        overlap=schedule.overlap if schedule.overlap != "skip" else None,
        missed=schedule.missed if schedule.missed != "one" else None,
    )


def _run(run: Run) -> dict[str, Json]:
    return {
        "kind": run.kind,
        **_said(concurrency=run.concurrency, earlyStopping=run.early_stopping),
        **{key: plain(value) for key, value in run.data.items()},
        **_said(operations=run.operations, components=run.components),
    }


class _Kept:
    """A value that says something even when it is empty."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _said(**fields: Any) -> dict[str, Json]:
    """The fields that say something, as plain data."""
    return {name: plain(value) for name, value in fields.items() if value is not None and value != () and value != {}}


def plain(value: Any) -> Json:
    """Any value of the language as plain data in its canonical spelling."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    convert = _PLAIN.get(type(value))
    return value if convert is None else convert(value)


_PLAIN: Final[Mapping[type, Callable[[Any], Json]]] = {
    IO: _io,
    Cache: _cache,
    Component: _component,
    EarlyStopping: _stopping,
    EventTrigger: lambda event: {"ref": event.ref, "kinds": list(event.kinds)},
    Hook: _hook,
    Join: _join,
    Matrix: _matrix,
    Operation: _operation,
    Param: _param,
    Ref: lambda ref: {_REFS[ref.kind]: ref.value},
    Run: _run,
    Schedule: _schedule,
    SearchParam: lambda param: {"kind": param.kind, "value": param.value},
    Termination: _termination,
    _Kept: lambda kept: plain(kept.value),
}
