"""Webhooks that were accepted: kept with what they ask for in one transaction, so that no repetition asks again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, or_, select

from reconciler.adapters.sql import batches, direct, rows
from reconciler.adapters.sql.database import Database
from reconciler.adapters.sql.tables import deliveries
from reconciler.adapters.sql.writing import Batch, Statements, execute
from reconciler.ports import Clock
from reconciler.records import DeliveryRow, Wake
from reconciler.store import Delivery


class SqlInbox:
    """Implements `store.Inbox`."""

    def __init__(self, database: Database, statements: Statements, clock: Clock) -> None:
        self._database = database
        self._statements = statements
        self._clock = clock

    def deliver(self, arrived: Sequence[Delivery]) -> Sequence[bool]:
        return self._database.write(lambda connection: self._deliver(connection, arrived))

    def known_deliveries(self, ids: Iterable[str]) -> frozenset[str]:
        with self._database.read() as connection:
            found = (
                connection.execute(select(deliveries.c.id).where(deliveries.c.id.in_(some)))
                for some in batches.chunks(ids)
            )
            return frozenset(name for rows_found in found for (name,) in rows_found)

    def deliveries(
        self, limit: int = 100, prefix: str = "", event: str | None = None, repository: str | None = None
    ) -> Sequence[DeliveryRow]:
        wanted = select(deliveries).limit(limit)
        for column, value in ((deliveries.c.event, event), (deliveries.c.repository, repository)):
            wanted = wanted.where(column == value) if value is not None else wanted
        if prefix:
            wanted = wanted.where(deliveries.c.id >= prefix, deliveries.c.id < prefix + "\U0010ffff")
            wanted = wanted.order_by(deliveries.c.id)
        else:
            wanted = wanted.order_by(deliveries.c.received_at.desc(), deliveries.c.id.desc())
        with self._database.read() as connection:
            return [rows.of_flat(DeliveryRow, row) for row in connection.execute(wanted).mappings()]

    def _deliver(self, connection: Connection, arrived: Sequence[Delivery]) -> list[bool]:
        new = _new(arrived, _known(connection, arrived))
        fresh = [one for one, is_new in zip(arrived, new, strict=True) if is_new]
        if not fresh:
            return new
        asked = [request for one in fresh for request in one.requests]
        wakes = [*(wake for one in fresh for wake in one.wakes), *(Wake(request.key) for request in asked)]
        kept: Batch = (self._statements.add["deliveries"], [rows.flat(one.row) for one in fresh])
        woken = self._statements.wakes(dict.fromkeys(wakes), self._clock.now())  # many speak of the same repository
        execute(connection, [kept, *self._statements.asks(asked), *woken])
        self._database.call()
        return new


def _known(connection: Connection, arrived: Sequence[Delivery]) -> set[str]:
    """Ids and digests among those that arrived that were there before."""
    known: set[str] = set()
    for some in batches.chunks(name for one in arrived for name in (one.row.id, one.row.digest)):
        values = batches.filled(some)
        for row in direct.rows(connection, _same(len(values)), values):
            known.update((row["id"], row["digest"]))
    return known


@cache
def _same(size: int) -> Select[Any]:
    """Those that have one of so many names."""
    same = or_(batches.among(deliveries.c.id, size), batches.among(deliveries.c.digest, size))
    return select(deliveries.c.id, deliveries.c.digest).where(same)


def _new(arrived: Sequence[Delivery], known: set[str]) -> list[bool]:
    """Which of them are there for the first time; of two alike that come together, the first."""
    seen, new = set(known), []
    for one in arrived:
        names = {one.row.id, one.row.digest}
        new.append(not names & seen)
        if new[-1]:
            seen |= names
    return new
