"""Facts about joins: their queries and sorts are judged where they are written."""

from __future__ import annotations

import pytest


def found(built, join):
    text = (
        "name: f\ninputs: [{name: all, isOptional: true}]\njoins:\n"
        f"- params: {{all: {{value: outputs.loss}}}}\n{join}"
        "run: {kind: job, container: {image: a, args: ['{{ all }}']}}\n"
    )
    return [(one.rule, one.span.line, one.span.column, one.suggestion) for one in built(text).findings]


@pytest.mark.parametrize(
    ("join", "expected"),
    [
        ("  query: 'statsu: failed'\n", (5, 11, "status")),
        ("  query: 'status: failed, metric.loss: <3'\n", (5, 27, "metrics.loss")),
        ("  query: status\n", (5, 10, None)),
        ("  query: 'created_at: yesterday'\n", (5, 11, None)),
        ("  query: 'kind: job'\n  sort: '-metrics.loss, startedat'\n", (6, 25, "started_at")),
        ("  query: |\n    kind: job,\n    nope: 3\n", (7, 1, None)),
    ],
)
def test_a_query_that_cannot_be_read_is_found_at_its_part(built, join, expected):
    assert found(built, join) == [("query-invalid", *expected)]


@pytest.mark.parametrize(
    "join",
    [
        "  query: '~status: failed|stopped, metrics.loss: 0.1..0.3'\n  sort: '-metrics.loss, created_at'\n",
        "  query: '{{ globals.name }}'\n",
        "  query: ''\n",
    ],
)
def test_a_query_that_can_be_read_or_is_a_template_is_left_alone(built, join):
    assert found(built, join) == []
