"""The table of run kinds: one row each. Reading a run section means finding its row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from reconciler.flows.composite import Record, section
from reconciler.flows.kinds.dag import DAG
from reconciler.flows.kinds.dask import DASK
from reconciler.flows.kinds.job import CLEANER, JOB, NOTIFIER, TUNER
from reconciler.flows.kinds.kind import Parts, RunKind
from reconciler.flows.kinds.kubeflow import KUBEFLOW
from reconciler.flows.kinds.ray import RAY
from reconciler.flows.kinds.service import SERVICE
from reconciler.flows.kinds.spark import SPARKJOB
from reconciler.flows.model import Json, Run
from reconciler.flows.nodes import Node
from reconciler.flows.report import Report
from reconciler.flows.shapes import ANYTHING, BAD, TEXT, Shape, described, reject

KINDS: Final[Mapping[str, RunKind]] = {
    kind.name: kind for kind in (JOB, SERVICE, DAG, *KUBEFLOW, *RAY, *DASK, SPARKJOB, NOTIFIER, CLEANER, TUNER)
}
RUNNABLE: Final = tuple(name for name, kind in KINDS.items() if kind.runs)
_GIVEN: Final = {  # kinds of runs that no file asks for
    "builder": "a `build` makes such runs",
    "matrix": "write `matrix` beside `run`",
    "schedule": "write `schedule` beside `run`",
    "watchdog": "such runs are not part of a flow",
}
_FIELD_NAMES: Final = {
    kind.name: frozenset(("kind", *kind.fields(Parts(ANYTHING, ANYTHING)))) for kind in KINDS.values()
}


class RunShape:
    """A run section; its `kind` says which fields it has. One without is a patch of a run that is kept elsewhere."""

    takes = "a mapping"

    def __init__(self, parts: Parts) -> None:
        self.records = {
            kind.name: section({"kind": TEXT, **kind.fields(parts)}, aliases=kind.aliases, templated=False)
            for kind in KINDS.values()
        }
        self._patch = patch_shape(parts)

    def read(self, node: Node, path: str, report: Report) -> Any:
        if type(node.outline) is not dict:
            return reject(node, path, report, self.takes)
        kind = node.get("kind")
        if kind is None:
            return self._without_kind(node, path, report)
        row = KINDS.get(kind.value) if type(kind.value) is str else None
        if row is None:
            return _reject_kind(kind, path, report)
        return self.read_as(row.name, node, path, report)

    def read_as(self, kind: str, node: Node, path: str, report: Report) -> Run:
        """Read the section as one of a kind of the table, whatever it says itself."""
        values = self.records[kind].read(node, path, report)
        return KINDS[kind].build(kind, values, node, path, report)

    def _without_kind(self, node: Node, path: str, report: Report) -> Any:
        """A run of no kind, for whoever knows whether a reference brings one."""
        if not node.value or any(key not in self._patch.fields for key in node.value):
            report_no_kind(node, path, report)
            return BAD
        return Run(kind="", data=self._patch.read(node, path, report), node=node)


def report_no_kind(node: Node, path: str, report: Report) -> None:
    """Report a run section that does not say its kind."""
    report.add("field-missing", f"Add the `kind` of the run: {', '.join(RUNNABLE)}.", node.span, path)


def _reject_kind(kind: Node, path: str, report: Report) -> Any:
    given = _GIVEN.get(kind.value) if type(kind.value) is str else None
    suggestion = None if given else report.near(str(kind.value), KINDS)
    message = f"Use one of the kinds {', '.join(KINDS)}, not {described(kind)}{f': {given}' if given else ''}."
    report.add("kind-unknown", message, kind.span, path, suggestion=suggestion)
    return BAD


def patch_shape(parts: Parts) -> Record:
    """A `runPatch`: fields of any kind of run and of any replica, since the kind it meets may be written elsewhere."""
    fields: dict[str, Shape] = {"kind": TEXT}
    for row in KINDS.values():
        of_replica = row.replica.fields if row.replica is not None else {}
        for name, shape in (*row.fields(parts).items(), *of_replica.items()):
            if name not in ("operations", "components"):
                fields.setdefault(name, shape)
    return section(fields, templated=False)


def takes_field(kind: str, name: str) -> bool:
    """Whether a patch may say `name` of a run of this kind: it, or each of its replicas, has such a field."""
    return name in patch_fields(kind)


def patch_fields(kind: str) -> frozenset[str]:
    """What a patch may say of a run of this kind; what has a container has the shortcuts of containers too."""
    replica = KINDS[kind].replica
    names = _FIELD_NAMES[kind] | (replica.fields.keys() if replica is not None else set())
    return names | {"cmd", "env", "resources"} if "container" in names else names


def own_field(kind: str, name: str) -> bool:
    """Whether the run section of a kind has the field itself."""
    return name in _FIELD_NAMES[kind]


def replicas_of(kind: str, data: Mapping[str, Json]) -> Iterator[tuple[tuple[str, ...], Json]]:
    """The replicas in the data of a run of this kind, each with the keys that lead to it."""
    row = KINDS[kind]
    yield from (((name,), data[name]) for name in row.replicas if name in data)
    for group in row.groups:
        workers = data.get(group)
        if isinstance(workers, Mapping):
            yield from (((group, name), worker) for name, worker in workers.items())


def with_replicas(
    kind: str, data: Mapping[str, Json], change: Callable[[dict[str, Json]], dict[str, Json]]
) -> dict[str, Json]:
    """The data of a run of this kind with each replica changed; those that are templates stay."""
    row = KINDS[kind]
    changed = {name: _changed(data[name], change) for name in row.replicas if name in data}
    for group in row.groups:
        if isinstance(data.get(group), dict):
            changed[group] = {name: _changed(replica, change) for name, replica in data[group].items()}
    return {**data, **changed}


def _changed(replica: Json, change: Callable[[dict[str, Json]], dict[str, Json]]) -> Json:
    return change(replica) if isinstance(replica, dict) else replica
