"""A matrix judged: what it sweeps over must be inputs of the component, and of a kind that the inputs take."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.flows.findings import Severity
from reconciler.flows.model import IO, Json, Matrix
from reconciler.flows.nodes import Node
from reconciler.plan.fractions import DISTRIBUTIONS, first_fraction
from reconciler.plan.layers import Ready
from reconciler.plan.names import Names
from reconciler.plan.report import Place, Report, key_place, place_of
from reconciler.plan.suggestions import near, said
from reconciler.plan.sweeps import literal_values, swept_names, typed

_NUMBERS = ("int", "float", "metric", None)
_ANY_KIND = frozenset(("choice", "pchoice"))  # of whatever type
_TIMES = {"daterange": ("date", "datetime", None), "datetimerange": ("datetime", None)}


def check_matrix(ready: Ready, names: Names, report: Report) -> None:
    """Check the templates of a matrix, and that its params are inputs or at least used by the run's templates."""
    matrix, component = ready.operation.matrix, ready.component
    if matrix is None or component is None:
        return
    searched = [param.value for param in matrix.params.values()]
    names.check_data(
        [matrix.values, searched, matrix.num_runs, matrix.concurrency, matrix.seed], f"{ready.path}.matrix"
    )
    known = {io.name: io for io in component.inputs}
    _check_types(ready, matrix, known, report)
    _check_values(ready, matrix, known, report)
    _check_whole(ready, matrix, known, report)
    _check_resource(ready, matrix, known, report)
    _check_metrics(ready, matrix, report)
    for name in swept_names(matrix):
        if name not in known and not names.uses(name):
            guess = near(name, known)
            end = said(guess, "declare it under `inputs`.")
            message = f"The matrix gives values for `{name}`, which the component does not declare; {end}"
            place = _name_place(ready, matrix, name)
            report.add("matrix-param-unknown", message, place, f"{ready.path}.matrix.{name}", guess)


def _check_types(ready: Ready, matrix: Matrix, known: Mapping[str, IO], report: Report) -> None:
    for name, param in matrix.params.items():
        taken = _TIMES.get(param.kind, _NUMBERS)
        if name in known and param.kind not in _ANY_KIND and known[name].type not in taken:
            message = f"`{name}` is {known[name].type}, but `{param.kind}` gives {taken[0]}; change one of the two."
            place = _name_place(ready, matrix, name)
            report.add("param-type", message, place, f"{ready.path}.matrix.{name}")


def _check_values(ready: Ready, matrix: Matrix, known: Mapping[str, IO], report: Report) -> None:
    """Report each value of a mapping or choice that its input does not take."""
    for path, name, value in literal_values(matrix):
        try:
            typed(value, known.get(name))
        except ValueError as error:
            place = place_of(*_source(ready, matrix), *path)
            report.add("matrix-param-invalid", f"Change the value: {error}", place, f"{ready.path}.matrix.{name}")


def _check_whole(ready: Ready, matrix: Matrix, known: Mapping[str, IO], report: Report) -> None:
    """Report fractions for a whole number: certain ones as errors, those of a distribution as a warning."""
    for name, param in matrix.params.items():
        fraction = first_fraction(param) if name in known and known[name].type == "int" else None
        if fraction is not None:
            message = f"Change the values: `{name}` takes a whole number, and this `{param.kind}` gives {fraction}."
            severity = Severity.WARNING if param.kind in DISTRIBUTIONS else None
            place, path = place_of(*_source(ready, matrix), "params", name, "value"), f"{ready.path}.matrix.{name}"
            report.add("matrix-param-invalid", message, place, path, severity=severity)


def _check_resource(ready: Ready, matrix: Matrix, known: Mapping[str, IO], report: Report) -> None:
    """Warn of a resource that its input cannot take: it is given as a number."""
    resource = matrix.extra.get("resource")
    name = resource.get("name") if isinstance(resource, Mapping) else None
    if isinstance(name, str) and name in known and known[name].type not in _NUMBERS:
        message = f"`{name}` is {known[name].type}, but the resource of a search is a number; change one of the two."
        place, path = place_of(*_source(ready, matrix), "resource", "name"), f"{ready.path}.matrix.resource"
        report.add("param-type", message, place, path, severity=Severity.WARNING)


def _check_metrics(ready: Ready, matrix: Matrix, report: Report) -> None:
    """Notice a metric that is almost the name of an output; others may be sent while the op runs."""
    outputs = [io.name for io in ready.component.outputs] if ready.component else []
    metric = matrix.extra.get("metric")
    named: list[tuple[tuple[str | int, ...], Json]] = []
    if isinstance(metric, Mapping):
        named.append((("metric", "name"), metric.get("name")))
    named += [(("earlyStopping", number, "metric"), stop.metric) for number, stop in enumerate(matrix.early_stopping)]
    for keys, name in named:
        guess = near(name, outputs) if isinstance(name, str) and name not in outputs else None
        if guess is not None:
            message = f"No output is called `{name}`; did you mean `{guess}`?"
            place, path = place_of(*_source(ready, matrix), *keys), f"{ready.path}.matrix.{keys[0]}"
            report.add("output-unknown", message, place, path, guess, severity=Severity.NOTICE)


def _name_place(ready: Ready, matrix: Matrix, name: str) -> Place:
    return key_place(*_source(ready, matrix), *_name_path(matrix, name))


def _source(ready: Ready, matrix: Matrix) -> tuple[str, Node | None]:
    """The file and the node of the matrix."""
    nodes = ((file, node.get("matrix")) for file, node in ready.sources if node is not None)
    return next(((file, node) for file, node in nodes if node is not None), (ready.operation.file, matrix.node))


def _name_path(matrix: Matrix, name: str) -> tuple[str | int, ...]:
    if name in matrix.params:
        return ("params", name)
    rows = matrix.values if isinstance(matrix.values, list) else []
    row = next((number for number, row in enumerate(rows) if isinstance(row, dict) and name in row), None)
    return ("resource",) if row is None else ("values", row, name)
