"""The durable queue of keys: wakes, leases with fencing tokens, and the one transaction that ends a step.

A wake counts the key's generation and a lease remembers the one it saw, so an acknowledgement removes the key only if
nobody woke it meanwhile. Tokens come from one counter: they grow, whatever happens to the key's row.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, Select, bindparam, case, delete, func, select, update

from reconciler.adapters.sql import direct
from reconciler.adapters.sql.database import Database
from reconciler.adapters.sql.pruning import hold_writers, prune, write_uses
from reconciler.adapters.sql.rows import Found
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
        wakes = (*changes.wakes, *(Wake(request.key) for request in changes.asked))
        woken = self._statements.wakes(wakes, now)

        def work(connection: Connection) -> None:
            if keep:
                self._fence(connection, lease)
            else:
                self._acknowledge(connection, lease, changes.again_at)
            if changes.gone is not None:
                hold_writers(connection)
            move_rows(connection, [*runs, *flows])
            execute(connection, batches)
            write_uses(connection, changes.uses)
            if changes.gone is not None:
                prune(connection, changes.gone)
            execute(connection, woken)
            if is_soon(wakes, now):
                self._database.call()
            if changes.place is not None:
                direct.change(connection, _MOVE, [{"_key": text_of(lease.key), "_place": changes.place}])
                self._database.call()  # somebody else may be the one to take it

        self._database.write(work)

    def retry(self, lease: Lease, at: float, reason: str, message: str) -> None:
        self._database.write(lambda connection: self._release(connection, lease, _AGAIN, at, reason, message))

    def park(self, lease: Lease, reason: str, message: str) -> None:
        self._database.write(lambda connection: self._release(connection, lease, _PARK, NEVER, reason, message))

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
        with self._database.read() as connection:
            found = direct.rows(connection, _asked(_NEXT, places), _of(places))[0]["at"]
        return NEVER if found is None else float(found)

    def _lease(self, connection: Connection, owner: str, seconds: float, places: Sequence[str] | None) -> Lease | None:
        now, deadline = self._now(connection), self._clock.monotonic() + seconds
        row = _most_urgent(connection, now, places)
        if row is None:
            return None
        token = direct.rows(connection, _COUNT_UP)[0]["value"]
        lease = _lease_of(row, token, deadline, owner)
        values = {"owner": owner, "lease_until": now + seconds, "ready_at": now + seconds, "token": token}
        values |= {"attempts": lease.attempts, "reason": lease.reason, "due_at": NEVER}
        if row["token"]:
            values["message"] = LAPSED
        direct.change(connection, _BY_KEY, [{"_key": row["key"], **values}])
        return lease

    def _renew(self, connection: Connection, leases: Sequence[Lease], seconds: float) -> list[Lease]:
        now, deadline = self._now(connection), self._clock.monotonic() + seconds
        ends = {"lease_until": now + seconds, "ready_at": now + seconds}
        return [
            replace(lease, deadline=deadline)
            for lease in leases
            if direct.change(connection, _HELD, [{**_held(lease, now), **ends}]) == 1
        ]

    def _fence(self, connection: Connection, lease: Lease) -> None:
        if direct.row(connection, _FENCE, _held(lease, self._now(connection))) is None:
            raise _lost(lease)

    def _acknowledge(self, connection: Connection, lease: Lease, again_at: float | None) -> None:
        """The key goes if nobody woke it since it was leased, and its step does not want to look again."""
        gone = {**_held(lease, self._now(connection)), "_generation": lease.generation}
        if again_at is None and direct.change(connection, _REMOVE, [gone]):
            return
        self._release(connection, lease, _AGAIN, NEVER if again_at is None else again_at)

    def _release(
        self, connection: Connection, lease: Lease, how: Executable, at: float, reason: str = "", message: str = ""
    ) -> None:
        """Give a key back: with a reason, its step has failed."""
        attempts = 0 if not reason else lease.attempts + 1 if lease.reason == reason else 1
        values = {"_at": at, "attempts": attempts, "reason": reason, "message": message}
        held = {**_held(lease, self._now(connection)), "_generation": lease.generation}
        if not direct.change(connection, how, [{**held, **values}]):
            raise _lost(lease)

    def _now(self, connection: Connection) -> float:
        """The clock that all who share the database share: its server's, or for a file this machine's."""
        return self._database.now(connection, self._clock)


def _lost(lease: Lease) -> LeaseLost:
    return LeaseLost(f"The lease of {text_of(lease.key)} ran out or was taken.")


def _most_urgent(connection: Connection, now: float, places: Sequence[str] | None) -> dict[str, Any] | None:
    longest_due, due, of = _asked(_LONGEST_DUE, places), _asked(_DUE, places), _of(places)
    found = direct.row(connection, longest_due, {"_now": now - PATIENCE, **of})
    for priority in _URGENCY:
        found = found or direct.row(connection, due, {"_now": now, "_priority": priority, **of})
    return found


def _asked(statement: Select[Any], places: Sequence[str] | None) -> Select[Any]:
    return statement if places is None else _here(statement, len(places))


@cache
def _here(statement: Select[Any], size: int) -> Select[Any]:
    """A question about keys of so many places: `_place0` and so on."""
    here: list[Any] = [bindparam(f"_place{number}") for number in range(size)]
    return statement.where(wakes.c.place.in_(here))


def _of(places: Sequence[str] | None) -> dict[str, Any]:
    return {f"_place{number}": place for number, place in enumerate(places or ())}


def _lease_of(row: Found, token: int, deadline: float, owner: str) -> Lease:
    attempts, reason = row["attempts"], row["reason"]
    if row["token"]:  # nobody gave it back: its holder died, perhaps of this very key
        attempts, reason = (attempts + 1 if reason == INTERNAL_ERROR else 1), INTERNAL_ERROR
    return Lease(key_of(row["key"]), token, row["generation"], deadline, owner, attempts, reason, row["place"])


def _held(lease: Lease, now: float) -> dict[str, Any]:
    return {"_key": text_of(lease.key), "_token": lease.token, "_now": now}


def _wake_row(row: Found) -> WakeRow:
    parked = f"{row['reason']}: {row['message']}" if row["parked"] else ""
    return WakeRow(key_of(row["key"]), row["ready_at"], row["owner"], row["attempts"], parked)


_URGENCY = sorted(set(PRIORITY.values()), reverse=True)
_NEXT = select(func.min(wakes.c.ready_at).label("at"))
_READY = select(wakes).where(wakes.c.ready_at <= bindparam("_now")).order_by(wakes.c.ready_at).limit(1)
_LONGEST_DUE = _READY.with_for_update(skip_locked=True)
_DUE = _READY.where(wakes.c.priority == bindparam("_priority")).with_for_update(skip_locked=True)
_MOVE = update(wakes).where(wakes.c.key == bindparam("_key")).values(place=bindparam("_place"))
_COUNT_UP = (
    update(counters).where(counters.c.name == "token").values(value=counters.c.value + 1).returning(counters.c.value)
)
_HOLDS = (
    wakes.c.key == bindparam("_key"),
    wakes.c.token == bindparam("_token"),
    wakes.c.lease_until > bindparam("_now"),
)
_BY_KEY = update(wakes).where(wakes.c.key == bindparam("_key"))
_HOLDERS = select(wakes.c.key, wakes.c.owner, wakes.c.token).where(wakes.c.token != 0)
_EXPIRE = _BY_KEY.where(wakes.c.token == bindparam("_token")).values(lease_until=0.0, ready_at=0.0)
_HELD = _BY_KEY.where(*_HOLDS[1:])
_FENCE = select(wakes.c.key).where(*_HOLDS).with_for_update()
_REMOVE = delete(wakes).where(*_HOLDS, wakes.c.generation == bindparam("_generation"))

# A key is due again at a time, or when the wakes that came since it was leased want it, if that is earlier.
_WANTED = case((wakes.c.due_at < bindparam("_at"), wakes.c.due_at), else_=bindparam("_at"))
_FREED = _BY_KEY.where(*_HOLDS[1:]).values(token=0, owner="", lease_until=0.0)
_AGAIN = _FREED.values(due_at=_WANTED, ready_at=_WANTED)
# A key that was woken during its last step is not parked: it is looked at with the news first.
_NEWS = wakes.c.generation != bindparam("_generation")
_UNLESS_NEWS = case((_NEWS, wakes.c.due_at), else_=bindparam("_at"))
_PARK = _FREED.values(due_at=_UNLESS_NEWS, ready_at=_UNLESS_NEWS, parked=~_NEWS)
