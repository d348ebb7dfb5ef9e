"""Reading what belongs to many ids in few statements: a statement takes only so many of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select

from reconciler.adapters.sql import direct
from reconciler.adapters.sql.rows import Found
from reconciler.adapters.sql.tables import attempts, metrics, ops

_SIZE = 500  # ids in a statement


def chunks(ids: Iterable[str]) -> Iterator[Sequence[str]]:
    """The ids in order, each once, in pieces that a statement takes."""
    wanted = sorted(set(ids))
    return (wanted[start : start + _SIZE] for start in range(0, len(wanted), _SIZE))


def filled(ids: Sequence[str]) -> Mapping[str, str]:
    """Parameters of `among`. Few sizes make few statements: the last id fills what is left of the next power of two."""
    size = 1 << (len(ids) - 1).bit_length()
    return {f"_{place}": ids[min(place, len(ids) - 1)] for place in range(size)}


def among(column: ColumnElement[Any], size: int) -> ColumnElement[bool]:
    """Whether a column has one of the values of the parameters `_0`, `_1`, … of `filled`."""
    ids: list[Any] = [bindparam(f"_{place}") for place in range(size)]
    return column.in_(ids)


def ops_of(connection: Connection, run: str, paths: Iterable[str]) -> Iterator[Found]:
    """Rows of these ops of a run, by path."""
    for some in chunks(paths):
        values = filled(some)
        yield from direct.rows(connection, _ops(len(values)), {**values, "_run": run})


def attempts_of(connection: Connection, ids: Iterable[str]) -> Iterator[Found]:
    """Rows of these attempts."""
    for some in chunks(ids):
        values = filled(some)
        yield from direct.rows(connection, _attempts(len(values)), values)


def last_metrics(connection: Connection, ids: Iterable[str]) -> dict[str, dict[str, float]]:
    """The newest value of each metric, by attempt."""
    found: dict[str, dict[str, float]] = {}
    for some in chunks(ids):
        values = filled(some)
        for point in direct.rows(connection, _newest(len(values)), values):
            found.setdefault(point["attempt"], {})[point["name"]] = point["value"]
    return found


@cache
def _ops(size: int) -> Select[Any]:
    return select(ops).where(ops.c.run == bindparam("_run"), among(ops.c.path, size)).order_by(ops.c.path)


@cache
def _attempts(size: int) -> Select[Any]:
    return select(attempts).where(among(attempts.c.id, size))


@cache
def _newest(size: int) -> Select[Any]:
    """Attempt, metric and value: of points of the same time the one of the highest step."""
    place = func.row_number().over(
        partition_by=(metrics.c.attempt, metrics.c.name),
        order_by=(metrics.c.at.desc(), func.coalesce(metrics.c.step, -1).desc()),
    )
    columns = (metrics.c.attempt, metrics.c.name, metrics.c.value, place.label("place"))
    points = select(*columns).where(among(metrics.c.attempt, size)).subquery()
    return select(points.c.attempt, points.c.name, points.c.value).where(points.c.place == 1)
