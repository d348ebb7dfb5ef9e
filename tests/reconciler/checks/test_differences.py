"""What differs between two values, in words."""

from __future__ import annotations

import pytest

from reconciler.checks.differences import reasons
from reconciler.plan.diff import Change

LONG = "x" * 100


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (0.1, 0.2, ["v: 0.1 → 0.2"]),
        (None, "gpu", ["v: gpu (new)"]),
        ("gpu", None, ["v: gpu (gone)"]),
        ("", "a", ['v: "" → a']),
        (True, 1, ["v: true → 1"]),
        (["a"], ["b"], ['v: ["a"] → ["b"]']),
        ({"name": "lr", "value": 1}, {"name": "lr", "value": 2}, ["v.value: 1 → 2"]),
        ({"a": {"b": 1, "c": LONG}}, {"a": {"b": 2, "d": 3, "c": LONG}}, ["v.a.b: 1 → 2", "v.a.d: 3 (new)"]),
        ({"a": 1}, {}, ["v.a: 1 (gone)"]),
        ([{"name": "A", "value": LONG}, {"name": "B", "value": 1}],
         [{"name": "B", "value": 2}, {"name": "A", "value": LONG}], ["v[B].value: 1 → 2"]),
        ([LONG, "a", "c"], [LONG, "b", "c"], ["v[1]: a → b"]),
        ([LONG, "c"], [LONG, "b", "c"], ["v[1]: b (new)"]),
        ([LONG, "b", "c"], [LONG, "c"], ["v[1]: b (gone)"]),
        ([LONG, "a", "b", "z"], [LONG, "c", "z"], ['v: ["a", "b"] → ["c"]']),
    ],
)  # fmt: skip
def test_only_what_differs_is_shown(old, new, said):
    assert reasons(Change("v", old, new)) == said


def test_long_texts_are_shown_where_they_differ():
    one, other = f"{LONG} and six, {LONG}", f"{LONG} and seven, {LONG}"
    (said,) = reasons(Change("args", one, other))
    before, after = said.removeprefix("args: ").split(" → ")

    assert "six" in before
    assert "seven" in after
    assert before[0] == after[0] == before[-1] == after[-1] == "…"
    assert max(len(before), len(after)) <= 80


def test_a_text_that_only_grew_shows_what_came():
    assert reasons(Change("args", LONG, f"{LONG} --fast")) == [f"args: …{'x' * 24} → …{'x' * 24} --fast"]


def test_bytes_of_resources_have_their_unit():
    change = Change("resources", {"limits": {"memory": "2147483648", "cpu": "2048"}}, {"limits": {"memory": "1536"}})

    assert reasons(change) == ["resources.limits.memory: 2Gi → 1536", "resources.limits.cpu: 2048 (gone)"]


def test_many_differences_are_counted():
    said = reasons(Change("params", {f"p{n}": 0 for n in range(50)}, {f"p{n}": 1 for n in range(50)}))

    assert said[-1] == "params: … 44 more differences"
    assert len(said) == 7


def test_no_control_character_of_a_value_is_printed():
    assert reasons(Change("a\x1b[31m", "b\x1b[31m\n", None)) == ["a: b (gone)"]
