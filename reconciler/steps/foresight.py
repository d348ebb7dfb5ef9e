"""What can be known of a run before it is: which ops would find an earlier result, and how long runs took so far.

The first is found out by running the machine dry. Nothing is started here.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.engine.decisions import Limits, LookUpCache, RunJoins
from reconciler.engine.machine import RunMachine
from reconciler.engine.model import AttemptPaths, CacheAnswer, Fact, JoinAnswer, RunFacts, RunState, Status
from reconciler.plan.encoding import decode
from reconciler.plan.model import Plan
from reconciler.plan.walk import walk
from reconciler.store import Records

MOST = 2_000  # ops; a larger plan is not looked at, nor more children of its sweeps, as each op asks the store
LAST = 5  # good runs whose median is told
AMONG = 20  # newest runs that are looked at for them
_ROOM = Limits(slots=MOST)  # what the dry machine starts stays a thought, and without room sweeps make no children
_NOWHERE = AttemptPaths("", "", "", "")  # no part of a cache key


def reusable(store: Records, plan: Plan, facts: RunFacts, now: float) -> tuple[str, ...]:
    """Paths of the ops that a run started now would take from the cache; what follows from those hits included."""
    if sum(1 for _ in walk(plan)) > MOST:
        return ()
    machine = RunMachine(plan, RunState("", "", created_at=now), (), facts, lambda attempt: _NOWHERE, {})
    hits: list[str] = []
    given: list[Fact] = []
    asked = 0
    while True:
        actions = machine.advance(given, now, _ROOM).actions
        given = [answer for action in actions for answer in _answers(store, facts.repository, action)]
        hits += [answer.path for answer in given if isinstance(answer, CacheAnswer) and answer.attempt is not None]
        asked += len(given)
        if not given or asked > MOST:
            return tuple(hits)


def durations(store: Records, flow: str) -> tuple[float, ...]:
    """Seconds that the last succeeded runs of a flow took, the newest first; none for a flow that is new ("")."""
    newest = store.runs(flow=flow, live=False, limit=AMONG) if flow else ()
    good = (run.state for run in newest if run.state.status is Status.SUCCEEDED)
    times = ((state.started_at, state.finished_at) for state in good)
    return tuple(end - start for start, end in times if start is not None and end is not None)[:LAST]


def _answers(store: Records, repository: str, action: object) -> Iterable[Fact]:
    match action:
        case LookUpCache(path, key, not_before):
            (hit,) = store.cached([(key, not_before)], "")
            if hit is None:
                yield CacheAnswer(path, None)
            else:
                yield CacheAnswer(path, hit.attempt, decode(hit.outputs_json, dict), hit.artifacts)
        case RunJoins(path, queries):
            yield JoinAnswer(path, tuple(tuple(store.join(repository, "", query)) for query in queries))
