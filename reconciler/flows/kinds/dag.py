"""`kind: dag`: operations that wait for each other, and the components they use. Edges are compiled by the plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reconciler.flows.kinds.kind import Parts, RunKind
from reconciler.flows.model import Component, Operation, Run
from reconciler.flows.nodes import Node
from reconciler.flows.pods import POD_FIELDS
from reconciler.flows.report import Report
from reconciler.flows.shapes import BAD, CONCURRENCY, Shape, reject
from reconciler.flows.stopping import EARLY_STOPPING

_OWN: Final = frozenset({"kind", "operations", "components", "concurrency", "earlyStopping"})


class Named:
    """A list of operations or components, each under its own name: paths read `flow.ops.train`."""

    takes = "a list"

    def __init__(self, item: Shape, group: str, noun: str) -> None:
        self.item = item
        self.group = group
        self.noun = noun

    def read(self, node: Node, path: str, report: Report) -> Any:
        if type(node.outline) is not list:
            return reject(node, path, report, self.takes)
        base = path.rpartition(".")[0].removesuffix(".run")
        items = []
        for index in range(len(node.outline)):
            item = node.child(index)
            name = item.get("name")
            label = name.value if name is not None and type(name.value) is str else f"{index}"
            value = self.item.read(item, f"{base}.{self.group}.{label}", report)
            if value is not BAD:
                items.append(value)
        self._check_names(items, base, report)
        return items

    def _check_names(self, items: list[Operation | Component], base: str, report: Report) -> None:
        seen: dict[str, Node] = {}
        for item in items:
            node = item.node
            assert node is not None
            if item.name is None:
                if not node.says("name"):
                    message = f"Add a `name`: every {self.noun} of a dag has one."
                    report.add("field-missing", message, node.span, base)
            elif seen.setdefault(item.name, node) is not node:
                self._report_duplicate(item.name, node, seen[item.name], base, report)

    def _report_duplicate(self, name: str, node: Node, first: Node, base: str, report: Report) -> None:
        place = first.at("name").span
        message = f"Rename the second {self.noun} `{name}`: line {place.line} has this name already."
        also = ((report.file, place, f"`{name}` is here first"),)
        path = f"{base}.{self.group}.{name}"
        report.add("op-duplicate", message, node.at("name").span, path, also=also)


def _fields(parts: Parts) -> Mapping[str, Shape]:
    pod = {name: POD_FIELDS[name] for name in ("environment", "connections", "volumes")}
    return {
        **pod,
        "operations": Named(parts.operation, "ops", "op"),
        "components": Named(parts.component, "components", "component"),
        "concurrency": CONCURRENCY,
        "earlyStopping": EARLY_STOPPING,
    }


def _build(kind: str, values: Mapping[str, Any], node: Node, path: str, report: Report) -> Run:
    operations = values.get("operations", ())
    listed = node.get("operations") or node.get("ops")
    if not operations and (listed is None or not listed.value):
        message = "Add `operations` to the dag: it has none to run."
        report.add("dag-empty", message, listed.span if listed is not None else node.span, path)
    for operation in operations:
        _check_schedule(operation, report)
    stopping = values.get("earlyStopping")
    return Run(
        kind=kind,
        data={key: value for key, value in values.items() if key not in _OWN},
        operations=tuple(operations),
        components=tuple(values.get("components", ())),
        concurrency=values.get("concurrency"),
        early_stopping=tuple(stopping) if isinstance(stopping, list) else (),
        node=node,
    )


def _check_schedule(operation: Operation, report: Report) -> None:
    if operation.schedule is not None and operation.node is not None:
        message = f"Move the schedule of `{operation.name}` to the flow: an op of a dag starts with its dag."
        report.add("schedule-nested", message, operation.node.key_span("schedule"), str(operation.name))


DAG: Final = RunKind(
    "dag", "Operations that wait for each other.", _fields, _build, container=None, aliases={"ops": "operations"}
)
