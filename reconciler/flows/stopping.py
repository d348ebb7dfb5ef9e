"""`earlyStopping:` of dags and searches: what ends them before all their children ran."""

from __future__ import annotations

from typing import Any, Final

from reconciler.flows.composite import Listing, Record, section
from reconciler.flows.model import EarlyStopping
from reconciler.flows.nodes import Node
from reconciler.flows.report import Report
from reconciler.flows.shapes import BAD, FLAG, NUMBER, TEXT, WHOLE, Words, described, reject

_POLICIES: Final = {
    "median": section({"kind": TEXT, "evaluationInterval": WHOLE, "minInterval": WHOLE, "minSamples": WHOLE}),
    "diff": section(
        {
            "kind": TEXT,
            "percent": NUMBER,
            "evaluationInterval": WHOLE,
            "minInterval": WHOLE,
            "minSamples": WHOLE,
        },
        required=("percent", "evaluationInterval"),
    ),
    "truncation": section(
        {
            "kind": TEXT,
            "percent": NUMBER,
            "evaluationInterval": WHOLE,
            "minInterval": WHOLE,
            "minSamples": WHOLE,
            "includeSucceeded": FLAG,
        },
        required=("percent", "evaluationInterval"),
    ),
}


class _ByKind:
    """A mapping whose `kind` says which fields it has."""

    takes = "a mapping"

    def __init__(self, records: dict[str, Record]) -> None:
        self.records = records

    def read(self, node: Node, path: str, report: Report) -> Any:
        if not isinstance(node.value, dict):
            return reject(node, path, report, self.takes)
        kind = node.get("kind")
        if kind is None:
            report.add("field-missing", f"Add `kind: {next(iter(self.records))}`.", node.span, path)
            return BAD
        record = self.records.get(kind.value) if type(kind.value) is str else None
        if record is None:
            suggestion = report.near(str(kind.value), self.records)
            message = f"Use one of the kinds {', '.join(self.records)}, not {described(kind)}."
            report.add("kind-unknown", message, kind.span, path, suggestion=suggestion)
            return BAD
        values = record.read(node, path, report)
        return self.build(values, node)

    def build(self, values: Any, node: Node) -> Any:
        return values


class _Stopping(_ByKind):
    def build(self, values: Any, node: Node) -> Any:
        optimization = values.get("optimization")
        return EarlyStopping(
            kind=values["kind"],
            metric=values.get("metric"),
            value=values.get("value"),
            optimization=optimization,
            percent=values.get("percent"),
            policy=values.get("policy"),
            node=node,
        )


EARLY_STOPPING: Final = Listing(
    _Stopping(
        {
            "metric_early_stopping": section(
                {
                    "kind": TEXT,
                    "metric": TEXT,
                    "value": NUMBER,
                    "optimization": Words("maximize", "minimize"),
                    "policy": _ByKind(_POLICIES),
                },
                required=("metric", "value", "optimization"),
            ),
            "failure_early_stopping": section({"kind": TEXT, "percent": NUMBER}, required=("percent",)),
        }
    ),
    templated=False,
)
