"""Reading YAML as data with places, within bounds."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.flows.findings import Span
from reconciler.flows.reader import MAX_BYTES, MAX_DEPTH, read_documents
from reconciler.flows.scalars import resolve


def rules(data: bytes) -> list[str]:
    return [found.rule for found in read_documents(data, "f.yaml")[1]]


def data_of(text: str) -> object:
    (node,), _ = read_documents(text.encode(), "f.yaml")
    return node.data()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("~", None),
        ("1e-3", 0.001),
        ("012", 12),
        ("0o14", 12),
        ("0x1F", 31),
        ("-7", -7),
        (".5", 0.5),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2026-01-31", "2026-01-31"),
        ("9" * 401, "9" * 401),
    ],
)
def test_plain_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


def test_quoted_scalars_are_texts() -> None:
    assert data_of("a: '1'\nb: \"true\"\n") == {"a": "1", "b": "true"}


def test_places_count_from_one_and_end_after_the_last_character() -> None:
    (node,), _ = read_documents("name: ä\nrun:\n  kind: job\n".encode(), "f.yaml")

    assert node.key_span("run") == Span(2, 1, 2, 4)
    assert node.at("run", "kind").span == Span(3, 9, 3, 12)
    assert node.at("name").span == Span(1, 7, 1, 8)
    assert node.at("run").span == Span(3, 3, 3, 12)


def test_a_key_said_twice_is_found_at_the_second_place_and_the_last_value_counts() -> None:
    (node,), (found,) = read_documents(b"a: 1\nb: 2\na: 3\n", "f.yaml")

    assert (found.rule, found.span, found.also[0][1]) == ("yaml-duplicate-key", Span(3, 1, 3, 2), Span(1, 1, 1, 2))
    assert node.data() == {"a": 3, "b": 2}


def test_merge_keys_fill_what_the_mapping_does_not_say() -> None:
    assert data_of("x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {<<: [*x, *y], a: 0}\n") == {
        "x": {"a": 1, "b": 1},
        "y": {"b": 2, "c": 2},
        "z": {"a": 0, "b": 1, "c": 2},
    }


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"a: {", "yaml-broken"),
        (b"a: *b", "yaml-broken"),
        (b"a: &a [*a]", "yaml-broken"),
        (b"? [a]\n: 1", "yaml-broken"),
        (b"<<: 3", None),
        (b"a: !!python/object:os.system x", "yaml-tag"),
        (b"a: 012", "yaml-octal"),
        (b"\xff\xfe", "yaml-characters"),
        (b"a: \x00", "yaml-characters"),
        ("a: \u202eb".encode(), "yaml-characters"),
        (b"x" * (MAX_BYTES + 1), "yaml-too-large"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "yaml-too-deep"),
        (b"[" * 100_000, "yaml-too-deep"),
    ],
)
def test_what_is_wrong_with_the_yaml(data: bytes, rule: str | None) -> None:
    assert rules(data) == ([rule] if rule else [])


def test_aliases_that_expand_to_very_much_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]

    assert rules("\n".join(lines).encode()) == ["yaml-too-large"]


def test_aliases_cannot_hide_depth() -> None:
    half = MAX_DEPTH - 10
    text = f"a: &a {'[' * half}{']' * half}\nb: {'[' * half}*a{']' * half}\n"

    assert rules(text.encode()) == ["yaml-too-deep"]


def test_documents_before_a_broken_one_are_kept() -> None:
    documents, findings = read_documents(b"a: 1\n---\nb: {\n", "f.yaml")

    assert [node.data() for node in documents] == [{"a": 1}]
    assert [found.rule for found in findings] == ["yaml-broken"]


@given(st.binary(max_size=300))
def test_no_bytes_raise(data: bytes) -> None:
    read_documents(data, "f.yaml")


_SCALARS = st.none() | st.booleans() | st.integers() | st.text("ab{}: #&*-\n", max_size=8)


def _nested(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", min_size=1), inner)


@given(st.recursive(_SCALARS, _nested))
def test_json_reads_as_itself(value: object) -> None:
    assert data_of(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("a: 1\n\tb: 2\n", "spaces"),
        ("a: b: c\n", "quotes"),
        ("a: @b\n", "cannot begin with `@`"),
        ("a:\n  [b\nc: 1\n", "the list of line 2"),
        ("a: {b: 1\nc: 2\n", "the mapping of line 1"),
        ('a: 1\nb: "x\n', "the quotes of line 2"),
        ('a: 1\nb: "x" y\n', "quotes"),
        ("a:\n- b\nc\n", "the key of line 3"),
        ("a: - b\n", "line of its own"),
        ("a: {{ b }}\n", "Put the template in quotes"),
        ("a: [{{ b }}]\n", "Put the template in quotes"),
    ],
)
def test_what_is_no_yaml_is_told_what_to_do(text, advice):
    (found,) = read_documents(text.encode(), "f.yaml")[1]
    assert (found.rule, advice in found.message, "context" in found.message) == ("yaml-broken", True, False)
