"""`kind: hyperband`: many children with little of a resource, the best of them again with more."""

from __future__ import annotations

from typing import Final

from reconciler.flows.composite import section
from reconciler.flows.matrix.kind import (
    METRIC,
    RESOURCE,
    SEARCH_FIELDS,
    TUNER,
    MatrixKind,
    check_eta,
    check_said,
)
from reconciler.flows.model import Matrix
from reconciler.flows.nodes import Node
from reconciler.flows.report import Report
from reconciler.flows.shapes import FLAG, NUMBER, Shape, Whole

_NEEDED: Final = ("params", "maxIterations", "eta", "resource", "metric")


def _check(matrix: Matrix, node: Node, path: str, report: Report) -> None:
    check_said(_NEEDED, matrix, node, path, report)
    check_eta(matrix, node, path, report)


_FIELDS: Final[dict[str, Shape]] = {
    **{name: shape for name, shape in SEARCH_FIELDS.items() if name != "numRuns"},
    "maxIterations": Whole(minimum=1),
    "eta": NUMBER,
    "resource": RESOURCE,
    "metric": METRIC,
    "resume": FLAG,
    "tuner": TUNER,
}
HYPERBAND: Final = MatrixKind(
    "hyperband",
    "Many children with little of a resource, then the best of them with more, in several brackets.",
    section(_FIELDS, templated=False),
    _check,
    runs=False,
)
