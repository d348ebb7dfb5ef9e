"""What reading and judging a flow file costs, against reading its YAML and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import yaml

from benchmarks.rows import Row, milliseconds
from reconciler.flows.parse import parse
from reconciler.plan.build import build

OPS = 500
MANY = 1_000


def dag(ops: int) -> bytes:
    """A flow of `ops` jobs in a chain, each with a param and a container."""
    head = "version: 1.1\nkind: component\nname: chain\nrun:\n  kind: dag\n  operations:\n"
    return (head + "".join(map(_op, range(ops)))).encode()


def _op(index: int) -> str:
    upstream = f"    dependencies: [op-{index - 1}]\n" if index else ""
    return (
        f"  - name: op-{index}\n{upstream}    params: {{rate: {{value: {index}}}}}\n"
        "    component:\n      inputs: [{name: rate, type: int}]\n      run:\n        kind: job\n"
        '        container: {image: "busybox:1", command: [echo], args: ["{{ rate }}"]}\n'
    )


def shared(ops: int) -> bytes:
    """The same chain with one component for all ops."""
    part = (
        "  components:\n  - name: part\n    inputs: [{name: rate, type: int}]\n    run:\n      kind: job\n"
        '      container: {image: "busybox:1", command: [echo], args: ["{{ rate }}"]}\n'
    )
    head = f"version: 1.1\nkind: component\nname: chain\nrun:\n  kind: dag\n{part}  operations:\n"
    return (head + "".join(map(_shared_op, range(ops)))).encode()


def _shared_op(index: int) -> str:
    upstream = f"    dependencies: [op-{index - 1}]\n" if index else ""
    return f"  - name: op-{index}\n    dagRef: part\n{upstream}    params: {{rate: {{value: {index}}}}}\n"


def _parse(data: bytes) -> None:
    found = parse(data, "chain.yaml")
    assert len(found.flows) == 1, found.findings[:3]
    assert not found.findings, found.findings[:3]


def _build(data: bytes) -> None:
    built = build(parse(data, "chain.yaml").flows[0], {}.get)
    assert built.plan is not None, built.findings[:3]


def _row(name: str, work: Callable[[bytes], None], data: bytes, bar: float) -> Row:
    return Row(
        name=f"validate/{name}-ops",
        unit="ms",
        ours=milliseconds(lambda: work(data)),
        reference=milliseconds(lambda: list(yaml.parse(data, Loader=yaml.CSafeLoader))),
        bar=bar,
        why="The reference is PyYAML's bare events of the same bytes. Reading, checking and keeping every place may "
        "cost a few times that; a factor that grows means that a value is visited again and again.",
    )


ROWS = (
    _row(f"parse-{OPS}", _parse, dag(OPS), bar=3),
    _row(f"parse-inline-{MANY}", _parse, dag(MANY), bar=3),
    _row(f"parse-shared-{MANY}", _parse, shared(MANY), bar=3),
    _row(f"build-inline-{MANY}", _build, dag(MANY), bar=6),
    _row(f"build-shared-{MANY}", _build, shared(MANY), bar=10),
)
