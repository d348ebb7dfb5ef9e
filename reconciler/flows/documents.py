"""Operations and components: all fields of a document. The values that they become are built in operations.py."""

from __future__ import annotations

from typing import Any, Final

from reconciler.flows.composite import PLAIN_TEXTS, Built, Later, Listing, Record, section
from reconciler.flows.inputs import IOS
from reconciler.flows.kinds.dag import Named
from reconciler.flows.kinds.kind import Parts
from reconciler.flows.kinds.table import RunShape, patch_shape
from reconciler.flows.matrix.table import MATRIX
from reconciler.flows.model import Join, Trigger
from reconciler.flows.nodes import Node
from reconciler.flows.operations import REFS, component, operation
from reconciler.flows.params import FULL_PARAMS, PARAMS
from reconciler.flows.report import Report
from reconciler.flows.schedules import SCHEDULE
from reconciler.flows.sections import (
    EVENT,
    PATCH_STRATEGY,
    SETTINGS_FIELDS,
    TEMPLATE,
)
from reconciler.flows.shapes import BAD, COUNT, NAME, PLAIN_FLAG, TEXT, Shape, Words, described, reject
from reconciler.flows.shortcuts import SHORTCUT_FIELDS


class _Version:
    """Any number: there was never more than one version of the language."""

    takes = "a number"

    def read(self, node: Node, path: str, report: Report) -> Any:
        try:
            version = float(node.value)
        except (TypeError, ValueError, OverflowError):
            return reject(node, path, report, self.takes)
        if version == 1:
            report.respell(node, None, "1.1", "value")
        return version


class _Kind:
    """`component` or `operation`."""

    takes = "component or operation"

    def read(self, node: Node, path: str, report: Report) -> Any:
        if node.value in ("component", "operation") and type(node.value) is str:
            return node.value
        suggestion = report.near(str(node.value), ("component", "operation"))
        message = f"Give the document the kind component or operation, not {described(node)}."
        report.add("kind-unknown", message, node.span, path, suggestion=suggestion)
        return BAD


def _join(values: Any, node: Node, _path: str, _report: Report) -> Join:
    params = values.get("params")
    return Join(
        query=values.get("query", ""),
        ref=values.get("ref"),
        sort=values.get("sort"),
        limit=values.get("limit"),
        offset=values.get("offset"),
        params=params if isinstance(params, dict) else {},
        node=node,
    )


_JOIN: Final = Built(
    section(
        {"ref": TEXT, "query": TEXT, "sort": TEXT, "limit": COUNT, "offset": COUNT, "params": FULL_PARAMS},
        required=("query",),
        templated=False,
    ),
    _join,
)


class _OperationShape:
    """An operation: what stands in a dag's `operations`, at the root of a file, or in a preset."""

    takes = "a mapping"

    def read(self, node: Node, path: str, report: Report) -> Any:
        values = _NESTED.read(node, path, report)
        return BAD if values is BAD else operation(values, node, path, report)


class _ComponentShape:
    """A component: what stands in a dag's `components` or in the `component` of an operation."""

    takes = "a mapping"

    def read(self, node: Node, path: str, report: Report) -> Any:
        values = _NESTED.read(node, path, report)
        return BAD if values is BAD else component(values, node, path, report)


class _Inline(_ComponentShape):
    """The component of an operation: in paths it is the operation itself."""

    def read(self, node: Node, path: str, report: Report) -> Any:
        return super().read(node, path.removesuffix(".component"), report)


class _Patch:
    """A `runPatch`: its value and what is wrong with it, which weighs less where its component is elsewhere."""

    takes = "a mapping"

    def read(self, node: Node, path: str, report: Report) -> Any:
        own = Report(report.file)
        own.spellings = report.spellings
        value = PATCHED.read(node, path, own)
        return ({} if value is BAD else value, own.findings)


OPERATION: Final[Shape] = _OperationShape()
COMPONENT: Final[Shape] = _ComponentShape()
RUN_PATCH: Final[Shape] = _Patch()
VERSION: Final[Shape] = _Version()
KIND: Final[Shape] = _Kind()
_PARTS: Final = Parts(Later(lambda: OPERATION), Later(lambda: COMPONENT))
RUN: Final = RunShape(_PARTS)
_FIELDS: Final[dict[str, Shape]] = {
    "version": VERSION,
    "kind": KIND,
    "name": NAME,
    **SETTINGS_FIELDS,
    **SHORTCUT_FIELDS,
    "inputs": IOS,
    "outputs": IOS,
    "run": RUN,
    "ops": Named(_PARTS.operation, "ops", "op"),
    "components": Named(_PARTS.component, "components", "component"),
    "template": TEMPLATE,
    "isPreset": PLAIN_FLAG,
    "params": PARAMS,
    "strictParams": PLAIN_FLAG,
    **dict.fromkeys(REFS, TEXT),
    "component": _Inline(),
    "dependencies": PLAIN_TEXTS,
    "trigger": Words(*Trigger),
    "conditions": TEXT,
    "skipOnUpstreamSkip": PLAIN_FLAG,
    "events": Listing(EVENT, templated=False),
    "joins": Listing(_JOIN, templated=False),
    "matrix": MATRIX,
    "schedule": SCHEDULE,
    "runPatch": RUN_PATCH,
    "patchStrategy": PATCH_STRATEGY,
}
PATCHED: Final[Record] = patch_shape(_PARTS)
DOCUMENT: Final = Record(_FIELDS, templated=False)
_NESTED: Final = section(_FIELDS, templated=False)


def read_fields(node: Node, path: str, report: Report) -> Any:
    """The fields of a document as they were read, or `BAD` for one that is no mapping."""
    return DOCUMENT.read(node, path, report)
