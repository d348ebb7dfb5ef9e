"""The step of a run: perform what was committed, fold in what was seen, decide, and commit new intents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from reconciler.engine.machine import RunMachine
from reconciler.engine.model import (
    FINAL,
    Action,
    Asked,
    CacheAnswer,
    Decision,
    DeclareService,
    Fact,
    JoinAnswer,
    Limits,
    LookUpCache,
    Measured,
    Observed,
    Performed,
    RunJoins,
    ServiceSeen,
    StartAttempt,
    Status,
    StopAttempt,
)
from reconciler.keys import CheckKey, FlowKey, RunKey
from reconciler.plan.encoding import decode, encode
from reconciler.ports import Stalled, World
from reconciler.records import (
    AttemptRow,
    CacheRow,
    Changes,
    EventRow,
    Lease,
    ObservationRow,
    OpRow,
    RequestRow,
    RunRow,
    ServiceRow,
    Wake,
)
from reconciler.steps import intents, restarting, services
from reconciler.steps.plans import plan_of
from reconciler.steps.starting import check_of

REPORT_DELAY = 0.5  # s: progress on a commit is told in strokes, an end at once
LOOK_AGAIN = 60.0  # s: a live run is looked at even if every observation was lost
NO_LIMITS = Limits()


def advance_run(world: World, key: RunKey, lease: Lease) -> Changes:
    """Move one run on by one step. Raises Stalled if its plan is gone, Waiting if the executor is away."""
    row = world.store.run(key.run)
    if row is None:
        return Changes()
    return _Step(world, row, lease).take()


class _Step:
    """What one step has in its hands: the run as it was read, its live attempts, and what has come of it so far."""

    def __init__(self, world: World, row: RunRow, lease: Lease) -> None:
        self.world = world
        self.row = row
        self.lease = lease
        self.now = world.clock.now()
        self.plan = plan_of(world.store, row)
        self.attempts = {attempt.id: attempt for attempt in world.store.attempts(row.id)}
        self.decision = Decision()
        self.machine = RunMachine(
            self.plan,
            replace(row.state),
            [op.state for op in world.store.ops(row.id)],
            row.facts,
            intents.layout(world),
            {attempt.id: attempt.op for attempt in self.attempts.values()},
        )
        self.changed: dict[str, AttemptRow] = {}

    def take(self) -> Changes:
        """Requests first, as they void intents; then intents; then what was seen; then the decision."""
        requests = self.world.store.requests(RunKey(self.row.id))
        again = [request for request in requests if request.verb in restarting.VERBS]
        asked = [request for request in requests if request.verb not in restarting.VERBS]
        self._advance([_asked(request) for request in asked], Limits(slots=0))
        performed = self._perform()
        observations = self.world.store.observations(run=self.row.id)
        seen = [_fact(row) for row in observations]
        self._note_ends(seen)
        self._advance([*performed, *seen, *self._services_seen()], self._limits())
        new_runs = [restarting.restarted(self.world, self.row, self.plan, request, self.now) for request in again]
        changes = self._changes(observations, [_answer(self.row, request, self.now) for request in requests])
        for started in new_runs:
            changes = started.added_to(changes)
        return changes

    def _advance(self, facts: Sequence[Fact], limits: Limits) -> None:
        decision = self.machine.advance(facts, self.now, limits)
        self._merge(decision)
        while answers := [answer for action in decision.actions for answer in self._answers(action)]:
            decision = self.machine.advance(answers, self.now, limits)
            self._merge(decision)

    def _merge(self, decision: Decision) -> None:
        mine = self.decision
        touched = {op.path: op for op in mine.ops} | {op.path: op for op in decision.ops}
        mine.ops = list(touched.values())
        mine.run = decision.run or mine.run
        mine.history.extend(decision.history)
        mine.look_again_at = decision.look_again_at
        mine.starved = decision.starved
        for action in decision.actions:
            self._intend(action)

    def _intend(self, action: Action) -> None:
        match action:
            case StartAttempt(path, spec):
                self._put(intents.start(self.world, self.row, path, spec, self.now))
            case StopAttempt(_, attempt, reason) if attempt in self.attempts:
                self._put(replace(self.attempts[attempt], wanted="stop", stop_reason=reason))
            case DeclareService():
                self.decision.actions.append(action)

    def _put(self, attempt: AttemptRow) -> None:
        self.attempts[attempt.id] = self.changed[attempt.id] = attempt

    def _answers(self, action: Action) -> Iterable[Fact]:
        match action:
            case LookUpCache(path, key, not_before):
                hit = self.world.store.cached(key, not_before, self.row.id)
                yield CacheAnswer(path, None) if hit is None else _cache_hit(path, hit)
            case RunJoins(path, queries):
                join = self.world.store.join
                yield JoinAnswer(path, tuple(tuple(join(self.row.repository, self.row.id, one)) for one in queries))

    def _perform(self) -> Sequence[Performed | Observed]:
        """Act on intents that an earlier transaction committed, never on those of this step."""
        committed = [attempt for attempt in self.attempts.values() if attempt.id not in self.changed]
        outcome = intents.perform(self.world, committed, self.lease, self.now)
        for attempt in outcome.rows:
            self._put(attempt)
        return outcome.facts

    def _note_ends(self, seen: Sequence[Fact]) -> None:
        for fact in seen:
            if isinstance(fact, Observed) and fact.attempt in self.attempts:
                self._put(intents.after(self.attempts[fact.attempt], fact))

    def _services_seen(self) -> Sequence[ServiceSeen]:
        return services.seen_by(self.world.store, self.row, self.now)

    def _limits(self) -> Limits:
        executor = self.world.executor
        if executor is None:
            raise Stalled("NoExecutor", "Nothing is configured to run flows here.")
        waiting = sum(
            1 for attempt in self.attempts.values() if attempt.phase == "intended" and attempt.wanted == "run"
        )
        free = executor.free(self.row.id)
        queues = {name: limit - self.world.store.queue_load(name) for name, limit in self.world.queues.items()}
        return Limits(None if free is None else max(0, free - waiting), queues)

    def _changes(self, observations: Sequence[ObservationRow], answered: Sequence[RequestRow]) -> Changes:
        decision, state = self.decision, self.decision.run or self.row.state
        declared = [action for action in decision.actions if isinstance(action, DeclareService)]
        moved = bool(decision.ops or decision.run or self.changed or declared)
        row = replace(self.row, state=state, place=self._place())
        finished = state.status in FINAL and self.row.state.status not in FINAL
        return Changes(
            runs=(row,) if moved else (),
            ops=tuple(OpRow(self.row.id, op) for op in decision.ops),
            attempts=tuple(self.changed.values()),
            services=tuple(self._service(action) for action in declared) + self._services_ended(finished),
            checks=(check_of(replace(row, version=row.version + 1)),) if moved and row.sha else (),
            events=tuple(_events(self.row.id, decision)),
            cache=tuple(self._cacheable()),
            folded=tuple(observation.seq for observation in observations),
            answered=tuple(answered),
            wakes=tuple(self._wakes(row, moved, bool(declared), finished)),
            again_at=self._again_at(state.status),
        )

    def _place(self) -> str:
        executor = self.world.executor
        return self.row.place or (executor.place if executor is not None and self.changed else "")

    def _service(self, action: DeclareService) -> ServiceRow:
        return services.declared(self.world.store, self.row, action)

    def _services_ended(self, finished: bool) -> tuple[ServiceRow, ...]:
        if not finished or self.row.services != "run":
            return ()
        mine = (row for row in self.world.store.services(self.row.state.flow) if row.run == self.row.id)
        return tuple(replace(row, wanted=False) for row in mine)

    def _cacheable(self) -> Iterable[CacheRow]:
        for op in self.decision.ops:
            if op.status is Status.SUCCEEDED and op.cache_key and op.attempt and not op.cached_from:
                finished_at = op.finished_at or self.now
                outputs = encode(dict(op.outputs or {}))
                yield CacheRow(op.cache_key, op.attempt, self.row.id, outputs, op.artifacts or op.attempt, finished_at)

    def _wakes(self, row: RunRow, moved: bool, declared: bool, finished: bool) -> Iterable[Wake]:
        if moved and row.sha:
            final = row.state.status in FINAL
            yield Wake(CheckKey(row.repository, row.sha), None if final else self.now + REPORT_DELAY)
        if declared or finished:
            yield Wake(FlowKey(row.state.flow))

    def _again_at(self, status: Status) -> float | None:
        if any(intents.due(attempt, self.now) for attempt in self.changed.values()):
            return 0.0
        if status in FINAL and not any(attempt.phase != "ended" for attempt in self.attempts.values()):
            return None
        retries = [
            attempt.retry_at for attempt in self.attempts.values() if attempt.retry_at and attempt.phase != "ended"
        ]
        times = [self.decision.look_again_at, *retries, self.now + LOOK_AGAIN]
        return min(time for time in times if time is not None)


def _asked(request: RequestRow) -> Asked:
    return Asked(request.id, request.verb, request.by, request.at, request.op)


def _answer(row: RunRow, request: RequestRow, now: float) -> RequestRow:
    where = f"{row.id} {request.op}" if request.op else row.id
    return replace(request, done_at=now, answer=f"{request.verb} {where}: recorded.")


def _fact(row: ObservationRow) -> Fact:
    return decode(row.body_json, Observed) if row.kind == "observed" else decode(row.body_json, Measured)


def _cache_hit(path: str, hit: CacheRow) -> CacheAnswer:
    return CacheAnswer(path, hit.attempt, decode(hit.outputs_json, dict), hit.artifacts)


def _events(run: str, decision: Decision) -> Iterable[EventRow]:
    for line in decision.history:
        attempt = line.attempt or ""
        yield EventRow(line.at, run, "status", line.path, line.status, line.reason, line.message, attempt)
