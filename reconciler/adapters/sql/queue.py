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

from sqlalchemy import Connection, Double, Executable, Select, bindparam, case, delete, func, select, update

from reconciler.adapters.sql import direct
from reconciler.adapters.sql.database import Database
from reconciler.adapters.sql.moment import NOW
from reconciler.adapters.sql.pruning import hold_writers, prune, write_uses
from reconciler.adapters.sql.rows import Found
from reconciler.adapters.sql.tables import counters, wakes
from reconciler.adapters.sql.writing import NEVER, Batch, Statements, check_moves, execute, is_soon, run_moves
from reconciler.errors import INTERNAL_ERROR, LeaseLost
from reconciler.keys import PRIORITY, Key, key_of, text_of
from reconciler.ports import Clock
from reconciler.records import Changes, Lease, Wake
from reconciler.store import WakeRow

PATIENCE = 30.0  # seconds a due key is overtaken by more urgent ones before it goes first: no kind of key may starve
LAPSED = "The step's lease ran out before it ended."


class SqlQueue:
    """Implements `store.Queue`. Several processes may use one database at once."""

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
        soonest = self._next_at(places)
        if soonest > self._clock.now():  # asked before: an idle worker must not hold up who writes
            return None
        return self._database.write(lambda connection: self._lease(connection, owner, seconds, places, soonest))

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
        held = self._fence(lease) if keep else self._acknowledge(lease, changes.again_at)
        moved = [*run_moves(changes.runs, lease.token), *self._statements.flow_moves(changes.flows)]
        wakes = (*changes.wakes, *(Wake(request.key) for request in changes.asked))
        written = [*self._statements.changes(changes, lease.token, now), *self._statements.wakes(wakes, now)]
        if changes.place is not None:
            written.append((_MOVE, [{"_key": text_of(lease.key), "_place": changes.place}]))

        def work(connection: Connection) -> None:
            if changes.gone is not None:
                hold_writers(connection)
            counts = direct.changes(connection, [*held, *moved, *written])
            if not any(counts[: len(held)]):
                raise _lost(lease)
            check_moves(moved, counts[len(held) :])
            write_uses(connection, changes.uses)
            if changes.gone is not None:
                prune(connection, changes.gone)
            if changes.place is not None or is_soon(wakes, now):  # somebody else may be the one to take it
                self._database.call()

        self._database.write(work)

    def retry(self, lease: Lease, at: float, reason: str, message: str) -> None:
        self._give_back(lease, _AGAIN, at, reason, message)

    def park(self, lease: Lease, reason: str, message: str) -> None:
        self._give_back(lease, _PARK, NEVER, reason, message)

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
            found = direct.rows(connection, _PENDING)
        return [_wake_row(row) for row in found]

    def _next_at(self, places: Sequence[str] | None) -> float:
        """When the next key may be leased; NEVER if no wake, retry or end of a lease lies ahead."""
        found = self._database.ask(_asked(_NEXT, places), _of(places))[0]["at"]
        return NEVER if found is None else float(found)

    def _lease(
        self, connection: Connection, owner: str, seconds: float, places: Sequence[str] | None, soonest: float
    ) -> Lease | None:
        now, deadline = self._clock.now(), self._clock.monotonic() + seconds
        row = _most_urgent(connection, now, places, soonest)
        if row is None:
            return None
        token = direct.rows(connection, _COUNT_UP)[0]["value"]
        lease = _lease_of(row, token, deadline, owner)
        values = {"owner": owner, "token": token, "attempts": lease.attempts, "reason": lease.reason, "due_at": NEVER}
        if row["token"]:
            values["message"] = LAPSED
        direct.change(connection, _TAKE, [{"_key": row["key"], "_now": now, "_seconds": seconds, **values}])
        return lease

    def _renew(self, connection: Connection, leases: Sequence[Lease], seconds: float) -> list[Lease]:
        deadline = self._clock.monotonic() + seconds
        held = [(_RENEW, [{**self._held(lease), "_seconds": seconds}]) for lease in leases]
        counts = direct.changes(connection, held)
        return [replace(lease, deadline=deadline) for lease, count in zip(leases, counts, strict=True) if count]

    def _fence(self, lease: Lease) -> list[Batch]:
        return [(_FENCE, [self._held(lease)])]

    def _acknowledge(self, lease: Lease, again_at: float | None) -> list[Batch]:
        """The key goes if nobody woke it since it was leased, and its step does not want to look again."""
        if again_at is not None:
            return [self._release(lease, _AGAIN, again_at)]
        gone = {**self._held(lease), "_generation": lease.generation}
        return [(_REMOVE, [gone]), self._release(lease, _AGAIN, NEVER)]

    def _release(self, lease: Lease, how: Executable, at: float, reason: str = "", message: str = "") -> Batch:
        """Give a key back: with a reason, its step has failed."""
        attempts = 0 if not reason else lease.attempts + 1 if lease.reason == reason else 1
        values = {"_at": at, "attempts": attempts, "reason": reason, "message": message}
        return how, [{**self._held(lease), "_generation": lease.generation, **values}]

    def _give_back(self, lease: Lease, how: Executable, at: float, reason: str, message: str) -> None:
        released = self._release(lease, how, at, reason, message)

        def work(connection: Connection) -> None:
            if not direct.changes(connection, [released])[0]:
                raise _lost(lease)

        self._database.write(work)

    def _held(self, lease: Lease) -> dict[str, Any]:
        return {"_key": text_of(lease.key), "_token": lease.token, "_now": self._clock.now()}


def _lost(lease: Lease) -> LeaseLost:
    return LeaseLost(f"The lease of {text_of(lease.key)} ran out or was taken.")


def _most_urgent(
    connection: Connection, now: float, places: Sequence[str] | None, soonest: float
) -> dict[str, Any] | None:
    """`soonest` is when the first of them was due."""
    longest_due, due, of = _asked(_LONGEST_DUE, places), _asked(_DUE, places), _of(places)
    found = None
    if soonest <= now - PATIENCE:
        found = direct.row(connection, longest_due, {"_now": now, **of})
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


def _wake_row(row: Found) -> WakeRow:
    parked = f"{row['reason']}: {row['message']}" if row["parked"] else ""
    return WakeRow(key_of(row["key"]), row["ready_at"], row["owner"], row["attempts"], parked)


_URGENCY = sorted(set(PRIORITY.values()), reverse=True)
_PENDING = select(wakes).order_by(wakes.c.key)
_NEXT = select(func.min(wakes.c.ready_at).label("at"))
_FIRST = select(wakes).order_by(wakes.c.ready_at).limit(1).with_for_update(skip_locked=True)
_LONGEST_DUE = _FIRST.where(wakes.c.ready_at <= NOW - PATIENCE)
_DUE = _FIRST.where(wakes.c.ready_at <= NOW, wakes.c.priority == bindparam("_priority"))
_MOVE = update(wakes).where(wakes.c.key == bindparam("_key")).values(place=bindparam("_place"))
_COUNT_UP = (
    update(counters).where(counters.c.name == "token").values(value=counters.c.value + 1).returning(counters.c.value)
)
_HOLDS = (
    wakes.c.key == bindparam("_key"),
    wakes.c.token == bindparam("_token"),
    wakes.c.lease_until > NOW,
)
_BY_KEY = update(wakes).where(wakes.c.key == bindparam("_key"))
_HOLDERS = select(wakes.c.key, wakes.c.owner, wakes.c.token).where(wakes.c.token != 0)
_EXPIRE = _BY_KEY.where(wakes.c.token == bindparam("_token")).values(lease_until=0.0, ready_at=0.0)
_END = NOW + bindparam("_seconds", type_=Double())
_TAKE = _BY_KEY.values(lease_until=_END, ready_at=_END)  # other columns are set from the names of the parameters
_RENEW = _TAKE.where(*_HOLDS[1:])
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
