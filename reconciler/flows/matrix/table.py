"""The table of matrix kinds: one row each. Reading a matrix means finding its row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reconciler.flows.matrix.asha import ASHA
from reconciler.flows.matrix.bayes import BAYES
from reconciler.flows.matrix.grid import GRID
from reconciler.flows.matrix.hyperband import HYPERBAND
from reconciler.flows.matrix.hyperopt import HYPEROPT, TPE
from reconciler.flows.matrix.iterative import ITERATIVE
from reconciler.flows.matrix.kind import MatrixKind, built
from reconciler.flows.matrix.mapping import MAPPING
from reconciler.flows.matrix.random import RANDOM
from reconciler.flows.nodes import Node
from reconciler.flows.report import Report
from reconciler.flows.shapes import BAD, described, reject

MATRICES: Final[Mapping[str, MatrixKind]] = {
    kind.name: kind for kind in (MAPPING, GRID, RANDOM, HYPERBAND, BAYES, TPE, HYPEROPT, ITERATIVE, ASHA)
}


class _MatrixShape:
    """A matrix; its `kind` says which fields it has."""

    takes = "a mapping"

    def read(self, node: Node, path: str, report: Report) -> Any:
        if not isinstance(node.value, dict):
            return reject(node, path, report, self.takes)
        kind = node.get("kind")
        if kind is None:
            message = f"Add the `kind` of the matrix: {', '.join(MATRICES)}."
            report.add("field-missing", message, node.span, path)
            return BAD
        row = MATRICES.get(kind.value) if type(kind.value) is str else None
        if row is None:
            return _reject_kind(kind, path, report)
        matrix = built(row.record.read(node, path, report), row.name, node)
        row.check(matrix, node, path, report)
        return matrix


MATRIX: Final = _MatrixShape()


def _reject_kind(kind: Node, path: str, report: Report) -> Any:
    suggestion = report.near(str(kind.value), MATRICES)
    message = f"Use one of the kinds {', '.join(MATRICES)}, not {described(kind)}."
    report.add("kind-unknown", message, kind.span, path, suggestion=suggestion)
    return BAD
