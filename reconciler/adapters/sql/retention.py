"""What retention reads: candidates in pages, and who needs them. What goes is engine/retention.py's decision."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, not_, or_, select

from reconciler.adapters.sql import batches, rows
from reconciler.adapters.sql.aged import aged, flows_of, old_results, services_of, standing
from reconciler.adapters.sql.database import Database
from reconciler.adapters.sql.tables import (
    attempts,
    cache,
    events,
    flows,
    ops,
    plans,
    requests,
    runs,
    wakes,
)
from reconciler.engine.model import Status
from reconciler.engine.retention import FlowMarks, Needs, RunMark
from reconciler.keys import CheckKey, RunKey, text_of
from reconciler.records import EventRow, FlowRow, RunRow
from reconciler.store import Aged, Bounds, References

BODIES = 1000  # runs that are read at once
USE, PRUNED = "use", "pruned"  # kinds of events that retention writes
_PLAN = re.compile(rb'"plan":"([0-9a-f]{32})"')
_COMMIT = re.compile(rb'"(?:commit|sha)":"([0-9a-f]{40})"')


class SqlRetention:
    """Implements `store.Retained`."""

    _database: Database

    def finished_runs(
        self, after: tuple[float, str], before: float, crowded: Sequence[str], limit: int
    ) -> Sequence[RunMark]:
        """The oldest finished runs after a place in their order; of `crowded` flows also those made after `before`."""
        mine: ColumnElement[bool] = runs.c.created_at < before
        if crowded:
            mine = or_(mine, runs.c.flow.in_(crowded))
        place = or_(runs.c.created_at > after[0], (runs.c.created_at == after[0]) & (runs.c.id > after[1]))
        statement = select(runs).where(not_(runs.c.live), runs.c.created_at >= after[0], place, mine)
        with self._database.read() as connection:
            found = connection.execute(statement.order_by(runs.c.created_at, runs.c.id).limit(limit)).mappings()
            return [_mark(rows.run_of(row)) for row in found]

    def crowded_flows(self, most: int) -> Sequence[str]:
        """Flows that have more runs than so many."""
        statement = select(runs.c.flow).group_by(runs.c.flow).having(func.count() > most)
        with self._database.read() as connection:
            return [flow for (flow,) in connection.execute(statement)]

    def runs_of_commits(self, shas: Iterable[str]) -> Sequence[RunMark]:
        """Every run of which a check of these commits speaks."""
        with self._database.read() as connection:
            found: list[RunMark] = []
            for some in batches.chunks(shas):
                statement = select(runs).where(runs.c.sha.in_(some))
                found += [_mark(rows.run_of(row)) for row in connection.execute(statement).mappings()]
        return found

    def needs(self, marks: Sequence[RunMark], newest: int, most: int) -> Needs:
        """What others still need of these runs."""
        ids, of_flows = [mark.id for mark in marks], sorted({mark.state.flow for mark in marks})
        with self._database.read() as connection:
            return Needs(
                {flow: _flow_marks(connection, flow, newest, most) for flow in of_flows},
                frozenset(_used(connection, ids)),
                frozenset(row.run for row in services_of(connection)),
                frozenset(_asked(connection, ids)),
                frozenset(_unsaid(connection, marks)),
                _cached_since(connection),
            )

    def cached_since(self, place: str) -> float:
        """The end of the oldest result with files at a place that may be reused; infinity where there is none."""
        with self._database.read() as connection:
            return _cached_since(connection, _at(place))

    def users(self, wanted: Iterable[str]) -> Mapping[str, Sequence[RunRow]]:
        """By run: the runs that took over or reused its results, or those of a run that did, and are still there."""
        ids = sorted(set(wanted))
        with self._database.read() as connection:
            users = users_of(connection, ids)
        rows_by_id = self.runs_by_id({by for some in users.values() for by in some})
        found = {run: [rows_by_id[by] for by in sorted(users[run]) if by in rows_by_id] for run in ids}
        return {run: some for run, some in found.items() if some}

    def runs_by_id(self, wanted: Iterable[str]) -> Mapping[str, RunRow]:
        """Those of these runs that there are."""
        with self._database.read() as connection:
            found = [
                rows.run_of(row)
                for some in batches.chunks(wanted)
                for row in connection.execute(select(runs).where(runs.c.id.in_(some))).mappings()
            ]
        return {row.id: row for row in found}

    def has_remains(self, run: str) -> bool:
        """Whether anything is left of a run that is gone."""
        with self._database.read() as connection:
            return any(connection.execute(one.limit(1)).first() is not None for one in _remains(run))

    def pruned(self, prefix: str) -> EventRow | None:
        """The trace of the run, or of the newest of those, whose id begins so and that is not kept any more."""
        statement = select(events).where(events.c.subject >= prefix, events.c.subject < prefix + "\U0010ffff")
        statement = statement.where(events.c.kind == PRUNED).order_by(events.c.at.desc()).limit(1)
        with self._database.read() as connection:
            found = connection.execute(statement).mappings().first()
        return None if found is None else rows.of_flat(EventRow, found)

    def crowded_results(self, place: str, before: float, limit: int) -> Sequence[tuple[str, str]]:
        """Results with files at a place that were made before then, by key and attempt."""
        with self._database.read() as connection:
            return old_results(connection, before, limit, _at(place))

    def aged(self, bounds: Bounds, limit: int) -> Aged:
        """Rows past their time that no run holds, at most `limit` of each kind, and none that is still needed."""
        with self._database.read() as connection:
            return aged(connection, bounds, limit)

    def old_events(self, after: int, bounds: Bounds, limit: int) -> tuple[Sequence[int], int]:
        """Events past their time that belong to no run, of the next `limit`; and the last one looked at, 0 at the end.

        The trace of a run that is gone is kept longer, however many there are. Events are counted by their numbers,
        those of runs too: nobody has to read them all.
        """
        old = events.c.at < bounds.history
        if bounds.events is not None:
            old |= events.c.seq <= select(func.max(events.c.seq)).scalar_subquery() - bounds.events
        looked_at = select(events.c.seq, events.c.at, events.c.subject, events.c.kind)
        looked_at = looked_at.where(events.c.seq > after, old).order_by(events.c.seq).limit(limit)
        with self._database.read() as connection:
            found = connection.execute(looked_at).all()
        of_runs = self.runs_by_id({row.subject for row in found})
        held = {row.seq for row in found if row.subject in of_runs or (row.kind == PRUNED and row.at >= bounds.traces)}
        gone = [row.seq for row in found if row.seq not in held]
        return gone, found[-1].seq if len(found) == limit else 0

    def references(self) -> References:
        """The plans and commits that runs, flows, services, reviews and repositories hold; reads every run."""
        with self._database.read() as connection:
            at_work = flows_of(connection)
            held, commits = set[str](), {sha for _, sha in standing(connection, at_work)}
            for body in _bodies(connection):
                held.update(plans_in(body))
                commits.update(one.decode() for one in _COMMIT.findall(body))
            commits.update(row.spec.commit for row in services_of(connection))
            unneeded = unneeded_plans(connection, held, at_work)
        return References(tuple(unneeded), frozenset(commits - {""}))


def _mark(row: RunRow) -> RunMark:
    return RunMark(row.state, row.version, row.repository, row.sha, row.facts.commit)


def _flow_marks(connection: Connection, flow: str, newest: int, most: int) -> FlowMarks:
    row = connection.execute(select(flows).where(flows.c.id == flow)).mappings().first()
    known = None if row is None else rows.flow_of(row)
    good = select(runs.c.id).where(runs.c.flow == flow, runs.c.status == Status.SUCCEEDED.value)
    last_good = connection.execute(good.order_by(runs.c.created_at.desc(), runs.c.id.desc()).limit(1)).scalar()
    retired = known is None or known.retired
    return FlowMarks(
        _nth_newest(connection, flow, newest) if not retired else float("inf"),
        _nth_newest(connection, flow, most),
        last_good or "" if not retired else "",
        known.applied_sha if known is not None and not retired else "",
        known.waiting_sha if known is not None and not retired else "",
    )


def _nth_newest(connection: Connection, flow: str, number: int) -> float:
    """When the `number`th newest finished run of a flow was made; 0.0 where it has not so many."""
    finished = select(runs.c.created_at).where(runs.c.flow == flow, not_(runs.c.live))
    found = connection.execute(finished.order_by(runs.c.created_at.desc()).limit(1).offset(number - 1)).scalar()
    return 0.0 if found is None else float(found)


def used_by(ids: Sequence[str]) -> Select[Any]:
    """Which of these runs another run has used that is still there."""
    users = select(events.c.subject).join(runs, runs.c.id == events.c.message)
    return users.where(events.c.subject.in_(ids), events.c.kind == USE)


def users_of(connection: Connection, ids: Iterable[str]) -> Mapping[str, Set[str]]:
    """By run: who has used it, or a run that has: what was taken over may be what that one had reused."""
    direct: dict[str, set[str]] = {}
    new = set(ids)
    while new:
        direct |= {run: set() for run in new}
        for some in batches.chunks(new):
            statement = used_by(some).with_only_columns(events.c.subject, events.c.message)
            for used, by in connection.execute(statement):
                direct[used].add(by)
        new = {by for run in new for by in direct[run]} - direct.keys()
    return {run: _reached(direct, run) for run in ids}


def _reached(direct: Mapping[str, Set[str]], run: str) -> Set[str]:
    found, new = set[str](), set(direct[run])
    while new:
        found |= new
        new = {by for one in new for by in direct[one]} - found
    return found


def _used(connection: Connection, ids: Sequence[str]) -> set[str]:
    return {run for some in batches.chunks(ids) for (run,) in connection.execute(used_by(some))}


def asked_of(keys: Sequence[str]) -> Select[Any]:
    """Which of these keys have a request that is not answered."""
    return select(requests.c.key).where(requests.c.key.in_(keys), requests.c.done_at.is_(None))


def _asked(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Runs of which something is asked that is not answered, or that have an attempt which has not ended."""
    keys = {text_of(RunKey(run)): run for run in ids}
    found = {keys[key] for some in batches.chunks(keys) for (key,) in connection.execute(asked_of(some))}
    for some in batches.chunks(ids):
        live = select(attempts.c.run).where(attempts.c.run.in_(some), attempts.c.live)
        found |= {run for (run,) in connection.execute(live)}
    return found


def _unsaid(connection: Connection, marks: Sequence[RunMark]) -> set[str]:
    """Runs whose own key, or that of their commit's checks, waits in the queue."""
    keys: dict[str, list[str]] = {}
    for mark in marks:
        keys.setdefault(text_of(RunKey(mark.id)), []).append(mark.id)
        if mark.sha:
            keys.setdefault(text_of(CheckKey(mark.repository, mark.sha)), []).append(mark.id)
    return {run for key in waiting(connection, keys) for run in keys[key]}


def waiting(connection: Connection, keys: Iterable[str]) -> set[str]:
    """Which of these keys wait in the queue and are not parked."""
    chosen = (wakes.c.key.in_(some) for some in batches.chunks(keys))
    found = (select(wakes.c.key).where(some, not_(wakes.c.parked)) for some in chosen)
    return {key for one in found for (key,) in connection.execute(one)}


def plans_in(encoded: bytes) -> Iterator[str]:
    """Ids of the plans that a row or the arguments of a request name."""
    return (plan.decode() for plan in _PLAN.findall(encoded))


def unneeded_plans(connection: Connection, held: Set[str], known: Sequence[FlowRow]) -> list[str]:
    """Plans that are not held, that no flow has applied, and that no request wants which is not answered."""
    applied = {row.applied_plan for row in known}
    pending = connection.execute(select(requests.c.arguments).where(requests.c.done_at.is_(None)))
    kept = {*held, *(plan for (arguments,) in pending for plan in plans_in(arguments))}
    found = connection.execute(select(plans.c.id, plans.c.hash)).all()
    return [plan for plan, its_hash in found if plan not in kept and its_hash not in applied]


def _bodies(connection: Connection) -> Iterator[bytes]:
    """Every run as it is stored, in pages."""
    last = ""
    while True:
        page = select(runs.c.id, runs.c.body).where(runs.c.id > last).order_by(runs.c.id).limit(BODIES)
        found = connection.execute(page).all()
        yield from (body for _, body in found)
        if len(found) < BODIES:
            return
        last = found[-1][0]


def _at(place: str) -> ColumnElement[bool]:
    """Results whose artifacts are at a place."""
    return cache.c.artifacts.in_(select(attempts.c.id).where(attempts.c.place == place))


def _cached_since(connection: Connection, *which: ColumnElement[bool]) -> float:
    found = connection.execute(select(func.min(cache.c.finished_at)).where(*which)).scalar()
    return float("inf") if found is None else float(found)


def _remains(run: str) -> list[Select[Any]]:
    history = select(events.c.seq).where(events.c.subject == run, events.c.kind != PRUNED)
    return [select(ops.c.path).where(ops.c.run == run), select(attempts.c.id).where(attempts.c.run == run), history]
