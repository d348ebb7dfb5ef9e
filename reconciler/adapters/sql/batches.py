"""Reading what belongs to many ids in few statements: a statement takes only so many of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, select

from reconciler.adapters.sql.tables import attempts, metrics, ops

_SIZE = 500  # ids in a statement


def chunks(ids: Iterable[str]) -> Iterator[Sequence[str]]:
    """The ids in order, each once, in pieces that a statement takes."""
    wanted = sorted(set(ids))
    return (wanted[start : start + _SIZE] for start in range(0, len(wanted), _SIZE))


def ops_of(connection: Connection, run: str, paths: Iterable[str]) -> Iterator[RowMapping]:
    """Rows of these ops of a run, by path."""
    for some in chunks(paths):
        statement = select(ops).where(ops.c.run == run, ops.c.path.in_(some)).order_by(ops.c.path)
        yield from connection.execute(statement).mappings()


def attempts_of(connection: Connection, ids: Iterable[str]) -> Iterator[RowMapping]:
    """Rows of these attempts."""
    for some in chunks(ids):
        yield from connection.execute(select(attempts).where(attempts.c.id.in_(some))).mappings()


def last_metrics(connection: Connection, ids: Iterable[str]) -> dict[str, dict[str, float]]:
    """The newest value of each metric, by attempt."""
    found: dict[str, dict[str, float]] = {}
    for some in chunks(ids):
        for attempt, name, value in connection.execute(_newest(some)):
            found.setdefault(attempt, {})[name] = value
    return found


def _newest(ids: Sequence[str]) -> Select[Any]:
    """Attempt, metric and value: of points of the same time the one of the highest step."""
    place = func.row_number().over(
        partition_by=(metrics.c.attempt, metrics.c.name),
        order_by=(metrics.c.at.desc(), func.coalesce(metrics.c.step, -1).desc()),
    )
    columns = (metrics.c.attempt, metrics.c.name, metrics.c.value, place.label("place"))
    points = select(*columns).where(metrics.c.attempt.in_(ids)).subquery()
    return select(points.c.attempt, points.c.name, points.c.value).where(points.c.place == 1)
