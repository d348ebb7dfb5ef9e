"""Values that are given with a command are what they look like."""

import pytest

from reconciler.flows.findings import NOWHERE, Finding, Severity
from reconciler.flows.given import mistakes, value_of


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


@pytest.mark.parametrize("severity", Severity)
def test_a_value_for_an_input_that_is_not_there_is_a_mistake_whatever_it_is_in_a_file(severity):
    def undeclared(path):
        return Finding("param-undeclared", severity, "It is not there.", "flows/churn.yaml", NOWHERE, path)

    given, of_file = undeclared("churn.params.rows"), undeclared("churn.ops.train.params.rows")
    found = mistakes([given, of_file], "churn", ["rows"])

    assert found == ([given, of_file] if severity is Severity.ERROR else [given])


def test_a_warning_about_a_given_value_is_none():
    found = Finding("template-unknown-name", Severity.WARNING, "No such name.", "a.yaml", NOWHERE, "churn.params.rows")

    assert mistakes([found], "churn", ["rows"]) == []
