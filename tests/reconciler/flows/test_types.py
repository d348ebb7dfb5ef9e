"""Types of inputs and outputs: conversion, validation, compatibility and arguments."""

from __future__ import annotations

import pytest

from reconciler.flows.durations import seconds
from reconciler.flows.model import IO, Json
from reconciler.flows.types import as_arg, canonical_type, compatible, convert, known_type


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("int", "12", 12),
        ("int", 3.0, 3),
        ("float", 1, 1.0),
        ("float", "1e-3", 0.001),
        ("bool", "yes", True),
        ("bool", 0, False),
        ("str", 1.5, "1.5"),
        ("dict", '{"a": 1}', {"a": 1}),
        ("list", "[1]", [1]),
        ("list[float]", [1, "2"], [1.0, 2.0]),
        ("dict[str, int]", {"a": "1"}, {"a": 1}),
        ("union[int, str]", "x", "x"),
        ("date", "2026-01-31", "2026-01-31"),
        ("timedelta", "PT1H", 3600.0),
        ("uuid", "00000000-0000-0000-0000-000000000001", "0" * 31 + "1"),
        ("git", {"url": "x"}, {"url": "x"}),
        ("str", ["a"], '["a"]'),
        ("int", "true", 1),
        ("int", "1_000", 1000),
        ("bool", 1.0, True),
        ("date", "2026-01-31T00:00:00", "2026-01-31"),
        ("date", 0, "1970-01-01"),
        ("datetime", 1_700_000_000, "2023-11-14T22:13:20"),
        ("uri", "s3://a/b", "s3://a/b"),
        ("gcs", "gs://a/b", "gs://a/b"),
        ("object", [1], [1]),
        (None, [1, "a"], [1, "a"]),
        ("int", None, None),
    ],
)
def test_a_literal_becomes_a_value_of_its_type(kind: str | None, given: Json, value: Json) -> None:
    converted = convert(IO("x", kind if kind is None else canonical_type(kind)), given)

    assert converted == value
    assert type(converted) is type(value)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("int", "1.5"),
        ("int", [1]),
        ("float", "nan"),
        ("bool", "maybe"),
        ("path", 1),
        ("uri", "abc"),
        ("s3", "gs://a/b"),
        ("gcs", "a"),
        ("image", "a b"),
        ("git", {"branch": "a"}),
        ("dockerfile", {"run": ["a"]}),
        ("date", "2026-01-31T08:00:00"),
        ("dict", "[1]"),
        ("date", "31.1.2026"),
        ("email", "nobody"),
        ("uuid", "x"),
        ("list[int]", ["a"]),
        ("int", "9" * 5000),
    ],
)
def test_what_does_not_fit_is_said_in_one_sentence(kind: str, given: Json) -> None:
    with pytest.raises(ValueError, match=r"^`x` takes .+\.$"):
        convert(IO("x", kind), given)


def test_a_list_input_converts_each_item() -> None:
    assert convert(IO("x", "int", is_list=True), ["1", 2]) == [1, 2]


@pytest.mark.parametrize(
    ("validation", "good", "bad"),
    [
        ({"gt": 0}, 1, 0),
        ({"ge": 0, "le": 1}, 1, 2),
        ({"multipleOf": 0.1}, 0.3, 0.35),
        ({"maxDigits": 3}, 123, 1234),
        ({"decimalPlaces": 2}, 1.25, 1.255),
        ({"regex": "^s3://"}, "s3://a", "gs://a"),
        ({"minLength": 2}, "ab", "a"),
        ({"contains": "a"}, "xay", "xy"),
        ({"excludes": "a"}, "xy", "xay"),
        ({"options": [1, 2]}, 2, 3),
        ({"minItems": 2}, [1, 2], [1]),
        ({"maxItems": 1}, [1], [1, 2]),
        ({"keys": ["a"]}, {"a": 1}, {"a": 1, "b": 2}),
        ({"containsKeys": ["a"]}, {"a": 1, "b": 2}, {"b": 1}),
        ({"excludesKeys": ["a"]}, {"b": 1}, {"a": 1}),
        ({"gt": 0}, [1, 2], [1, 0]),
        ({"gt": 0}, 1, "text"),
    ],
)
def test_validation(validation: dict[str, Json], good: Json, bad: Json) -> None:
    io = IO("x", validation=validation)

    assert convert(io, good) == good
    with pytest.raises(ValueError, match=r"^`x` must "):
        convert(io, bad)


@pytest.mark.parametrize(
    ("source", "target", "feeds"),
    [
        ("int", "int", True),
        ("int", "float", True),
        ("float", "int", False),
        ("float", "metric", True),
        ("metric", "float", True),
        ("str", "path", True),
        ("s3", "gcs", True),
        ("str", "int", False),
        ("uri", "str", False),
        (None, "int", True),
        ("int", None, True),
        ("list[int]", "list", True),
        ("bool", "int", False),
    ],
)
def test_which_type_feeds_which(source: str | None, target: str | None, feeds: bool) -> None:
    assert compatible(IO("a", source), IO("b", target)) is feeds


def test_lists_feed_lists_only() -> None:
    assert not compatible(IO("a", "int", is_list=True), IO("b", "int"))
    assert compatible(IO("a", "int", is_list=True), IO("b", "list"))
    assert compatible(IO("a", "int", is_list=True), IO("b", "int", is_list=True))


@pytest.mark.parametrize(
    ("io", "value", "text"),
    [
        (IO("lr"), 0.1, "--lr=0.1"),
        (IO("v", "bool"), True, "--v"),
        (IO("v", "bool"), False, None),
        (IO("lr"), None, None),
        (IO("lr", arg_format="-l {{ lr }}"), 0.1, "-l 0.1"),
        (IO("d", "dict"), {"a": 1}, '--d={"a": 1}'),
        (IO("s", "str"), "x y", "--s=x y"),
    ],
)
def test_how_a_value_reads_as_an_argument(io: IO, value: Json, text: str | None) -> None:
    assert as_arg(io, value) == text


def test_names_of_types() -> None:
    assert known_type("Dict[str, List[int]]")
    assert known_type("any")
    assert not known_type("Dict[str, nope]")
    assert not known_type("foobar")
    assert not known_type("List[" * 100_000)
    assert canonical_type("Optional[int]") == "int"
    assert canonical_type("Dict[str, Any]") == "dict[str, any]"
    assert canonical_type("PositiveInt") == "int"
    assert canonical_type("any") is None


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("PT30M", 1800),
        ("P1DT1H", 90_000),
        ("1 day, 02:00:00", 93_600),
        ("90", 90),
        (1.5, 1.5),
        ("P", None),
        ("soon", None),
    ],
)
def test_durations_are_seconds(text: Json, total: float | None) -> None:
    assert seconds(text) == total
