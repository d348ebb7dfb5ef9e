"""The table of run kinds: one row each. Reading a run section means finding its row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reconciler.flows.kinds.dag import DAG
from reconciler.flows.kinds.job import CLEANER, JOB, NOTIFIER, TUNER
from reconciler.flows.kinds.kind import Parts, RunKind
from reconciler.flows.kinds.service import SERVICE
from reconciler.flows.model import Run
from reconciler.flows.nodes import Node
from reconciler.flows.shapes import ANYTHING, BAD, TEXT, Record, Report, described, reject

KINDS: Final[Mapping[str, RunKind]] = {kind.name: kind for kind in (JOB, SERVICE, DAG, NOTIFIER, CLEANER, TUNER)}
RUNNABLE: Final = tuple(name for name, kind in KINDS.items() if kind.runs)
UNSUPPORTED: Final = [
    "tfjob",
    "pytorchjob",
    "mpijob",
    "raycluster",
    "daskcluster",
    "rayjob",
    "daskjob",
    "xgbjob",
    "paddlejob",
    "mxjob",
    "sparkjob",
    "jaxjob",
]


class RunShape:
    """A run section; its `kind` says which fields it has."""

    takes = "a mapping"

    def __init__(self, parts: Parts) -> None:
        self.records = {
            kind.name: Record({"kind": TEXT, **kind.fields(parts)}, aliases=kind.aliases, templated=False)
            for kind in KINDS.values()
        }

    def read(self, node: Node, path: str, report: Report) -> Any:
        if not isinstance(node.value, dict):
            return reject(node, path, report, self.takes)
        kind = node.get("kind")
        if kind is None:
            report.add("field-missing", f"Add the `kind` of the run: {', '.join(RUNNABLE)}.", node.span, path)
            return BAD
        row = KINDS.get(kind.value) if type(kind.value) is str else None
        if row is None:
            return _reject_kind(node, kind, path, report)
        return self.read_as(row.name, node, path, report)

    def read_as(self, kind: str, node: Node, path: str, report: Report) -> Run:
        """Read the section as one of a kind of the table, whatever it says itself."""
        values = self.records[kind].read(node, path, report)
        return KINDS[kind].build(kind, values, node, path, report)


def _reject_kind(node: Node, kind: Node, path: str, report: Report) -> Any:
    names = ", ".join(RUNNABLE)
    if kind.value in UNSUPPORTED:
        message = f"Use one of {names}: `{kind.value}` cannot be run yet."
        report.add("kind-unsupported", message, kind.span, path)
        return Run(kind=kind.value, data=_plain(node), node=node)
    suggestion = report.near(str(kind.value), (*KINDS, *UNSUPPORTED))
    message = f"Use one of the kinds {names}, not {described(kind)}."
    report.add("kind-unknown", message, kind.span, path, suggestion=suggestion)
    return BAD


def _plain(node: Node) -> dict[str, Any]:
    return {key: value for key, value in node.data().items() if key != "kind"}


_REPLICA_FIELDS: Final = [
    "chief",
    "ps",
    "worker",
    "evaluator",
    "master",
    "launcher",
    "head",
    "workers",
    "scheduler",
    "server",
    "job",
    "tuner",
    "cleanPodPolicy",
    "schedulingPolicy",
    "elasticPolicy",
    "nProcPerNode",
    "slotsPerWorker",
    "enableDynamicWorker",
    "successPolicy",
    "entrypoint",
    "runtimeEnv",
    "metadata",
    "rayVersion",
    "minReplicas",
    "maxReplicas",
    "rayStartParams",
]


def patch_shape(parts: Parts) -> Record:
    """A `runPatch`: fields of any kind of run, since the kind it meets may be written elsewhere."""
    fields = {name: shape for kind in (DAG, SERVICE, JOB) for name, shape in kind.fields(parts).items()}
    fields.pop("operations")
    fields.pop("components")
    others = dict.fromkeys(_REPLICA_FIELDS, ANYTHING)
    return Record({"kind": TEXT, **others, **fields}, templated=False)


_FIELD_NAMES: Final = {kind.name: frozenset(kind.fields(Parts(ANYTHING, ANYTHING))) for kind in KINDS.values()}


def takes_shortcut(kind: str, name: str) -> bool:
    """Whether a root shortcut means something for a kind: it has the field, or the container it belongs to."""
    names = _FIELD_NAMES[kind]
    return name in names or (name in ("cmd", "env", "resources") and "container" in names)
