"""`kind: bayes`: a few random children, then those that a Gaussian process expects the most of."""

from __future__ import annotations

from typing import Any, Final

from reconciler.flows.composite import Built, section
from reconciler.flows.matrix.kind import METRIC, SEARCH_FIELDS, TUNER, MatrixKind, check_spaces
from reconciler.flows.matrix.space import SPACES
from reconciler.flows.model import Matrix, SearchParam
from reconciler.flows.nodes import Node
from reconciler.flows.report import Report
from reconciler.flows.shapes import COUNT, NUMBER, POSITIVE, Shape, Words

_NEEDS: Final = {"ucb": "kappa", "ei": "eps", "poi": "eps"}
_PROCESS: Final = section(
    {
        "kernel": Words("rbf", "matern"),
        "lengthScale": NUMBER,
        "nu": NUMBER,
        "numRestartsOptimizer": COUNT,
    },
    templated=False,
)


def _check_function(value: Any, node: Node, path: str, report: Report) -> Any:
    function = value.get("acquisitionFunction", "ucb")
    needed = _NEEDS[function]
    if needed not in value and not node.says(needed):
        message = f"Add `{needed}` to `utilityFunction`: the acquisition function {function} takes it."
        report.add("field-missing", message, node.span, path)
    return value


_FUNCTION: Final = Built(
    section(
        {
            "acquisitionFunction": Words(*_NEEDS),
            "gaussianProcess": _PROCESS,
            "kappa": NUMBER,
            "eps": NUMBER,
            "numWarmup": COUNT,
            "numIterations": COUNT,
        },
        templated=False,
    ),
    _check_function,
)


def _searchable(param: SearchParam) -> bool:
    return SPACES[param.kind].uniform


def _check(matrix: Matrix, _node: Node, path: str, report: Report) -> None:
    check_spaces(matrix, path, report, _searchable, "bayes takes choices, ranges and uniform")


_FIELDS: Final[dict[str, Shape]] = {
    **{name: shape for name, shape in SEARCH_FIELDS.items() if name != "numRuns"},
    "utilityFunction": _FUNCTION,
    "numInitialRuns": POSITIVE,
    "maxIterations": POSITIVE,
    "metric": METRIC,
    "tuner": TUNER,
}
BAYES: Final = MatrixKind(
    "bayes",
    "A few random children, then those that a Gaussian process expects the most of.",
    section(_FIELDS, required=("numInitialRuns", "maxIterations", "metric", "params"), templated=False),
    _check,
    runs=False,
)
