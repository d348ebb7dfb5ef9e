"""`kind: iterative`: rounds of children that a tuner of one's own suggests."""

from __future__ import annotations

from typing import Final

from reconciler.flows.composite import section
from reconciler.flows.matrix.kind import SEARCH_FIELDS, TUNER, MatrixKind, check_said
from reconciler.flows.model import Matrix
from reconciler.flows.nodes import Node
from reconciler.flows.report import Report
from reconciler.flows.shapes import POSITIVE, Shape


def _check(matrix: Matrix, node: Node, path: str, report: Report) -> None:
    check_said(("tuner",), matrix, node, path, report)


_FIELDS: Final[dict[str, Shape]] = {
    **{name: shape for name, shape in SEARCH_FIELDS.items() if name != "numRuns"},
    "maxIterations": POSITIVE,
    "tuner": TUNER,
}
ITERATIVE: Final = MatrixKind(
    "iterative",
    "Rounds of children whose values a tuner of one's own suggests.",
    section(_FIELDS, required=("maxIterations",), templated=False),
    _check,
    runs=False,
)
