"""What a matrix gives: the names that it has values for, and those of the values that stand in the file."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.flows.model import IO, Json, Matrix, SearchParam
from reconciler.flows.types import convert
from reconciler.plan.templates import templates_in

Place = tuple[str | int, ...]  # keys and indexes from the matrix on
CHOICES = ("choice", "pchoice")


def swept_names(matrix: Matrix | None) -> tuple[str, ...]:
    """The params that a child of the sweep gets; none that only a run can tell."""
    if matrix is None:
        return ()
    resource = matrix.extra.get("resource")
    extra = [resource["name"]] if isinstance(resource, dict) and "name" in resource else []
    rows = matrix.values if isinstance(matrix.values, list) else []
    mapped = [name for row in rows if isinstance(row, dict) for name in row]
    return tuple(dict.fromkeys([*matrix.params, *mapped, *extra]))


def literal_values(matrix: Matrix) -> Iterator[tuple[Place, str, Json]]:
    """Each value that stands in the file as it is: its path in the matrix, the name it is for, the value."""
    rows = matrix.values if isinstance(matrix.values, list) else []
    for number, row in enumerate(rows):
        if isinstance(row, dict):
            yield from ((("values", number, name), name, value) for name, value in row.items())
    for name, param in matrix.params.items():
        for number, choice in enumerate(choices(param)):
            place: Place = ("params", name, "value", number)
            yield ((*place, 0), name, choice[0]) if param.kind == "pchoice" else (place, name, choice)


def typed(value: Json, io: IO | None) -> Json:
    """The value as the input takes it; templates, and values for what is no input, as they are. Raises ValueError."""
    return value if io is None or templates_in(value) else convert(io, value)


def choices(param: SearchParam) -> list[Json]:
    """The values that a searched param chooses among, where they stand in the file."""
    return param.value if param.kind in CHOICES and isinstance(param.value, list) else []


def is_open(matrix: Matrix | None) -> bool:
    """Whether only a run can tell which params the sweep gives."""
    return matrix is not None and isinstance(matrix.values, str)
