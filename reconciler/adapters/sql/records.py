"""Reading records, and the writes that come from outside of steps. What a step writes is the queue's commit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, bindparam, func, select, update

from reconciler.adapters.sql import batches, direct, questions, rows
from reconciler.adapters.sql.database import Database
from reconciler.adapters.sql.joins import join_rows
from reconciler.adapters.sql.retention import USE
from reconciler.adapters.sql.tables import (
    approvals,
    attempts,
    checks,
    conversations,
    events,
    flows,
    metrics,
    plans,
    repositories,
    requests,
    schedules,
    wakes,
)
from reconciler.adapters.sql.writing import Batch, Statements, execute
from reconciler.engine.decisions import JoinQuery
from reconciler.engine.model import Observed, OpState
from reconciler.flows.model import Json
from reconciler.keys import FlowKey, Key, RepositoryKey, RunKey, text_of
from reconciler.ports import Clock
from reconciler.records import (
    AttemptRow,
    CacheRow,
    CheckRow,
    ConversationRow,
    EventRow,
    FlowRow,
    MetricRow,
    ObservationRow,
    OpRow,
    PlanRow,
    RepositoryRow,
    RequestRow,
    ReviewRow,
    RunRow,
    ScheduleRow,
    ServiceRow,
    Wake,
)

Row = TypeVar("Row")
_EARLIER = 20  # good runs that are looked at for one that had ended; more at once are no sequence to compare with
_AT_ONCE = 100  # questions that are asked together: whoever writes to a file waits for no more
LAST = "\U0010ffff"  # sorts after every character of an id


class SqlRecords:
    """Implements `store.Records`."""

    def __init__(self, database: Database, statements: Statements, clock: Clock) -> None:
        self._database = database
        self._statements = statements
        self._clock = clock

    # --- writes from outside of steps

    def observe(self, observations: Sequence[Observed | MetricRow]) -> None:
        if observations and self._database.dialect != "sqlite":
            self._observe_with_server(observations)
        elif observations:
            self._database.write(lambda connection: self._observe(connection, observations))

    def ask(self, request: RequestRow) -> bool:
        return self._database.write(lambda connection: self._ask(connection, request))

    def submit(self, flow: FlowRow, plan: PlanRow, request: RequestRow) -> bool:
        """Store a flow and a plan if they are new, and a request for them, in one transaction; as `ask`."""

        def work(connection: Connection) -> bool:
            connection.execute(self._statements.add["flows"], [rows.flow_values(flow)])
            connection.execute(self._statements.add["plans"], [rows.flat(plan)])
            return self._ask(connection, request)

        return self._database.write(work)

    def add_repository(self, row: RepositoryRow) -> None:
        """A name that is known keeps what was seen of it and may move to another address; its key is woken.

        Who looks at it where it was loses the lease: what was seen there would take the address back.
        """

        def work(connection: Connection) -> None:
            connection.execute(self._statements.add["repositories"], [rows.flat(row)])
            named = repositories.c.name == row.name
            if connection.execute(select(repositories.c.source).where(named)).scalar() != row.source:
                connection.execute(_RELEASE, {"_key": text_of(RepositoryKey(row.name))})
                connection.execute(update(repositories).where(named).values(source=row.source))
            self._wake(connection, [RepositoryKey(row.name)])

        self._database.write(work)

    # --- repositories, reviews, flows, plans

    def repository(self, name: str) -> RepositoryRow | None:
        return self._one(questions.equal(repositories, "name"), _flat(RepositoryRow), _name=name)

    def repositories(self) -> Sequence[RepositoryRow]:
        return self._all(select(repositories).order_by(repositories.c.name), _flat(RepositoryRow))

    def reviews(self, repository: str, open_only: bool = True) -> Sequence[ReviewRow]:
        statement = questions.OPEN_REVIEWS if open_only else questions.REVIEWS
        return self._all(statement, _flat(ReviewRow), _repository=repository)

    def conversation(self, repository: str, proposal: str) -> ConversationRow | None:
        named = questions.equal(conversations, "repository", "proposal")
        return self._one(named, _body(ConversationRow), _repository=repository, _proposal=proposal)

    def flow(self, flow: str) -> FlowRow | None:
        return self._one(questions.equal(flows, "id"), rows.flow_of, _id=flow)

    def flows(self, repository: str | None = None, scope: str | None = None) -> Sequence[FlowRow]:
        wanted = _given(repository=repository, scope=scope)
        return self._all(questions.some_flows(*wanted), rows.flow_of, **_parameters(wanted))

    def plan(self, plan: str) -> PlanRow | None:
        return self._one(questions.equal(plans, "id"), _flat(PlanRow), _id=plan)

    def plan_by_hash(self, plan_hash: str) -> PlanRow | None:
        return self._one(questions.PLAN_BY_HASH, _flat(PlanRow), _hash=plan_hash)

    # --- runs, ops, attempts

    def run(self, run: str) -> RunRow | None:
        return self._one(questions.RUN, rows.run_of, _id=run)

    def run_with_news(self, run: str) -> tuple[RunRow | None, Sequence[RequestRow], Sequence[ObservationRow]]:
        """Mostly there are none of either, which is asked along with the run."""
        key = RunKey(run)
        found = self._database.ask(questions.RUN_WITH_NEWS, {"_id": run, "_key": text_of(key)})
        if not found:
            return None, self.requests(key), self.observations(run)
        row = found[0]
        asked = self.requests(key) if row["asked"] else ()
        return rows.run_of(row), asked, self.observations(run) if row["seen"] else ()

    def runs(
        self,
        flow: str | None = None,
        sha: str | None = None,
        repository: str | None = None,
        live: bool | None = None,
        prefix: str | None = None,
        limit: int = 100,
    ) -> Sequence[RunRow]:
        wanted = _given(flow=flow, sha=sha, repository=repository)
        statement = questions.newest_runs(live, prefix is not None, *wanted)
        prefixed = {} if prefix is None else {"_from": prefix, "_upto": prefix + LAST}
        return self._all(statement, rows.run_of, **_parameters(wanted), **prefixed, _limit=limit)

    def last_good(self, run: RunRow) -> RunRow | None:
        made = run.state.created_at
        newest = self._all(questions.GOOD_RUNS, rows.run_of, _flow=run.state.flow, _before=made, _limit=_EARLIER)
        ended = (one for one in newest if (one.state.finished_at or 0.0) < made)
        # By a clock that was set back what came later was made earlier: tokens tell who wrote first.
        return next((one for one in ended if one.writer <= run.writer), None)

    def ops(self, run: str, paths: Sequence[str] | None = None) -> Sequence[OpRow]:
        if paths is None:
            return self._all(questions.OPS, rows.op_of, _run=run)
        with self._database.read() as connection:
            return [rows.op_of(row) for row in batches.ops_of(connection, run, paths)]

    def attempts(self, run: str, live: bool = True, op: str | None = None) -> Sequence[AttemptRow]:
        return self._attempts(live, **_given(run=run, op=op))

    def service_attempts(self, flow: str, live: bool = True) -> Sequence[AttemptRow]:
        return self._attempts(live, flow=flow, run="")

    def attempt(self, attempt: str) -> AttemptRow | None:
        return self._one(questions.equal(attempts, "id"), rows.attempt_of, _id=attempt)

    def attempts_by_id(self, wanted: Sequence[str]) -> Mapping[str, AttemptRow]:
        with self._database.read() as connection:
            return {row["id"]: rows.attempt_of(row) for row in batches.attempts_of(connection, wanted)}

    def live_attempts(self, place: str) -> Sequence[AttemptRow]:
        return self._attempts(True, place=place)

    def queue_load(self, queue: str) -> int:
        with self._database.read() as connection:
            return int(direct.rows(connection, questions.QUEUE_LOAD, {"_queue": queue})[0]["load"])

    def observations(self, run: str = "", flow: str = "") -> Sequence[ObservationRow]:
        if run:
            return self._all(questions.SEEN_OF_RUN, rows.observation_of, _run=run)
        return self._all(questions.SEEN_OF_FLOW, rows.observation_of, _flow=flow)

    # --- requests, approvals

    def requests(self, key: Key) -> Sequence[RequestRow]:
        return self._all(questions.OPEN_REQUESTS, rows.request_of, _key=text_of(key))

    def request(self, request: str) -> RequestRow | None:
        return self._one(questions.equal(requests, "id"), rows.request_of, _id=request)

    def approved(self, repository: str, sha: str) -> bool:
        statement = select(approvals.c.sha).where(approvals.c.repository == repository, approvals.c.sha == sha)
        with self._database.read() as connection:
            return connection.execute(statement).first() is not None

    # --- schedules, services, checks

    def schedule(self, flow: str) -> ScheduleRow | None:
        return self._one(questions.equal(schedules, "flow"), _flat(ScheduleRow), _flow=flow)

    def services(self, flow: str) -> Sequence[ServiceRow]:
        return self._all(questions.SERVICES, rows.service_of, _flow=flow)

    def checks(self, repository: str, sha: str) -> Sequence[CheckRow]:
        return self._all(questions.CHECKS, _flat(CheckRow), _repository=repository, _sha=sha)

    def commits_with_checks(self, repository: str, limit: int = 50) -> Sequence[str]:
        """The commits that were spoken of last, newest first."""
        last = func.max(checks.c.noted_at)
        statement = select(checks.c.sha).where(checks.c.repository == repository).group_by(checks.c.sha)
        return self._all(statement.order_by(last.desc(), checks.c.sha).limit(limit), lambda row: str(row["sha"]))

    # --- results and history

    def cached(
        self, wanted: Sequence[tuple[str, float | None]], not_of_run: str, place: str | None = None
    ) -> Sequence[CacheRow | None]:
        statement = questions.CACHED if place is None else questions.CACHED_HERE
        of: dict[str, Any] = {"_run": not_of_run} if place is None else {"_run": not_of_run, "_place": place}
        asked = [(statement, {"_key": key, "_not_before": not_before or 0.0, **of}) for key, not_before in wanted]
        found = [
            one for start in range(0, len(asked), _AT_ONCE) for one in self._ask_all(asked[start : start + _AT_ONCE])
        ]
        return [rows.of_flat(CacheRow, some[0]) if some else None for some in found]

    def join(
        self, repository: str, run: str, query: JoinQuery, unwritten: Sequence[OpState] = ()
    ) -> Sequence[Mapping[str, Json]]:
        with self._database.read() as connection:
            return join_rows(connection, repository, run, query, unwritten)

    def events(self, subject: str, limit: int = 1000) -> Sequence[EventRow]:
        """The last `limit` events, oldest first; which runs use a run is no history of its own."""
        newest = (
            select(events)
            .where(events.c.subject == subject, events.c.kind != USE)
            .order_by(events.c.seq.desc())
            .limit(limit)
        )
        return list(reversed(self._all(newest, _flat(EventRow))))

    def metrics(self, attempt: str) -> Sequence[MetricRow]:
        """Every point, in order of time."""
        statement = select(metrics).where(metrics.c.attempt == attempt)
        return self._all(statement.order_by(metrics.c.at, metrics.c.name, metrics.c.mark), _flat(MetricRow))

    def last_metrics(self, wanted: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
        with self._database.read() as connection:
            return batches.last_metrics(connection, wanted)

    # ---

    def _attempts(self, live: bool, **wanted: str) -> Sequence[AttemptRow]:
        return self._all(questions.some_attempts(live, *wanted), rows.attempt_of, **_parameters(wanted))

    def _observe(self, connection: Connection, seen: Sequence[Observed | MetricRow]) -> None:
        keys = _owners(connection, {one.attempt for one in seen})
        written = self._seen(seen, keys)
        if written:
            execute(connection, written)
            self._database.call()

    def _observe_with_server(self, seen: Sequence[Observed | MetricRow]) -> None:
        """The owners are asked for beforehand, and with what is written: that is one answer less to wait for.

        An attempt may have changed hands meanwhile: then its new owner is woken too.
        """
        wanted = {one.attempt for one in seen}
        keys = self._database.ask_with(lambda connection: _owners(connection, wanted))
        written = self._seen(seen, keys)

        def work(connection: Connection) -> None:
            asked = _asked_for(keys, held=True)
            found = direct.rows_of_all(connection, asked, [*written, *self._database.calls])
            owners = {row["id"]: _owner(row) for some in found for row in some}
            self._wake(connection, set(owners.values()) - set(keys.values()))

        if written:
            self._database.write(work)

    def _seen(self, seen: Sequence[Observed | MetricRow], keys: Mapping[str, Key]) -> list[Batch]:
        """What is written of attempts that are known, by whom they wake."""
        known = [one for one in seen if one.attempt in keys]
        if not known:
            return []
        points = [rows.metric_values(one) for one in known if isinstance(one, MetricRow)]
        observed = (self._statements.append["observations"], [rows.observation_values(one) for one in known])
        measured = [(self._statements.put["metrics"], points)] if points else []
        wakes = [Wake(key) for key in dict.fromkeys(keys.values())]
        return [observed, *measured, *self._statements.wakes(wakes, self._clock.now())]

    def _ask(self, connection: Connection, request: RequestRow) -> bool:
        is_new = direct.changes(connection, self._statements.asks([request]))[0] > 0
        if is_new:
            self._wake(connection, [request.key])
        return is_new

    def _wake(self, connection: Connection, keys: Iterable[Key]) -> None:
        wakes = [Wake(key) for key in keys]
        if wakes:
            execute(connection, self._statements.wakes(wakes, self._clock.now()))
            self._database.call()

    def _ask_all(self, wanted: Sequence[direct.Question]) -> list[list[dict[str, Any]]]:
        return self._database.ask_with(lambda connection: direct.rows_of_all(connection, wanted))

    def _one(self, statement: Select[Any], made: Callable[[rows.Found], Row], **values: Any) -> Row | None:
        found = self._all(statement, made, **values)
        return found[0] if found else None

    def _all(self, statement: Select[Any], made: Callable[[rows.Found], Row], **values: Any) -> list[Row]:
        """The rows that a statement finds; with values it is one that is made once."""
        if values:
            return [made(row) for row in self._database.ask(statement, values)]
        with self._database.read() as connection:
            return [made(row) for row in connection.execute(statement).mappings()]


_RELEASE = update(wakes).where(wakes.c.key == bindparam("_key")).values(token=0, owner="", lease_until=0.0)


def _owners(connection: Connection, wanted: Iterable[str]) -> dict[str, Key]:
    """Whom to wake for each attempt that is known."""
    found = direct.rows_of_all(connection, _asked_for(wanted, held=False))
    return {row["id"]: _owner(row) for some in found for row in some}


def _asked_for(attempts: Iterable[str], held: bool) -> list[direct.Question]:
    """Who owns them; `held`: nobody else moves them before we have committed."""
    chunks = (batches.filled(ids) for ids in batches.chunks(attempts))
    return [(questions.owners(len(values), held), values) for values in chunks]


def _owner(row: rows.Found) -> Key:
    return RunKey(row["run"]) if row["run"] else FlowKey(row["flow"])


def _given(**wanted: Any) -> dict[str, Any]:
    return {name: value for name, value in wanted.items() if value is not None}


def _parameters(values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"_{name}": value for name, value in values.items()}


def _flat(kind: type[Row]) -> Callable[[rows.Found], Row]:
    return lambda row: rows.of_flat(kind, row)


def _body(kind: type[Row]) -> Callable[[rows.Found], Row]:
    return lambda row: rows.of_body(kind, row)
