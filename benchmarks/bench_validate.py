"""What reading a flow file costs, against reading its YAML and nothing else."""

from __future__ import annotations

import yaml

from benchmarks.rows import Row, milliseconds
from reconciler.flows.parse import parse

OPS = 500


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


DATA = dag(OPS)


def _parse() -> None:
    found = parse(DATA, "chain.yaml")
    assert len(found.flows) == 1, found.findings[:3]
    assert not found.findings, found.findings[:3]


ROWS = (
    Row(
        name=f"validate/parse-{OPS}-ops",
        unit="ms",
        ours=milliseconds(_parse),
        reference=milliseconds(lambda: list(yaml.parse(DATA, Loader=yaml.CSafeLoader))),
        bar=5,
        why="The reference is PyYAML's bare events of the same bytes. Reading, checking and keeping every place may "
        "cost a few times that; a factor that grows means that a value is visited again and again.",
    ),
)
