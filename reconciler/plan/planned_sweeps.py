"""Sweeps as the engine takes them: a matrix without its places, and how many children it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import ceil, prod

from reconciler.flows.model import IO, Json, Matrix, SearchParam
from reconciler.plan.model import PlannedMatrix
from reconciler.plan.sweeps import CHOICES, choices, typed


def planned_matrix(matrix: Matrix, inputs: Mapping[str, IO]) -> PlannedMatrix:
    """The matrix without its places; values that stand in the file have the types of the inputs they are for."""
    return PlannedMatrix(
        kind=matrix.kind,
        values=_typed_rows(matrix.values, inputs),
        params=tuple((name, _typed_param(param, inputs.get(name))) for name, param in matrix.params.items()),
        num_runs=matrix.num_runs,
        seed=matrix.seed,
        concurrency=matrix.concurrency,
        early_stopping=tuple(replace(stop, node=None) for stop in matrix.early_stopping),
        extra=matrix.extra,
    )


def planned_count(matrix: PlannedMatrix) -> int | None:
    """How many children the sweep makes; None where only a run can tell."""
    limit = matrix.num_runs if isinstance(matrix.num_runs, int) else None
    if matrix.kind == "mapping":
        return len(matrix.values) if isinstance(matrix.values, list) else None
    if matrix.kind != "grid":
        return limit
    sizes = [_size(param) for _, param in matrix.params]
    known = [size for size in sizes if size is not None]
    if len(known) < len(sizes):
        return None
    return prod(known) if limit is None else min(limit, prod(known))


def _size(param: Mapping[str, Json]) -> int | None:
    kind, value = param["kind"], param["value"]
    if kind in CHOICES:
        return len(value) if isinstance(value, list) else None
    numbers = _numbers(value)
    count = _COUNTS.get(kind)
    return None if numbers is None or count is None else count(numbers)


def _numbers(value: Json) -> list[float] | None:
    """`{start, stop, step}`, `[start, stop, step]` or `start:stop:step` as numbers; None for anything else."""
    if isinstance(value, str):
        value = value.split(":")
    parts = value
    if isinstance(value, dict):
        parts = [value.get("start"), value.get("stop"), value.get("step", value.get("num"))]
    try:
        return [float(part) for part in parts]
    except (TypeError, ValueError):
        return None


def _range_size(numbers: list[float]) -> int | None:
    if len(numbers) != 3 or not numbers[2]:
        return None
    start, stop, step = numbers
    return max(0, ceil(round((stop - start) / step, 9)))


def _space_size(numbers: list[float]) -> int | None:
    return int(numbers[2]) if len(numbers) > 2 else None


_COUNTS: Mapping[str, Callable[[list[float]], int | None]] = {
    "range": _range_size,
    "linspace": _space_size,
    "geomspace": _space_size,
    "logspace": _space_size,
}


def _typed_rows(values: Json, inputs: Mapping[str, IO]) -> Json:
    if not isinstance(values, list):
        return values
    return [
        {name: _lenient(value, inputs.get(name)) for name, value in row.items()} if isinstance(row, dict) else row
        for row in values
    ]


def _typed_param(param: SearchParam, io: IO | None) -> dict[str, Json]:
    value, listed = param.value, choices(param)
    if listed and param.kind == "pchoice":
        value = [[_lenient(choice, io), weight] for choice, weight in listed]
    elif listed:
        value = [_lenient(choice, io) for choice in listed]
    return {"kind": param.kind, "value": value}


def _lenient(value: Json, io: IO | None) -> Json:
    """The typed value; one that does not fit as it is, since that was said."""
    try:
        return typed(value, io)
    except ValueError:
        return value
