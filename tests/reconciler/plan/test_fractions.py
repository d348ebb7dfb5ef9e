"""Facts about searched params that give fractions for whole numbers."""

from __future__ import annotations

import pytest

from reconciler.flows.matrix.space import SPACES, space_value
from reconciler.flows.model import SearchParam
from reconciler.plan.fractions import first_fraction

SWEEP = """\
kind: operation
name: tune
matrix: {{kind: random, numRuns: 3, params: {{n: {{kind: {kind}, value: {value}}}}}}}
component:
  inputs: [{{name: n, type: {type}}}]
  run: {{kind: job, container: {{image: a, args: ["{{{{ n }}}}"]}}}}
"""


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("range", [1, 5, 1], None),
        ("range", [1, 5, 0.5], "1.5"),
        ("range", [0.5, 5, 1], "0.5"),
        ("range", "1:5:2", None),
        ("linspace", [0, 10, 11], None),
        ("linspace", [0, 10, 4], "3.33333"),
        ("linspace", [3, 4, 1], None),
        ("geomspace", [1, 1000, 4], None),
        ("geomspace", [1, 10, 3], "3.16228"),
        ("logspace", [0, 3, 4], None),
        ("logspace", [0, 3, 4, 2], None),
        ("logspace", [-1, 1, 3], "0.1"),
        ("uniform", [0, 10], "fractions"),
        ("quniform", [0, 10, 2], None),
        ("quniform", [0, 10, 0.5], "fractions"),
        ("normal", [0, 1], "fractions"),
        ("choice", [1.5], None),
        ("range", "{{ r }}", None),
        ("range", [0, float("inf"), 1], None),
        ("logspace", [0, 99, 3, 1e300], "inf"),
    ],
)
def test_the_first_fraction_of_a_space_is_found(kind, value, expected):
    found = first_fraction(SearchParam(kind, space_value(SPACES[kind], value)))

    assert found == (None if expected == "inf" else expected)


@pytest.mark.parametrize(
    ("kind", "value", "taken", "expected"),
    [
        ("range", "[1, 2, 0.5]", "int", [("matrix-param-invalid", "error", 3)]),
        ("uniform", "[1, 2]", "int", [("matrix-param-invalid", "warning", 3)]),
        ("range", "[1, 3, 1]", "int", []),
        ("range", "[1, 2, 0.5]", "float", []),
        ("uniform", "[1, 2]", "metric", []),
    ],
)
def test_a_fraction_for_a_whole_number_is_told_at_the_values(built, kind, value, taken, expected):
    findings = built(SWEEP.format(kind=kind, value=value, type=taken)).findings

    assert [(one.rule, str(one.severity), one.span.line) for one in findings] == expected
