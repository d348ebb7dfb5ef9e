"""One step's changes as statements with their rows, made ready outside of the transaction. Nothing is read here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    Boolean,
    Connection,
    Executable,
    Integer,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from reconciler.adapters.sql import direct, rows, tables
from reconciler.adapters.sql.moment import until
from reconciler.errors import MAX_TRIES, Conflict
from reconciler.keys import PRIORITY, text_of
from reconciler.records import OFFERED, Changes, CheckRow, FlowRow, RequestRow, ReviewRow, RunRow, ServiceRow, Wake

NEVER = 1e18  # seconds since the epoch
SOON = 10.0  # seconds: of keys that are due later, other processes learn by looking now and then
Batch = tuple[Executable, list[rows.Values]]

_INSERTS: dict[str, Callable[[Table], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class Statements:
    """The statements that write, for a dialect (`sqlite` or `postgresql`), and the batches of a step."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self._insert = _INSERTS[dialect]
        self.put = {table.name: self._replace(table) for table in tables.NAMES.sorted_tables}
        self.put["checks"] = self._say(follows=False)
        self.put["repositories"] = self._look()
        self.add = {table.name: self._keep(table) for table in tables.NAMES.sorted_tables}
        self.append = {table.name: insert(table) for table in (tables.events, tables.observations)}
        self.wake = self._wake()
        self.move_flow = self._move(tables.flows, ("repository", "scope", "body"))
        self.move_service = self._move(tables.services, ("body",))
        self.follow_run = self._say(follows=True)

    def changes(self, changes: Changes, writer: int, now: float) -> list[Batch]:
        """Everything but wakes, the queue's own row, and what must be of the version that was read."""
        flat = rows.flat
        begun = {run.id for run in changes.new_runs} | {""}
        batches: list[Batch] = [
            (self.put["repositories"], [flat(row) for row in changes.repositories]),
            (self.put["reviews"], [flat(row) for row in changes.reviews]),
            (_JUDGE, [_judged(row) for row in changes.judged]),
            (self.add["runs"], [_inserted(row, writer) for row in changes.new_runs]),
            (self.add["plans"], [flat(row) for row in changes.plans]),
            (self.put["ops"], [rows.op_values(row) for row in changes.ops]),
            (self.put["attempts"], [rows.attempt_values(row) for row in changes.attempts]),
            (self.put["schedules"], [flat(row) for row in changes.schedules]),
            (self.put["checks"], [rows.check_values(row, now) for row in changes.checks if row.run in begun]),
            (self.follow_run, [rows.check_values(row, now) for row in changes.checks if row.run not in begun]),
            (_POST, [_posted(row) for row in changes.posted]),
            (self.append["events"], [flat(row) for row in changes.events]),
            (self.put["cache"], [flat(row) for row in changes.cache]),
            (self.put["metrics"], [rows.metric_values(row) for row in changes.metrics]),
            (_REMOVE_OBSERVATION, [{"_seq": seq} for seq in changes.folded]),
            (_ANSWER, [_answer(row) for row in changes.answered]),
            *self.asks(changes.asked),
            (self.put["conversations"], [rows.conversation_values(row) for row in changes.conversations]),
        ]
        return [batch for batch in batches if batch[1]]

    def asks(self, requests: Sequence[RequestRow]) -> list[Batch]:
        """Requests, which may be there already, and the approvals among them."""
        batches: list[Batch] = [
            (self.add["requests"], [rows.request_values(row) for row in requests]),
            (self.add["approvals"], [rows.approval_values(row) for row in requests if row.approves]),
        ]
        return [batch for batch in batches if batch[1]]

    def flow_moves(self, flows: Sequence[FlowRow]) -> list[Batch]:
        """Insert flows, or replace those that still have the version that was read (0: it was not there)."""
        values = ({**rows.flow_values(row), "_id": row.id, "_version": row.version} for row in flows)
        return [(self.move_flow, [one]) for one in values]

    def service_moves(self, changes: Changes) -> list[Batch]:
        """Insert, replace or remove services that still have the version that was read (0: it was not there)."""
        moved = ({**rows.service_values(row), **_read_service(row)} for row in changes.services)
        removed = [_read_service(row) for row in changes.services_gone]
        return [(self.move_service, [one]) for one in moved] + [(_REMOVE_SERVICE, [one]) for one in removed]

    def _move(self, table: Table, columns: Sequence[str]) -> Executable:
        """Insert a row, or replace these columns of one that has the version that was read, raising it by one."""
        known, values, read = table.c, self._insert(table), bindparam("_version", type_=Integer)
        written = (*_keys(table), "version", *columns)
        inserted = values.values({name: bindparam(name, type_=known[name].type) for name in written})
        replaced = {name: inserted.excluded[name] for name in columns}
        return cast(
            Executable,
            inserted.on_conflict_do_update(
                index_elements=_keys(table),
                set_={**replaced, "version": known.version + 1},
                where=known.version == read,
            ),
        )

    def wakes(self, wakes: Iterable[Wake], now: float) -> list[Batch]:
        """Upserts of the queue: a key that is woken twice is there once, at the earlier time."""
        due: dict[str, rows.Values] = {}
        for wake in wakes:
            values = _wake_values(wake, until(now if wake.at is None else wake.at, now, self._dialect))
            known = due.setdefault(values["key"], values)
            known["due_at"] = known["ready_at"] = min(known["due_at"], values["due_at"])
        return [(self.wake, [due[key] for key in sorted(due)])] if due else []

    def _replace(self, table: Table) -> Executable:
        values = self._insert(table)
        replaced = _replaced(table, values.excluded)
        return _put(values, _keys(table), replaced) if replaced else self._keep(table)

    def _look(self) -> Executable:
        """What was seen of a repository. One that was never looked at replaces none that was since it was read."""
        known, values = tables.repositories.c, self._insert(tables.repositories)
        new = values.excluded
        never_again = (new.head != "") | (known.head == "")
        return _put(values, _keys(tables.repositories), _replaced(tables.repositories, new), never_again)

    def _say(self, follows: bool) -> Executable:
        """What checks say. `follows`: a run that goes on says it, unless a newer one was begun for the same check."""
        check, values = tables.checks.c, self._insert(tables.checks)
        new = values.excluded
        # A run that goes on does not know what was posted, and it was all the same.
        replaced = {**_replaced(tables.checks, new), "posted": func.coalesce(func.nullif(new.posted, ""), check.posted)}
        return _put(values, _keys(tables.checks), replaced, check.run.in_(["", new.run]) if follows else None)

    def _keep(self, table: Table) -> Executable:
        return cast(Executable, self._insert(table).on_conflict_do_nothing())

    def _wake(self) -> Executable:
        """A wake counts; it unparks a key for one more try; a leased key becomes ready when its lease ends."""
        queue, values = tables.wakes.c, self._insert(tables.wakes)
        earlier = case((values.excluded.due_at < queue.due_at, values.excluded.due_at), else_=queue.due_at)
        spent = queue.parked & (queue.attempts >= MAX_TRIES)
        return _put(
            values,
            ["key"],
            {
                "generation": queue.generation + 1,
                "due_at": earlier,
                "ready_at": case((queue.token != 0, queue.ready_at), else_=earlier),
                "attempts": case((spent, MAX_TRIES - 1), else_=queue.attempts),
                "parked": False,
                "place": case((queue.place == OFFERED, ""), else_=queue.place),  # there is news, and anybody may look
            },
        )


@cache
def statements_of(dialect: str) -> Statements:
    """Those of a dialect: a statement that is made again would be compiled again."""
    return Statements(dialect)


def _keys(table: Table) -> list[str]:
    return [column.name for column in table.primary_key]


def _replaced(table: Table, new: Any) -> dict[str, Any]:
    """All columns but those of the key, and when a row was first noted."""
    kept = {*_keys(table), "noted_at"}
    return {column.name: new[column.name] for column in table.columns if column.name not in kept}


def _put(values: Any, keys: list[str], replaced: dict[str, Any], where: Any = None) -> Executable:
    return cast(Executable, values.on_conflict_do_update(index_elements=keys, set_=replaced, where=where))


def execute(connection: Connection, batches: Iterable[Batch]) -> None:
    """Run every batch."""
    direct.changes(connection, batches)


def is_soon(wakes: Iterable[Wake], now: float) -> bool:
    """Whether other processes should hear of these at once."""
    return any(wake.at is None or wake.at <= now + SOON for wake in wakes)


def run_moves(runs: Sequence[RunRow], writer: int) -> list[Batch]:
    """Replace runs that still have the version that was read, raising it by one. `writer` is the lease's token."""
    return [(_MOVE_RUN, [_moved(row, writer)]) for row in runs]


def reviews_that_stand(judged: Sequence[ReviewRow]) -> list[Batch]:
    """Proposals that are neither closed nor merged since they were read: what is said then on their head is not theirs.

    A base that moves on is none of that: where it always does, nothing would ever be said.
    """
    return [(_STANDS, [{"_repository": row.repository, "_id": row.proposal, "_base": row.base}]) for row in judged]


def _moved(row: RunRow, writer: int) -> rows.Values:
    """Only what may change: a file writes the pages of every index that a statement names a column of."""
    written = rows.run_values(replace(row, writer=writer, version=row.version + 1))
    changed = {name: written[name] for name in _MOVING}
    return {**changed, "_id": row.id, "_version": row.version}


def check_moves(moves: Sequence[Batch], counts: Sequence[int]) -> None:
    """Raises Conflict if something has moved on since it was read: then its statement wrote or found no row."""
    for (_, values), count in zip(moves, counts, strict=False):
        if count != 1:
            raise Conflict(f"Run, flow, service or proposal {values[0]['_id']} has moved on since it was read.")


def _read_service(row: ServiceRow) -> rows.Values:
    return {"_id": f"{row.flow} {row.op}", "_flow": row.flow, "_op": row.op, "_version": row.version}


def _inserted(row: RunRow, writer: int) -> rows.Values:
    return {**rows.run_values(replace(row, writer=writer, made_by=writer)), "version": row.version}


def _judged(row: ReviewRow) -> rows.Values:
    return _parameters(row, *_SEEN_REVIEW, "judged")


def _posted(row: CheckRow) -> rows.Values:
    return _parameters(row, *_NAMED, *_WORDED, *_POSTED)


def _parameters(row: object, *names: str) -> rows.Values:
    return {f"_{name}": getattr(row, name) for name in names}


def _answer(row: RequestRow) -> rows.Values:
    return {"_id": row.id, "_done_at": row.done_at, "_answer": row.answer}


def _wake_values(wake: Wake, at: float) -> rows.Values:
    return {
        "key": text_of(wake.key),
        "priority": PRIORITY[type(wake.key)],
        "due_at": at,
        "ready_at": at,
        "generation": 1,
        "token": 0,
        "owner": "",
        "lease_until": 0.0,
        "attempts": 0,
        "reason": "",
        "message": "",
        "parked": False,
    }


_REMOVE_OBSERVATION = delete(tables.observations).where(tables.observations.c.seq == bindparam("_seq"))
_REMOVE_SERVICE = delete(tables.services).where(
    *(tables.services.c[name] == bindparam(f"_{name}") for name in ("flow", "op", "version"))
)
_UNMERGED = tables.reviews.c.base != tables.reviews.c.head
_SEEN_REVIEW = ("repository", "proposal", "head", "base", "target")
_STANDS = (
    select(tables.reviews.c.proposal)
    .where(tables.reviews.c.repository == bindparam("_repository"), tables.reviews.c.proposal == bindparam("_id"))
    .where(tables.reviews.c.open, or_(tables.reviews.c.base == bindparam("_base"), _UNMERGED))
    .with_for_update(read=True)
)
_JUDGE = (
    update(tables.reviews)
    .where(*(tables.reviews.c[name] == bindparam(f"_{name}") for name in _SEEN_REVIEW), tables.reviews.c.open)
    .values(judged=bindparam("_judged"))
)
_NAMED, _WORDED, _POSTED = ("repository", "sha", "name"), ("desired", "run"), ("posted", "final")
_SAME = and_(*(tables.checks.c[name] == bindparam(f"_{name}") for name in _WORDED))
_POST = (  # that it was posted is true whatever is desired by now
    update(tables.checks)
    .where(*(tables.checks.c[name] == bindparam(f"_{name}") for name in _NAMED))
    .values(
        posted=bindparam("_posted"),
        final=case((_SAME, bindparam("_final", type_=Boolean)), else_=tables.checks.c.final),
    )
)
_ANSWER = (
    update(tables.requests)
    .where(tables.requests.c.id == bindparam("_id"))
    .values(done_at=bindparam("_done_at"), answer=bindparam("_answer"))
)
_MOVING = ("status", "live", "body")
_MOVE_RUN = (  # the other columns are set from the names of the parameters
    update(tables.runs)
    .where(tables.runs.c.id == bindparam("_id"), tables.runs.c.version == bindparam("_version"))
    .values(version=tables.runs.c.version + 1)
)
