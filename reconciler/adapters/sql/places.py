"""Places: services that work on the database tell that they are there; what a lost one had at work is freed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Text, bindparam, case, exists, select, update

from reconciler.adapters.sql import rows
from reconciler.adapters.sql.database import Database
from reconciler.adapters.sql.schema import check_not_outgrown
from reconciler.adapters.sql.tables import attempts, places, runs, wakes
from reconciler.adapters.sql.writing import Batch, Statements, execute
from reconciler.engine.model import Observed, Status
from reconciler.errors import Stalled
from reconciler.keys import FlowKey, Key, RunKey
from reconciler.ports import Clock
from reconciler.records import PlaceRow, Wake

GONE = 60.0  # s after which a place of the same name may be another machine's


class SqlPlaces:
    """Implements `store.Places`."""

    def __init__(self, database: Database, statements: Statements, clock: Clock) -> None:
        self._database = database
        self._statements = statements
        self._clock = clock

    def place(self, name: str) -> PlaceRow | None:
        with self._database.read() as connection:
            found = connection.execute(_PLACE, {"_name": name}).mappings().first()
        return None if found is None else rows.of_flat(PlaceRow, found)

    def places(self) -> Sequence[PlaceRow]:
        with self._database.read() as connection:
            found = connection.execute(select(places).order_by(places.c.name)).mappings().all()
        return [rows.of_flat(PlaceRow, row) for row in found]

    def time(self) -> float:
        with self._database.read() as connection:
            return self._database.now(connection, self._clock)

    def see_place(self, row: PlaceRow) -> bool:
        def work(connection: Connection) -> bool:
            now = self._database.now(connection, self._clock)
            known = connection.execute(_PLACE.with_for_update(), {"_name": row.name}).mappings().first()
            if known is not None and known["mark"] != row.mark and known["seen_at"] > now - GONE:
                raise Stalled("PlaceTaken", _taken(known))
            values = {**rows.flat(row), "seen_at": now, "given_up_at": 0.0}
            connection.execute(self._statements.put["places"], [values])
            return known is not None and known["given_up_at"] > 0

        return self._database.write(work)

    def check_no_copy(self, row: PlaceRow) -> None:
        with self._database.read() as connection:
            since = self._database.now(connection, self._clock) - GONE
            wanted = {"_mark": row.mark, "_name": row.name, "_since": since}
            original = connection.execute(_ORIGINAL, wanted).scalar()
        if original is not None:
            raise Stalled("PlaceCopied", _copied(original))

    def check_not_outgrown(self) -> None:
        with self._database.read() as connection:
            check_not_outgrown(connection)

    def lost_places(self, seconds: float) -> Sequence[PlaceRow]:
        with self._database.read() as connection:
            since = self._database.now(connection, self._clock) - seconds
            found = connection.execute(_LOST, {"_since": since}).mappings().all()
        return [rows.of_flat(PlaceRow, row) for row in found]

    def give_up(self, name: str, message: str) -> int:
        def work(connection: Connection) -> int:
            now = self._clock.now()
            unknown = rows.flat(PlaceRow(name, "", "", ""))
            connection.execute(self._statements.add["places"], [unknown])
            if not connection.execute(_GIVE_UP, {"_name": name, "_now": now}).rowcount:
                return 0  # somebody was faster
            ended = connection.execute(_AT_WORK, {"_name": name}).mappings().all()
            lost = [Observed(row["id"], Status.FAILED, now, "NodeLost", message, disruption=True) for row in ended]
            if lost:
                connection.execute(
                    self._statements.append["observations"], [rows.observation_values(one) for one in lost]
                )
            connection.execute(_FREE, {"_name": name})
            keys: set[Key] = {RunKey(row["run"]) if row["run"] else FlowKey(row["flow"]) for row in ended}
            keys |= {RunKey(run) for run in connection.execute(_LIVE_RUNS).scalars()}
            execute(connection, self._statements.wakes([Wake(key) for key in keys], now))
            self._database.call()
            return len(lost)

        return self._database.write(work)


def moved_to(key: str, place: str) -> list[Batch]:
    """A key belongs to a place from now on, or to anybody if the place was given up since it was looked at."""
    at = {"_place": place}
    return [(_HOLD_PLACE, [at]), (_MOVE, [{"_key": key, **at}])]


def _taken(known: RowMapping) -> str:
    return (
        f"Another service works on this database as {known['name']}, from other files. Give one of the two machines "
        "another host name, or another --data-dir."
    )


def _copied(original: str) -> str:
    return (
        f"The files of this service are a copy of those of {original}, which works on this database: it would take the "
        "ops there for its own, and for lost. Give it an empty --data-dir. If the files were moved, "
        f"stop the other service and start this one {GONE:.0f} seconds later."
    )


_PLACE = select(places).where(places.c.name == bindparam("_name"))
_ORIGINAL = select(places.c.name).where(
    places.c.mark == bindparam("_mark"), places.c.name != bindparam("_name"), places.c.seen_at > bindparam("_since")
)
_LOST = select(places).where(places.c.seen_at < bindparam("_since"), places.c.given_up_at == 0).order_by(places.c.name)
_GIVE_UP: Any = (
    update(places)
    .where(places.c.name == bindparam("_name"), places.c.given_up_at == 0)
    .values(given_up_at=bindparam("_now"))
)
_AT_WORK = select(attempts.c.id, attempts.c.run, attempts.c.flow).where(
    attempts.c.live, attempts.c.place == bindparam("_name")
)
_GIVEN = bindparam("_place", type_=Text)
_HOLD_PLACE = select(places.c.name).where(places.c.name == _GIVEN).with_for_update(read=True)  # nobody gives it up now
_GIVEN_UP = exists().where(places.c.name == _GIVEN, places.c.given_up_at > 0)
_MOVE = update(wakes).where(wakes.c.key == bindparam("_key")).values(place=case((_GIVEN_UP, ""), else_=_GIVEN))
_FREE = update(wakes).where(wakes.c.place == bindparam("_name")).values(place="")
_LIVE_RUNS = select(runs.c.id).where(runs.c.live)
