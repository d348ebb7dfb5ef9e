"""A matrix judged: what it sweeps over must be inputs of the component, and of a kind that the inputs take."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.flows.model import Matrix
from reconciler.plan.layers import Ready
from reconciler.plan.names import Names
from reconciler.plan.report import Place, Report, key_place
from reconciler.plan.suggestions import near, said
from reconciler.plan.sweeps import planned_matrix, swept_names

_NUMBERS = ("int", "float", "metric", None)
_ANY_KIND = frozenset(("choice", "pchoice"))  # of whatever type
_TIMES = {"daterange": ("date", "datetime", None), "datetimerange": ("datetime", None)}


def check_matrix(ready: Ready, names: Names, report: Report) -> None:
    """Check the templates of a matrix, and that its params are inputs or at least used by the run's templates."""
    matrix, component = ready.operation.matrix, ready.component
    if matrix is None or component is None:
        return
    plain = planned_matrix(matrix)
    searched = [searched for _, searched in plain.params]
    names.check_data([plain.values, searched, plain.num_runs, plain.concurrency, plain.seed], f"{ready.path}.matrix")
    known = {io.name: io.type for io in component.inputs}
    _check_types(ready, matrix, known, report)
    for name in swept_names(matrix):
        if name not in known and not names.uses(name):
            guess = near(name, known)
            end = said(guess, "declare it under `inputs`.")
            message = f"The matrix gives values for `{name}`, which the component does not declare; {end}"
            place = _name_place(ready, matrix, name)
            report.add("matrix-param-unknown", message, place, f"{ready.path}.matrix.{name}", guess)


def _check_types(ready: Ready, matrix: Matrix, known: Mapping[str, str | None], report: Report) -> None:
    for name, param in matrix.params.items():
        taken = _TIMES.get(param.kind, _NUMBERS)
        if name in known and param.kind not in _ANY_KIND and known[name] not in taken:
            message = f"`{name}` is {known[name]}, but `{param.kind}` gives {taken[0]}; change one of the two."
            place = _name_place(ready, matrix, name)
            report.add("param-type", message, place, f"{ready.path}.matrix.{name}")


def _name_place(ready: Ready, matrix: Matrix, name: str) -> Place:
    for file, node in ready.sources:
        inner = node.get("matrix") if node is not None else None
        if inner is not None:
            return key_place(file, inner, *_name_path(matrix, name))
    return key_place(ready.operation.file, matrix.node or ready.operation.node, name)


def _name_path(matrix: Matrix, name: str) -> tuple[str | int, ...]:
    if name in matrix.params:
        return ("params", name)
    rows = matrix.values if isinstance(matrix.values, list) else []
    row = next((number for number, row in enumerate(rows) if isinstance(row, dict) and name in row), None)
    return ("resource",) if row is None else ("values", row, name)
