"""`kind: grid`: one child for each combination of discrete params."""

from __future__ import annotations

from typing import Final

from reconciler.flows.composite import section
from reconciler.flows.matrix.kind import SEARCH_FIELDS, MatrixKind, check_spaces, is_discrete
from reconciler.flows.model import Matrix, SearchParam
from reconciler.flows.nodes import Node
from reconciler.flows.report import Report


def _countable(param: SearchParam) -> bool:
    return is_discrete(param) and param.kind != "pchoice"


def _check(matrix: Matrix, _node: Node, path: str, report: Report) -> None:
    check_spaces(matrix, path, report, _countable, "a grid goes through values that can be listed")


_FIELDS: Final = {name: shape for name, shape in SEARCH_FIELDS.items() if name != "seed"}
GRID: Final = MatrixKind(
    "grid",
    "One child for each combination of the params.",
    section(_FIELDS, required=("params",), templated=False),
    _check,
)
