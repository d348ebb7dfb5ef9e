"""Whole runs played against the machine alone: every op is seen running, then ends. Only the machine's work counts.

Where `told`, the machine also hears of each start that it was performed, as it does of executors that can say so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from time import process_time

from benchmarks.run_graphs import leaves
from reconciler.engine.attempts import attempt_id
from reconciler.engine.decisions import Decision, Limits, LookUpCache, StartAttempt
from reconciler.engine.machine import RunMachine
from reconciler.engine.model import AttemptPaths, CacheAnswer, Observed, OpState, Performed, RunFacts, RunState, Status
from reconciler.plan.model import Plan

RUN, COMMIT = "run", "c0ffee"
BATCH = 64  # facts of one step

Facts = Mapping[str, tuple[Observed, Observed]]  # of each attempt: seen running, and how it ends


def facts_of(plan: Plan, failing: int = 0) -> Facts:
    """What will be seen of the first attempts of all ops; each `failing`th fails."""
    attempts = (attempt_id(RUN, plan.hash, COMMIT, path, 1) for path in leaves(plan))
    return {attempt: _facts(attempt, bool(failing) and i % failing == 0) for i, attempt in enumerate(attempts, 1)}


def _facts(attempt: str, fails: bool) -> tuple[Observed, Observed]:
    end = Status.FAILED if fails else Status.SUCCEEDED
    outputs = None if fails else {"rows": 7}
    return (
        Observed(attempt, Status.RUNNING, 1.0),
        Observed(attempt, end, 2.0, started_at=1.0, exit_code=int(fails), outputs=outputs),
    )


class Played:
    """One run being played. `cpu` is the processor time of the machine so far, in ms."""

    def __init__(self, plan: Plan, facts: Facts, ops: Iterable[OpState] = (), told: bool = False) -> None:
        self._facts = facts
        self._told = told
        self.coming: deque[Observed | Performed] = deque()
        self.started = 0
        self.cpu = 0.0
        self.status = Status.CREATED
        begin = process_time()
        run, known = RunState(RUN, "flow", chain=RUN), RunFacts("flow", "owner/repository", COMMIT, "main")
        self.machine = RunMachine(plan, run, ops, known, _paths, {})
        self.cpu += (process_time() - begin) * 1000

    def to_end(self, batch: int = BATCH) -> Played:
        """Play on in steps of so many facts until nothing more happens."""
        self.step(())
        while self.coming:
            self.step([self.coming.popleft() for _ in range(min(batch, len(self.coming)))])
        return self

    def step(self, facts: Iterable[Observed | Performed]) -> None:
        """Let the machine decide, and its questions be answered: nothing is in the cache."""
        self._heard(self._advance(list(facts)))
        for fact in facts:
            if isinstance(fact, Performed):
                self.coming.append(self._facts[fact.attempt][0])
            elif fact.status is Status.RUNNING:
                self.coming.append(self._facts[fact.attempt][1])

    def _advance(self, facts: list[Observed | Performed]) -> list[Decision]:
        begin = process_time()
        made = [self.machine.advance(facts, 2.0, Limits())]
        while asked := [action for action in made[-1].actions if isinstance(action, LookUpCache)]:
            made.append(self.machine.advance([CacheAnswer(one.path, None) for one in asked], 2.0, Limits()))
        self.cpu += (process_time() - begin) * 1000
        return made

    def _heard(self, made: list[Decision]) -> None:
        for decision in made:
            for action in decision.actions:
                if isinstance(action, StartAttempt):
                    self.started += 1
                    attempt = action.spec.attempt
                    told = Performed(attempt, "start", "done", 1.0)
                    self.coming.append(told if self._told else self._facts[attempt][0])
            if decision.run is not None:
                self.status = decision.run.status


def _paths(attempt: str) -> AttemptPaths:
    return AttemptPaths("/context", f"/context/{attempt}", f"/context/{attempt}/outputs", "/code")
