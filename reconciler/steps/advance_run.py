"""The step of a run: perform what was committed, fold in what was seen, decide, and commit new intents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from reconciler.engine.decisions import (
    Action,
    Decision,
    DeclareService,
    Limits,
    LookUpCache,
    RunJoins,
    StartAttempt,
    StopAttempt,
)
from reconciler.engine.model import FINAL, CacheAnswer, Fact, JoinAnswer, Measured, Observed, Status
from reconciler.errors import Stalled
from reconciler.keys import CheckKey, FlowKey, RunKey
from reconciler.plan.encoding import decode, encode
from reconciler.ports import World
from reconciler.records import (
    OFFERED,
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
from reconciler.steps import belonging, intents, restarting, run_requests, services
from reconciler.steps.machines import Engine, Machines, build
from reconciler.steps.starting import check_of
from reconciler.steps.uses import uses_of_results

REPORT_DELAY = 0.5  # s: progress on a commit is told in strokes, an end at once
REPORT_PER_OP = 0.0005  # s: telling it goes through all ops, so that a large run is told of less often
LOOK_AGAIN = 60.0  # s: a run under way is looked at even if every observation was lost
SELDOM = 3600.0  # s between looks at a run that waits for a person alone: a thousand of them cost nothing
QUEUE_POLL = 2.0  # s between looks at a full queue: an op of any other run may have left it


def report_delay(ops: int) -> float:
    """Seconds from a change of a run of so many planned ops until its commit is told of it."""
    return max(REPORT_DELAY, ops * REPORT_PER_OP)


class AdvanceRun:
    """The step of runs. It remembers machines between steps, which changes how long a step takes and nothing else."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._machines = Machines()

    def __call__(self, key: RunKey, lease: Lease) -> Changes:
        """Move one run on by one step. Raises Stalled if its plan is gone, Waiting if the executor is away."""
        row, requests, observations = self._world.store.run_with_news(key.run)
        if row is None:
            return run_requests.without_run(requests, self._world.clock.now())
        if belonging.is_elsewhere(self._world, row.place):
            return belonging.handed_to(self._world, row.place)
        engine = self._machines.take(row, self._world.clock.now()) or build(self._world, row)
        changes = _Step(self._world, row, lease, engine).take(requests, observations)
        self._machines.keep(engine, row, changes, lease)
        return changes


class _Step:
    """What one step has in its hands: the run as it was read, its live attempts, and what has come of it so far."""

    def __init__(self, world: World, row: RunRow, lease: Lease, engine: Engine) -> None:
        self.world = world
        self.row = row
        self.lease = lease
        self.now = world.clock.now()
        self.plan = engine.plan
        self.machine = engine.machine
        self.services = engine.services
        self.report_delay = report_delay(engine.ops)
        self.attempts = engine.attempts
        self.changed: dict[str, AttemptRow] = {}
        self.decision = Decision()
        self.is_full = False  # no slot is free here
        self.settles = False  # something begins here, or files from here are used: the run is of this place
        self.hits: list[CacheRow] = []
        self.filled: set[str] = set()  # queues in which something begins

    def take(self, requests: Sequence[RequestRow], observations: Sequence[ObservationRow]) -> Changes:
        """Requests first, as they void intents; then intents; then what was seen; then the decision."""
        refused = {
            request.id: run_requests.refusal(self.world.store, self.row, self.plan, request) for request in requests
        }
        willing = [request for request in requests if not refused[request.id]]
        asked = [run_requests.asked(request) for request in willing if request.verb not in restarting.VERBS]
        self._advance(asked, Limits(slots=0))
        performed = self._perform()
        seen = [_fact(row) for row in observations]
        if not (requests or performed or seen):
            seen = self._look()
        self._note_ends(seen)
        self._advance([*performed, *seen, *self._services_seen()], self._limits())
        self._await_slot()
        answers = [run_requests.answered(self.row, one, refused[one.id], self.now) for one in requests]
        return self._with_runs_again(self._changes(observations, answers), willing)

    def _with_runs_again(self, changes: Changes, requests: Iterable[RequestRow]) -> Changes:
        for request in requests:
            if request.verb in restarting.VERBS:
                started = restarting.restarted(self.world, self.row, self.plan, request, self.now)
                changes = started.added_to(changes)
        return changes

    # --- the machine --------------------------------------------------------------------------------------------------

    def _advance(self, facts: Sequence[Fact], limits: Limits) -> None:
        decision = self.machine.advance(facts, self.now, limits)
        self._merge(decision)
        while answers := [*self._from_cache(decision.actions), *self._joined(decision.actions)]:
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
                self.settles = True
                self.filled.add(spec.queue or "")
                self._put(intents.start(self.world, self.row, path, spec, self.now))
            case StopAttempt(_, attempt, reason):
                known = self.attempts.get(attempt)
                if known is not None:
                    self._put(intents.stop(known, reason))
            case DeclareService():
                self.settles = True
                self.decision.actions.append(action)

    def _put(self, attempt: AttemptRow) -> None:
        self.changed[attempt.id] = attempt
        self.attempts.put(attempt)

    def _from_cache(self, actions: Iterable[Action]) -> Iterable[Fact]:
        asked = [action for action in actions if isinstance(action, LookUpCache)]
        if not asked:
            return
        wanted = [(action.key, action.not_before) for action in asked]
        found = self.world.store.cached(wanted, self.row.id, belonging.here(self.world) or None)
        for action, hit in zip(asked, found, strict=True):
            self.hits += [] if hit is None else [hit]
            self.settles = self.settles or hit is not None
            yield CacheAnswer(action.path, None) if hit is None else _cache_hit(action.path, hit)

    def _joined(self, actions: Iterable[Action]) -> Iterable[Fact]:
        store, run = self.world.store, self.row
        for action in actions:
            if isinstance(action, RunJoins):
                found = (store.join(run.repository, run.id, query, self.decision.ops) for query in action.queries)
                yield JoinAnswer(action.path, tuple(tuple(rows) for rows in found))

    # --- the world ----------------------------------------------------------------------------------------------------

    def _perform(self) -> Sequence[Fact]:
        """Act on intents that an earlier transaction committed, never on those of this step."""
        committed = [attempt for attempt in self.attempts.unsettled if attempt.id not in self.changed]
        outcome = intents.perform(self.world, committed, self.lease, self.now)
        for attempt in outcome.rows:
            self._put(attempt)
        return outcome.facts

    def _look(self) -> list[Fact]:
        """Ask the executor, as nothing was told: an observation may have been lost."""
        return list(intents.look(self.world, self.attempts.all.values()))

    def _services_seen(self) -> Sequence[Fact]:
        if not self.services:
            return ()
        now_declared = {action.path for action in self.decision.actions if isinstance(action, DeclareService)}
        known = [op for op in self.services if op not in now_declared]
        return services.seen_by(self.world.store, self.row, known, self.now)

    def _note_ends(self, seen: Sequence[Fact]) -> None:
        for fact in seen:
            known = self.attempts.get(fact.attempt) if isinstance(fact, Observed) else None
            after = intents.after(known, fact) if known is not None and isinstance(fact, Observed) else None
            if after is not None and after != known:
                self._put(intents.with_excerpt(self.world.logs, after))

    def _limits(self) -> Limits:
        executor = self.world.executor
        if executor is None:
            raise Stalled("NoExecutor", "Nothing is configured to run flows here.")
        waiting = sum(1 for one in self.attempts.unsettled if one.phase == "intended" and one.wanted == "run")
        free = executor.free()
        self.is_full = free == 0
        queues = {name: limit - self._load(name) for name, limit in self.world.queues.items()}
        return Limits(None if free is None else max(0, free - waiting), queues)

    def _await_slot(self) -> None:
        wanted = self.is_full and self.decision.starved and not self._is_offered(self._place())
        if self.world.executor is not None:
            self.world.executor.await_slot(self.row.id, wanted)

    def _load(self, queue: str) -> int:
        """How many attempts are in a queue, less those of this run that were found to have ended just now."""
        left = (one for one in self.changed.values() if one.phase == "ended" and one.spec.queue == queue)
        return self.world.store.queue_load(queue) - sum(1 for _ in left)

    # --- what is written ----------------------------------------------------------------------------------------------

    def _changes(self, observations: Sequence[ObservationRow], answered: Sequence[RequestRow]) -> Changes:
        decision, state = self.decision, self.decision.run or self.row.state
        declared = [action for action in decision.actions if isinstance(action, DeclareService)]
        moved = bool(decision.ops or decision.run or self.changed or declared)
        row = replace(self.row, state=state, place=self._place())
        again_at = self._again_at(state.status) if not declared else 0.0  # its instance may be ready by now
        is_offered = self._is_offered(row.place)
        finished = state.status in FINAL and self.row.state.status not in FINAL
        return Changes(
            runs=(row,) if moved else (),
            ops=tuple(OpRow(self.row.id, op) for op in decision.ops),
            attempts=tuple(self.changed.values()),
            limits=tuple((queue, self.world.queues[queue]) for queue in sorted(self.filled & self.world.queues.keys())),
            services=tuple(self._service(action) for action in declared) + self._services_ended(finished),
            checks=(check_of(replace(row, version=row.version + 1)),) if moved and row.sha else (),
            events=tuple(_events(self.row.id, decision)),
            cache=tuple(self._cacheable()),
            uses=uses_of_results(self.row.id, self.hits, self.now),
            folded=tuple(observation.seq for observation in observations),
            answered=tuple(answered),
            wakes=tuple(self._wakes(row, moved, bool(declared), finished)),
            again_at=self.now if is_offered else again_at,
            place=None if again_at is None else self._moved(OFFERED if is_offered else row.place),
        )

    def _place(self) -> str:
        mine = belonging.here(self.world)
        return mine if self.settles or self.row.place == mine else ""

    def _is_offered(self, place: str) -> bool:
        """A run that has no place yet, finds no slot here and has no other business goes to whoever has one free."""
        idle = self.decision.starved and self.decision.look_again_at is None
        return self.world.shared and not place and self.is_full and idle

    def _moved(self, place: str) -> str | None:
        return place if place != self.lease.place else None

    def _service(self, action: DeclareService) -> ServiceRow:
        return services.declared(self.world.store, replace(self.row, place=self._place()), action, self.plan.code)

    def _services_ended(self, finished: bool) -> tuple[ServiceRow, ...]:
        if not finished or self.row.services != "run":
            return ()
        mine = (row for row in self.world.store.services(self.row.state.flow) if row.run == self.row.id)
        return tuple(replace(row, wanted=False) for row in mine)

    def _cacheable(self) -> Iterable[CacheRow]:
        """Of a trial run nothing: what a proposal computes is nobody's result before it is merged."""
        for op in self.decision.ops if not self.row.facts.proposal else ():
            if op.status is Status.SUCCEEDED and op.cache_key and op.attempt and not op.cached_from:
                finished_at = op.finished_at or self.now
                outputs = encode(dict(op.outputs or {}))
                yield CacheRow(op.cache_key, op.attempt, self.row.id, outputs, op.artifacts or op.attempt, finished_at)

    def _wakes(self, row: RunRow, moved: bool, declared: bool, finished: bool) -> Iterable[Wake]:
        if moved and row.sha:
            final = row.state.status in FINAL
            yield Wake(CheckKey(row.repository, row.sha), None if final else self.now + self.report_delay)
        resumed = bool(row.facts.proposal) and self.row.state.status in FINAL and row.state.status not in FINAL
        if declared or finished or resumed:
            yield Wake(FlowKey(row.state.flow))

    def _again_at(self, status: Status) -> float | None:
        if any(intents.due(attempt, self.now) for attempt in self.changed.values()):
            return 0.0
        if status in FINAL and not self.attempts:
            return None
        retries = (attempt.retry_at for attempt in self.attempts.unsettled)
        under_way = self.attempts or self.decision.starved or self.services
        look = self.now + (LOOK_AGAIN if under_way else SELDOM)
        times = [self.decision.look_again_at, look, *retries]
        if self.decision.starved and self.world.queues:
            times.append(self.now + QUEUE_POLL)
        return min(time for time in times if time is not None)


def _fact(row: ObservationRow) -> Fact:
    return decode(row.body_json, Observed) if row.kind == "observed" else decode(row.body_json, Measured)


def _cache_hit(path: str, hit: CacheRow) -> CacheAnswer:
    return CacheAnswer(path, hit.attempt, decode(hit.outputs_json, dict), hit.artifacts)


def _events(run: str, decision: Decision) -> Iterable[EventRow]:
    for line in decision.history:
        attempt = line.attempt or ""
        yield EventRow(line.at, run, "status", line.path, line.status, line.reason, line.message, attempt)
