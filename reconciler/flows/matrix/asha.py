"""`kind: asha`: asynchronous successive halving, a kind of our own: as hyperband, but no child waits for a round."""

from __future__ import annotations

from typing import Final

from reconciler.flows.composite import section
from reconciler.flows.matrix.kind import METRIC, RESOURCE, SEARCH_FIELDS, TUNER, MatrixKind
from reconciler.flows.model import Matrix
from reconciler.flows.nodes import Node
from reconciler.flows.report import Report
from reconciler.flows.shapes import NUMBER, POSITIVE, Shape


def _check(matrix: Matrix, node: Node, path: str, report: Report) -> None:
    eta, least, most = (matrix.extra.get(name) for name in ("eta", "minIterations", "maxIterations"))
    if isinstance(eta, int | float) and eta <= 1:
        message = f"Give `eta` more than 1, not {eta}: one child in `eta` goes on."
        report.add("value-not-allowed", message, node.at("eta").span, f"{path}.eta")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        message = f"Give `minIterations` at most the {most} of `maxIterations`, not {least}."
        report.add("value-not-allowed", message, node.at("minIterations").span, f"{path}.minIterations")


_FIELDS: Final[dict[str, Shape]] = {
    **SEARCH_FIELDS,
    "minIterations": POSITIVE,
    "maxIterations": POSITIVE,
    "eta": NUMBER,
    "resource": RESOURCE,
    "metric": METRIC,
    "tuner": TUNER,
}
ASHA: Final = MatrixKind(
    "asha",
    "Children start with little of a resource, and the best of those so far go on with more.",
    section(_FIELDS, required=("params", "numRuns", "maxIterations", "resource", "metric"), templated=False),
    _check,
    runs=False,
)
