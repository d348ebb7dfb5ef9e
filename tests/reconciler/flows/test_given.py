"""Values that are given with a command are what they look like."""

import pytest

from reconciler.flows.given import value_of


@pytest.mark.parametrize(
    ("text", "value"),
    [("0.1", 0.1), ("3", 3), ("true", True), ("no", "no"), ("", ""), ("[1, 2]", [1, 2]), ("two words", "two words")],
)
def test_a_value_is_read_as_yaml(text, value):
    assert value_of(text) == value


@pytest.mark.parametrize("text", ["[", "a: b: c", "--- 1\n--- 2", "\ud800"])
def test_what_is_no_single_value_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        value_of(text)
