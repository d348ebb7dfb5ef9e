"""Flows of any number of ops to measure on: params of several types, edges, and templates in args and environment.

Both forms are plain Polyaxonfiles that Polyaxon 2.18 takes too, so that the two are measured on the same bytes.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

GROUP = 10  # ops: a loader, and those that read what it put out

_HEAD = """\
version: 1.1
kind: component
name: generated
inputs:
- {name: bucket, type: str, value: data}
- {name: rate, type: float, value: 0.01}
run:
  kind: dag
"""

_COMPONENT = """\
inputs:
- {name: rate, type: float, value: 0.1}
- {name: epochs, type: int, value: 10}
- {name: bucket, type: str, value: data}
- {name: shuffle, type: bool, value: true}
- {name: layers, type: list, value: [64, 32]}
- {name: rows, type: int, value: 0}
outputs:
- {name: count, type: int}
run:
  kind: job
  environment: {labels: {team: vision}}
  container:
    image: train:1.4.2
    command: [python, train.py]
    args: ["--rate={{ rate }}", "--epochs={{ epochs }}", "--rows={{ rows }}", "{{ params.bucket.as_arg }}"]
    env:
    - {name: SHUFFLE, value: "{{ shuffle }}"}
    - {name: OUT, value: "{{ globals.run_outputs_path }}/model"}
    resources: {requests: {cpu: "1", memory: 2Gi}}
"""


def inline(ops: int) -> bytes:
    """A dag whose every op has a component of its own."""
    parts = [_HEAD, "  operations:\n"]
    for index in range(ops):
        parts += [_op(index), "    component:\n", _shifted(_COMPONENT, 6)]
    return "".join(parts).encode()


def shared(ops: int) -> bytes:
    """The same dag with one component for all ops."""
    parts = [_HEAD, "  components:\n  - name: train\n", _shifted(_COMPONENT, 4), "  operations:\n"]
    for index in range(ops):
        parts += [_op(index), "    dagRef: train\n"]
    return "".join(parts).encode()


def job() -> bytes:
    """A flow of one job, the smallest thing that people judge."""
    return f"version: 1.1\nkind: component\nname: one\n{_COMPONENT}".encode()


def _op(index: int) -> str:
    """Within a group all ops read the first one's rows, and each waits for the one before it."""
    first = index - index % GROUP
    lines = [f"  - name: op-{index}"]
    if index:
        lines.append(f"    dependencies: [op-{index - 1}]")
    lines += ["    params:", f"      rate: {{value: 0.{index % 9 + 1}}}", f"      epochs: {{value: {index % 50 + 1}}}"]
    lines.append("      bucket: {ref: dag, value: inputs.bucket}")
    if index % 3 == 0:
        lines.append("      layers: {value: [128, 64, 32]}")
    if index != first:
        lines.append(f"      rows: {{ref: ops.op-{first}, value: outputs.count}}")
    return "\n".join(lines) + "\n"


def _shifted(text: str, columns: int) -> str:
    return "".join(" " * columns + line for line in text.splitlines(keepends=True))


@cache
def written(form: str, ops: int) -> Path:
    """The file `inline` or `shared` of that many ops, or `job`, in a folder that lasts as long as the process."""
    data = job() if form == "job" else {"inline": inline, "shared": shared}[form](ops)
    file = Path(folder(), f"{form}-{ops}.yaml")
    file.write_bytes(data)
    return file


def folder() -> str:
    """A folder that lasts as long as the process."""
    return _folder().name


@cache
def _folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="headgate-bench-")
