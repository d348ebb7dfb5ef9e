"""A run played in memory: plans from a few words, a store of rows, and an executor with state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.engine.decisions import (
    DeclareService,
    JoinQuery,
    Limits,
    LookUpCache,
    RunJoins,
    StartAttempt,
    StopAttempt,
    Transition,
)
from reconciler.engine.machine import RunMachine
from reconciler.engine.model import (
    FINAL,
    Asked,
    AttemptPaths,
    AttemptSpec,
    CacheAnswer,
    Fact,
    JoinAnswer,
    Observed,
    OpState,
    Performed,
    RunFacts,
    RunState,
    ServiceSeen,
    Status,
)
from reconciler.flows.model import Cache
from reconciler.plan.model import EventEdge, Graph, Plan, PlannedOp

NO_CACHE = Cache(disable=True)


def op(
    name: str,
    after: Sequence[str] = (),
    reads: Sequence[str] = (),
    events: Mapping[str, Sequence[str]] | None = None,
    **fields: Any,
) -> tuple[PlannedOp, Sequence[str], Sequence[str], Mapping[str, Sequence[str]]]:
    """An op with its edges by name; `graph()` turns names into indices."""
    fields.setdefault("kind", "dag" if "graph" in fields else "job")
    fields.setdefault("run", {"container": {"image": "busybox"}})
    fields.setdefault("cache", NO_CACHE)
    return PlannedOp(name, **fields), after, reads, events or {}


def graph(*declared: Any, **fields: Any) -> Graph:
    """A dag of `op(…)`s in order of declaration."""
    index = {each[0].name: number for number, each in enumerate(declared)}
    upstream = [sorted({index[name] for name in (*after, *reads, *events)}) for _, after, reads, events in declared]
    downstream = [[i for i, ups in enumerate(upstream) if number in ups] for number in range(len(declared))]
    ops = tuple(
        replace(
            planned,
            upstream=tuple(upstream[number]),
            downstream=tuple(downstream[number]),
            reads=tuple(index[name] for name in reads),
            events=tuple(EventEdge(index[name], tuple(kinds)) for name, kinds in events.items()),
        )
        for number, (planned, _, reads, events) in enumerate(declared)
    )
    return Graph(ops, tuple(number for number, ups in enumerate(upstream) if not ups), **fields)


def plan(*declared: Any, root: Mapping[str, Any] | None = None, **fields: Any) -> Plan:
    """A flow that is a dag of these ops."""
    return Plan("flow", "flow.yaml", PlannedOp("flow", "dag", {}, graph=graph(*declared, **fields), **(root or {})))


def single(declared: Any) -> Plan:
    """A flow that is this one op."""
    return Plan("flow", "flow.yaml", declared[0])


def paths(attempt: str) -> AttemptPaths:
    """Where attempts have their files in these tests."""
    return AttemptPaths("/ctx", f"/ctx/{attempt}", f"/ctx/{attempt}/outputs", "/code")


def succeeded(**outputs: Any) -> Callable[[AttemptSpec], Observed]:
    """An attempt that ends well and gives these outputs."""
    return lambda spec: Observed(spec.attempt, Status.SUCCEEDED, 0.0, outputs=outputs)


def failed(reason: str = "", disruption: bool = False, exit_code: int | None = 1) -> Callable[[AttemptSpec], Observed]:
    """An attempt that ends badly."""
    return lambda spec: Observed(
        spec.attempt, Status.FAILED, 0.0, reason, disruption=disruption, exit_code=exit_code, started_at=1.0
    )


@dataclass
class Driver:
    """One run: what the store holds of it, which attempts live, and what each op does (by path; default: succeeds).

    With `crashes` the machine is built anew from the rows before every step.
    """

    plan: Plan
    does: dict[str, Callable[[AttemptSpec], Observed]] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    crashes: bool = False
    rows: dict[str, OpState] = field(default_factory=dict)
    cache: dict[str, CacheAnswer] = field(default_factory=dict)
    answer_join: Callable[[JoinQuery], Sequence[Mapping[str, Any]]] = lambda query: ()
    run: RunState = field(default_factory=lambda: RunState("run1", "flow1", created_at=0.0, chain="run1"))
    facts: RunFacts = field(default_factory=lambda: RunFacts("flow", "owner/repo", "c0ffee", "main"))

    def __post_init__(self) -> None:
        self.now = 100.0
        self.live: dict[str, AttemptSpec] = {}
        self.ending: dict[str, AttemptSpec] = {}  # they have ended, and the machine is about to hear of it
        self.intended: list[StartAttempt] = []
        self.stops: list[StopAttempt] = []
        self.started: list[str] = []
        self.services: list[DeclareService] = []
        self.asked: list[LookUpCache | RunJoins] = []
        self.history: list[Transition] = []
        self.look_again_at: float | None = None
        self.starved = False
        self.most_live = 0
        self.writes = 0
        self._machine: RunMachine | None = None

    # --- the step ---

    def step(self, *facts: Fact) -> Driver:
        """Let the machine decide over these facts, and store what it decided."""
        machine = self.machine()
        self.ending.clear()
        decision = machine.advance(facts, self.now, self._limits())
        self._store(decision)
        while questions := [action for action in decision.actions if isinstance(action, LookUpCache | RunJoins)]:
            decision = machine.advance([self._answer(each) for each in questions], self.now, self._limits())
            self._store(decision)
        return self

    def machine(self) -> RunMachine:
        """The machine, built from the rows where there is none, or where it crashed."""
        if self._machine is None or self.crashes:
            live = {attempt: spec.op for attempt, spec in {**self.live, **self.ending}.items()}
            self._machine = RunMachine(self.plan, self.run.copy(), self.rows.values(), self.facts, paths, live)
        return self._machine

    def _limits(self) -> Limits:
        slots = self.limits.slots
        return replace(self.limits, slots=None if slots is None else max(0, slots - len(self.live)))

    def _store(self, decision: Any) -> None:
        self.rows |= {each.path: each for each in decision.ops}
        self.run = decision.run or self.run
        self.history += decision.history
        self.look_again_at, self.starved = decision.look_again_at, decision.starved
        self.writes += len(decision.ops)
        for action in decision.actions:
            self._intend(action)
        self.most_live = max(self.most_live, len(self.live))

    def _intend(self, action: Any) -> None:
        match action:
            case StartAttempt():
                self.intended.append(action)
                self.started.append(action.path)
                assert action.spec.attempt not in self.live
                self.live[action.spec.attempt] = action.spec
            case StopAttempt():
                assert action.attempt in self.live
                self.stops.append(action)
            case DeclareService():
                self.services.append(action)
            case _:
                self.asked.append(action)

    def _answer(self, question: Any) -> Fact:
        if isinstance(question, RunJoins):
            return JoinAnswer(question.path, tuple(tuple(self.answer_join(query)) for query in question.queries))
        hit = self.cache.get(question.key)
        return replace(hit, path=question.path) if hit else CacheAnswer(question.path, None)

    # --- the executor ---

    def attempt(self, path: str) -> str:
        """The live attempt of an op."""
        return next(attempt for attempt, spec in self.live.items() if spec.op == path)

    def runs(self, *ops: str) -> Driver:
        """The attempts of these ops are seen running."""
        return self.step(*(Observed(self.attempt(path), Status.RUNNING, self.now) for path in ops))

    def end(self, *ops: str) -> Driver:
        """The attempts of these ops end as they are meant to, all in one step."""
        return self.step(*(self.outcome(path) for path in ops))

    def outcome(self, path: str) -> Observed:
        """How the live attempt of an op ends; it lives no longer."""
        return self.outcome_of(self.attempt(path))

    def outcome_of(self, attempt: str) -> Observed:
        """How a live attempt ends; it lives no longer."""
        spec = self.ending[attempt] = self.live.pop(attempt)
        path = spec.op
        self.intended = [each for each in self.intended if each.spec.attempt != attempt]
        return replace(self.does.get(path, succeeded())(spec), at=self.now)

    def stop_all(self) -> Driver:
        """The executor performs all stops that were intended."""
        facts = []
        for action in self.stops:
            if spec := self.live.pop(action.attempt, None):
                self.ending[action.attempt] = spec
                facts.append(Observed(action.attempt, Status.STOPPED, self.now))
        self.stops = []
        return self.step(*facts)

    def settle(self, steps: int = 1000) -> Driver:
        """Play on, one attempt after the other, letting time pass where only time helps, until nothing moves."""
        self.step()
        for _ in range(steps):
            if self.stops:
                self.stop_all()
            elif self.intended:
                action = self.intended.pop(0)
                self.step(Performed(action.spec.attempt, "start", "done", self.now))
            elif self.live:
                self.end(next(iter(self.live.values())).op)
            elif self.look_again_at is not None and self.run.status not in FINAL:
                self.now = max(self.now, self.look_again_at)
                self.step()
            else:
                return self
        raise AssertionError("The run does not settle.")

    def wait(self, seconds: float) -> Driver:
        """Let time pass, then look again."""
        self.now += seconds
        return self.step()

    def ask(self, verb: str, path: str | None = None) -> Driver:
        """A person asks for something."""
        return self.step(Asked(f"request-{len(self.history)}", verb, "ada", self.now, path))

    def service(self, path: str, ready: bool = True, **fields: Any) -> Driver:
        """The flow's step has looked at the instance of a service."""
        return self.step(ServiceSeen(path, ready, self.now, **fields))

    # --- what came of it ---

    def status(self, path: str) -> str:
        """The status of an op, `created` where nothing happened to it."""
        return str(self.rows[path].status) if path in self.rows else "created"

    @property
    def statuses(self) -> dict[str, str]:
        """The statuses of all ops to which something happened."""
        return {path: str(state.status) for path, state in self.rows.items()}

    def params(self, path: str) -> Mapping[str, Any]:
        """The resolved params of an op."""
        return self.rows[path].params or {}
