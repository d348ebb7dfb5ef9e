"""Plain data as YAML: what is written reads as the same data, here and in older YAML."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.flows.reader import read_documents
from reconciler.flows.writing import yaml_text

_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=30)
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXTS


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys = _TEXTS.filter(lambda key: key != "<<")
    return st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4)


_DATA = st.recursive(_SCALARS, _nested, max_leaves=20)


def read(text: str) -> Any:
    (node,), findings = read_documents(text.encode(), "f.yaml")
    assert findings == ()
    return node.data()


@given(_DATA)
def test_what_is_written_reads_as_itself(data: Any) -> None:
    assert read(yaml_text(data)) == data


@given(_DATA)
def test_older_yaml_reads_the_same(data: Any) -> None:
    assert yaml.safe_load(yaml_text(data)) == data


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("no", '"no"'),
        ("12:30", '"12:30"'),
        ("2026-01-01", '"2026-01-01"'),
        ("1e3", '"1e3"'),
        ("org/image:tag", '"org/image:tag"'),
        ("busybox", "busybox"),
        ("echo hello", "echo hello"),
        (1e-05, "1.0e-05"),
        (float("inf"), ".inf"),
        ("\u202e", '"\\u202e"'),
        ([], "[]"),
        ({}, "{}"),
        (None, "null"),
    ],
)
def test_how_a_value_is_written(value: Any, written: str) -> None:
    assert yaml_text(value) == f"{written}\n"


def test_lines_of_a_text_stand_as_they_are() -> None:
    assert yaml_text({"cmd": "set -e\n\n  make\n"}) == "cmd: |\n  set -e\n\n    make\n"


@pytest.mark.parametrize("key", ["x" * 2_000, "a\nb", "- a", "", "<", "{{ x }}"])
def test_any_text_can_be_a_key(key: str) -> None:
    assert read(yaml_text({"outer": {key: [{key: {"inner": 1}}]}})) == {"outer": {key: [{key: {"inner": 1}}]}}


def test_a_number_of_very_many_digits_stays_a_number() -> None:
    assert read(yaml_text({"a": 16**390})) == {"a": 16**390}
