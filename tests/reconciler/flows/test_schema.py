"""Facts about the JSON Schemas for editors: they take what the reader takes, and refuse only what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.commands.schema import written
from reconciler.flows.parse import parse
from reconciler.flows.reader import read_documents
from reconciler.flows.rules import RULES
from reconciler.flows.schema import SCHEMAS, schema
from reconciler.flows.settings import parse_settings
from tests.generated import assert_current

ROOT = Path(__file__).resolve().parents[3]
CONFORMANCE = ROOT.parent / "shared" / "conformance" / "files"
JOB = {"kind": "component", "name": "a", "run": {"kind": "job", "container": {"image": "i"}}}
_BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@cache
def _validator(name: str = "flow") -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema(name))


def _wrong(document: Any, name: str = "flow") -> list[str]:
    """What the schema says against a document, the innermost cause of each."""
    errors = _validator(name).iter_errors(document)
    return [f"{error.json_path}: {jsonschema.exceptions.best_match([error]).message[:200]}" for error in errors]


def _refused(data: bytes) -> list[str]:
    """What the schema says against documents that the reader takes without a word."""
    if parse(data, "flow.yaml").findings:
        return []
    return [line for node in read_documents(data, "flow.yaml")[0] for line in _wrong(node.data())]


@pytest.mark.slow
@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_one_of_the_draft_and_has_an_address(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))

    assert schema(name)["$id"] == f"urn:headgate:schema:{name}"


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_file_of_a_schema_is_current(name: str) -> None:
    assert_current(ROOT / "schemas" / f"{name}.json", written(schema(name)) + "\n")


def test_the_schema_of_a_component_refuses_an_operation() -> None:
    assert _wrong(JOB, "component") == []
    assert _wrong({**JOB, "kind": "operation"}, "component") != []


def test_a_flow_with_nested_ops_and_templates_is_taken() -> None:
    op = {"name": "b", "component": JOB, "params": {"lr": 0.1, "n": {"ref": "dag", "value": "inputs.n"}}}
    dag = {"kind": "dag", "concurrency": "{{ n }}", "operations": [op, {**op, "name": "c", "dependencies": ["b"]}]}

    assert _wrong({"version": 1.1, "kind": "component", "name": "flow", "run": dag}) == []


def test_null_counts_as_not_said() -> None:
    assert _wrong({**JOB, "description": None, "cache": None, "matrix": None}) == []


@pytest.mark.parametrize(
    "document",
    [
        {**JOB, "rnu": {}},
        {**JOB, "name": "no spaces allowed"},
        {**JOB, "run": {"kind": "jbo"}},
        {**JOB, "run": {"kind": "job", "contaner": {}}},
        {**JOB, "inputs": [{"type": "int"}]},
        {**JOB, "matrix": {"kind": "grid"}},
        {**JOB, "matrix": {"kind": "grid", "params": {"lr": {"kind": "range", "value": [1]}}}},
        {**JOB, "schedule": {"kind": "cron"}},
        {**JOB, "params": {"lr": {"value": 1, "contextonly": True}}},
        {**JOB, "termination": {"maxRetries": -1}},
        [JOB],
    ],
)
def test_what_no_field_is_is_refused_by_both(document: Any) -> None:
    assert _wrong(document) != []
    assert parse(json.dumps(document).encode(), "flow.yaml").findings != ()


def test_it_is_plain_json_and_the_same_each_time() -> None:
    assert written(schema("flow")) == written(json.loads(written(schema("flow"))))


def test_settings_may_name_the_rules_that_can_be_lowered_and_no_others() -> None:
    lowerable = {rule.name for rule in RULES.values() if rule.lowerable}

    assert _wrong({"severities": dict.fromkeys(lowerable, "notice")}, "settings") == []
    assert _wrong({"severities": {"yaml-broken": "notice"}}, "settings") != []


def _texts_of_pages() -> Iterator[tuple[str, bytes]]:
    """Every file in the repository and its pages: flows, settings and examples of rules."""
    for file in sorted(file for folder in ("examples", "docs") for file in (ROOT / folder).rglob("*")):
        if file.suffix in (".yaml", ".yml"):
            yield file.name, file.read_bytes()
        elif file.suffix == ".md":
            yield from ((file.name, block.encode()) for block in _BLOCK.findall(file.read_text("utf-8")))


def test_what_pages_and_examples_show_is_taken() -> None:
    texts = list(_texts_of_pages())
    flows = [(name, data) for name, data in texts if b"headgate" not in data[:30]]
    told = [(name, data) for name, data in texts if data.startswith(b"# .headgate.yaml")]

    assert len(flows) > 100
    assert [(name, line) for name, data in flows for line in _refused(data)] == []
    assert told
    for _, data in told:
        if not parse_settings(data)[1]:
            assert _wrong(read_documents(data, "settings")[0][0].data(), "settings") == []


@pytest.mark.skipif(not CONFORMANCE.is_dir(), reason="the conformance files are not here")
def test_every_conformance_file_that_the_reader_takes_is_taken() -> None:
    files = sorted(CONFORMANCE.rglob("*.y*ml"))

    assert files
    assert [(file.name, line) for file in files for line in _refused(file.read_bytes())] == []


_SEEDS = [data for _, data in _texts_of_pages() if not parse(data, "flow.yaml").findings]
_SETTINGS = [data for _, data in _texts_of_pages() if data.startswith(b"# .headgate.yaml")]
_VALUES: list[Any] = [None, "", "a", "{{ a }}", "yes", True, 0, -1, 1.5, [], ["a"], {}, {"kind": "job"}, {"a": 1}]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (holder, key) in a document."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        yield value, key
        yield from _places(item)


def _changed(data: st.DataObject, seeds: list[bytes]) -> Any:
    """A good document with one value replaced, or moved to another key."""
    document = read_documents(data.draw(st.sampled_from(seeds)), "flow.yaml")[0][0].data()
    places = list(_places(document))
    holder, key = data.draw(st.sampled_from(places))
    if isinstance(holder, dict) and data.draw(st.booleans()):
        keys = sorted({str(key) for _, key in places})
        holder[data.draw(st.sampled_from(keys))] = holder.pop(key)
    else:
        holder[key] = data.draw(st.sampled_from(_VALUES))
    return document


@given(st.data())
def test_whatever_the_reader_takes_of_changed_flows_is_taken(data: st.DataObject) -> None:
    document = _changed(data, _SEEDS)

    assert _refused(json.dumps(document).encode()) == []


@given(st.data())
def test_whatever_is_taken_of_changed_settings_is_taken(data: st.DataObject) -> None:
    document = _changed(data, _SETTINGS)

    if not parse_settings(json.dumps(document).encode())[1]:
        assert _wrong(document, "settings") == []
