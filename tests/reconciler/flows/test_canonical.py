"""The canonical document of a flow: one spelling for everything, and the same flow when it is read again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from reconciler.flows.canonical import canonical_document, canonical_text
from reconciler.flows.findings import Severity
from reconciler.flows.model import Flow
from reconciler.flows.parse import parse

_ROOT = Path(__file__).resolve().parents[3]
_COLLECTION = Path(os.environ.get("HEADGATE_CONFORMANCE", _ROOT.parent / "shared" / "conformance")) / "files"
_FILES = [
    *sorted((_ROOT / "examples").rglob("*.y*ml")),
    *sorted(file for file in _COLLECTION.rglob("*") if file.is_file()),
]


def good_flows(data: bytes, name: str) -> Iterator[Flow]:
    """The flows of a file without mistakes."""
    parsed = parse(data, name)
    if not any(found.severity is Severity.ERROR for found in parsed.findings):
        yield from parsed.flows


def assert_same_again(flow: Flow) -> None:
    text = canonical_text(flow)
    parsed = parse(text.encode(), flow.file)

    assert [found.message for found in parsed.findings if found.severity is Severity.ERROR] == [], text
    assert [replace(again, document=flow.document) for again in parsed.flows] == [flow], text
    assert canonical_text(parsed.flows[0]) == text


@pytest.mark.parametrize("file", _FILES, ids=lambda file: str(file)[-70:])
def test_a_file_reads_as_the_same_flows_from_its_canonical_form(file: Path) -> None:
    for flow in good_flows(file.read_bytes(), file.name):
        assert_same_again(flow)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        (
            "ops: [{name: a, dagRef: b}]\ncomponents: [{name: b, run: {kind: job, serviceAccount: s}}]\n",
            {
                "run": {
                    "kind": "dag",
                    "operations": [{"name": "a", "dagRef": "b"}],
                    "components": [{"name": "b", "run": {"kind": "job"}}],
                }
            },
        ),
        (
            "container: {image: i}\nresources: {cpu: 1..2}\nenv: {A: b}\n",
            {
                "run": {
                    "kind": "job",
                    "container": {
                        "image": "i",
                        "env": [{"name": "A", "value": "b"}],
                        "resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "2"}},
                    },
                }
            },
        ),
        (
            "kind: operation\nhubRef: h\nparams: {lr: 0.1}\nenvironment: {serviceAccount: s}\ntags: a, b\n",
            {
                "hubRef": "h",
                "params": {"lr": {"value": 0.1}},
                "tags": ["a", "b"],
                "runPatch": {"environment": {"serviceAccountName": "s"}},
            },
        ),
        (
            "kind: operation\nhubRef: h\ncmd: make\nresources: {cpu: 1}\nrunPatch: {container: {image: i}}\n",
            {
                "hubRef": "h",
                "cmd": "make",
                "resources": {"cpu": "1"},
                "runPatch": {"container": {"image": "i"}},
            },
        ),
        (
            "inputs: [{name: a, type: integer, value: '3', options: [3]}]\nrun: {kind: job, container: {image: i}}\n",
            {
                "inputs": [{"name": "a", "type": "int", "validation": {"options": [3]}, "value": 3}],
                "run": {"kind": "job", "container": {"image": "i"}},
            },
        ),
    ],
    ids=["root dag", "shortcuts", "patch", "beside a patch", "input"],
)
def test_dialects_and_shortcuts_have_one_form(written: str, canonical: dict[str, object]) -> None:
    document = canonical_document(parse(written.encode(), "flow.yaml").flows[0])
    document = {key: value for key, value in document.items() if key not in ("version", "kind", "name")}

    assert document == canonical


@pytest.mark.parametrize(
    "written",
    [
        "kind: component\ncomponent: {name: b, hubRef: h}\n",
        "kind: component\ncomponent: {name: b, hubRef: h, run: {kind: job, container: {image: i}}}\n",
        "kind: component\npathRef: ./a.yaml\nmatrix: {kind: grid, params: {}}\n",
        "isPreset: true\nqueue: q\ntermination: {}\ncache: {io: []}\nenvironment: {nodeName: n}\n",
        "run: {kind: job, container: {image: i}}\ntags: [x]\nparams: {}\nrunPatch: {}\nplugins: {}\n",
        "run: {kind: dag, operations: [{name: a, dagRef: b}], components: [{name: b, params: {}, hubRef: h}]}\n",
        "matrix: {kind: mapping, values: []}\nrun: {kind: job, container: {image: i}}\n",
    ],
)
def test_what_says_nothing_is_no_difference(written: str) -> None:
    (flow,) = good_flows(written.encode(), "flow.yaml")

    assert_same_again(flow)


def test_a_canonical_document_is_plain_yaml_of_any_version() -> None:
    (flow,) = good_flows(b"run: {kind: job, container: {image: i, args: ['1e3', 'no', '012', 'a\\nb']}}\n", "flow.yaml")

    assert yaml.safe_load(canonical_text(flow)) == canonical_document(flow)
