"""The durable queue of keys: wakes, leases with fencing tokens, and the one transaction that ends a step.

A wake counts the key's generation and a lease remembers the one it saw, so an acknowledgement removes the key only if
nobody woke it meanwhile. Tokens come from one counter: they grow, whatever happens to the key's row.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, bindparam, case, delete, func, select, update

from reconciler.adapters.sql.database import Database
from reconciler.adapters.sql.tables import counters, wakes
from reconciler.adapters.sql.writing import NEVER, Statements, execute, is_soon, move_rows, run_batch
from reconciler.keys import PRIORITY, Key, key_of, text_of
from reconciler.ports import INTERNAL_ERROR, Clock, LeaseLost, WakeRow
from reconciler.records import Changes, Lease, Wake

PATIENCE = 30.0  # seconds a due key is overtaken by more urgent ones before it goes first: no kind of key may starve
LAPSED = "The step's lease ran out before it ended."


class SqlQueue:
    """Implements `ports.Queue`. Several processes may use one database at once."""

    def __init__(self, database: Database, statements: Statements, clock: Clock) -> None:
        self._database = database
        self._statements = statements
        self._clock = clock

    def wake(self, wakes: Sequence[Wake]) -> None:
        now = self._clock.now()
        batches = self._statements.wakes(wakes, now)

        def work(connection: Connection) -> None:
            execute(connection, batches)
            if is_soon(wakes, now):
                self._database.call()

        if batches:
            self._database.write(work)

    def lease(self, owner: str, seconds: float, places: Sequence[str] | None = None) -> Lease | None:
        if self._next_at(places) > self._clock.now():  # asking a reader first: an idle worker must not hold the writer
            return None
        return self._database.write(lambda connection: self._lease(connection, owner, seconds, places))

    def renew(self, leases: Sequence[Lease], seconds: float) -> Sequence[Lease]:
        return self._database.write(lambda connection: self._renew(connection, leases, seconds)) if leases else []

    def expire_leases(self, gone: Callable[[str], bool]) -> None:
        with self._database.read() as connection:
            held = connection.execute(_HOLDERS).all()
        dead = [{"_key": key, "_token": token} for key, owner, token in held if gone(owner)]
        if dead:
            self._database.write(lambda connection: connection.execute(_EXPIRE, dead))

    def commit(self, lease: Lease, changes: Changes, keep: bool = False) -> None:
        now = self._clock.now()
        batches, runs = self._statements.changes(changes, lease.token, now), run_batch(changes.runs, lease.token)
        flows = self._statements.flows(changes.flows)
        woken = self._statements.wakes(changes.wakes, now)

        def work(connection: Connection) -> None:
            self._fence(connection, lease)
            move_rows(connection, [*runs, *flows])
            execute(connection, batches)
            execute(connection, woken)
            if is_soon(changes.wakes, now):
                self._database.call()
            if changes.place is not None:
                connection.execute(_MOVE, {"_key": text_of(lease.key), "_place": changes.place})
                self._database.call()  # somebody else may be the one to take it
            if not keep:
                self._acknowledge(connection, lease, changes.again_at)

        self._database.write(work)

    def retry(self, lease: Lease, at: float, reason: str, message: str) -> None:
        again = _earlier(at)
        attempts = lease.attempts + 1 if lease.reason == reason else 1
        values = {"due_at": again, "ready_at": again, "attempts": attempts, "reason": reason, "message": message}
        self._give_back(lease, values)

    def park(self, lease: Lease, reason: str, message: str) -> None:
        # A key that was woken during its last step is not parked: it is looked at with the news first.
        news = wakes.c.generation != lease.generation
        again = case((news, wakes.c.due_at), else_=NEVER)
        values: dict[str, Any] = {"due_at": again, "ready_at": again, "reason": reason, "message": message}
        values["parked"] = ~news
        values["attempts"] = lease.attempts + 1 if lease.reason == reason else 1
        self._give_back(lease, values)

    def wait(self, seconds: float, places: Sequence[str] | None = None) -> None:
        seen, interrupts = self._database.changes(), self._database.interrupts
        until = time.monotonic() + seconds  # real time, as this thread really blocks
        due = self._next_at(places)
        while (left := min(until - time.monotonic(), due - self._clock.now())) > 0:
            now_seen = self._database.wait(seen, left)
            if self._database.interrupts != interrupts:
                return
            if now_seen != seen:
                seen, due = now_seen, self._next_at(places)

    def interrupt(self) -> None:
        self._database.interrupt()

    def queued(self, key: Key) -> WakeRow | None:
        with self._database.read() as connection:
            found = connection.execute(select(wakes).where(wakes.c.key == text_of(key))).mappings().first()
        return None if found is None else _wake_row(found)

    def pending(self) -> Sequence[WakeRow]:
        with self._database.read() as connection:
            found = connection.execute(select(wakes).order_by(wakes.c.key)).mappings().all()
        return [_wake_row(row) for row in found]

    def _next_at(self, places: Sequence[str] | None) -> float:
        """When the next key may be leased; NEVER if no wake, retry or end of a lease lies ahead."""
        statement = _NEXT if places is None else _NEXT_HERE
        with self._database.read() as connection:
            found = connection.execute(statement, _of(places)).scalar()
        return NEVER if found is None else float(found)

    def _lease(self, connection: Connection, owner: str, seconds: float, places: Sequence[str] | None) -> Lease | None:
        now, deadline = self._now(connection), self._clock.monotonic() + seconds
        row = _most_urgent(connection, now, places)
        if row is None:
            return None
        token = connection.execute(_COUNT_UP).scalar_one()
        lease = _lease_of(row, token, deadline, owner)
        values = {"owner": owner, "lease_until": now + seconds, "ready_at": now + seconds, "token": token}
        values |= {"attempts": lease.attempts, "reason": lease.reason, "due_at": NEVER}
        if row["token"]:
            values["message"] = LAPSED
        connection.execute(_BY_KEY, {"_key": row["key"], **values})
        return lease

    def _renew(self, connection: Connection, leases: Sequence[Lease], seconds: float) -> list[Lease]:
        now, deadline = self._now(connection), self._clock.monotonic() + seconds
        ends = {"lease_until": now + seconds, "ready_at": now + seconds}
        return [
            replace(lease, deadline=deadline)
            for lease in leases
            if connection.execute(_HELD, {**_held(lease, now), **ends}).rowcount == 1
        ]

    def _fence(self, connection: Connection, lease: Lease) -> None:
        found = connection.execute(_FENCE, _held(lease, self._now(connection))).first()
        if found is None:
            raise LeaseLost(f"The lease of {text_of(lease.key)} ran out or was taken.")

    def _acknowledge(self, connection: Connection, lease: Lease, again_at: float | None) -> None:
        """The key goes if nobody woke it since it was leased, and its step does not want to look again."""
        if again_at is None and connection.execute(_REMOVE, _leased(lease)).rowcount:
            return
        again = _earlier(NEVER if again_at is None else again_at)
        _release(connection, lease, {"due_at": again, "ready_at": again, "attempts": 0, "reason": "", "message": ""})

    def _give_back(self, lease: Lease, values: dict[str, Any]) -> None:
        def work(connection: Connection) -> None:
            self._fence(connection, lease)
            _release(connection, lease, values)

        self._database.write(work)

    def _now(self, connection: Connection) -> float:
        """The clock that all who share the database share: its server's, or for a file this machine's."""
        return self._database.now(connection, self._clock)


def _release(connection: Connection, lease: Lease, values: dict[str, Any]) -> None:
    free = {"token": 0, "owner": "", "lease_until": 0.0}
    connection.execute(update(wakes).where(wakes.c.key == text_of(lease.key)).values(**free, **values))


def _earlier(at: float) -> ColumnElement[float]:
    """`at`, or what the wakes that came since the key was leased want, if that is earlier."""
    return case((wakes.c.due_at < at, wakes.c.due_at), else_=at)


def _most_urgent(connection: Connection, now: float, places: Sequence[str] | None) -> RowMapping | None:
    longest_due, due = (_LONGEST_DUE, _DUE) if places is None else (_LONGEST_DUE_HERE, _DUE_HERE)
    of = _of(places)
    found = connection.execute(longest_due, {"_now": now - PATIENCE, **of}).mappings().first()
    for priority in _URGENCY:
        found = found or connection.execute(due, {"_now": now, "_priority": priority, **of}).mappings().first()
    return found


def _of(places: Sequence[str] | None) -> dict[str, Any]:
    return {} if places is None else {"_places": list(places)}


def _lease_of(row: RowMapping, token: int, deadline: float, owner: str) -> Lease:
    attempts, reason = row["attempts"], row["reason"]
    if row["token"]:  # nobody gave it back: its holder died, perhaps of this very key
        attempts, reason = (attempts + 1 if reason == INTERNAL_ERROR else 1), INTERNAL_ERROR
    return Lease(key_of(row["key"]), token, row["generation"], deadline, owner, attempts, reason, row["place"])


def _leased(lease: Lease) -> dict[str, Any]:
    return {"_key": text_of(lease.key), "_generation": lease.generation}


def _held(lease: Lease, now: float) -> dict[str, Any]:
    return {"_key": text_of(lease.key), "_token": lease.token, "_now": now}


def _wake_row(row: RowMapping) -> WakeRow:
    parked = f"{row['reason']}: {row['message']}" if row["parked"] else ""
    return WakeRow(key_of(row["key"]), row["ready_at"], row["owner"], row["attempts"], parked)


_URGENCY = sorted(set(PRIORITY.values()), reverse=True)
_HERE = wakes.c.place.in_(bindparam("_places", expanding=True))
_NEXT = select(func.min(wakes.c.ready_at))
_NEXT_HERE = _NEXT.where(_HERE)
_READY = select(wakes).where(wakes.c.ready_at <= bindparam("_now")).order_by(wakes.c.ready_at).limit(1)
_LONGEST_DUE = _READY.with_for_update(skip_locked=True)
_DUE = _READY.where(wakes.c.priority == bindparam("_priority")).with_for_update(skip_locked=True)
_LONGEST_DUE_HERE, _DUE_HERE = _LONGEST_DUE.where(_HERE), _DUE.where(_HERE)
_MOVE = update(wakes).where(wakes.c.key == bindparam("_key")).values(place=bindparam("_place"))
_COUNT_UP = (
    update(counters).where(counters.c.name == "token").values(value=counters.c.value + 1).returning(counters.c.value)
)
_BY_KEY = update(wakes).where(wakes.c.key == bindparam("_key"))
_HOLDERS = select(wakes.c.key, wakes.c.owner, wakes.c.token).where(wakes.c.token != 0)
_EXPIRE = _BY_KEY.where(wakes.c.token == bindparam("_token")).values(lease_until=0.0, ready_at=0.0)
_HELD = _BY_KEY.where(wakes.c.token == bindparam("_token"), wakes.c.lease_until > bindparam("_now"))
_FENCE = (
    select(wakes.c.key)
    .where(
        wakes.c.key == bindparam("_key"),
        wakes.c.token == bindparam("_token"),
        wakes.c.lease_until > bindparam("_now"),
    )
    .with_for_update()
)
_REMOVE = delete(wakes).where(wakes.c.key == bindparam("_key"), wakes.c.generation == bindparam("_generation"))
