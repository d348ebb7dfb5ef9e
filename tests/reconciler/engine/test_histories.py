"""Random runs: the order of facts changes no outcome, and a machine that crashes goes on as if it had not."""

from random import Random

import pytest

from reconciler.engine.decisions import Limits
from reconciler.engine.model import FINAL, Asked, Observed, Performed, Status
from reconciler.flows.model import Cache, Trigger
from reconciler.plan.model import PlannedHook, PlannedMatrix
from tests.reconciler.engine.driver import Driver, graph, op, plan


def random_plan(chance):
    """A flow with edges of every kind, nested dags, sweeps, sweeps of dags, hooks, retries and approvals."""
    return plan(*random_ops(chance, depth=2), concurrency=chance.choice([None, None, 1, 3]))


def random_ops(chance, depth):
    count = chance.randint(1, 6 if depth == 2 else 3)
    return [random_op(chance, number, depth) for number in range(count)]


def random_op(chance, number, depth):
    earlier = [f"o{other}" for other in range(number)]
    after = [name for name in earlier if chance.random() < 0.4]
    events = {name: [chance.choice(["running", "done", "failed"])] for name in earlier if chance.random() < 0.1}
    fields = {
        "trigger": chance.choice([Trigger.ALL_SUCCEEDED, *Trigger]),
        "skip_on_upstream_skip": chance.random() < 0.2,
        "conditions": chance.choice([None] * 6 + ["1 > 2"]),
        "max_retries": chance.choice([None, 1]),
        "critical": chance.randint(1, 3),
        "queue": chance.choice([None, None, "gpu"]),
        "cache": Cache(disable=chance.random() < 0.5),
    }
    if chance.random() < 0.2:
        fields["hooks"] = (PlannedHook(op("hook")[0], chance.choice(["done", "failed"])),)
    if depth and chance.random() < 0.3:
        fields["graph"] = graph(*random_ops(chance, depth - 1))
    if chance.random() < 0.2:
        values = [{"x": index} for index in range(chance.randint(0, 4))]
        fields["matrix"] = PlannedMatrix("mapping", values=values, concurrency=chance.choice([None, 1, 2]))
    return op(f"o{number}", after, events=events, **fields)


def ending(seed):
    """How an attempt ends is a matter of its id alone."""

    def end(spec):
        chance = Random(f"{seed}{spec.op}{spec.number}")
        if chance.random() < 0.65:
            return Observed(spec.attempt, Status.SUCCEEDED, 0.0, outputs={"loss": chance.random()})
        started = 1.0 if chance.random() < 0.7 else None
        return Observed(spec.attempt, Status.FAILED, 0.0, started_at=started, disruption=chance.random() < 0.3)

    return end


class Everyone(dict):
    """Every op ends in the same manner."""

    def __init__(self, end):
        super().__init__()
        self.end = end

    def get(self, key, default=None):
        return self.end


def facts_of(chance, run):
    """One or more things that may happen next, in a random order; [] if only time can help."""
    found = []
    for attempt in list(run.live):
        if chance.random() < 0.5:
            continue
        what = chance.choice(["performed", "running", "end", "end"])
        if what == "performed":
            found.append(Performed(attempt, "start", "done", run.now))
        elif what == "running":
            start = run.does.end(run.live[attempt])
            if start.status is Status.SUCCEEDED or start.started_at is not None:
                found.append(Observed(attempt, Status.RUNNING, run.now))
        else:
            found.append(run.outcome_of(attempt))
    chance.shuffle(found)
    return found


def play(seed, order, requests=0.0, crashes=False, limits=None, resumes=0):
    """Play a random flow to its end; `order` seeds what happens when."""
    chance = Random(f"order {order}")
    run = Driver(
        random_plan(Random(f"plan {seed}")), Everyone(ending(seed)), limits=limits or Limits(), crashes=crashes
    )
    run.steps = []
    run.step()
    for _ in range(3000):
        if run.run.status in FINAL and not run.live:
            if not resumes:
                return run
            resumes -= 1
            run.ask("resume", chance.choice([None, None, *sorted(run.rows)]))
        facts = facts_of(chance, run)
        if chance.random() < requests:
            verb = chance.choice(["stop", "skip", "skip", "approve"])
            path = chance.choice([*sorted(run.rows), None] if verb == "stop" else sorted(run.rows))
            facts.append(Asked("r", verb, "ada", run.now, path))
        if not run.live and not facts:
            run.now = max(run.now, run.look_again_at or run.now)
        run.now += 0.001
        run.step(*facts)
        run.steps.append((sorted(run.statuses.items()), sorted(run.started), run.look_again_at))
    raise AssertionError(f"The run does not end: {run.statuses}")


SEEDS = range(150)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_outcome_does_not_depend_on_the_order_of_facts(seed):
    runs = [play(seed, order) for order in range(3)]

    assert len({str(sorted(run.statuses.items())) for run in runs}) == 1
    assert len({run.run.status for run in runs}) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_limits_change_when_ops_start_and_not_how_they_end(seed):
    free, tight = play(seed, 0), play(seed, 0, limits=Limits(slots=1))

    assert tight.statuses == free.statuses
    assert tight.most_live <= 1


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("requests", [0.0, 0.1])
def test_a_machine_built_from_the_rows_goes_on_as_the_one_that_made_them(seed, requests):
    limits = Random(seed).choice([Limits(), Limits(slots=2), Limits(slots=3, queues={"gpu": 1})])
    steady = play(seed, seed, requests, limits=limits)
    crashing = play(seed, seed, requests, crashes=True, limits=limits)

    assert crashing.steps == steady.steps
    assert crashing.rows == steady.rows
    assert crashing.run == steady.run
    assert crashing.history == steady.history


@pytest.mark.parametrize("seed", SEEDS)
def test_a_resumed_run_goes_on_the_same_from_its_rows(seed):
    steady = play(seed, seed, 0.05, resumes=2)
    crashing = play(seed, seed, 0.05, crashes=True, resumes=2)

    assert crashing.rows == steady.rows
    assert crashing.run == steady.run
    assert crashing.history == steady.history


@pytest.mark.parametrize("seed", SEEDS)
def test_every_run_ends_with_every_op_ended_and_nothing_alive(seed):
    run = play(seed, seed + 1, requests=0.05, limits=Limits(slots=2))

    assert all(state.status in FINAL for state in run.rows.values())
    assert run.run.status in FINAL


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_starts_after_a_stop(seed):
    run = Driver(random_plan(Random(f"plan {seed}")), Everyone(ending(seed)), limits=Limits(slots=2)).step()
    chance = Random(seed)
    for _ in range(3):
        run.step(*facts_of(chance, run))
    if run.run.status in FINAL:
        return
    started = list(run.started)
    run.ask("stop").ask("stop").settle()

    assert run.started == started
    assert run.run.status is not Status.STOPPED or Status.STOPPED in run.statuses.values()
