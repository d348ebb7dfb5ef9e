"""Facts about the JSON Schema for editors: it takes what the reader takes, and refuses what no field is."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from reconciler.flows.parse import parse
from reconciler.flows.schema import schema

CONFORMANCE = Path(__file__).resolve().parents[4] / "shared" / "conformance" / "files"
VALIDATOR = jsonschema.Draft202012Validator(schema())
JOB = {"kind": "component", "name": "a", "run": {"kind": "job", "container": {"image": "i"}}}


def wrong(document):
    return list(VALIDATOR.iter_errors(document))


@pytest.mark.parametrize("kind", [None, "component", "operation"])
def test_each_schema_is_one_of_the_draft(kind):
    jsonschema.Draft202012Validator.check_schema(schema(kind))


def test_the_schema_of_a_component_refuses_an_operation():
    validator = jsonschema.Draft202012Validator(schema("component"))

    assert validator.is_valid(JOB)
    assert not validator.is_valid({**JOB, "kind": "operation"})


def test_a_flow_with_nested_ops_and_templates_is_taken():
    op = {"name": "b", "component": JOB, "params": {"lr": 0.1, "n": {"ref": "dag", "value": "inputs.n"}}}
    dag = {"kind": "dag", "concurrency": "{{ n }}", "operations": [op, {**op, "name": "c", "dependencies": ["b"]}]}

    assert wrong({"version": 1.1, "kind": "component", "name": "flow", "run": dag}) == []


def test_null_counts_as_not_said():
    assert wrong({**JOB, "description": None}) == []


@pytest.mark.parametrize(
    "document",
    [
        {**JOB, "rnu": {}},
        {**JOB, "name": "no spaces allowed"},
        {**JOB, "run": {"kind": "jbo"}},
        {**JOB, "run": {"kind": "job", "contaner": {}}},
        {**JOB, "inputs": [{"type": "int"}]},
        {**JOB, "matrix": {"kind": "grid"}},
        {**JOB, "schedule": {"kind": "cron"}},
        [JOB],
    ],
)
def test_what_no_field_is_is_refused(document):
    assert wrong(document) != []


def test_it_is_plain_json_and_the_same_each_time():
    assert json.dumps(schema()) == json.dumps(json.loads(json.dumps(schema())))


@pytest.mark.skipif(not CONFORMANCE.is_dir(), reason="the conformance files are not here")
def test_every_document_that_the_reader_takes_is_taken():
    refused = []
    for file in sorted(CONFORMANCE.rglob("*.y*ml")):
        data = file.read_bytes()
        if parse(data, "flow.yaml").findings:
            continue
        refused += [file.name for document in yaml.safe_load_all(data) if wrong(document)]

    assert refused == []
