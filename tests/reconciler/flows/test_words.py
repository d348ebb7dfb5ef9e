"""Every field of the language has its words, every example and default can stand where it is shown."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from reconciler.flows import documents, settings
from reconciler.flows.composite import Record
from reconciler.flows.kinds.table import KINDS
from reconciler.flows.matrix.space import SPACES, space_value
from reconciler.flows.matrix.table import MATRICES
from reconciler.flows.reader import read_documents
from reconciler.flows.report import Report
from reconciler.flows.schema import SCHEMAS, schema
from reconciler.flows.schema_walk import Walk
from reconciler.flows.words.table import PLACES, WORDS
from reconciler.flows.words.word import NOTHING, Word


def _records() -> dict[str, Record]:
    walk = Walk()
    walk.of(documents.DOCUMENT, "document")
    walk.of(settings.SETTINGS, "repository")
    return walk.records


_RECORDS = _records()
_SCHEMA = {"$defs": {key: one for name in SCHEMAS for key, one in schema(name)["$defs"].items()}}


def _word(name: str, field: str) -> Word:
    section = WORDS.get(name)
    assert section is not None, f"say what `{name}` is for in reconciler/flows/words"
    assert field in section.fields, f"describe `{field}` of `{name}` in reconciler/flows/words"
    return section.fields[field]


def _findings(record: Record, field: str, value: Any) -> list[str]:
    node = read_documents(json.dumps(value).encode(), "example.yaml")[0][0]
    report = Report("example.yaml")
    record.fields[field].read(node, field, report)
    return [found.message for found in report.findings]


@pytest.mark.parametrize("name", _RECORDS)
def test_every_field_is_described_in_sentences(name: str) -> None:
    for field in _RECORDS[name].fields:
        meaning = _word(name, field).meaning

        assert meaning[0].isupper() or meaning.startswith("`"), field
        assert meaning.endswith("."), field


@pytest.mark.parametrize("name", _RECORDS)
def test_the_example_and_the_default_of_a_field_can_stand_there(name: str) -> None:
    for field in _RECORDS[name].fields:
        word = _word(name, field)
        validator = jsonschema.Draft202012Validator({**_SCHEMA, "$ref": f"#/$defs/{name}/properties/{field}"})
        for value in (word.example, *word.others, *([] if word.default is NOTHING else [word.default])):
            assert [error.message for error in validator.iter_errors(value)] == [], field
            assert _findings(_RECORDS[name], field, value) == [], field


def test_there_are_no_words_on_fields_that_do_not_exist() -> None:
    spoken = {(name, field) for name, section in WORDS.items() for field in section.fields}

    fields = {(name, field) for name, record in _RECORDS.items() for field in record.fields}
    assert spoken - fields == {(name, field) for name in (*SPACES, "searchParam") for field in ("kind", "value")}


def test_no_place_is_named_that_does_not_exist() -> None:
    assert set(PLACES.values()) <= set(_RECORDS)


@pytest.mark.parametrize("space", SPACES)
def test_the_example_of_a_space_is_one(space: str) -> None:
    assert space_value(SPACES[space], WORDS[space].fields["value"].example)


@pytest.mark.parametrize("name", [*KINDS, *MATRICES])
def test_the_words_on_a_kind_name_it(name: str) -> None:
    assert WORDS[name].fields["kind"].example == name


def test_a_description_stands_on_every_definition() -> None:
    assert [name for name, one in _SCHEMA["$defs"].items() if not one.get("description")] == []
