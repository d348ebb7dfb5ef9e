"""The values that the fields of operations and components become. Which fields there are stands in documents.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from reconciler.flows.findings import Severity
from reconciler.flows.kinds.table import KINDS, report_no_kind, takes_field
from reconciler.flows.merging import merge
from reconciler.flows.model import Component, Operation, Ref, Run, Trigger
from reconciler.flows.nodes import Node
from reconciler.flows.patch import patched_run, with_defaults
from reconciler.flows.report import Report
from reconciler.flows.rules import finding
from reconciler.flows.sections import settings
from reconciler.flows.shortcuts import SHORTCUT_FIELDS, made_kind


def _as_items(items: Any) -> tuple[Any, ...]:
    return tuple(items) if isinstance(items, list) else ()


REFS: Final = {"hubRef": "hub", "dagRef": "dag", "pathRef": "path", "urlRef": "url"}
_OWN_FIELDS: Final[Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    "params": ("params", lambda params: params),
    "strictParams": ("strict_params", lambda strict: strict if isinstance(strict, bool) else None),
    "dependencies": ("dependencies", _as_items),
    "trigger": ("trigger", Trigger),
    "conditions": ("conditions", lambda conditions: conditions),
    "skipOnUpstreamSkip": ("skip_on_upstream_skip", lambda skip: skip is True),
    "events": ("events", _as_items),
    "joins": ("joins", _as_items),
    "matrix": ("matrix", lambda matrix: matrix),
    "schedule": ("schedule", lambda schedule: schedule),
    "patchStrategy": ("patch_strategy", lambda strategy: strategy),
}
_OPERATION_FIELDS: Final = frozenset({*REFS, *_OWN_FIELDS, "runPatch"})

_NOTHING: Final = Operation(None)


def operation(values: dict[str, Any], node: Node, path: str, report: Report) -> Operation:
    """An operation; where it holds a run itself, that becomes its inline component."""
    ref = _ref(values, node, path, report)
    inline: Component | None = values.get("component")
    shortcuts = _shortcuts(values)
    if inline is not None and inline.run is not None:
        ref = None  # the component is what the reference was resolved to
    patch = _run_patch(values, ref, report)
    if ref is None and inline is None and not values.get("isPreset"):
        inline = _own_component(values, node, path, report)
        if inline is None and not node.says("component"):
            _report_no_run(values, node, path, report)
    else:
        patch = _as_patch(values, shortcuts, patch)
        _warn_of_declarations(values, node, path, report)
    return _lifted(
        Operation(
            name=values.get("name"),
            ref=ref,
            component=inline,
            run_patch=patch,
            settings=settings(values),
            is_preset=values.get("isPreset") is True,
            template=_is_template_document(values),
            file=report.file,
            node=node,
            **_operation_values(values),
        )
    )


def component(values: dict[str, Any], node: Node, path: str, report: Report) -> Component:
    """A component, with what it says of an operation's own in `defaults`."""
    own = _operation_values(values)
    ref = _ref(values, node, path, report)
    run = _run(values, node, path, report)
    if run is None and ref is None and not any(map(node.says, ("run", "ops", "component"))):
        _report_no_run(values, node, path, report)
    patch = _run_patch(values, ref, report)
    defaults = None if _OPERATION_FIELDS.isdisjoint(values) else Operation(None, ref=ref, run_patch=patch, **own)
    return Component(
        name=values.get("name"),
        inputs=values.get("inputs", ()),
        outputs=values.get("outputs", ()),
        run=run,
        settings=settings(values),
        template=_is_template_document(values),
        defaults=defaults if defaults != _NOTHING else None,
        file=report.file,
        node=node,
    )


def root_component(values: dict[str, Any], node: Node, path: str, report: Report) -> Operation:
    """A component at the root of a file as the operation that runs it: what is an operation's own is lifted out."""
    if any(name in values for name in REFS) or node.says("component"):
        return operation(values, node, path, report)
    read = component(values, node, path, report)
    return Operation(
        name=read.name,
        component=_without_defaults(read),
        run_patch=_patch_value(values),
        is_preset=values.get("isPreset") is True,
        template=read.template,
        file=report.file,
        node=node,
        **_operation_values(values),
    )


def _operation_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an `Operation` that only operations have, but for refs and patches of the run."""
    said = [(_OWN_FIELDS[key], value) for key, value in values.items() if key in _OWN_FIELDS]
    return {name: made(value) for (name, made), value in said}


def _run_patch(values: Mapping[str, Any], ref: Ref | None, report: Report) -> Any:
    """The `runPatch`, after reporting its findings: as warnings where the kind of the patched run is not known here."""
    if "runPatch" not in values:
        return None
    remote = ref is not None and ref.kind in ("hub", "url")
    for found in values["runPatch"][1]:
        report.findings.append(replace(found, severity=Severity.WARNING) if remote else found)
    return _patch_value(values)


def _patch_value(values: Mapping[str, Any]) -> Any:
    return values["runPatch"][0] if "runPatch" in values else None


def _ref(values: Mapping[str, Any], node: Node, path: str, report: Report) -> Ref | None:
    if REFS.keys().isdisjoint(values):
        return None
    named = [name for name in REFS if name in values]
    if len(named) > 1:
        message = f"Keep one of {' and '.join(f'`{name}`' for name in named)}: an op runs one component."
        report.add("field-conflict", message, node.key_span(named[1]), path)
    if not values[named[0]].strip():
        report.add("field-missing", f"Say what `{named[0]}` refers to.", node.at(named[0]).span, path)
    return Ref(REFS[named[0]], values[named[0]], node.at(named[0]))


def _is_template_document(values: Mapping[str, Any]) -> bool:
    template = values.get("template")
    return isinstance(template, dict) and template.get("enabled", True) is not False


def _own_component(values: dict[str, Any], node: Node, path: str, report: Report) -> Component | None:
    """The inline component of an operation that says itself what it runs."""
    run = _run(values, node, path, report)
    if run is None:
        return None
    inputs, outputs = values.get("inputs", ()), values.get("outputs", ())
    return Component(values.get("name"), inputs, outputs, run, file=report.file, node=node)


def _run(values: dict[str, Any], node: Node, path: str, report: Report) -> Run | None:
    """The run section with the root shortcuts folded in; `ops` and `components` at the root are a dag."""
    run: Run | None = values.get("run")
    if run is not None and not run.kind:
        report_no_kind(run.node or node, f"{path}.run", report)
        run = None
    if "ops" in node.outline or "components" in node.outline:
        run = _root_dag(run, values, node, path, report)
    shortcuts = _shortcuts(values)
    if not shortcuts:
        return run
    if run is None:
        kind = None if node.says("run") else made_kind(shortcuts)
        run = Run(kind, {}, node=node) if kind is not None else None
    if run is None or run.kind not in KINDS:
        return run
    for name in [name for name in shortcuts if not takes_field(run.kind, name)]:
        message = f"Remove `{name}`: a {run.kind} has nothing it could mean."
        report.add("field-conflict", message, node.key_span(name), f"{path}.{name}")
        del shortcuts[name]
    return patched_run(run, shortcuts, "post_merge")


def _root_dag(run: Run | None, values: dict[str, Any], node: Node, path: str, report: Report) -> Run | None:
    if node.says("run"):
        key = "ops" if "ops" in node.outline else "components"
        message = f"Move `{key}` into `run`: a document has one run."
        report.add("field-conflict", message, node.key_span(key), path)
        return run
    report.respell(node, None, "run", "root-dag")
    dag = {"operations": values.get("ops", []), "components": values.get("components", [])}
    return KINDS["dag"].build("dag", dag, node, path, report)


def _shortcuts(values: Mapping[str, Any]) -> dict[str, Any]:
    if SHORTCUT_FIELDS.keys().isdisjoint(values):
        return {}
    return {name: values[name] for name in SHORTCUT_FIELDS if name in values}


def _as_patch(values: Mapping[str, Any], shortcuts: dict[str, Any], patch: Any) -> Any:
    """What an operation with a component elsewhere says of its run: shortcuts and `run` under its `runPatch`."""
    run: Run | None = values.get("run")
    said = {**(run.data if run is not None else {}), **shortcuts}
    return merge(said, patch, "post_merge") if said else patch


def _report_no_run(values: Mapping[str, Any], node: Node, path: str, report: Report) -> None:
    if node.says("run") or values.get("isPreset"):
        return  # a bad `run` was reported
    if any(node.says(name) and name not in values for name in (*REFS, "component", *SHORTCUT_FIELDS)):
        return  # what it runs could not be read, and that was reported
    message = "Say what it runs: add a `run`, a `component` or a reference such as `dagRef`."
    key = next((key for key in ("run", "component", *REFS, "name") if key in node.keys), "name")
    report.add("run-missing", message, node.key_span(key), path)


def _warn_of_declarations(values: Mapping[str, Any], node: Node, path: str, report: Report) -> None:
    """Inputs and outputs belong to components: beside a reference they would be lost without a word."""
    for name in ("inputs", "outputs"):
        if name in values and not values.get("isPreset"):
            message = f"Move `{name}` to the component that this operation runs: here they declare nothing."
            span = node.key_span(name)
            found = finding("field-conflict", message, report.file, span, f"{path}.{name}")
            report.findings.append(replace(found, severity=Severity.WARNING))


def _lifted(op: Operation) -> Operation:
    """The operation with the defaults of its inline component laid under it."""
    if op.component is None or op.component.defaults is None:
        return op
    lifted = with_defaults(op, op.component)
    found = op.component.defaults.ref if op.component.run is None else None  # else it was resolved to this component
    return replace(lifted, component=_without_defaults(op.component), ref=op.ref or found)


def _without_defaults(inline: Component) -> Component:
    return replace(inline, defaults=None) if inline.defaults is not None else inline
