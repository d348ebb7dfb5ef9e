"""Inputs that somebody made to hurt: each is judged within bounds, and what cannot be judged is said on a line.

The inputs stand in benchmarks/hostile.py, and what they cost is measured there; the limits here guard against hangs.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks.hostile import INPUTS, JOB
from reconciler.checks import findings_formats, findings_text
from reconciler.flows.findings import Span
from reconciler.flows.model import Flow
from reconciler.flows.parse import parse
from reconciler.flows.rules import finding
from reconciler.plan.build import build

ROOT = Path(__file__).resolve().parents[2]
_MEMORY = 2 << 30  # bytes of address space
_SECONDS = 60  # of CPU for one input
_LARGE = {
    *("ops-100000", "edges-of-1500-ops", "circle-of-20000-ops", "doubling-components-24", "mapping-of-200000"),
    *("line-of-9-mib", "keys-700000", "params-300000", "unique-templates-50000", "anchors-300000", "comments-of-9-mib"),
    *("near-names", "unknown-keys-100000", "scalar-of-9-mib", "quoted-scalar-of-9-mib", "same-key-500000"),
}
# What is unusual and still means something: nothing is wrong with it.
_FINE = {
    *("grid-of-1000000", "grid-of-1e60", "range-of-1e300", "linspace-of-1e12", "mapping-of-200000", "scalar-of-9-mib"),
    *("quoted-scalar-of-9-mib", "comments-of-9-mib", "template-power", "template-repeat", "cron-of-commas"),
    *("pattern-globs", "queries"),
}


def judged(*names: str) -> list[dict[str, Any]]:
    """What `python -m benchmarks.hostile` says of some inputs, in a process with little memory and time."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.hostile", *names],
        capture_output=True,
        cwd=ROOT,
        preexec_fn=lambda: _limit(len(names)),
    )
    assert done.returncode == 0, done.stderr.decode()[-2_000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def _limit(inputs: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS * inputs, _SECONDS * inputs))


def assert_bounded(found: dict[str, Any]) -> None:
    assert found["told"] or found["name"] in _FINE, found["name"]
    assert all(line >= 1 for _rule, line in found["told"]), found["name"]
    assert len(found["told"]) <= 4_010, found["name"]
    assert found["longest"] <= 10_000, found["name"]


@pytest.mark.slow
def test_small_hostile_inputs_are_bounded() -> None:
    names = [name for name in INPUTS if name not in _LARGE]
    found = judged(*names)

    assert [one["name"] for one in found] == names
    for one in found:
        assert_bounded(one)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", sorted(_LARGE))
def test_a_large_hostile_input_is_bounded(name: str) -> None:
    (found,) = judged(name)

    assert_bounded(found)


def _next_of(path: str) -> bytes:
    """A file that refers to the next one."""
    number = int(path.removesuffix(".yaml").rpartition("/")[2])
    return f"pathRef: ./{number + 1}.yaml\n".encode()


def test_references_without_an_end_are_told() -> None:
    asked: list[str] = []

    def read(path: str) -> bytes | None:
        asked.append(path)
        return _next_of(path) if path.startswith("flows/") else None

    (flow,) = parse(_next_of("flows/0.yaml"), "flows/0.yaml").flows
    found = build(flow, read, start=False).findings

    assert [one.rule for one in found] == ["ref-not-allowed"]
    assert len(asked) < 100


def test_what_is_not_told_any_more_still_counts() -> None:
    """Each op reads the one before it by a template alone: over a thousand notices, and not one edge fewer."""
    count = 1_010
    reads = [f", params: {{x: '{{{{ ops.o{i - 1}.outputs.y }}}}'}}" if i else "" for i in range(count)]
    ops = "".join(f"  - {{name: o{i}, dagRef: c{reads[i]}}}\n" for i in range(count))
    component = f"{{name: c, inputs: [{{name: x, isOptional: true}}], outputs: [{{name: y}}], {JOB.strip()}}}"
    built = build(_flow(f"run:\n  kind: dag\n  operations:\n{ops}  components: [{component}]\n"), lambda _: None)

    assert Counter(found.rule for found in built.findings) == {"edge-implied": 1_000, "findings-too-many": 1}
    assert built.plan is not None
    assert sum(len(op.upstream) for op in built.plan.graph.ops) == count - 1


def _flow(text: str) -> Flow:
    return parse(text.encode(), "flows/f.yaml").flows[0]


@pytest.mark.parametrize(
    "path", ["../../etc/passwd", "/etc/passwd", "a/../../../b.yaml", "..", "\\\\host\\x", "x" * 5_000]
)
def test_a_path_that_leads_out_is_not_read(path: str) -> None:
    asked: list[str] = []

    def read(one: str) -> bytes | None:
        asked.append(one)
        return None

    assert build(_flow(f"pathRef: {json.dumps(path)}\n"), read, start=False).findings
    assert [one for one in asked if one.startswith(("/", "..")) or "/../" in one] == []


_NAMES = ["a\nb", "\x1b[31mred", "::error::x", "a|b", "<script>", "x" * 5_000, "%0A,:", "]]>", "\u202e", "\x00"]


@pytest.mark.parametrize("name", _NAMES, ids=lambda name: ascii(name)[:20])
def test_names_are_inert_in_every_format(name: str) -> None:
    found = [finding("field-unknown", f"Remove `{name}`.", name, Span(1, 1, 1, 2), name)]
    told = findings_text.text(found, {name: b"\x1b[2J: 1\n"}, 1)

    assert not {"\x1b", "\u202e", "\x00"} & set(told)
    assert len([line for line in findings_formats.github(found).splitlines() if line]) == 1
    ElementTree.fromstring(findings_formats.junit(found, [name], {name: b"a: 1\n"}))
    json.loads(json.dumps(findings_formats.sarif(found, "1")))
    json.loads(json.dumps(findings_text.document(found, 1)))
