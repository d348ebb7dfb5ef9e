"""The durable queue of keys: wakes, leases with fencing tokens, and the one transaction that ends a step.

A wake counts the key's generation and a lease remembers the one it saw, so an acknowledgement removes the key only if
nobody woke it meanwhile. Tokens come from one counter: they grow, whatever happens to the key's row.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Double, Executable, Select, bindparam, case, delete, func, literal, select, update

from reconciler.adapters.sql import direct, leasing
from reconciler.adapters.sql.database import Database
from reconciler.adapters.sql.filling import check_limits
from reconciler.adapters.sql.moment import NOW, Due, until
from reconciler.adapters.sql.places import moved_to
from reconciler.adapters.sql.pruning import hold_writers, prune, write_uses
from reconciler.adapters.sql.rows import Found
from reconciler.adapters.sql.tables import wakes
from reconciler.adapters.sql.writing import (
    NEVER,
    Batch,
    Statements,
    check_moves,
    execute,
    is_soon,
    reviews_that_stand,
    run_moves,
)
from reconciler.errors import INTERNAL_ERROR, LeaseLost
from reconciler.keys import Key, key_of, text_of
from reconciler.ports import Clock
from reconciler.records import Changes, Lease, Wake
from reconciler.store import WakeRow

HELD = 0.05  # seconds without news that a due key is left to whoever is just taking it, as others get none of it


class SqlQueue:
    """Implements `store.Queue`. Several processes may use one database at once."""

    def __init__(self, database: Database, statements: Statements, clock: Clock) -> None:
        self._database = database
        self._statements = statements
        self._clock = clock
        self._asked = threading.local()  # `seen`: the changes that there were when this thread asked for a key

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
        self._asked.seen = self._database.changes()
        if self._database.dialect != "sqlite":
            return self._lease_at_once(owner, seconds, places)
        soonest = self._next_in(places)
        if soonest > 0:  # asked before: an idle worker must not hold up who writes
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
        moved = [
            *run_moves(changes.runs, lease.token),
            *self._statements.flow_moves(changes.flows),
            *self._statements.service_moves(changes),
            *reviews_that_stand(changes.judged),
        ]
        wakes = (*changes.wakes, *(Wake(request.key) for request in changes.asked))
        written: list[direct.Batch] = [
            *self._statements.changes(changes, lease.token, now),
            *self._statements.wakes(wakes, now),
        ]
        if changes.place is not None:
            written += moved_to(text_of(lease.key), changes.place)
        if changes.place is not None or is_soon(wakes, now):  # somebody else may be the one to take it
            written += self._database.calls

        def work(connection: Connection) -> None:
            if changes.gone is not None:
                hold_writers(connection)
            counts = direct.changes(connection, [*held, *moved, *written])
            if not any(counts[: len(held)]):
                raise _lost(lease)
            check_moves(moved, counts[len(held) :])
            check_limits(connection, changes.limits)
            write_uses(connection, changes.uses)
            if changes.gone is not None:
                prune(connection, changes.gone)

        self._database.write(work)

    def retry(self, lease: Lease, at: float, reason: str, message: str) -> None:
        self._give_back(lease, _AGAIN, at, reason, message)

    def park(self, lease: Lease, reason: str, message: str) -> None:
        self._give_back(lease, _PARK, NEVER, reason, message)

    def wait(self, seconds: float, places: Sequence[str] | None = None) -> None:
        seen, interrupts = self._database.changes(), self._database.interrupts
        left = self._next_in(places)
        if left <= 0 and getattr(self._asked, "seen", None) == seen:
            left = HELD
        start = time.monotonic()  # real time, as this thread really blocks
        end, due = start + seconds, start + left
        while (left := min(end, due) - time.monotonic()) > 0:
            now_seen = self._database.wait(seen, left)
            if self._database.interrupts != interrupts:
                return
            if now_seen != seen:
                seen, left = now_seen, self._next_in(places)
                due = time.monotonic() + left

    def interrupt(self) -> None:
        self._database.interrupt()

    def queued(self, key: Key) -> WakeRow | None:
        with self._database.read() as connection:
            found = direct.row(connection, _QUEUED, {"_key": text_of(key), "_now": (now := self._clock.now())})
        return None if found is None else _wake_row(found, now)

    def pending(self) -> Sequence[WakeRow]:
        with self._database.read() as connection:
            found = direct.rows(connection, _PENDING, {"_now": (now := self._clock.now())})
        return [_wake_row(row, now) for row in found]

    def hasten(self, lease_seconds: float) -> None:
        now = self._clock.now()
        self.wake([Wake(row.key) for row in self.pending() if row.due_at > now and not row.parked])
        made_up = [(_GIVEN_BACK_NOW, [{"_now": now}]), (_SHORTEN, [{"_now": now, "_seconds": lease_seconds}])]
        self._database.write(lambda connection: direct.changes(connection, made_up))

    def idle_for(self) -> float:
        with self._database.read() as connection:
            found = direct.rows(connection, _IDLE_FOR, {"_now": self._clock.now()})[0]["seconds"]
        return float("inf") if found is None else float(found)

    def _next_in(self, places: Sequence[str] | None) -> float:
        """Seconds until the next key may be leased; NEVER if no wake, retry or end of a lease lies ahead."""
        values = {"_now": self._clock.now(), **leasing.parameters(places)}
        found = self._database.ask(_next(places), values)[0]["seconds"]
        return NEVER if found is None else float(found)

    def _lease(
        self, connection: Connection, owner: str, seconds: float, places: Sequence[str] | None, soonest: float
    ) -> Lease | None:
        now, deadline = self._clock.now(), self._clock.monotonic() + seconds
        row = _most_urgent(connection, now, places, soonest)
        if row is None:
            return None
        token = direct.rows(connection, leasing.COUNT_UP)[0]["value"]
        lease = _lease_of(row, token, deadline, owner)
        values = {"owner": owner, "token": token, "attempts": lease.attempts, "reason": lease.reason, "due_at": NEVER}
        if row["token"]:
            values["message"] = leasing.LAPSED
        direct.change(connection, _TAKE, [{"_key": row["key"], "_now": now, "_seconds": seconds, **values}])
        return lease

    def _lease_at_once(self, owner: str, seconds: float, places: Sequence[str] | None) -> Lease | None:
        """With a server, which lets many take keys at a time."""
        deadline = self._clock.monotonic() + seconds
        values = {"_owner": owner, "_seconds": seconds, **leasing.parameters(places)}
        found = self._database.at_once(leasing.taking(None if places is None else len(places)), values)
        return _lease_of(found[0], found[0]["lease"], deadline, owner) if found else None

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
        held = self._held(lease)
        values = {"attempts": attempts, "reason": reason, "message": message}
        given = {"_at": until(at, held["_now"], self._database.dialect), "_generation": lease.generation}
        return how, [{**held, **given, **values}]

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
    """`soonest` is in how many seconds the first of them was due."""
    size, of = None if places is None else len(places), leasing.parameters(places)
    found = None
    if soonest <= -leasing.PATIENCE:
        found = direct.row(connection, leasing.here(leasing.LONGEST_DUE, size), {"_now": now, **of})
    for priority in leasing.URGENCY:
        due = leasing.here(leasing.DUE, size)
        found = found or direct.row(connection, due, {"_now": now, "_priority": priority, **of})
    return found


def _next(places: Sequence[str] | None) -> Select[Any]:
    return leasing.here(_NEXT, None if places is None else len(places))


def _lease_of(row: Found, token: int, deadline: float, owner: str) -> Lease:
    attempts, reason = row["attempts"], row["reason"]
    if row["token"]:  # nobody gave it back: its holder died, perhaps of this very key
        attempts, reason = (attempts + 1 if reason == INTERNAL_ERROR else 1), INTERNAL_ERROR
    return Lease(key_of(row["key"]), token, row["generation"], deadline, owner, attempts, reason, row["place"])


def _wake_row(row: Found, now: float) -> WakeRow:
    """For a process by whose clock it is `now`."""
    parked = f"{row['reason']}: {row['message']}" if row["parked"] else ""
    due_at = row["ready_at"] + (now - row["now"])
    return WakeRow(key_of(row["key"]), due_at, row["owner"], row["attempts"], parked)


_ROWS = select(wakes, NOW.label("now"))
_PENDING = _ROWS.order_by(wakes.c.key)
_QUEUED = _ROWS.where(wakes.c.key == bindparam("_key"))
_IDLE_FOR = select((NOW - func.max(wakes.c.lease_until)).label("seconds")).where(
    wakes.c.token == 0, wakes.c.lease_until > 0
)
_GIVEN_BACK_NOW = update(wakes).where(wakes.c.token == 0, wakes.c.lease_until > NOW).values(lease_until=NOW)
_NEXT = select((func.min(wakes.c.ready_at) - NOW).label("seconds"))
_HOLDS = (
    wakes.c.key == bindparam("_key"),
    wakes.c.token == bindparam("_token"),
    wakes.c.lease_until > NOW,
)
_BY_KEY = update(wakes).where(wakes.c.key == bindparam("_key"))
_HOLDERS = select(wakes.c.key, wakes.c.owner, wakes.c.token).where(wakes.c.token != 0)
_EXPIRE = _BY_KEY.where(wakes.c.token == bindparam("_token")).values(lease_until=0.0, ready_at=literal(0.0, Double()))
_TAKE = _BY_KEY.values(
    lease_until=leasing.END, ready_at=leasing.END
)  # other columns are set from the names of the parameters
_RENEW = _TAKE.where(*_HOLDS[1:])
_SHORTEN = (
    update(wakes)
    .where(wakes.c.token != 0, wakes.c.lease_until > leasing.END)
    .values(lease_until=leasing.END, ready_at=leasing.END)
)
_FENCE = select(wakes.c.key).where(*_HOLDS).with_for_update()
_REMOVE = delete(wakes).where(*_HOLDS, wakes.c.generation == bindparam("_generation"))

# A key is due again at a time, or when the wakes that came since it was leased want it, if that is earlier.
_AT = bindparam("_at", type_=Due())
_WANTED = case((wakes.c.due_at < _AT, wakes.c.due_at), else_=_AT)
_FREED = _BY_KEY.where(*_HOLDS[1:]).values(token=0, owner="", lease_until=NOW)
_AGAIN = _FREED.values(due_at=_WANTED, ready_at=_WANTED)
# A key that was woken during its last step is not parked: it is looked at with the news first.
_NEWS = wakes.c.generation != bindparam("_generation")
_UNLESS_NEWS = case((_NEWS, wakes.c.due_at), else_=_AT)
_PARK = _FREED.values(due_at=_UNLESS_NEWS, ready_at=_UNLESS_NEWS, parked=~_NEWS)
