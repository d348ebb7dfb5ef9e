"""What a kind of run declares about itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.flows.composite import Record, Table
from reconciler.flows.model import Run
from reconciler.flows.nodes import Node
from reconciler.flows.report import Report
from reconciler.flows.shapes import Shape


@dataclass(frozen=True, slots=True)
class Parts:
    """The shapes of operations and components, for kinds that hold some."""

    operation: Shape
    component: Shape


def plain_run(kind: str, values: Mapping[str, Any], node: Node, _path: str, _report: Report) -> Run:
    """The run of a kind whose fields are plain data."""
    return Run(kind=kind, data={key: value for key, value in values.items() if key != "kind"}, node=node)


@dataclass(frozen=True, slots=True)
class RunKind:
    """One kind of run: its fields (given the shapes of operations and components) and the value they become.

    `summary` says in one sentence what it is for. `container` is the path from the run section to the main container,
    None where it has none. Distributed kinds have their pods in replicas, each of the shape `replica`, under the
    fields `replicas`, and by name under the fields `groups`. Kinds that nothing `runs` yet can be written, and a run
    that would need one is refused at its start.
    """

    name: str
    summary: str
    fields: Callable[[Parts], Mapping[str, Shape]]
    build: Callable[[str, Mapping[str, Any], Node, str, Report], Run] = field(default=plain_run)
    container: str | None = "container"
    aliases: Mapping[str, str] = field(default_factory=dict)
    runs: bool = True
    replica: Record | None = None
    replicas: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


def distributed(
    name: str,
    summary: str,
    fields: Mapping[str, Shape],
    replica: Record,
    replicas: tuple[str, ...],
    groups: tuple[str, ...] = (),
) -> RunKind:
    """The row of a distributed kind, which nothing runs yet; `fields` are those beside its replicas."""
    shapes = {
        **fields,
        **dict.fromkeys(replicas, replica),
        **dict.fromkeys(groups, Table(replica, templated=False)),
    }
    return RunKind(
        name,
        summary,
        lambda _parts: shapes,
        container=None,
        runs=False,
        replica=replica,
        replicas=replicas,
        groups=groups,
    )
