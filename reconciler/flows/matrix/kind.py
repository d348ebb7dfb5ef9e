"""What a kind of matrix declares about itself, and the parts that several kinds share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from reconciler.flows.matrix.space import SEARCH_PARAMS, SPACES
from reconciler.flows.model import Matrix, SearchParam
from reconciler.flows.nodes import Node
from reconciler.flows.shapes import POSITIVE, TEXT, WHOLE, Record, Report, Shape
from reconciler.flows.stopping import EARLY_STOPPING

SHARED_FIELDS: Final[dict[str, Shape]] = {
    "kind": TEXT,
    "concurrency": POSITIVE,
    "earlyStopping": EARLY_STOPPING,
}
SEARCH_FIELDS: Final[dict[str, Shape]] = {
    **SHARED_FIELDS,
    "params": SEARCH_PARAMS,
    "numRuns": POSITIVE,
    "seed": WHOLE,
}


def nothing_more(_matrix: Matrix, _node: Node, _path: str, _report: Report) -> None:
    """The check of a kind whose fields say it all."""


@dataclass(frozen=True, slots=True)
class MatrixKind:
    """One kind of matrix: its fields, and what they must fulfil together."""

    name: str
    record: Record
    check: Callable[[Matrix, Node, str, Report], None] = nothing_more


def built(values: dict[str, Any], kind: str, node: Node) -> Matrix:
    """The matrix of the values of its fields; what one kind alone has goes to `extra`."""
    stopping, params = values.get("earlyStopping"), values.get("params")
    known = {"kind", "values", "params", "numRuns", "seed", "concurrency", "earlyStopping"}
    return Matrix(
        kind=kind,
        values=values.get("values"),
        params=params if isinstance(params, dict) else {},
        num_runs=values.get("numRuns"),
        seed=values.get("seed"),
        concurrency=values.get("concurrency"),
        early_stopping=tuple(stopping) if isinstance(stopping, list) else (),
        extra={key: value for key, value in values.items() if key not in known},
        node=node,
    )


def check_spaces(matrix: Matrix, path: str, report: Report, allowed: Callable[[SearchParam], bool], words: str) -> None:
    """Report every searched param that this kind of search cannot draw from."""
    for name, param in matrix.params.items():
        if not allowed(param) and param.node is not None:
            message = f"Change the kind of `{name}`: {words}, not {param.kind}."
            report.add("matrix-param-invalid", message, param.node.at("kind").span, f"{path}.params.{name}")


def is_discrete(param: SearchParam) -> bool:
    """Whether the values of a searched param can be counted."""
    return SPACES[param.kind].discrete
