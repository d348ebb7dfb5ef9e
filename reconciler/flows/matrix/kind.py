"""What a kind of matrix declares about itself, and the parts that several kinds share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from reconciler.flows.composite import TEXTS, Built, Record, section
from reconciler.flows.findings import Severity, Span
from reconciler.flows.matrix.space import SEARCH_PARAMS, SPACES
from reconciler.flows.model import Matrix, SearchParam
from reconciler.flows.nodes import Node
from reconciler.flows.params import FULL_PARAMS
from reconciler.flows.report import Report
from reconciler.flows.rules import finding
from reconciler.flows.shapes import CONCURRENCY, POSITIVE, TEXT, WHOLE, Shape, Words
from reconciler.flows.stopping import EARLY_STOPPING

SHARED_FIELDS: Final[dict[str, Shape]] = {
    "kind": TEXT,
    "concurrency": CONCURRENCY,
    "earlyStopping": EARLY_STOPPING,
}
SEARCH_FIELDS: Final[dict[str, Shape]] = {
    **SHARED_FIELDS,
    "params": SEARCH_PARAMS,
    "numRuns": POSITIVE,
    "seed": WHOLE,
}
METRIC: Final = section(
    {"name": TEXT, "optimization": Words("maximize", "minimize")}, required=("name",), templated=False
)
RESOURCE: Final = section({"name": TEXT, "type": Words("int", "float")}, required=("name",), templated=False)


def _plain(_value: Any, node: Node, _path: str, _report: Report) -> Any:
    return node.data()  # a plan keeps it as it is written


TUNER: Final = section(
    {
        "hubRef": TEXT,
        "presets": TEXTS,
        "queue": TEXT,
        "namespace": TEXT,
        "params": Built(FULL_PARAMS, _plain),
    },
    required=("hubRef",),
)


def nothing_more(_matrix: Matrix, _node: Node, _path: str, _report: Report) -> None:
    """The check of a kind whose fields say it all."""


@dataclass(frozen=True, slots=True)
class MatrixKind:
    """One kind of matrix: what it is for in one sentence, its fields, and what they must fulfil together.

    Kinds that nothing `runs` yet can be written, and a run that would need one is refused at its start.
    """

    name: str
    summary: str
    record: Record
    check: Callable[[Matrix, Node, str, Report], None] = nothing_more
    runs: bool = True


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


def check_eta(matrix: Matrix, node: Node, path: str, report: Report) -> None:
    """Report an `eta` that is no factor, and warn of one that leaves nothing out."""
    eta = matrix.extra.get("eta")
    if not isinstance(eta, int | float) or eta > 1:
        return
    message, place = f"Give `eta` more than 1, not {eta}: each round keeps one child in `eta`.", node.at("eta").span
    if eta >= 0:
        warn("value-not-allowed", message, place, f"{path}.eta", report)
    else:
        report.add("value-not-allowed", message, place, f"{path}.eta")


def check_said(names: tuple[str, ...], matrix: Matrix, node: Node, path: str, report: Report) -> None:
    """Warn of fields that Polyaxon lets out though the search cannot work without them."""
    for name in names:
        if name not in matrix.extra and not node.says(name):
            message = f"Add `{name}` to the matrix: {matrix.kind} cannot search without it."
            warn("field-missing", message, node.key_span("kind"), path, report)


def warn(rule: str, message: str, span: Span, path: str, report: Report) -> None:
    """Report what a valid file says as a warning, whatever the severity of its rule."""
    found = finding(rule, message, report.file, span, path)
    report.findings.append(replace(found, severity=Severity.WARNING))
